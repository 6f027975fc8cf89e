//! Rows on their way from a database to whatever wants them.

use anyhow::{Context, Result};
use handover_schemas::chunk::KeyValue;
use handover_schemas::plan::Key;

use crate::line::Line;

/// The form in which a reader hands on a row beside its canonical line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Nothing but the line is wanted.
    None,
    /// Tuples of PostgreSQL's binary COPY where every type has a renderer, lines of its text COPY
    /// otherwise.
    Copy,
    /// SQLite values, see [`crate::sqlite::values`].
    SqliteValues,
}

/// One row as read.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// The canonical line.
    pub line: Line<'r>,
    /// The row in the [`Wire`] form that was asked for.
    pub wire: &'r [u8],
}

/// Rows in the order in which they arrive.
pub trait RowStream {
    /// Moves to the next row; `false` when there is none.
    fn advance(&mut self) -> Result<bool>;

    /// The row moved to.
    fn row(&self) -> Row<'_>;

    /// The row's sort key, from streams that were sorted by the tool.
    fn sort_key(&self) -> Option<&[u8]> {
        None
    }
}

impl<S: RowStream + ?Sized> RowStream for Box<S> {
    fn advance(&mut self) -> Result<bool> {
        (**self).advance()
    }

    fn row(&self) -> Row<'_> {
        (**self).row()
    }

    fn sort_key(&self) -> Option<&[u8]> {
        (**self).sort_key()
    }
}

/// The canonical, unescaped texts of the key's columns in a line, where they are texts.
pub fn key_value<'l>(line: impl Into<Line<'l>>, key: &Key) -> Result<KeyValue> {
    line.into()
        .key_bytes(key)?
        .into_iter()
        .map(|bytes| {
            let bytes = bytes.context("a key column holds NULL")?;
            String::from_utf8(bytes).ok().context("a key column's text is not valid UTF-8")
        })
        .collect()
}
