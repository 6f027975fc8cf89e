//! Evidence files, in the target's ledger: what was loaded, from which file, signed by whom.

use anyhow::{Context, Result};
use handover_engine::sql::{ident, literal};
use handover_schemas::chain::{EventDetail, EventKind};
use handover_verify::ledger::signed_evidence::{COLUMNS, SignedEvidence};

use super::Evidence;
use super::events::append_event;
use super::store::Store;

/// The table that holds the rows of an evidence file: `line_no` and the file's columns as text.
pub fn evidence_table(store: &dyn Store, name: &str) -> String {
    store.table(&format!("evidence_{name}"))
}

/// Makes the table of evidence files, unless it is there. In the caller's transaction.
pub fn prepare_evidence(store: &mut dyn Store) -> Result<()> {
    let ddl = store.evidence_ddl();
    store.execute(ddl).context("cannot make the ledger of evidence files")
}

/// Makes the table for the rows of a file. In the caller's transaction.
pub fn make_evidence_table(store: &mut dyn Store, evidence: &Evidence) -> Result<()> {
    let table = evidence_table(store, &evidence.name);
    // SQLite's INTEGER PRIMARY KEY is the row's number itself; PostgreSQL's integer is too short.
    let line_no = format!("line_no {} PRIMARY KEY", store.line_number_type());
    let named = evidence.columns.iter().map(|column| format!("{} text NOT NULL", ident(column)));
    let columns: Vec<String> = std::iter::once(line_no).chain(named).collect();
    store
        .execute(&format!("CREATE TABLE {table} ({})", columns.join(", ")))
        .with_context(|| format!("cannot make the table {table}"))
}

/// Records a file whose rows are loaded. In the same transaction as they.
pub fn record_evidence(store: &mut dyn Store, evidence: &Evidence) -> Result<()> {
    let table = store.table("evidence");
    let columns =
        serde_json::to_string(&evidence.columns).context("cannot write the columns as JSON")?;
    let signer = evidence.signer.as_deref().map_or_else(|| "NULL".to_owned(), literal);
    store
        .execute(&format!(
            "INSERT INTO {table} (name, file_name, bytes, sha256, row_count, columns, signer) \
             VALUES ({}, {}, {}, {}, {}, {}, {signer})",
            literal(&evidence.name),
            literal(&evidence.file_name),
            evidence.bytes,
            literal(&evidence.sha256.to_string()),
            evidence.rows,
            literal(&columns),
        ))
        .context("cannot record the evidence file")?;
    if let Some(signed) = &evidence.signature {
        record_signature(store, &evidence.name, signed)?;
    }
    let detail = EventDetail {
        subject: Some(evidence.name.clone()),
        sha256: Some(evidence.sha256),
        count: Some(evidence.rows),
        signature: evidence.signature.as_ref().map(|signed| signed.row),
        ..EventDetail::default()
    };
    append_event(store, EventKind::Evidence, &detail).map(drop)
}

/// Records the signature of a file. In the same transaction as the file.
fn record_signature(store: &mut dyn Store, name: &str, signed: &SignedEvidence) -> Result<()> {
    // Only now: an empty table would be one that no event tells of.
    let ddl = store.signed_evidence_ddl();
    store.execute(ddl).context("cannot make the ledger of evidence files' signatures")?;
    let table = store.table("signed_evidence");
    let row = signed.texts(name)?;
    let values = row.map(|value| value.map_or_else(|| "NULL".to_owned(), |text| literal(&text)));
    store
        .execute(&format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            COLUMNS.join(", "),
            values.join(", ")
        ))
        .context("cannot record the signature of the evidence file")
}
