//! The crate against the test vectors in `vectors/`, which other implementations can use too.

#![expect(clippy::unwrap_used, reason = "a vector file that cannot be read fails the test")]

use std::path::Path;

use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::digest::{Digest, LineDigest, LineHasher};
use handover_schemas::leaf::{ChunkLeaf, TableContent, TableLeaf, handover_root, table_root};
use handover_schemas::merkle::{self, Inclusion, inclusion_proof};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key, TableShape};
use handover_schemas::sqlite_form::Form;
use handover_schemas::value::{Cell, decode, encode, escape_into, render_field, unescape};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn load<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Bytes written as hexadecimal digits.
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pairs = text.as_bytes().as_chunks::<2>().0;
        let byte = |pair: &[u8; 2]| {
            u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).map_err(serde::de::Error::custom)
        };
        pairs.iter().map(byte).collect::<Result<_, _>>().map(Hex)
    }
}

/// A row: the canonical text of each field, not yet escaped.
type Row = Vec<Option<String>>;

/// The lines of rows. Rows of a table with a key come in its order; others are sorted here.
fn lines(rows: &[Row], has_key: bool) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = rows.iter().map(|row| line(row)).collect();
    if !has_key {
        lines.sort();
    }
    for line in &mut lines {
        line.push(b'\n');
    }
    lines
}

fn line(row: &[Option<String>]) -> Vec<u8> {
    let mut line = Vec::new();
    for (at, text) in row.iter().enumerate() {
        if at > 0 {
            line.push(b'\t');
        }
        match text {
            Some(text) => escape_into(text.as_bytes(), &mut line),
            None => render_field(&Cell::Null, &mut line),
        }
    }
    line
}

fn hashed(lines: &[Vec<u8>]) -> LineDigest {
    let mut hasher = LineHasher::new();
    for line in lines {
        hasher.push(line);
    }
    let mut at_once = LineHasher::new();
    at_once.push_text(&lines.concat());
    let found = hasher.finish();
    assert_eq!(at_once.finish(), found);
    found
}

#[derive(Deserialize)]
struct EscapeCase {
    text: Hex,
    field: String,
}

#[test]
fn escapes() {
    for case in load::<Vec<EscapeCase>>("escape.json") {
        let mut field = Vec::new();
        escape_into(&case.text.0, &mut field);
        assert_eq!(String::from_utf8(field).unwrap(), case.field);
        assert_eq!(unescape(case.field.as_bytes()), Ok(Some(case.text.0)));
    }
}

#[derive(Deserialize)]
struct LinesCase {
    what: String,
    key: bool,
    data: Vec<Row>,
    lines: String,
    #[serde(flatten)]
    total: LineDigest,
}

#[test]
fn digests_of_lines() {
    for case in load::<Vec<LinesCase>>("lines.json") {
        let lines = lines(&case.data, case.key);
        assert_eq!(String::from_utf8(lines.concat()).unwrap(), case.lines, "{}", case.what);
        assert_eq!(hashed(&lines), case.total, "{}", case.what);
    }
}

/// A table as the vectors describe it: only what leaves bind.
#[derive(Deserialize)]
struct Described {
    schema: String,
    name: String,
    columns: Vec<(String, String)>,
    key: Option<Vec<String>>,
}

impl Described {
    fn shape(&self) -> TableShape {
        let column = |(name, type_name): &(String, String)| Column {
            name: name.clone(),
            type_name: type_name.clone(),
            ty: PgType::Other,
            not_null: false,
            renamed: None,
            form: Form::default(),
        };
        let position =
            |name: &String| self.columns.iter().position(|(column, _)| column == name).unwrap();
        let key = |names: &Vec<String>| Key {
            name: "key".into(),
            columns: names.iter().map(position).collect(),
            range_scan: true,
        };
        TableShape {
            key: self.key.as_ref().map(key),
            ..TableShape::of(
                TableName::new(self.schema.as_str(), self.name.as_str()),
                self.columns.iter().map(column).collect(),
            )
        }
    }
}

#[derive(Deserialize)]
struct Chunk {
    lower: Option<KeyValue>,
    upper: Option<KeyValue>,
    #[serde(flatten)]
    total: LineDigest,
    leaf_hash: Digest,
}

impl Chunk {
    fn range(&self) -> KeyRange {
        KeyRange { lower: self.lower.clone(), upper: self.upper.clone() }
    }
}

fn chunk_leaf<'a>(table: &'a TableShape, range: &'a KeyRange, total: LineDigest) -> ChunkLeaf<'a> {
    ChunkLeaf { table, range, rows: total.rows, bytes: total.bytes, digest: total.digest }
}

#[derive(Deserialize)]
struct LeafCase {
    what: String,
    #[serde(flatten)]
    table: Described,
    #[serde(flatten)]
    chunk: Chunk,
    leaf: Hex,
}

