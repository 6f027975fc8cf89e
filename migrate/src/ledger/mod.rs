//! The ledger: the record, in the target, of what was done.

mod beside_code;
mod events;
mod evidence;
mod packages;
mod plan;
mod progress;
mod purge;
mod restore;
mod store;

use anyhow::Result;
use handover_engine::sql::literal;
use handover_schemas::ledger::Stage;

pub use beside_code::{keep_to_itself, refuse_beside_code, rights};
pub use events::{
    RunningProgram, append_event, append_event_at, event_statement, lesser_lines, prepare_events,
    prepare_events_statements, running_program,
};
pub use evidence::{evidence_table, make_evidence_table, prepare_evidence, record_evidence};
pub use handover_verify::ledger::copied::{
    FrozenPlan, Head, LeftOutTable, chunks, chunks_of, exists, findings, head, plan, roots, runs,
    settings, steps,
};
pub use handover_verify::ledger::evidence::{Evidence, all_evidence, evidence};
pub use handover_verify::ledger::packages::{has_packages, inventory, sealed};
pub use packages::{prepare_packages, record_inventory, record_package, record_package_here};
pub use plan::{plan_statements, setting_statements};
pub use progress::{
    AlreadyRecorded, RefusedIn, RunOutcome, TableProgress, Written, archive, archive_statement,
    begin_run, check_newest, end_run, end_structure, newest_run, owner_statement,
    record_code_as_account, record_copied, record_ledger_changed, record_lesser_line,
    record_read_back, record_rechecked, record_refused, record_roots, record_source_check, refused,
    step_statement, structure_owner,
};
pub use purge::{
    LeafChunk, abandon_purge, batch_statements, database_id, nonce_used_by, open_purge,
    prepare_purges, purge, purges, record_authority, record_backup, record_certificate,
    record_closing, record_leaves, record_outcome, record_selection,
};
pub use restore::{RestoredRuns, next_restore, record_restore, restore_statements};
pub use store::{Store, end_transaction, transaction};

/// Moves the hand-over on to a stage.
pub fn set_stage(store: &mut dyn Store, stage: Stage) -> Result<()> {
    let table = store.table("ledger");
    store.execute(&format!("UPDATE {table} SET stage = {}", literal(stage.as_str())))
}
