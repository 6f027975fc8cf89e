//! The signatures that RFC 8032 publishes, as a trust file's keys verify them.

use std::path::Path;

use handover_schemas::signing::public_key::PublicKey;
use handover_schemas::signing::trust::{Role, TrustFile, TrustedKey};
use serde::Deserialize;

use super::Trust;

#[derive(Deserialize)]
struct Signatures {
    ed25519: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    what: String,
    public_key: String,
    message: String,
    signature: String,
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn signatures_of_rfc_8032_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/vectors/signatures.json");
    let vectors: Signatures = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(vectors.ed25519.len(), 5);
    for case in vectors.ed25519 {
        let entry = TrustedKey {
            public_key: PublicKey::from_bytes(bytes(&case.public_key).try_into().unwrap()),
            person: "a".to_owned(),
            name: "A".to_owned(),
            organisation: "RFC 8032".to_owned(),
            roles: vec![Role::Witness],
            valid_from: "2026-01-01".parse().unwrap(),
            valid_until: "2026-12-31".parse().unwrap(),
        };
        let trust = Trust::new(TrustFile { key: vec![entry] }).unwrap();
        let (message, signature) = (bytes(&case.message), bytes(&case.signature));
        let holds = |message: &[u8], signature: &[u8]| trust.keys()[0].verifies(message, signature);
        assert!(holds(&message, &signature), "{}", case.what);
        // Over anything else it does not.
        assert!(!holds(&[message.as_slice(), b"\0"].concat(), &signature), "{}", case.what);
        for at in 0..signature.len() {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert!(!holds(&message, &other), "{}: byte {at}", case.what);
        }
    }
}
