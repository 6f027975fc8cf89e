//! What others published, and the chain of events: `vectors/inclusion.json`, `signatures.json` and
//! `chain.json`.

#![expect(clippy::unwrap_used, reason = "a vector file that cannot be read fails the test")]

use std::path::Path;

use handover_schemas::chain::{Event, EventKind, check_chain};
use handover_schemas::digest::{Digest, hex};
use handover_schemas::merkle::Inclusion;
use handover_schemas::signing::dsse::{Envelope, pae};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn load<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct InclusionCase {
    what: String,
    index: String,
    size: String,
    root: String,
    leaf_hash: String,
    proof: Vec<String>,
    proves: bool,
}

impl InclusionCase {
    /// Whether it proves. What is no digest is refused before anything is computed.
    fn is_proved(&self) -> Option<bool> {
        let digest = |text: &String| text.parse::<Digest>().ok();
        let claim = Inclusion {
            leaf_hash: digest(&self.leaf_hash)?,
            index: self.index.parse().ok()?,
            size: self.size.parse().ok()?,
            root: digest(&self.root)?,
        };
        Some(claim.is_proved_by(&self.proof.iter().map(digest).collect::<Option<Vec<_>>>()?))
    }
}

#[test]
fn inclusion_proofs_of_others_prove_or_fail_as_published() {
    let cases = load::<Vec<InclusionCase>>("inclusion.json");
    assert_eq!((cases.len(), cases.iter().filter(|case| case.proves).count()), (98, 6));
    for case in cases {
        assert_eq!(case.is_proved().unwrap_or(false), case.proves, "{}", case.what);
    }
}

#[derive(Deserialize)]
struct Signatures {
    pae: Vec<PaeCase>,
    envelope: EnvelopeCase,
}

#[derive(Deserialize)]
struct PaeCase {
    what: String,
    r#type: String,
    body: String,
    pae: String,
}

#[derive(Deserialize)]
struct EnvelopeCase {
    text: String,
}

#[test]
fn what_is_signed_is_what_dsse_publishes() {
    let vectors = load::<Signatures>("signatures.json");
    for case in &vectors.pae {
        let body: Vec<u8> = case.body.as_bytes().chunks(2).map(byte).collect();
        assert_eq!(hex(&pae(&case.r#type, &body)), case.pae, "{}", case.what);
    }
    let envelope = Envelope::parse(vectors.envelope.text.as_bytes()).unwrap();
    assert_eq!(hex(&envelope.pae()), vectors.pae[0].pae);
}

fn byte(pair: &[u8]) -> u8 {
    u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()
}

#[derive(Deserialize)]
struct Chain {
    events: Vec<ChainedEvent>,
    head: Digest,
}

#[derive(Deserialize)]
struct ChainedEvent {
    number: u64,
    kind: EventKind,
    at: String,
    operator: String,
    host: String,
    program: String,
    program_sha256: Digest,
    detail: String,
    previous: Digest,
    line: String,
    digest: Digest,
}

#[test]
fn a_chain_of_events() {
    let chain = load::<Chain>("chain.json");
    let mut events = Vec::new();
    for written in chain.events {
        let event = Event {
            number: written.number,
            kind: written.kind,
            at: written.at,
            operator: written.operator,
            host: written.host,
            program: written.program,
            program_sha256: written.program_sha256,
            detail: written.detail,
            previous: written.previous,
        };
        assert_eq!(String::from_utf8(event.line()).unwrap(), written.line);
        assert_eq!(event.digest(), written.digest);
        events.push((event, written.digest));
    }
    assert_eq!(events.len(), 3);
    let checked = check_chain(events.iter().map(|(event, digest)| (event, *digest)));
    assert_eq!(checked, Ok(chain.head));
    assert_eq!(events[2].1, chain.head);
}
