//! Values that say the same another way than their type's own form does: the line is the value's, and
//! people are told how many there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::WrittenAnotherWay;
use rusqlite::Connection;

use super::open::sqlite_error;
use super::read::select;
use super::values::{ColumnRule, Spelling, TextLimit, push_value};
use crate::rows::Wire;

/// Tables in which some value was written another way, noted by whoever reads their rows. Clones
/// are the same list.
#[derive(Clone, Debug, Default)]
pub struct Respelled(Arc<Mutex<BTreeSet<TableName>>>);

impl Respelled {
    /// Notes a table.
    pub fn tell(&self, table: &TableName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(table.clone());
    }

    /// Whether a table was noted.
    pub fn has(&self, table: &TableName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }
}

/// How many rows of a table have a value that is written another way, column by column, in declared
/// order. Values that do not fit their type are not among them.
pub fn written_another_way(
    connection: &Connection,
    shape: &TableShape,
    interrupt: &Interrupt,
) -> Result<Vec<WrittenAnotherWay>> {
    let rules: Vec<ColumnRule> = shape.columns.iter().map(ColumnRule::new).collect();
    let mut counts = vec![0_u64; rules.len()];
    let mut statement = connection.prepare(&select(shape)).map_err(sqlite_error)?;
    let mut rows = statement.raw_query();
    let mut line = Vec::new();
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        interrupt.check()?;
        for (index, (rule, count)) in rules.iter().zip(&mut counts).enumerate() {
            line.clear();
            let value = row.get_ref(index).map_err(sqlite_error)?;
            let pushed =
                push_value(rule, value, TextLimit::None, Wire::None, &mut line, &mut Vec::new());
            *count += u64::from(pushed == Ok(Spelling::Other));
        }
    }
    let columns = shape.columns.iter().zip(counts).filter(|(_, rows)| *rows > 0);
    Ok(columns
        .map(|(column, rows)| WrittenAnotherWay { column: column.name.clone(), rows })
        .collect())
}
