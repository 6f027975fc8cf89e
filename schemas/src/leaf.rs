//! Leaves: the texts that say what a digest is a digest of.
//!
//! A chunk's leaf binds the bytes' digest to the table, the columns as the plan types them, the
//! key, the range and the counts; leaves of a table form a tree (RFC 6962), whose root a table's
//! leaf binds to the table; leaves of tables form the hand-over's tree.
//!
//! Both texts are UTF-8 lines, ended by LF. A line is fields separated by TAB, each escaped as
//! `COPY` escapes text; what is absent is `\N`, which no escaped text can be. The first field says
//! what the line holds, numbers are decimal without leading zeros, digests lower-case hex:
//!
//! ```text
//! handover-leaf   1                     version of the canonical form
//! table           <schema> <name>       logical name: SQLite's `main` is `public`
//! column          <name> <type>         one line per column, in declared order
//! key             <column> …            in the key's order; \N for a table without a key
//! lower           <value> …             first key inside, one field per key column; \N unbounded
//! upper           <value> …             first key outside
//! rows            <number>
//! bytes           <number>
//! digest          <SHA-256 of the chunk's lines>
//! ```
//!
//! ```text
//! handover-table  1
//! table           <schema> <name>
//! excluded                              and nothing more; or, of a table that was hashed:
//! chunks          <number of leaves in the table's tree>
//! root            <root of that tree>
//! rows            <number>
//! bytes           <number>
//! ```
//!
//! Names, types and values are the same at both ends of a copy, whatever engines they are, and so
//! are the roots.

use crate::FORM_VERSION;
use crate::chunk::{KeyRange, KeyValue};
use crate::digest::{Digest, LineDigest};
use crate::merkle;
use crate::name::TableName;
use crate::plan::{Column, TableShape};
use crate::value::escape_into;

/// One chunk of a table, as its tree binds it.
#[derive(Clone, Copy, Debug)]
pub struct ChunkLeaf<'a> {
    /// The table, its columns with the plan's types, and its key.
    pub table: &'a TableShape,
    /// The keys that belong to the chunk.
    pub range: &'a KeyRange,
    /// Rows in the chunk.
    pub rows: u64,
    /// Bytes of its canonical lines.
    pub bytes: u64,
    /// SHA-256 of its canonical lines.
    pub digest: Digest,
}

impl ChunkLeaf<'_> {
    /// The leaf as text, exactly the bytes that are hashed.
    pub fn text(&self) -> Vec<u8> {
        let mut text = LeafText::new("handover-leaf", &self.table.name);
        for column in &self.table.columns {
            text.column(column);
        }
        text.key(self.table);
        text.bound("lower", self.range.lower.as_ref());
        text.bound("upper", self.range.upper.as_ref());
        text.lines(&LineDigest { rows: self.rows, bytes: self.bytes, digest: self.digest });
        text.0
    }

    /// Its hash as a leaf of the table's tree (RFC 6962 section 2.1).
    pub fn hash(&self) -> Digest {
        merkle::leaf_hash(&self.text())
    }
}

/// One table of a hand-over, as the hand-over's tree binds it. Empty tables and excluded ones
/// have a leaf like any other, so that none can go missing unnoticed.
#[derive(Clone, Copy, Debug)]
pub struct TableLeaf<'a> {
    /// The table.
    pub table: &'a TableName,
    /// What is said of it.
    pub content: TableContent,
}

/// What a hand-over says of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableContent {
    /// Left out on purpose: nothing is said of its rows.
    Excluded,
    /// Every row was read.
    Hashed {
        /// Leaves in the table's tree.
        chunks: u64,
        /// The root of the table's tree.
        root: Digest,
        /// Rows of the table.
        rows: u64,
        /// Bytes of their canonical lines.
        bytes: u64,
    },
}

impl TableLeaf<'_> {
    /// The leaf as text, exactly the bytes that are hashed.
    pub fn text(&self) -> Vec<u8> {
        let mut text = LeafText::new("handover-table", self.table);
        match &self.content {
            TableContent::Excluded => text.line("excluded", &[]),
            TableContent::Hashed { chunks, root, rows, bytes } => {
                text.number("chunks", *chunks);
                text.digest("root", root);
                text.number("rows", *rows);
                text.number("bytes", *bytes);
            }
        }
        text.0
    }

    /// Its hash as a leaf of the hand-over's tree (RFC 6962 section 2.1).
    pub fn hash(&self) -> Digest {
        merkle::leaf_hash(&self.text())
    }
}

/// The root of a table: of the leaf hashes of its chunks, in the order of their ranges.
pub fn table_root(chunk_hashes: &[Digest]) -> Digest {
    merkle::root(chunk_hashes)
}

