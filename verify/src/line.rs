//! The canonical line of a row on its way: at hand, or, of a large row, still in the form in which it came,
//! from which it is made piece by piece. A value of 900 MB is in memory once that way.

use std::borrow::Cow;

use anyhow::{Context, Result};
use handover_schemas::copy_binary::{render_one, render_row_in_pieces};
use handover_schemas::digest::LineHasher;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Key;
use handover_schemas::value::{is_tagged, unescape};

/// A canonical line, ending in LF.
#[derive(Clone, Copy, Debug)]
pub struct Line<'r>(Form<'r>);

#[derive(Clone, Copy, Debug)]
enum Form<'r> {
    Whole(&'r [u8]),
    Tuple { types: &'r [PgType], tuple: &'r [u8], length: u64 },
}

impl<'r> Line<'r> {
    /// A line that is at hand.
    pub fn whole(line: &'r [u8]) -> Self {
        Self(Form::Whole(line))
    }

    /// The line of a tuple of PostgreSQL's binary COPY, which has so many bytes ([`tuple_line_length`]).
    pub fn of_tuple(types: &'r [PgType], tuple: &'r [u8], length: u64) -> Self {
        Self(Form::Tuple { types, tuple, length })
    }

    /// Bytes, the LF included.
    pub fn length(&self) -> u64 {
        match self.0 {
            Form::Whole(line) => line.len() as u64,
            Form::Tuple { length, .. } => length,
        }
    }

    /// Whether the line is not at hand: it is better taken in pieces.
    pub fn is_large(&self) -> bool {
        matches!(self.0, Form::Tuple { .. })
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
            Form::Tuple { types, tuple, .. } => render_row_in_pieces(types, tuple, each),
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
        const FEWER: &str = "a row has fewer fields than columns";
        match self.0 {
            Form::Whole(line) => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
                let fields = key.columns.iter().map(|column| fields.get(*column).copied());
                fields.map(|field| key_field(field.context(FEWER)?)).collect()
            }
            Form::Tuple { types, tuple, .. } => {
                let fields = key.columns.iter().map(|column| {
                    let mut field = Vec::new();
                    render_one(types, tuple, *column, &mut field).context(FEWER)?;
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

impl<'r> From<&'r [u8]> for Line<'r> {
    fn from(line: &'r [u8]) -> Self {
        Self::whole(line)
    }
}

/// Bytes of a tuple's canonical line. An error if it has none.
pub fn tuple_line_length(types: &[PgType], tuple: &[u8]) -> Result<u64> {
    let mut length = 0;
    render_row_in_pieces(types, tuple, &mut |piece| {
        length += piece.len() as u64;
        anyhow::Ok(())
    })?;
    Ok(length)
}
