//! One record that was taken out of an archive, so that somebody without any key to the archive can
//! check a proof that it is in there.
//!
//! The file is JSON and holds the row: it is for the person whose row it is, and for whoever has to
//! check it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::row_leaf::row_leaf;
use crate::digest::{Digest, hex};
use crate::signing::statement::u64_text;
use crate::strict_json;

/// Version of the file.
pub const RECORD_VERSION: u32 = 1;

/// Bytes of a salt.
const SALT_LEN: usize = 32;

/// One row of an archive.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordFile {
    /// Version of the file.
    pub version: u32,
    /// Origin of the checkpoint of the tree that the row is in.
    pub origin: String,
    /// `schema.name`.
    pub table: String,
    /// Names of the columns, in the order of the line's fields.
    pub columns: Vec<String>,
    /// The row's canonical line, its line feed included.
    pub line: String,
    /// What the line is hashed with: 64 hexadecimal digits.
    #[schemars(with = "Digest")]
    pub salt: Salt,
    /// Position of the row's leaf in the tree, counted from 0; a string.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub index: u64,
}

/// 32 random bytes of one row, without which nobody can guess the row from its leaf.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; SALT_LEN]);

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not the JSON that a record is. What serde_json says may quote the row, and is not kept.
    #[error("it is not a record: line {line}, column {column}")]
    Json {
        /// Line of the file.
        line: usize,
        /// Column of that line.
        column: usize,
    },
    /// It is of another version.
    #[error("it is a record of version {0}; known is {RECORD_VERSION}")]
    Version(u32),
    /// A name has a control character in it, which would steer the terminal that it is shown on.
    #[error("a name in it has a control character")]
    Name,
    /// The line is not one line.
    #[error("its line is not one canonical line, ended by a line feed")]
    Line,
    /// The line has another number of fields.
    #[error("its line has {fields} fields, and there are {columns} columns")]
    Fields {
        /// Fields of the line.
        fields: usize,
        /// Names of columns.
        columns: usize,
    },
}

impl RecordFile {
    /// Reads a record, and checks what can be checked without the proof.
    pub fn parse(text: &[u8]) -> Result<Self, RecordError> {
        let record: Self = strict_json::parse(text)
            .map_err(|error| RecordError::Json { line: error.line(), column: error.column() })?;
        if record.version != RECORD_VERSION {
            return Err(RecordError::Version(record.version));
        }
        let steers = |name: &String| name.chars().any(char::is_control);
        if steers(&record.origin) || steers(&record.table) || record.columns.iter().any(steers) {
            return Err(RecordError::Name);
        }
        let line = record.line.strip_suffix('\n').ok_or(RecordError::Line)?;
        if line.contains('\n') {
            return Err(RecordError::Line);
        }
        let (fields, columns) = (line.split('\t').count(), record.columns.len());
        // A line without fields is a line with one empty field.
        if fields != columns.max(1) || (columns == 0 && !line.is_empty()) {
            return Err(RecordError::Fields { fields, columns });
        }
        Ok(record)
    }

    /// The file's text, ended by a line feed.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// The hash of its leaf.
    pub fn leaf(&self) -> Digest {
        row_leaf(self.salt.as_bytes(), self.line.as_bytes())
    }
}

/// The row and its salt are not shown.
impl fmt::Debug for RecordFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RecordFile");
        shown.field("origin", &self.origin).field("table", &self.table);
        shown.field("columns", &self.columns).field("index", &self.index).finish_non_exhaustive()
    }
}

impl Salt {
    /// Bytes that were drawn at random.
    pub const fn from_bytes(bytes: [u8; SALT_LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; SALT_LEN] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // A digest is as long and spelt in the same way.
        let digits = Digest::from_str(&text);
        let bytes =
            digits.map_err(|_not_hex| de::Error::custom("a salt is 64 hexadecimal digits"))?;
        Ok(Self(*bytes.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"version":1,"origin":"example.org/t","table":"public.subjects","columns":["id","name"],"#,
        r#""line":"1\tVương Thị Bí Mật\n","#,
        r#""salt":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","index":"41"}"#
    );

    #[test]
    fn the_leaf_is_what_sha256sum_gives() {
        let record = RecordFile::parse(TEXT.as_bytes()).unwrap();
        let salt: Vec<u8> = (0..32).collect();
        let hashed = [&[0][..], &salt, "1\tVương Thị Bí Mật\n".as_bytes()].concat();
        assert_eq!(record.leaf(), Digest::of(&hashed));
        assert_eq!((record.index, record.table.as_str()), (41, "public.subjects"));
        let again = RecordFile::parse(record.to_text().unwrap().as_bytes()).unwrap();
        assert_eq!(again, record);
    }

    #[test]
    fn what_is_no_record_is_refused_without_showing_the_row() {
        for (from, to, says) in [
            ("\"version\":1", "\"version\":2", "of version 2"),
            ("public.subjects", r"public.\u001b[2J", "a name in it has a control character"),
            (r"Mật\n", "Mật", "is not one canonical line"),
            (r"1\tV", r"1\nV", "is not one canonical line"),
            (r"1\tV", r"1\t\tV", "its line has 3 fields, and there are 2 columns"),
            (r#"["id","name"]"#, "[]", "its line has 2 fields, and there are 0 columns"),
            ("\"41\"", "41", "line 1, column"),
            ("\"41\"", "\"041\"", "line 1, column"),
            ("\"00010203", "\"000102", "line 1, column"),
            ("\"index\"", "\"Vương\":1,\"index\"", "line 1, column"),
            ("\"version\":1", "\"version\":1,\"version\":1", "line 1, column"),
            ("\"version\":1", "\"version\":\"Vương\"", "line 1, column"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            let error = RecordFile::parse(TEXT.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error} {error:?}").contains("Vương"), "{error}");
        }
        let record = RecordFile::parse(TEXT.as_bytes()).unwrap();
        let shown = format!("{record:?}");
        assert!(!shown.contains("Vương") && !shown.contains("0001") && shown.contains("subjects"));
    }
}
