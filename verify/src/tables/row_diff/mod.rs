//! Which rows of a key range differ, in which columns, and why.
//!
//! The input are canonical lines: fields escaped as `COPY … TO` escapes, parted by TAB, each line
//! ended by LF. What comes out holds values of keys, which may be personal data; see
//! [`DifferenceGroup::keys`].

mod exchange;
mod keyed;
mod keyless;
mod line;
mod rekeyed;
mod summary;
#[cfg(test)]
mod tests;

pub use keyed::compare_keyed;
pub use keyless::{KeylessDiff, RowSample, compare_keyless};
pub use summary::{DifferenceGroup, DifferenceKind, Summary, summarise};

use super::cause::Cause;

/// The texts of a row's key columns, unescaped; `None` for NULL. Bytes that are not UTF-8 show as
/// U+FFFD. For a table without a key, all columns of the row.
pub type RowKey = Vec<Option<String>>;

/// What differs in one range of a table with a key. Every list names a key as often as there are
/// such rows: `source rows - missing + extra + doubled = target rows`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeDiff {
    /// Rows of the source that the target has not, in the source's order.
    pub missing: Vec<RowKey>,
    /// Rows of the target whose key the source has not, in the target's order.
    pub extra: Vec<RowKey>,
    /// Rows of the target beyond as many as the source has of that key, in the target's order.
    pub doubled: Vec<RowKey>,
    /// What differs in rows that both have, in the source's order. A row whose columns differ for
    /// several causes is here once for each. Last come rows that the target has under a key that
    /// was damaged in a way that is known, with columns of the key.
    pub differing: Vec<RowDifference>,
    /// How many rows differ.
    pub differing_rows: u64,
}

impl RangeDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.extra.is_empty()
            && self.doubled.is_empty()
            && self.differing.is_empty()
    }
}

/// Columns of one row that differ for the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// Which row.
    pub key: RowKey,
    /// Positions of the columns, ascending.
    pub columns: Vec<usize>,
    /// Why they differ.
    pub cause: Cause,
    /// For [`Cause::TimeShifted`]: target less source.
    pub shift_minutes: Option<i64>,
}