/// Two tables of one hand-over have the same logical name, so that no root can tell them apart.
/// Only a PostgreSQL database with a schema `main` beside `public` can bring this about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two tables are both called {0} in the hand-over's tree")]
pub struct NamedTwice(pub TableName);

/// The root of a hand-over: of the leaves of its tables, in the order of the UTF-8 bytes of their
/// logical (schema, name).
pub fn handover_root(tables: &[TableLeaf<'_>]) -> Result<Digest, NamedTwice> {
    let mut sorted: Vec<(TableName, Digest)> =
        tables.iter().map(|leaf| (logical_name(leaf.table), leaf.hash())).collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if let [(first, _), (second, _)] = pair
            && first == second
        {
            return Err(NamedTwice(first.clone()));
        }
    }
    let hashes: Vec<Digest> = sorted.into_iter().map(|(_, hash)| hash).collect();
    Ok(merkle::root(&hashes))
}

/// The name under which a table is hashed: `main` of SQLite and `public` of PostgreSQL are one
/// place, called `public`.
pub fn logical_name(table: &TableName) -> TableName {
    TableName::new(logical_schema(table), table.name.as_str())
}

fn logical_schema(table: &TableName) -> &str {
    if table.schema == "main" { "public" } else { &table.schema }
}

/// What stands behind the label of a line.
#[derive(Clone, Copy)]
enum Field<'a> {
    Text(&'a str),
    /// `\N`, which no escaped text can be.
    Absent,
    /// `\?`, which no escaped text can be: a key column that the table does not have. No valid
    /// plan names one.
    Impossible,
}

/// A leaf's text while it is written, line by line.
struct LeafText(Vec<u8>);

impl LeafText {
    /// The two lines that every leaf begins with.
    fn new(kind: &str, table: &TableName) -> Self {
        let mut text = Self(Vec::with_capacity(512));
        text.number(kind, u64::from(FORM_VERSION));
        text.line("table", &[Field::Text(logical_schema(table)), Field::Text(&table.name)]);
        text
    }

