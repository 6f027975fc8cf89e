//! Values that the type they are mapped to would not give back.

use std::fmt;

use handover_schemas::chunk::KeyValue;

use super::values::Unfit;

/// Why a value cannot be carried over as the type of its column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Misfit {
    /// Column of the value.
    pub column: String,
    /// What is wrong, and which types would take it.
    pub unfit: Unfit,
    /// Key of the row, where the table has one and it can be printed.
    pub key: Option<KeyValue>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.unfit.reason)?;
        let choices: Vec<String> =
            self.unfit.choices.iter().map(|choice| format!("'{choice}'")).collect();
        match choices.split_last() {
            None => Ok(()),
            Some((only, [])) => write!(f, " (map it to {only})"),
            Some((last, others)) => write!(f, " (map it to {} or {last})", others.join(", ")),
        }
    }
}

/// All misfits of a table: how many rows, and the first of them.
#[derive(Clone, Debug, Default)]
pub struct Misfits {
    /// Rows that have at least one.
    pub rows: u64,
    /// The first ones, at most [`Misfits::KEPT`].
    pub first: Vec<Misfit>,
}

impl Misfits {
    /// Misfits kept in full.
    pub const KEPT: usize = 1000;

    /// Counts one row's misfits, if it has any.
    pub fn add(&mut self, of_row: Vec<Misfit>) {
        self.rows += u64::from(!of_row.is_empty());
        let room = Self::KEPT.saturating_sub(self.first.len());
        self.first.extend(of_row.into_iter().take(room));
    }
}
