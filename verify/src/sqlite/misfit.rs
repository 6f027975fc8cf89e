//! Values that the type they are mapped to would not give back.

use handover_schemas::chunk::KeyValue;

/// Why a value cannot be carried over as the type of its column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct Misfit {
    /// Column of the value.
    pub column: String,
    /// What is wrong, without the value.
    pub reason: &'static str,
    /// Key of the row, where the table has one and it can be printed.
    pub key: Option<KeyValue>,
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

    /// Counts one row's misfit.
    pub fn add(&mut self, misfit: Misfit) {
        self.rows += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(misfit);
        }
    }
}
