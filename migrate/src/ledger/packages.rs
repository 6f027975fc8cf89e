//! Seals of packages and the inventory, in the target's ledger.

use anyhow::{Context, Result};
use handover_engine::sql::literal;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;
use handover_schemas::package::inventory::Inventory;

use super::events::append_event;
use super::store::{Store, transaction};
use crate::package::Sealed;

/// Makes the tables, unless they are there.
pub fn prepare_packages(store: &mut dyn Store) -> Result<()> {
    let ddl = store.packages_ddl();
    transaction(store, |store| store.execute(ddl)).context("cannot make the ledger of packages")
}

/// Records a sealed package; an earlier one of the component is superseded.
pub fn record_package(store: &mut dyn Store, component: &str, sealed: &Sealed) -> Result<()> {
    transaction(store, |store| record_package_here(store, component, sealed)).with_context(|| {
        format!(
            "the package {component} is sealed, and its seal could not be recorded in the ledger; \
             run the same command again"
        )
    })
}

/// The same in the transaction that is open.
pub fn record_package_here(store: &mut dyn Store, component: &str, sealed: &Sealed) -> Result<()> {
    let sql = package_statements(store, component, sealed);
    store.execute(&sql).with_context(|| format!("cannot record the seal of {component}"))?;
    let detail = EventDetail {
        subject: Some(component.to_owned()),
        sha256: Some(sealed.seal),
        count: Some(sealed.files),
        ..EventDetail::default()
    };
    append_event(store, EventKind::Package, &detail).map(drop)
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
    transaction(store, |store| {
        store.execute(&format!(
            "INSERT INTO {table} (only_row, document) VALUES ({only_row}, {}) \
             ON CONFLICT (only_row) DO UPDATE SET document = excluded.document, recorded_at = {now}",
            literal(&document)
        ))?;
        let detail = EventDetail {
            sha256: Some(Digest::of(document.as_bytes())),
            count: Some(inventory.components.iter().map(|one| one.deliverables.len() as u64).sum()),
            ..EventDetail::default()
        };
        append_event(store, EventKind::Artifacts, &detail).map(drop)
    })
}
