//! What of a target is the ledger's own. A table is, if it has the name and the columns of one of
//! the ledger's; a name alone says nothing, since the platform may have the same.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handover_engine::inventory::{CatalogObject, Inventory, ObjectKind};
use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;

use super::LedgerQuery;
use super::tables::has_own_columns;
use crate::purge::list::{EVIDENCE, POSITION};

/// What belongs to the ledger of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnObjects {
    tables: BTreeSet<TableName>,
    /// Names of functions in schema `handover`, as inventories write them.
    functions: BTreeSet<String>,
}

/// Names of the tables that hold the lists of purges begin so.
const LISTS: &str = "purge_list_";

/// Names of the tables that hold the rows of evidence files begin so.
const EVIDENCE_ROWS: &str = "evidence_";

/// Whether the ledger has, or may come to have, a table of this name; without schema or prefix.
pub fn is_ledger_name(name: &str) -> bool {
    name.starts_with(LISTS) || name.starts_with(EVIDENCE_ROWS) || super::tables::is_known(name)
}

impl OwnObjects {
    /// Looks for them in the target.
    pub fn of(ledger: &mut dyn LedgerQuery) -> Result<Self> {
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in ledger.query(ledger.columns_query())? {
            if let [Some(table), Some(column)] = row.as_slice() {
                columns.entry(table.clone()).or_default().push(column.clone());
            }
        }
        let fixed = columns.iter().filter(|(name, columns)| has_own_columns(name, columns));
        let mut names: BTreeSet<&str> = fixed.map(|(name, _)| name.as_str()).collect();
        // Where the account may not read what is recorded, the columns have to do.
        let files = recorded(ledger, &names, "evidence", "name", "")?;
        let listed = "WHERE state NOT IN ('certified', 'abandoned')";
        let purges = recorded(ledger, &names, "purge", "purge_no", listed)?;
        for (name, columns) in &columns {
            let is_recorded = if let Some(file) = name.strip_prefix(EVIDENCE_ROWS) {
                columns.first().is_some_and(|first| first == "line_no")
                    && files.as_ref().is_none_or(|files| files.contains(file))
            } else if let Some(list) = name.strip_prefix(LISTS) {
                let purge = list.split_once('_').map_or(list, |(purge, _)| purge);
                columns.first().is_some_and(|first| first == POSITION)
                    && columns.last().is_some_and(|last| last == EVIDENCE)
                    && purges.as_ref().is_none_or(|purges| purges.contains(purge))
            } else {
                false
            };
            if is_recorded {
                names.insert(name);
            }
        }
        let tables = names.into_iter().map(|name| ledger.place(name)).collect();
        let functions = ledger.functions()?.into_iter();
        let ours = functions.filter(|(name, body)| {
            name == "identity_number_class(text)" && POSTGRES_FUNCTION.contains(body.as_str())
        });
        let functions = ours.map(|(name, _)| format!("handover.{name}")).collect();
        Ok(Self { tables, functions })
    }

    /// Whether a table is one of them.
    pub fn has(&self, table: &TableName) -> bool {
        self.tables.contains(table)
    }

    /// The tables, as descriptions of databases name them.
    pub fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.tables.iter()
    }

    /// Whether a function of schema `handover`, given with its arguments' types, is one of them.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains(&format!("handover.{name}"))
    }

    /// Gives up the tables that somebody else has as well: they are the platform's.
    pub fn give_up(&mut self, is_theirs: impl Fn(&TableName) -> bool) {
        self.tables.retain(|table| !is_theirs(table));
    }

    /// Takes them out of an inventory. What hangs on them and is not made by this program, as
    /// triggers and indexes, stays.
    pub fn take_from(&self, inventory: &mut Inventory) {
        let mut sequences = BTreeSet::new();
        inventory.objects.retain(|(kind, name), object| {
            let is_own = self.is_own(*kind, object);
            if is_own && *kind == ObjectKind::Sequence {
                sequences.insert(format!("{} {name}", ObjectKind::SequenceValue));
            }
            !is_own
        });
        inventory.unreadable.retain(|entry| !sequences.contains(entry));
    }

    fn is_own(&self, kind: ObjectKind, object: &CatalogObject) -> bool {
        let of_table = |is_made: fn(&TableName) -> bool| {
            object.table.as_ref().is_some_and(|table| self.has(table) && is_made(table))
        };
        match kind {
            ObjectKind::Function => self.functions.contains(&object.name),
            ObjectKind::TableDefinition
            | ObjectKind::Default
            | ObjectKind::NotNull
            | ObjectKind::Identity
            | ObjectKind::Check
            | ObjectKind::PrimaryKey
            | ObjectKind::Unique
            | ObjectKind::ForeignKey
            | ObjectKind::Sequence
            | ObjectKind::SequenceValue => of_table(|_table| true),
            ObjectKind::Index => of_table(|table| table.name.contains(LISTS)),
            _ => false,
        }
    }
}

/// A column of a table of the ledger, as texts; `None` if the account may not read it.
fn recorded(
    ledger: &mut dyn LedgerQuery,
    own: &BTreeSet<&str>,
    table: &str,
    column: &str,
    condition: &str,
) -> Result<Option<BTreeSet<String>>> {
    if !own.contains(table) {
        return Ok(Some(BTreeSet::new()));
    }
    if !ledger.may_read(table)? {
        return Ok(None);
    }
    let rows =
        ledger.query(&format!("SELECT {column} FROM {} {condition}", ledger.table(table)))?;
    Ok(Some(rows.into_iter().flatten().flatten().collect()))
}

/// The tables of a target that are not the ledger's.
pub fn without_own(
    ledger: &mut dyn LedgerQuery,
    mut tables: Vec<TableShape>,
) -> Result<Vec<TableShape>> {
    let own = OwnObjects::of(ledger)?;
    tables.retain(|table| !own.has(&table.name));
    Ok(tables)
}
