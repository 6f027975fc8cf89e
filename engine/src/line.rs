//! The canonical line of a row on its way: at hand, or, of a large row, made piece by piece of what the
//! engine gave. A value of 900 MB is in memory once that way.

use std::borrow::Cow;
use std::fmt;

use anyhow::{Context, Result};
use handover_schemas::digest::LineHasher;
use handover_schemas::plan::Key;
use handover_schemas::value::{is_tagged, unescape};

/// Longer lines are better taken in pieces than copied, and larger values than rendered at once.
pub const LARGE: usize = 1 << 20;

/// A row whose canonical line is not at hand.
pub trait LargeRow {
    /// Gives the line piece by piece. The last piece ends in LF.
    fn pieces(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;

    /// Appends one field as it stands in the line.
    fn field(&self, column: usize, out: &mut Vec<u8>) -> Result<()>;
}

/// A canonical line, ending in LF.
#[derive(Clone, Copy)]
pub struct Line<'r>(Form<'r>);

#[derive(Clone, Copy)]
enum Form<'r> {
    Whole(&'r [u8]),
    Large { row: &'r dyn LargeRow, length: u64 },
}

/// Without a word of the row.
impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line of {} bytes", self.length())
    }
}

impl<'r> From<&'r [u8]> for Line<'r> {
    fn from(line: &'r [u8]) -> Self {
        Self::whole(line)
    }
}

impl<'r> Line<'r> {
    /// A line that is at hand.
    pub fn whole(line: &'r [u8]) -> Self {
        Self(Form::Whole(line))
    }

    /// The line of a large row, which has so many bytes.
    pub fn of_large_row(row: &'r dyn LargeRow, length: u64) -> Self {
        Self(Form::Large { row, length })
    }

    /// Bytes, the LF included.
    pub fn length(&self) -> u64 {
        match self.0 {
            Form::Whole(line) => line.len() as u64,
            Form::Large { length, .. } => length,
        }
    }

    /// Whether the line is better taken in pieces than copied.
    pub fn is_large(&self) -> bool {
        self.length() > LARGE as u64
    }

    /// The whole line. A large one is made for it, and is then in memory beside its row.
    pub fn bytes(&self) -> Result<Cow<'r, [u8]>> {
        if let Form::Whole(line) = self.0 {
            return Ok(Cow::Borrowed(line));
        }
        let mut line = Vec::with_capacity(usize::try_from(self.length()).unwrap_or_default());
        self.pieces(&mut |piece| {
            line.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(Cow::Owned(line))
    }

    /// Gives the line piece by piece.
    pub fn pieces(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.0 {
            Form::Whole(line) => each(line),
            Form::Large { row, .. } => row.pieces(each),
        }
    }

    /// Takes the line into a digest.
    pub fn hash_into(&self, hasher: &mut LineHasher) -> Result<()> {
        if let Form::Whole(line) = self.0 {
            hasher.push(line);
            return Ok(());
        }
        self.pieces(&mut |piece| {
            hasher.push_text(piece);
            Ok(())
        })
    }

    /// The canonical, unescaped texts of the key's columns, as bytes: a SQLite text may be anything.
    /// `None` stands for NULL, and for a value of another storage class than its column's own, which no
    /// key holds that rows are ordered by.
    pub fn key_bytes(&self, key: &Key) -> Result<Vec<Option<Vec<u8>>>> {
        match self.0 {
            Form::Whole(line) => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
                let fields = key.columns.iter().map(|column| fields.get(*column).copied());
                let key_field = |field: Option<&[u8]>| {
                    key_field(field.context("a row has fewer fields than columns")?)
                };
                fields.map(key_field).collect()
            }
            Form::Large { row, .. } => {
                let fields = key.columns.iter().map(|column| {
                    let mut field = Vec::new();
                    row.field(*column, &mut field)?;
                    key_field(&field)
                });
                fields.collect()
            }
        }
    }
}

fn key_field(field: &[u8]) -> Result<Option<Vec<u8>>> {
    if is_tagged(field) { Ok(None) } else { Ok(unescape(field)?) }
}
