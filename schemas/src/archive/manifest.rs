//! What an archive holds, in `package.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::SearchColumns;
use crate::digest::{Digest, LineSum};
use crate::name::TableName;

/// The hashes of all rows' leaves, 32 bytes each, in the order of the tree. A tag file, and so
/// never encrypted: they are salted, and disclose nothing.
pub const LEAVES_FILE: &str = "leaves.bin";

/// Payload folder of the rows: canonical lines and nothing else.
pub const ROWS: &str = "rows";
/// Payload folder of what stands beside each row: its position in the tree, its salt, the line of
/// evidence it was selected for.
pub const SALTS: &str = "salts";
/// Payload folder of the search index.
pub const INDEX: &str = "index";
/// Payload folder of the key with which search tags are made.
pub const KEY: &str = "key";
/// The one file in [`KEY`]: 64 hexadecimal digits and a line feed.
pub const KEY_FILE: &str = "index.key";

/// The other file in [`KEY`]: SHA-256 of all lines of each table, in the form of `sha256sum`, with
/// the table's folder for a name.
pub const DIGESTS_FILE: &str = "tables.sha256";

/// Most rows in a chunk of an archive.
pub const CHUNK_ROWS_MAX: u64 = 4096;

/// A chunk is ended by the row with which its text reaches this many bytes.
pub const CHUNK_TEXT_BYTES: u64 = 1024 * 1024;

/// The `archive` part of `package.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveManifest {
    /// What the tree is called in checkpoints: unique to this selection of this database.
    pub origin: String,
    /// Identity of the database from which the rows were read.
    pub database: String,
    /// Name of the rule by which they were selected; of an archive of rows that a restore
    /// replaced, the rule of the archive they were replaced from.
    pub rule: String,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Numbers of the documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long the archive is kept.
    pub retain_until: String,
    /// Who keeps secret keys that open it.
    pub key_keepers: Vec<KeyKeeper>,
    /// The tables, parents before the tables that refer to them.
    pub tables: Vec<ArchivedTable>,
    /// Leaves of all tables, one after the other.
    pub leaves: u64,
    /// Root of the tree over them.
    pub root: Digest,
    /// The search index.
    pub index: IndexInfo,
    /// By what people are found.
    pub search: Vec<SearchColumns>,
}

/// Somebody who can open an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyKeeper {
    /// Who.
    pub name: String,
    /// The public key.
    pub key: String,
    /// Whether it is kept in escrow.
    pub escrow: bool,
}

/// One table of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedTable {
    /// The table.
    pub name: TableName,
    /// Name of its folder in [`ROWS`] and [`SALTS`].
    pub folder: String,
    /// Columns, in the order of the fields of a line.
    pub columns: Vec<ArchivedColumn>,
    /// Positions of the key's columns in `columns`, in the key's order.
    pub key: Vec<usize>,
    /// Number of chunks, numbered from 1.
    pub chunks: u32,
    /// Rows and bytes of all lines. Their SHA-256 is in [`DIGESTS_FILE`], encrypted: that of a
    /// single row could be guessed.
    pub lines: LineSum,
    /// Position in the tree of its first row.
    pub first_index: u64,
    /// Tables of this archive to which its rows refer.
    pub parents: Vec<ParentLink>,
}

/// A column of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedColumn {
    /// Exact name.
    pub name: String,
    /// PostgreSQL type with modifiers (for SQLite the one it maps to).
    #[serde(rename = "type")]
    pub type_name: String,
}

/// A foreign key between two tables of an archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParentLink {
    /// Referring columns of this table.
    pub columns: Vec<String>,
    /// The table they refer to.
    pub parent: TableName,
    /// Its columns, in the same order.
    pub parent_columns: Vec<String>,
}

/// The search index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexInfo {
    /// Entries in all shards.
    pub entries: u64,
    /// How many bits of a tag say in which shard it is.
    pub shard_bits: u8,
}

impl ArchiveManifest {
    /// The table with this name.
    pub fn table(&self, name: &TableName) -> Option<(usize, &ArchivedTable)> {
        self.tables.iter().enumerate().find(|(_, table)| table.name == *name)
    }
}

impl ArchivedTable {
    /// Path of a chunk's rows below the payload folder [`ROWS`], before the encoding's suffix.
    pub fn rows_name(&self, chunk: u32) -> String {
        format!("{}/{chunk:06}.copy", self.folder)
    }

    /// Path of what stands beside a chunk's rows below the payload folder [`SALTS`].
    pub fn salts_name(&self, chunk: u32) -> String {
        format!("{}/{chunk:06}.salts", self.folder)
    }

    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// One line of a file in [`SALTS`]: `index`, TAB, `salt` (64 digits), TAB, line of evidence or `\N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaltLine {
    /// Position of the row in the tree.
    pub index: u64,
    /// Its salt.
    pub salt: Digest,
    /// The line of the rule's evidence for which it was selected.
    pub evidence_line: Option<u64>,
}

impl SaltLine {
    /// The line, ended by LF.
    pub fn to_text(&self) -> String {
        let evidence = self.evidence_line.map_or_else(|| "\\N".to_owned(), |line| line.to_string());
        format!("{}\t{}\t{evidence}\n", self.index, self.salt)
    }

    /// Reads a line without its LF; `None` unless it is one that [`to_text`](Self::to_text)
    /// writes.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?;
        let mut fields = text.split('\t');
        let (index, salt, evidence) = (fields.next()?, fields.next()?, fields.next()?);
        let evidence_line = match evidence {
            "\\N" => None,
            number => Some(number.parse().ok()?),
        };
        let read = Self { index: index.parse().ok()?, salt: salt.parse().ok()?, evidence_line };
        (read.to_text().strip_suffix('\n') == Some(text)).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_line_has_one_spelling() {
        for evidence_line in [None, Some(7)] {
            let line = SaltLine { index: 12, salt: Digest::EMPTY, evidence_line };
            let text = line.to_text();
            let bytes = text.strip_suffix('\n').unwrap().as_bytes();
            assert_eq!(SaltLine::parse(bytes), Some(line));
        }
        let digest = Digest::EMPTY;
        for wrong in [
            format!("012\t{digest}\t\\N"),
            format!("12\t{digest}"),
            format!("12\t{digest}\t\\N\t"),
            format!("12\t{digest}\t+1"),
            format!("12\t{}\t\\N", digest.to_string().to_uppercase()),
        ] {
            assert_eq!(SaltLine::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
