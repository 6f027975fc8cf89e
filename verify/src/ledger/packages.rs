//! What the ledger says of packages and the inventory.

use anyhow::{Context, Result};
use handover_engine::sql::literal;
use handover_schemas::digest::Digest;
use handover_schemas::package::inventory::Inventory;

use super::LedgerQuery;

/// Whether the tables are there.
pub fn has_packages(ledger: &mut dyn LedgerQuery) -> Result<bool> {
    ledger.has_table("package")
}

/// The seal of a component's present package.
pub fn sealed(ledger: &mut dyn LedgerQuery, component: &str) -> Result<Option<Digest>> {
    let table = ledger.table("package");
    let rows = ledger.query(&format!(
        "SELECT seal FROM {table} WHERE component = {} AND superseded_at IS NULL",
        literal(component)
    ))?;
    let seal = rows.into_iter().flatten().flatten().next();
    seal.map(|seal| seal.parse().context("the ledger has a seal that is none")).transpose()
}

/// The inventory as it was last taken.
pub fn inventory(ledger: &mut dyn LedgerQuery) -> Result<Option<Inventory>> {
    if !has_packages(ledger)? {
        return Ok(None);
    }
    let table = ledger.table("inventory");
    let rows = ledger.query(&format!("SELECT document FROM {table}"))?;
    let document = rows.into_iter().flatten().flatten().next();
    document
        .map(|document| {
            serde_json::from_str(&document).context("the ledger's inventory is damaged")
        })
        .transpose()
}

/// A package as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPackage {
    /// What it is called.
    pub name: String,
    /// Its seal.
    pub seal: Digest,
    /// Payload files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether a later one took its place.
    pub superseded: bool,
}

/// Every package that was ever sealed, by name and seal.
pub fn packages(ledger: &mut dyn LedgerQuery) -> Result<Vec<RecordedPackage>> {
    if !has_packages(ledger)? {
        return Ok(Vec::new());
    }
    let table = ledger.table("package");
    let rows = ledger
        .query(&format!("SELECT component, seal, files, bytes, superseded_at FROM {table}"))?;
    let damaged = "the ledger's row of a package is damaged";
    let mut packages: Vec<RecordedPackage> = rows
        .into_iter()
        .map(|row| {
            let [Some(name), Some(seal), Some(files), Some(bytes), superseded] = row.as_slice()
            else {
                anyhow::bail!(damaged);
            };
            Ok(RecordedPackage {
                name: name.clone(),
                seal: seal.parse().context(damaged)?,
                files: files.parse().context(damaged)?,
                bytes: bytes.parse().context(damaged)?,
                superseded: superseded.is_some(),
            })
        })
        .collect::<Result<_>>()?;
    packages.sort_by(|one, next| (&one.name, one.seal).cmp(&(&next.name, next.seal)));
    Ok(packages)
}
