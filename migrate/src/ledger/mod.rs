//! The ledger: the record, in the target, of what was done.

mod evidence;
mod packages;
mod plan;
mod progress;
mod purge;
mod restore;
mod store;

use anyhow::{Context, Result, bail};
use handover_schemas::ledger::{LEDGER_VERSION, LeftOutBy, Stage};
use handover_schemas::name::TableName;
use handover_schemas::plan::TablePlan;
use handover_verify::sql::literal;

pub use evidence::{
    Evidence, all_evidence, evidence, evidence_table, make_evidence_table, prepare_evidence,
    record_evidence,
};
pub use packages::{
    has_packages, inventory, prepare_packages, record_inventory, record_package,
    record_package_here, sealed,
};
pub use plan::{LeftOutTable, plan_statements};
pub use progress::{
    AlreadyRecorded, RunOutcome, TableProgress, Written, begin_run, chunks, chunks_of, end_run,
    end_structure, findings, forget_failed_steps, only_in_run, plan, record_copied,
    record_read_back, record_rechecked, runs, step_statement, steps,
};
pub use purge::{
    LeafChunk, abandon_purge, batch_statements, database_id, nonce_used_by, open_purge,
    prepare_purges, purge, purges, record_authority, record_backup, record_certificate,
    record_leaves, record_outcome, record_selection,
};
pub use restore::{RestoredRuns, next_restore, record_restore, restore_statements};
pub use store::Store;

/// What a ledger was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The source's URL, without a password.
    pub source: String,
    /// What tells this source from every other.
    pub source_identity: String,
    /// Most canonical text in a chunk, in bytes.
    pub chunk_bytes: u64,
    /// How far the hand-over has come.
    pub stage: Stage,
}

/// Whether the target has a ledger.
pub fn exists(store: &mut dyn Store) -> Result<bool> {
    store.has_table("ledger")
}

/// Reads the ledger's one row.
pub fn head(store: &mut dyn Store) -> Result<Head> {
    let table = store.table("ledger");
    let rows = store.query(&format!(
        "SELECT version, source, source_identity, chunk_bytes, stage FROM {table}"
    ))?;
    let row: Vec<String> =
        rows.into_iter().next().unwrap_or_default().into_iter().flatten().collect();
    let [version, source, source_identity, chunk_bytes, stage] = row.as_slice() else {
        bail!("the target's ledger is incomplete: its row about the source is missing");
    };
    if version.parse() != Ok(LEDGER_VERSION) {
        bail!(
            "the target's ledger has version {version}, this program knows version \
             {LEDGER_VERSION}; use the program that made it"
        );
    }
    Ok(Head {
        source: source.clone(),
        source_identity: source_identity.clone(),
        chunk_bytes: chunk_bytes.parse().context("the ledger's chunk_bytes is not a number")?,
        stage: Stage::parse(stage).context("the ledger's stage is unknown")?,
    })
}

/// Moves the hand-over on to a stage.
pub fn set_stage(store: &mut dyn Store, stage: Stage) -> Result<()> {
    let table = store.table("ledger");
    store.execute(&format!("UPDATE {table} SET stage = {}", literal(stage.as_str())))
}

/// The plan as it was frozen, tables left out among them.
#[derive(Clone, Debug)]
pub struct FrozenPlan {
    /// Tables with their numbers in the ledger; boundaries are the ledger's chunks.
    pub tables: Vec<(i64, TablePlan)>,
    /// Tables that are not copied, and why.
    pub left_out: Vec<LeftOutTable>,
}

impl FrozenPlan {
    /// Tables that were left out by this decision.
    pub fn left_out_by(&self, by: LeftOutBy) -> impl Iterator<Item = &LeftOutTable> {
        self.left_out.iter().filter(move |table| table.by == by)
    }

    /// The table of a SQLite source that is left out; SQLite finds it whatever the case of its name.
    pub fn left_out_file_table(&self, name: &str) -> Option<&TableName> {
        let mut names = self.left_out.iter().map(|table| &table.name);
        names.find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The table with a number of the ledger.
    pub fn table(&self, number: i64) -> Result<&TablePlan> {
        self.tables
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, table)| table)
            .with_context(|| format!("the ledger has chunks of an unknown table {number}"))
    }
}
