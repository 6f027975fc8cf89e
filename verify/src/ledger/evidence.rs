//! What the ledger says of evidence files: what was loaded, from which file, signed by whom.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::TextRow;
use handover_schemas::digest::Digest;

use super::LedgerQuery;
use super::signed_evidence::{SignedEvidence, signed_evidence};

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
    /// Who signed the file, as the operator said.
    pub signer: Option<String>,
    /// The signature that it was loaded with.
    pub signature: Option<SignedEvidence>,
    /// When it was loaded, as the target's clock has it; `None` before.
    pub loaded_at: Option<String>,
}

/// Every file that was loaded, by name.
pub fn all_evidence(ledger: &mut dyn LedgerQuery) -> Result<Vec<Evidence>> {
    if !ledger.has_table("evidence")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("evidence");
    let rows = ledger.query(&format!(
        "SELECT name, file_name, bytes, sha256, row_count, columns, signer, loaded_at FROM {table}"
    ))?;
    let mut all: Vec<Evidence> = rows
        .into_iter()
        .map(|row| entry(row).context("the ledger of evidence files is damaged"))
        .collect::<Result<_>>()?;
    let mut signatures = signed_evidence(ledger)?;
    for file in &mut all {
        file.signature = signatures.remove(&file.name);
    }
    if let Some(name) = signatures.keys().next() {
        bail!("the ledger has a signature of the evidence {name:?}, which is not loaded");
    }
    all.sort_by(|one, next| one.name.cmp(&next.name));
    Ok(all)
}

/// The file that was loaded under a name.
pub fn evidence(ledger: &mut dyn LedgerQuery, name: &str) -> Result<Option<Evidence>> {
    Ok(all_evidence(ledger)?.into_iter().find(|known| known.name == name))
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
        signature: None,
        loaded_at,
    })
}
