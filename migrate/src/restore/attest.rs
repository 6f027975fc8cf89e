//! What was put back, signed by the operator.

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_schemas::digest::Digest;
use handover_schemas::purge::statement::{Restore, RestoredTable};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::purge::ledger::PurgeEntry;

use super::plan::Counts;
use super::stage::StagedTable;
use super::{Applying, RestoreRequest};
use crate::keys::sign_envelope;
use crate::ledger;
use crate::moment;
use crate::purge::PurgeDatabase;
use crate::purge::approve::statements_dir;

/// The operator's statement, as the ledger keeps it.
pub(super) fn statement(
    request: &RestoreRequest<'_>,
    applying: &Applying<'_>,
    tables: &[StagedTable<'_>],
    counts: &[Counts],
    (leaves, replaced): (Digest, Option<Digest>),
) -> Result<String> {
    let archive = request.archive;
    let tables = tables.iter().zip(counts).map(|(table, counts)| RestoredTable {
        name: table.shape.name.clone(),
        inserted: counts.insert,
        identical: counts.identical,
        replaced: counts.replace,
        columns: table.changes.clone(),
    });
    let restore = Restore {
        database: archive.manifest().database.clone(),
        origin: archive.manifest().origin.clone(),
        seal: archive.seal(),
        reason: applying.reason.to_owned(),
        tables: tables.collect(),
        leaves,
        replaced,
        restored_on: moment::now()?.to_string(),
    };
    let subject = Subject::new(archive.identifier(), archive.seal());
    let statement = Statement::new(vec![subject], restore);
    let mut envelope = Envelope::new(statement.to_bytes().context("cannot write the statement")?);
    sign_envelope(&mut envelope, applying.operator)?;
    envelope.to_text().context("cannot write the statement")
}

/// Writes the statements of all restores of a purge that are not in the hand-over folder: the last
/// one, and those of runs that were killed before they came to it.
pub(super) fn write_statements(
    database: &mut PurgeDatabase,
    dir: &HandoverDir,
    purge: &PurgeEntry,
) -> Result<()> {
    for (number, text) in ledger::restore_statements(database.store(), purge.number)? {
        let name = statement_file(purge, number);
        if !dir.path().join(&name).exists() {
            dir.write(&name, text.as_bytes())?;
        }
    }
    Ok(())
}

/// Where the statement of a restore is, below the hand-over folder.
pub(super) fn statement_file(purge: &PurgeEntry, number: i64) -> String {
    format!("{}/restore-{number}.dsse.json", statements_dir(purge))
}
