//! What an error means for the rest of the work.

use handover_cli_kit::interrupt::Interrupted;
use handover_engine::postgres::Refused;
use handover_engine::reader::RowsBesideRanges;
use handover_engine::sqlite::{ApplicationOnly, ConstraintViolated, Misfit};

use super::feed::WriterGone;
use super::intervals::NoSuchInterval;
use crate::target::postgres::{ReachesAnotherServer, RowsThere};

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// One table stops; the others go on.
    Table,
    /// Nothing can go on.
    Everything,
}

/// Rows read back from the target are not those that were copied.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}: rows read back from the target are not those that were copied ({}); \
     `handover-verify tables` tells which rows and columns differ",
    differs(*copied, *read)
)]
pub(super) struct ReadBackDiffers {
    /// The table.
    pub(super) table: String,
    /// Rows that were copied, where the ledger has them.
    pub(super) copied: Option<u64>,
    /// Rows that were read back.
    pub(super) read: u64,
}

fn differs(copied: Option<u64>, read: u64) -> String {
    match copied {
        Some(copied) if copied == read => format!("{read} rows of one range, not all the same"),
        Some(copied) => format!("{copied} rows of one range were copied, {read} were read back"),
        None => format!("{read} rows of a range that was not copied"),
    }
}

/// The target holds other rows than the ranges that were copied.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}: {copied} rows were copied and the target has {counted}; `handover-verify tables` tells \
     which"
)]
pub(super) struct TargetCountDiffers {
    /// The table.
    pub(super) table: String,
    /// Rows in all ranges that were copied.
    pub(super) copied: u64,
    /// Rows in the table.
    pub(super) counted: u64,
}

/// A fault of this program ended a worker.
#[derive(Debug, thiserror::Error)]
#[error(
    "a worker of this program failed by a fault of its own; please report what it printed above"
)]
pub(super) struct WorkerPanicked;

/// Rows changed at the source after they were copied, and cannot be replaced any more.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}: rows changed at the source after they were copied, and the target already has \
     foreign keys; begin again with an empty target to have them"
)]
pub(super) struct ChangedAtSource {
    /// The table.
    pub(super) table: String,
}

/// The reader of a SQLite source ended before the end of a chunk; its own error says why.
#[derive(Debug, thiserror::Error)]
#[error("the source's rows ended before their end")]
pub(super) struct ReaderGone;

/// Whether the target can never hold what is in the table, whoever runs the copy again: values that
/// mean something else to its version, or that its server refuses.
pub(super) fn is_for_good(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let refused = cause.downcast_ref::<Refused>();
        // Class of Appendix A of PostgreSQL's manual: data exception.
        cause.is::<NoSuchInterval>()
            || refused.is_some_and(|refused| refused.code.starts_with("22"))
    })
}

/// Whether the server says that something is more than it can hold, such as a key of thousands of
/// letters in an index: class 54 of Appendix A of PostgreSQL's manual.
pub(super) fn is_beyond_limits(error: &anyhow::Error) -> bool {
    let mut refusals = error.chain().filter_map(|cause| cause.downcast_ref::<Refused>());
    refusals.any(|refused| refused.code.starts_with("54"))
}

/// Decides how far an error reaches.
///
/// A value or right that one table is refused for does not concern the others. A lost
/// connection, a full disk, a server going down and everything unknown does.
pub(super) fn severity(error: &anyhow::Error) -> Severity {
    if error.is::<Interrupted>() {
        return Severity::Everything;
    }
    for cause in error.chain() {
        if cause.is::<WriterGone>()
            || cause.is::<Misfit>()
            || cause.is::<ApplicationOnly>()
            || cause.is::<ConstraintViolated>()
            || cause.is::<ChangedAtSource>()
            || cause.is::<ReadBackDiffers>()
            || cause.is::<ReaderGone>()
            || cause.is::<ReachesAnotherServer>()
            || cause.is::<RowsThere>()
            || cause.is::<RowsBesideRanges>()
            || cause.is::<TargetCountDiffers>()
            || cause.is::<NoSuchInterval>()
        {
            return Severity::Table;
        }
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            // Classes of Appendix A of PostgreSQL's manual: connection, resources (disk full),
            // operator intervention, system error, internal error.
            return match refused.code.get(..2) {
                Some("08" | "53" | "57" | "58" | "XX" | "25") | None => Severity::Everything,
                Some(_) => Severity::Table,
            };
        }
    }
    Severity::Everything
}
