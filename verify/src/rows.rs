//! Rows on their way from a database to whatever wants them.

use anyhow::{Context, Result};
use handover_schemas::chunk::KeyValue;
use handover_schemas::plan::Key;
use handover_schemas::value::{is_tagged, unescape};

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
    /// The canonical line, ending in LF.
    pub line: &'r [u8],
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

/// The canonical, unescaped texts of the key's columns in a canonical line, as bytes: a SQLite text
/// may be anything. `None` stands for NULL, and for a value of another storage class than its column's
/// own, which no key holds that rows are ordered by.
pub fn key_bytes(line: &[u8], key: &Key) -> Result<Vec<Option<Vec<u8>>>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
    key.columns
        .iter()
        .map(|column| {
            let field = fields.get(*column).context("a row has fewer fields than columns")?;
            if is_tagged(field) { Ok(None) } else { Ok(unescape(field)?) }
        })
        .collect()
}

/// The same as text, where it can be.
pub fn key_value(line: &[u8], key: &Key) -> Result<KeyValue> {
    key_bytes(line, key)?
        .into_iter()
        .map(|bytes| {
            let bytes = bytes.context("a key column holds NULL")?;
            String::from_utf8(bytes).ok().context("a key column's text is not valid UTF-8")
        })
        .collect()
}
