//! Archives against `vectors/archive.json`, which other implementations can use too.

#![expect(clippy::unwrap_used, reason = "a vector file that cannot be read fails the test")]

use std::path::Path;

use handover_schemas::archive::index::{Entry, Location, ShardName, shard_bits_for};
use handover_schemas::archive::manifest::SaltLine;
use handover_schemas::archive::row_leaf::{SaltKey, row_leaf};
use handover_schemas::archive::search::{IndexKey, SearchKind, Tag};
use handover_schemas::digest::{Digest, hex};
use handover_schemas::merkle::{TreeBuilder, inclusion_proof, root};
use handover_schemas::name::TableName;
use handover_schemas::signing::checkpoint::{Checkpoint, key_id};
use handover_schemas::signing::dsse::pae;
use handover_schemas::signing::public_key::PublicKey;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    salt_key: Digest,
    index_key: Digest,
    rows: Vec<Row>,
    far_salt: FarSalt,
    root: Digest,
    tags: Vec<TagCase>,
    entries: Vec<EntryCase>,
    shard_bits: Vec<(u64, u8)>,
    pae: Vec<PaeCase>,
    checkpoint: CheckpointCase,
}

#[derive(Deserialize)]
struct Row {
    index: u64,
    line: String,
    salt: Digest,
    leaf: Digest,
    evidence_line: Option<u64>,
    salt_line: String,
}

#[derive(Deserialize)]
struct FarSalt {
    index: u64,
    salt: Digest,
}

#[derive(Deserialize)]
struct TagCase {
    kind: String,
    table: Option<TableName>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    given: Vec<Given>,
    parts: Option<Vec<String>>,
    tag: Option<String>,
}

/// How somebody writes what is searched by.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Number(String),
    NameAndBirth(String, String),
}

#[derive(Deserialize)]
struct EntryCase {
    tag: String,
    table: u16,
    chunk: u32,
    row: u16,
    entry: String,
    shards: Vec<(u8, String)>,
}

#[derive(Deserialize)]
struct PaeCase {
    #[serde(rename = "type")]
    payload_type: String,
    body: String,
    pae: String,
}

#[derive(Deserialize)]
struct CheckpointCase {
    origin: String,
    size: u64,
    root: Digest,
    text: String,
    key: KeyCase,
}

#[derive(Deserialize)]
struct KeyCase {
    public_key: Digest,
    keyid: Digest,
    name: String,
    key_id: String,
}

fn vectors() -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/archive.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn tag(digits: &str) -> Tag {
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap())
        .collect();
    Tag(bytes.try_into().unwrap())
}

#[test]
fn salts_leaves_and_root() {
    let vectors = vectors();
    let key = SaltKey::new(vectors.salt_key.as_bytes());
    let mut tree = TreeBuilder::new();
    for row in &vectors.rows {
        assert_eq!(Digest::from_bytes(key.salt(row.index)), row.salt);
        assert_eq!(row_leaf(row.salt.as_bytes(), row.line.as_bytes()), row.leaf);
        let line = SaltLine { index: row.index, salt: row.salt, evidence_line: row.evidence_line };
        assert_eq!(line.to_text(), row.salt_line);
        tree.push(row.leaf);
    }
    assert_eq!(Digest::from_bytes(key.salt(vectors.far_salt.index)), vectors.far_salt.salt);
    let leaves: Vec<Digest> = vectors.rows.iter().map(|row| row.leaf).collect();
    assert_eq!((tree.root(), root(&leaves)), (vectors.root, vectors.root));
    assert_eq!(inclusion_proof(&leaves, 0).map(|path| path.len()), Some(2));
}

#[test]
fn tags() {
    let vectors = vectors();
    let key = IndexKey::new(vectors.index_key.as_bytes());
    for case in &vectors.tags {
        let kind = SearchKind::ALL.into_iter().find(|kind| kind.as_str() == case.kind).unwrap();
        let of_parts = case.parts.as_ref().map(|parts| key.tag(kind, &borrowed(parts)));
        let expected = case.tag.as_deref().map(tag);
        assert_eq!(of_parts, expected, "{:?}", case.parts);
        for given in &case.given {
            let (found, shown) = match (kind, given) {
                (SearchKind::Identity, Given::Number(number)) => (key.identity(number), number),
                (SearchKind::Phone, Given::Number(number)) => (key.phone(number), number),
                (SearchKind::NameAndBirth, Given::NameAndBirth(name, birth)) => {
                    (key.name_and_birth(name, birth), name)
                }
                _ => unreachable!("{} is not given so", case.kind),
            };
            assert_eq!(found, expected, "{shown:?}");
        }
        if let Some(table) = &case.table {
            let values = borrowed(&case.values);
            let found = match kind {
                SearchKind::Parent => key.parent(table, &borrowed(&case.columns), &values),
                _ => key.key(table, &values),
            };
            assert_eq!(Some(found), expected, "{table}");
        }
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn entries_and_shards() {
    let vectors = vectors();
    for case in &vectors.entries {
        let location = Location { table: case.table, chunk: case.chunk, row: case.row };
        let entry = Entry { tag: tag(&case.tag), location };
        assert_eq!(hex(&entry.to_bytes()), case.entry);
        for (bits, name) in &case.shards {
            assert_eq!(ShardName::of(entry.tag, *bits).to_string(), *name, "{bits}");
        }
    }
    for (entries, bits) in vectors.shard_bits {
        assert_eq!(shard_bits_for(entries), bits, "{entries}");
    }
}

#[test]
fn what_is_signed() {
    let vectors = vectors();
    for case in &vectors.pae {
        assert_eq!(hex(&pae(&case.payload_type, case.body.as_bytes())), case.pae);
    }
    let CheckpointCase { origin, size, root, text, key } = vectors.checkpoint;
    let checkpoint = Checkpoint::new(origin, size, root).unwrap();
    assert_eq!(checkpoint.signed_text(), text);
    let public_key = PublicKey::from_bytes(*key.public_key.as_bytes());
    assert_eq!(public_key.keyid(), key.keyid);
    assert_eq!(hex(&key_id(&key.name, &public_key)), key.key_id);
}