    fn line(&mut self, label: &str, fields: &[Field<'_>]) {
        self.0.extend_from_slice(label.as_bytes());
        for field in fields {
            self.0.push(b'\t');
            match field {
                Field::Text(text) => escape_into(text.as_bytes(), &mut self.0),
                Field::Absent => self.0.extend_from_slice(b"\\N"),
                Field::Impossible => self.0.extend_from_slice(b"\\?"),
            }
        }
        self.0.push(b'\n');
    }

    fn number(&mut self, label: &str, number: u64) {
        self.line(label, &[Field::Text(&number.to_string())]);
    }

    fn digest(&mut self, label: &str, digest: &Digest) {
        self.line(label, &[Field::Text(&digest.to_string())]);
    }

    fn column(&mut self, column: &Column) {
        self.line("column", &[Field::Text(&column.name), Field::Text(&column.type_name)]);
    }

    fn key(&mut self, table: &TableShape) {
        let name = |position: &usize| match table.columns.get(*position) {
            Some(column) => Field::Text(&column.name),
            None => Field::Impossible,
        };
        match &table.key {
            Some(key) => self.line("key", &key.columns.iter().map(name).collect::<Vec<_>>()),
            None => self.line("key", &[Field::Absent]),
        }
    }

    fn bound(&mut self, label: &str, value: Option<&KeyValue>) {
        match value {
            Some(value) => {
                let fields: Vec<_> = value.iter().map(|text| Field::Text(text)).collect();
                self.line(label, &fields);
            }
            None => self.line(label, &[Field::Absent]),
        }
    }

    fn lines(&mut self, lines: &LineDigest) {
        self.number("rows", lines.rows);
        self.number("bytes", lines.bytes);
        self.digest("digest", &lines.digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg_type::PgType;
    use crate::plan::Key;
    use crate::sqlite_form::Form;

    fn column(name: &str, type_name: &str) -> Column {
        Column {
            name: name.into(),
            type_name: type_name.into(),
            ty: PgType::Text,
            not_null: true,
            renamed: None,
            form: Form::default(),
        }
    }

    fn shape(schema: &str) -> TableShape {
        TableShape {
            key: Some(Key { name: "pk".into(), columns: vec![1, 0], range_scan: true }),
            estimated_rows: 7,
            largest_row: 9,
            ..TableShape::of(
                TableName::new(schema, "mũi tiêm"),
                vec![column("id", "bigint"), column("a\tb", "numeric(10,2)")],
            )
        }
    }

    fn leaf<'a>(table: &'a TableShape, range: &'a KeyRange) -> ChunkLeaf<'a> {
        ChunkLeaf { table, range, rows: 2, bytes: 10, digest: Digest::EMPTY }
    }

    fn bounds(lower: Option<&[&str]>, upper: Option<&[&str]>) -> KeyRange {
        let value = |bound: &[&str]| bound.iter().map(ToString::to_string).collect();
        KeyRange { lower: lower.map(value), upper: upper.map(value) }
    }

    #[test]
    fn the_text_of_a_chunk() {
        let table = shape("main");
        let range = bounds(Some(&["-", "1"]), None);
        let expected = "handover-leaf\t1\n\
            table\tpublic\tmũi tiêm\n\
            column\tid\tbigint\n\
            column\ta\\tb\tnumeric(10,2)\n\
            key\ta\\tb\tid\n\
            lower\t-\t1\n\
            upper\t\\N\n\
            rows\t2\n\
            bytes\t10\n\
            digest\te3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
        let text = leaf(&table, &range).text();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        assert_eq!(leaf(&table, &range).hash(), merkle::leaf_hash(expected.as_bytes()));
    }

    #[test]
    fn both_ends_of_a_copy_have_the_same_leaf() {
        let range = KeyRange::everything();
        let (sqlite, postgres) = (shape("main"), shape("public"));
        assert_eq!(leaf(&sqlite, &range).hash(), leaf(&postgres, &range).hash());
        assert_ne!(leaf(&shape("other"), &range).hash(), leaf(&postgres, &range).hash());
    }

    #[test]
    fn nothing_about_one_engine_is_bound() {
        let range = KeyRange::everything();
        let table = shape("public");
        let mut other = table.clone();
        other.estimated_rows = 0;
        other.largest_row = 0;
        other.partitioned = true;
        other.columns[0].not_null = false;
        other.key = other.key.map(|key| Key { name: "x".into(), range_scan: false, ..key });
        assert_eq!(leaf(&table, &range).hash(), leaf(&other, &range).hash());
    }

    #[test]
    fn whatever_differs_shows() {
        let table = shape("public");
        let no_key = TableShape { key: None, ..table.clone() };
        let mut typed = table.clone();
        typed.columns[1].type_name = "numeric".into();
        let mut reordered = table.clone();
        reordered.columns.reverse();
        let mut broken = table.clone();
        broken.key = Some(Key { name: "pk".into(), columns: vec![1, 9], range_scan: true });
        let ranges = [
            KeyRange::everything(),
            bounds(Some(&["a", "b"]), None),
            bounds(None, Some(&["a", "b"])),
            bounds(Some(&["a\tb"]), None),
            bounds(Some(&["a\nupper", "b"]), None),
            bounds(Some(&["\\N"]), None),
            bounds(Some(&[""]), None),
            bounds(Some(&[]), None),
            bounds(Some(&["", ""]), None),
        ];
        let mut seen = std::collections::BTreeSet::new();
        let mut count = 0;
        for table in [&table, &no_key, &typed, &reordered, &broken] {
            for range in &ranges {
                let plain = leaf(table, range);
                seen.insert(plain.hash());
                seen.insert(ChunkLeaf { rows: 1, ..plain }.hash());
                seen.insert(ChunkLeaf { bytes: 1, ..plain }.hash());
                seen.insert(ChunkLeaf { digest: Digest::of(b"x"), ..plain }.hash());
                count += 4;
            }
        }
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn the_text_of_a_table() {
        let name = TableName::new("main", "t");
        let excluded = TableLeaf { table: &name, content: TableContent::Excluded };
        assert_eq!(excluded.text(), b"handover-table\t1\ntable\tpublic\tt\nexcluded\n");
        let content =
            TableContent::Hashed { chunks: 1, root: Digest::of(b"abc"), rows: 0, bytes: 0 };
        let expected = "handover-table\t1\n\
            table\tpublic\tt\n\
            chunks\t1\n\
            root\tba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\
            rows\t0\n\
            bytes\t0\n";
        let text = TableLeaf { table: &name, content }.text();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn tables_are_sorted_by_their_logical_names() {
        // As bytes: "public" < "zoo", "Z" < "a" < "é"; `main` counts as `public`.
        let names = ["zoo.a", "main.é", "public.a", "main.Z", "other.x"]
            .map(|name| name.split_once('.').unwrap())
            .map(|(schema, name)| TableName::new(schema, name));
        let leaves = names.each_ref().map(|table| {
            let content = TableContent::Excluded;
            TableLeaf { table, content }
        });
        let order = [4, 3, 2, 1, 0].map(|at: usize| leaves[at].hash());
        assert_eq!(handover_root(&leaves), Ok(merkle::root(&order)));
        assert_eq!(handover_root(&[]), Ok(Digest::EMPTY));
    }

    #[test]
    fn two_tables_of_one_name_are_refused() {
        let names = [TableName::new("main", "t"), TableName::new("public", "t")];
        let content = TableContent::Excluded;
        let leaves = names.each_ref().map(|table| TableLeaf { table, content });
        assert_eq!(handover_root(&leaves), Err(NamedTwice(TableName::new("public", "t"))));
    }
}
