//! Evidence files, in the target's ledger: what was loaded, from which file, signed by whom.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_verify::postgres::TextRow;
use handover_verify::sql::{ident, literal};

use super::store::Store;

/// A file whose rows are in the ledger, in a table of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What the operator called it: `[a-z0-9_]{1,40}`.
    pub name: String,
    /// The file's name, without its folder.
    pub file_name: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Rows, the header not counted.
    pub rows: u64,
    /// Columns, as the header names them. Not for the terminal: a file without a header has a
    /// person's row there.
    pub columns: Vec<String>,
    /// Who signed the file.
    pub signer: Option<String>,
    /// When it was loaded, as the target's clock has it; `None` before.
    pub loaded_at: Option<String>,
}

/// The table that holds the rows of an evidence file: `line_no` and the file's columns as text.
pub fn evidence_table(store: &dyn Store, name: &str) -> String {
    store.table(&format!("evidence_{name}"))
}

/// Makes the table of evidence files, unless it is there. In the caller's transaction.
pub fn prepare_evidence(store: &mut dyn Store) -> Result<()> {
    let ddl = store.evidence_ddl();
    store.execute(ddl).context("cannot make the ledger of evidence files")
}

/// Every file that was loaded, by name.
pub fn all_evidence(store: &mut dyn Store) -> Result<Vec<Evidence>> {
    if !store.has_table("evidence")? {
        return Ok(Vec::new());
    }
    let table = store.table("evidence");
    let rows = store.query(&format!(
        "SELECT name, file_name, bytes, sha256, row_count, columns, signer, loaded_at FROM {table}"
    ))?;
    let mut all: Vec<Evidence> = rows
        .into_iter()
        .map(|row| entry(row).context("the ledger of evidence files is damaged"))
        .collect::<Result<_>>()?;
    all.sort_by(|one, next| one.name.cmp(&next.name));
    Ok(all)
}

/// The file that was loaded under a name.
pub fn evidence(store: &mut dyn Store, name: &str) -> Result<Option<Evidence>> {
    Ok(all_evidence(store)?.into_iter().find(|known| known.name == name))
}

fn entry(row: TextRow) -> Result<Evidence> {
    let Ok([name, file_name, bytes, sha256, rows, columns, signer, loaded_at]) =
        <[Option<String>; 8]>::try_from(row)
    else {
        bail!("an entry does not have eight columns");
    };
    let given = |value: Option<String>| value.context("a value is missing");
    Ok(Evidence {
        name: given(name)?,
        file_name: given(file_name)?,
        bytes: given(bytes)?.parse().context("bytes")?,
        sha256: given(sha256)?.parse().context("sha256")?,
        rows: given(rows)?.parse().context("row_count")?,
        columns: serde_json::from_str(&given(columns)?).context("columns")?,
        signer,
        loaded_at,
    })
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
        .context("cannot record the evidence file")
}
