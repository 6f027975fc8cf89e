//! Seals of packages and the inventory, in the target's ledger.

use anyhow::{Context, Result};
use handover_schemas::digest::Digest;
use handover_schemas::package::inventory::Inventory;
use handover_verify::sql::literal;

use super::store::Store;
use crate::package::Sealed;

/// Makes the tables, unless they are there.
pub fn prepare_packages(store: &mut dyn Store) -> Result<()> {
    let ddl = store.packages_ddl();
    store.execute(&format!("BEGIN; {ddl} COMMIT;")).context("cannot make the ledger of packages")
}

/// Whether the tables are there.
pub fn has_packages(store: &mut dyn Store) -> Result<bool> {
    store.has_table("package")
}

/// The seal of a component's present package.
pub fn sealed(store: &mut dyn Store, component: &str) -> Result<Option<Digest>> {
    let table = store.table("package");
    let rows = store.query(&format!(
        "SELECT seal FROM {table} WHERE component = {} AND superseded_at IS NULL",
        literal(component)
    ))?;
    let seal = rows.into_iter().flatten().flatten().next();
    seal.map(|seal| seal.parse().context("the ledger has a seal that is none")).transpose()
}

/// Records a sealed package; an earlier one of the component is superseded.
pub fn record_package(store: &mut dyn Store, component: &str, sealed: &Sealed) -> Result<()> {
    let sql = package_statements(store, component, sealed);
    store.execute(&format!("BEGIN; {sql} COMMIT;")).with_context(|| {
        format!(
            "the package {component} is sealed, and its seal could not be recorded in the ledger; \
             run the same command again"
        )
    })
}

/// The same in the transaction that is open.
pub fn record_package_here(store: &mut dyn Store, component: &str, sealed: &Sealed) -> Result<()> {
    let sql = package_statements(store, component, sealed);
    store.execute(&sql).with_context(|| format!("cannot record the seal of {component}"))
}

fn package_statements(store: &dyn Store, component: &str, sealed: &Sealed) -> String {
    let (table, now) = (store.table("package"), store.now());
    let (name, seal) = (literal(component), literal(&sealed.seal.to_string()));
    format!(
        "UPDATE {table} SET superseded_at = {now} \
           WHERE component = {name} AND superseded_at IS NULL AND seal <> {seal}; \
         INSERT INTO {table} (seal, component, files, bytes) VALUES ({seal}, {name}, {}, {}) \
           ON CONFLICT (seal) DO UPDATE SET superseded_at = NULL;",
        sealed.files, sealed.bytes
    )
}

/// Records the inventory in place of the last one.
pub fn record_inventory(store: &mut dyn Store, inventory: &Inventory) -> Result<()> {
    let (table, now) = (store.table("inventory"), store.now());
    let document = serde_json::to_string(inventory).context("cannot write the inventory")?;
    let only_row = store.only_row();
    store.execute(&format!(
        "INSERT INTO {table} (only_row, document) VALUES ({only_row}, {}) \
         ON CONFLICT (only_row) DO UPDATE SET document = excluded.document, recorded_at = {now}",
        literal(&document)
    ))
}

/// The inventory as it was last taken.
pub fn inventory(store: &mut dyn Store) -> Result<Option<Inventory>> {
    if !has_packages(store)? {
        return Ok(None);
    }
    let table = store.table("inventory");
    let rows = store.query(&format!("SELECT document FROM {table}"))?;
    let document = rows.into_iter().flatten().flatten().next();
    document
        .map(|document| {
            serde_json::from_str(&document).context("the ledger's inventory is damaged")
        })
        .transpose()
}
