//! People of a trust file, and their signatures.

use std::fs;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer, SigningKey};
use handover_schemas::attestation::{HandoverAttestation, StatedKey};
use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};
use handover_schemas::signing::public_key::PublicKey;
use handover_schemas::signing::statement::Statement;

/// Who may sign; each with the key of this number.
pub(crate) const PEOPLE: [(u8, &str, &str, &str, &str); 3] = [
    (1, "giao", "Nguyễn Văn Thắng", "Tập đoàn Viễn thông Ví dụ", "giving_side"),
    (2, "nhan", "Đỗ Thị Phượng", "Cục Công nghệ thông tin", "receiving_side"),
    (3, "chung-kien", "Lê Hữu Nghĩa", "Viện Vệ sinh dịch tễ Trung ương", "witness"),
];

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// A trust file with the [`PEOPLE`], whose keys count in 2026.
pub(crate) fn trust_file(folder: &Path) -> PathBuf {
    let mut text = String::new();
    for (number, person, name, organisation, role) in PEOPLE {
        let public = PublicKey::from_bytes(key(number).verifying_key().to_bytes());
        text.push_str(&format!(
            "[[key]]\npublic_key = \"{public}\"\nperson = \"{person}\"\nname = \"{name}\"\n\
             organisation = \"{organisation}\"\nroles = [\"{role}\"]\n\
             valid_from = \"2026-01-01\"\nvalid_until = \"2026-12-31\"\n\n"
        ));
    }
    let path = folder.join("trust.toml");
    fs::write(&path, text).unwrap();
    path
}

/// The envelope of an attestation, signed by these.
pub(crate) fn signed(attestation: HandoverAttestation, by: &[u8]) -> Envelope {
    let subjects = attestation.subjects();
    let statement = Statement::new(subjects, attestation);
    signed_bytes(statement.to_bytes().unwrap(), by)
}

/// The envelope of any statement, signed by these.
pub(crate) fn signed_bytes(body: Vec<u8>, by: &[u8]) -> Envelope {
    let mut envelope = Envelope::new(body);
    let message = envelope.pae();
    for number in by {
        let public = PublicKey::from_bytes(key(*number).verifying_key().to_bytes());
        let sig = key(*number).sign(&message).to_bytes().to_vec();
        envelope
            .signatures
            .push(EnvelopeSignature { keyid: Some(public.keyid().to_string()), sig });
    }
    envelope
}

/// What the trust file says of a key.
pub(crate) fn trusted_key(number: u8) -> StatedKey {
    let (_, person, name, organisation, role) = PEOPLE[usize::from(number) - 1];
    StatedKey {
        keyid: PublicKey::from_bytes(key(number).verifying_key().to_bytes()).keyid(),
        person: person.to_owned(),
        name: name.to_owned(),
        organisation: organisation.to_owned(),
        roles: vec![role.parse().unwrap()],
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: "2026-12-31".parse().unwrap(),
    }
}
