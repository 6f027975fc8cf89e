//! Intervals between servers before and since PostgreSQL 17.
//!
//! The greatest and the least bits of an `interval` are `infinity` and `-infinity` since 17, and
//! were finite before. On the binary wire such a value would arrive as another one without a word.
//! As text each server says what it means, and the other refuses what it cannot hold: so tables
//! with intervals go over the text wire, which changes no digest.

use handover_schemas::pg_type::PgType;

use super::source::{Described, Source};
use super::target::OpenedTarget;

/// `server_version_num` of the first version with infinite intervals.
const INFINITE_SINCE: u32 = 170_000;

/// Puts tables with intervals on the text wire where the two ends take the same bits for different
/// intervals.
pub(super) fn keep_meaning(
    source: &mut Source<'_>,
    target: &OpenedTarget<'_>,
    described: &mut Described,
) {
    let (Source::Postgres(_, holder), OpenedTarget::Postgres(_, session)) = (source, target) else {
        return;
    };
    let is_infinite = |version: u32| version >= INFINITE_SINCE;
    if is_infinite(holder.session().server_version()) == is_infinite(session.server_version()) {
        return;
    }
    for column in described.tables.iter_mut().flat_map(|table| &mut table.columns) {
        if column.ty.holds_intervals() {
            column.ty = PgType::Other;
        }
    }
}