#[test]
fn leaves_of_chunks() {
    for LeafCase { what, table, chunk, leaf } in load::<Vec<LeafCase>>("leaves.json") {
        let (shape, range) = (table.shape(), chunk.range());
        let found = chunk_leaf(&shape, &range, chunk.total);
        assert_eq!(String::from_utf8(found.text()), String::from_utf8(leaf.0), "{what}");
        assert_eq!(found.hash(), chunk.leaf_hash, "{what}");
    }
}

#[derive(Deserialize)]
struct TreeCase {
    leaves: Vec<Hex>,
    leaf_hashes: Vec<Digest>,
    root: Digest,
    paths: Vec<Vec<Digest>>,
}

#[test]
fn trees() {
    for case in load::<Vec<TreeCase>>("trees.json") {
        let hashes: Vec<Digest> =
            case.leaves.iter().map(|leaf| merkle::leaf_hash(&leaf.0)).collect();
        assert_eq!(hashes, case.leaf_hashes);
        assert_eq!(table_root(&hashes), case.root);
        for (index, path) in case.paths.iter().enumerate() {
            assert_eq!(inclusion_proof(&hashes, index).as_ref(), Some(path));
            let claim = Inclusion {
                leaf_hash: hashes[index],
                index: index as u64,
                size: hashes.len() as u64,
                root: case.root,
            };
            assert!(claim.is_proved_by(path));
        }
    }
}

#[derive(Deserialize)]
struct Handover {
    root: Digest,
    tables: Vec<HandedOver>,
}

#[derive(Deserialize)]
struct HandedOver {
    schema: String,
    name: String,
    excluded: bool,
    leaf: Hex,
    leaf_hash: Digest,
    #[serde(flatten)]
    rest: Option<Contents>,
}

#[derive(Deserialize)]
struct Contents {
    columns: Vec<(String, String)>,
    key: Option<Vec<String>>,
    data: Vec<Row>,
    #[serde(flatten)]
    total: LineDigest,
    chunks: Vec<Chunk>,
    root: Digest,
}

impl HandedOver {
    /// Recomputes everything that is said of the table, from its rows.
    fn content(&self) -> TableContent {
        if self.excluded {
            return TableContent::Excluded;
        }
        let contents = self.rest.as_ref().unwrap();
        let described = Described {
            schema: self.schema.clone(),
            name: self.name.clone(),
            columns: contents.columns.clone(),
            key: contents.key.clone(),
        };
        let shape = described.shape();
        let lines = lines(&contents.data, contents.key.is_some());
        let mut rest = lines.as_slice();
        let mut hashes = Vec::new();
        for chunk in &contents.chunks {
            let (inside, after) = rest.split_at(usize::try_from(chunk.total.rows).unwrap());
            rest = after;
            assert_eq!(hashed(inside), chunk.total, "{}", self.name);
            hashes.push(chunk_leaf(&shape, &chunk.range(), hashed(inside)).hash());
            assert_eq!(hashes.last(), Some(&chunk.leaf_hash), "{}", self.name);
        }
        assert!(rest.is_empty(), "{}", self.name);
        assert_eq!(hashed(&lines), contents.total, "{}", self.name);
        assert_eq!(table_root(&hashes), contents.root, "{}", self.name);
        let chunks = hashes.len() as u64;
        let LineDigest { rows, bytes, .. } = hashed(&lines);
        TableContent::Hashed { chunks, root: table_root(&hashes), rows, bytes }
    }
}

#[test]
fn a_whole_handover() {
    let handover: Handover = load("handover.json");
    let names: Vec<TableName> = handover
        .tables
        .iter()
        .map(|table| TableName::new(table.schema.as_str(), table.name.as_str()))
        .collect();
    let mut leaves = Vec::new();
    for (table, name) in handover.tables.iter().zip(&names) {
        let leaf = TableLeaf { table: name, content: table.content() };
        assert_eq!(leaf.text(), table.leaf.0, "{}", table.name);
        assert_eq!(leaf.hash(), table.leaf_hash, "{}", table.name);
        leaves.push(leaf);
    }
    assert_eq!(handover_root(&leaves), Ok(handover.root));
    leaves.reverse();
    assert_eq!(handover_root(&leaves), Ok(handover.root));
    // A table left out is a table missed.
    leaves.pop();
    assert_ne!(handover_root(&leaves), Ok(handover.root));
}

#[derive(Deserialize)]
struct ValueCase {
    #[serde(rename = "type")]
    type_name: String,
    codec: PgType,
    sql: String,
    wire: Option<Hex>,
    field: String,
}

#[test]
fn values() {
    for case in load::<Vec<ValueCase>>("values.json") {
        let what = format!("{} {}", case.type_name, case.sql);
        let cell = match &case.wire {
            None => Cell::Null,
            Some(wire) => decode(&case.codec, &wire.0).expect(&what),
        };
        let mut field = Vec::new();
        render_field(&cell, &mut field);
        assert_eq!(String::from_utf8(field).unwrap(), case.field, "{what}");

        let mut wire = Vec::new();
        let encoded = encode(&cell, &mut wire).is_ok().then_some(&wire);
        assert_eq!(encoded, case.wire.as_ref().map(|wire| &wire.0), "{what}");
    }
}
