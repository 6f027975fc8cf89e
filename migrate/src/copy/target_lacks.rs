//! What a PostgreSQL target does not have, told before anything is made.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handover_cli_kit::progress::Progress;
use handover_engine::postgres::Session;
use handover_schemas::report::{Finding, FindingKind};

use super::structure::Structure;
use crate::target::postgres::without_not_null_constraints;

/// Says that the target is older than the source: each object that does not exist there will be a
/// finding.
pub(super) fn tell_versions(source: &Session, target: &Session, progress: &Progress) {
    let source = source.server_version() / 10_000;
    let target = target.server_version() / 10_000;
    if target < source {
        progress.note(&format!(
            "target {target} is older than source {source}: what does not exist there will be \
             named, and the rest is made"
        ));
    }
}

/// Puts what only newer servers have words for into those of an older target.
pub(super) fn in_older_words(structure: &mut Structure, target: &Session) {
    if target.server_version() < 180_000 {
        for entry in structure.before.iter_mut().filter(|entry| entry.kind == "TABLE") {
            if let Some(older) = without_not_null_constraints(&entry.sql) {
                entry.sql = older;
            }
        }
    }
}

/// Lets what would go into a tablespace that the target lacks go into the database's own. One
/// finding for each tablespace.
pub(super) fn without_tablespaces(structure: &mut Structure, target: &mut Session) -> Result<()> {
    let there: BTreeSet<String> = target
        .query(
            "SELECT quote_ident(spcname) FROM pg_tablespace \
             WHERE has_tablespace_privilege(oid, 'CREATE')",
        )?
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    let mut lacking: BTreeMap<String, u64> = BTreeMap::new();
    for entry in structure.before.iter_mut().chain(&mut structure.after) {
        if let Some(name) = entry.tablespace.take_if(|name| !there.contains(name)) {
            *lacking.entry(name).or_default() += 1;
        }
    }
    structure.findings.extend(lacking.into_iter().map(|(name, count)| Finding {
        object: Some(name.clone()),
        object_kind: Some("tablespace".to_owned()),
        count: Some(count),
        ..Finding::new(
            FindingKind::ObjectDiffers,
            format!(
                "tablespace {name} is not in the target, or the account may not use it: {count} \
                 table(s) and index(es) of it go into the database's own tablespace"
            ),
        )
    }));
    Ok(())
}
