//! Signatures of keys made here: what holds, what does not, and what is enough.

use std::fs;
use std::os::unix::fs::symlink;

use ed25519_dalek::{Signer, SigningKey};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::signing::checkpoint::{Checkpoint, NoteSignature, SignedCheckpoint};
use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};
use handover_schemas::signing::public_key::PublicKey;
use handover_schemas::signing::statement::{Predicate, Statement, Subject};
use handover_schemas::signing::trust::{Role, TrustFile, TrustedKey};
use serde::{Deserialize, Serialize};

use super::{Demand, Trust, check_envelope, meets, verify_checkpoint};

const ORIGIN: &str = "example.org/purge/1";

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> PublicKey {
    PublicKey::from_bytes(secret(number).verifying_key().to_bytes())
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn entry(number: u8, person: &str, roles: &[Role]) -> TrustedKey {
    TrustedKey {
        public_key: public(number),
        person: person.to_owned(),
        name: person.to_uppercase(),
        organisation: "Bộ Y tế".to_owned(),
        roles: roles.to_vec(),
        valid_from: day("2026-01-01"),
        valid_until: day("2026-12-31"),
    }
}

/// a owns and keeps (1), and audits with another key (2); b keeps (3); c owns (4); d runs (5).
fn trust() -> Trust {
    use Role::{Auditor, Custodian, DataOwner, Operator};
    let key = vec![
        entry(1, "a", &[DataOwner, Custodian]),
        entry(2, "a", &[Auditor, Custodian]),
        entry(3, "b", &[Custodian]),
        entry(4, "c", &[DataOwner]),
        entry(5, "d", &[Operator, Custodian]),
    ];
    Trust::new(TrustFile { key }).unwrap()
}

fn signed(by: &[u8]) -> Envelope {
    let mut envelope = Envelope::new(b"{}".to_vec());
    for number in by {
        let sig = secret(*number).sign(&envelope.pae()).to_bytes().to_vec();
        let keyid = Some(public(*number).keyid().to_string());
        envelope.signatures.push(EnvelopeSignature { keyid, sig });
    }
    envelope
}

const DAY: &str = "2026-06-01";

/// Who meets the demand, or what is said.
fn met(by: &[u8], roles: &[Role], not: &[&str]) -> Result<Vec<String>, String> {
    let checked = check_envelope(&signed(by), &trust(), day(DAY)).unwrap();
    let not = not.iter().map(|person| (*person).to_owned()).collect();
    meets(&checked, &Demand { roles: roles.to_vec(), not })
        .map(|people| people.into_iter().map(|signatory| signatory.person).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn signatures_are_told_apart() {
    let mut envelope = signed(&[1, 3, 1, 9, 4]);
    envelope.signatures[4].sig[0] ^= 1;
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    let people: Vec<&str> = checked.signers.iter().map(|one| one.person.as_str()).collect();
    assert_eq!(people, ["a", "b"], "the second signature of a key adds nothing");
    assert_eq!(checked.unknown, [public(9).keyid().to_string()]);
    assert_eq!(checked.bad.len(), 1);
    assert_eq!(checked.bad[0].person, "c");
    assert_eq!(checked.body().unwrap(), b"{}");
}

#[test]
fn a_keyid_is_a_hint() {
    for keyid in [None, Some("nobody"), Some("")] {
        let mut envelope = signed(&[3]);
        envelope.signatures[0].keyid = keyid.map(str::to_owned);
        let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
        assert_eq!(checked.signers[0].person, "b", "{keyid:?}");
    }
    // One that names another key does not make it that one's signature.
    let mut envelope = signed(&[3]);
    envelope.signatures[0].keyid = Some(public(4).keyid().to_string());
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    assert_eq!((checked.signers.len(), checked.bad[0].person.as_str()), (0, "c"));
    // What is shown of it cannot steer a terminal.
    let mut envelope = signed(&[9]);
    envelope.signatures[0].keyid = Some("\u{1b}[2J".repeat(100));
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    assert_eq!(checked.unknown[0].len(), 64);
    assert!(checked.unknown[0].bytes().all(|byte| byte.is_ascii_graphic()));
}

#[test]
fn any_other_byte_breaks_every_signature() {
    let sound = signed(&[1, 3]);
    let text = sound.to_text().unwrap();
    let changed = text.replace("\"e30=\"", "\"e30g\"");
    assert_ne!(changed, text);
    let envelope = Envelope::parse(changed.as_bytes()).unwrap();
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    assert_eq!((checked.signers.len(), checked.bad.len()), (0, 2));
    let said = checked.body().unwrap_err().to_string();
    assert!(said.contains("no trusted person signed it") && said.contains("was changed"), "{said}");

    let other_type = text.replace("in-toto+json", "other+json");
    let envelope = Envelope::parse(other_type.as_bytes()).unwrap();
    let said = check_envelope(&envelope, &trust(), day(DAY)).unwrap_err().to_string();
    assert!(said.contains("payloadType"), "{said}");
    // Shorter and longer signatures are no signatures.
    for length in [0, 63, 65] {
        let mut envelope = signed(&[3]);
        envelope.signatures[0].sig.resize(length, 0);
        let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
        assert_eq!((checked.signers.len(), checked.bad.len()), (0, 1));
    }
}

#[test]
fn what_no_program_writes_is_told() {
    let checked = |envelope: &Envelope| check_envelope(envelope, &trust(), day(DAY)).unwrap();
    assert_eq!(checked(&signed(&[1, 3])).odd(), [""; 0]);
    // It is believed all the same: a keyid is a hint.
    let mut envelope = signed(&[1, 3, 1]);
    envelope.signatures[1].keyid = Some("0".repeat(64));
    let checked = checked(&envelope);
    assert_eq!(checked.signers.len(), 2);
    assert_eq!(
        checked.odd(),
        [
            "the signature of B says that another key made it",
            "two signatures are of one key of A: they count once"
        ]
    );
}

#[test]
fn a_key_counts_on_its_days_only() {
    for (at, counts) in
        [("2025-12-31", false), ("2026-01-01", true), ("2026-12-31", true), ("2027-01-01", false)]
    {
        let checked = check_envelope(&signed(&[3, 3]), &trust(), day(at)).unwrap();
        assert_eq!(checked.signers.len(), usize::from(counts), "{at}");
        assert_eq!(checked.out_of_validity.len(), usize::from(!counts), "{at}");
        if !counts {
            let said = checked.body().unwrap_err().to_string();
            assert!(said.contains("key of B counts from 2026-01-01 to 2026-12-31 only"), "{said}");
        }
    }
}

#[test]
fn each_role_is_another_person() {
    use Role::{Auditor, Custodian, DataOwner};
    // a could be both; who comes first must not matter.
    for by in [[1, 3], [3, 1]] {
        assert_eq!(met(&by, &[DataOwner, Custodian], &[]).unwrap(), ["a", "b"]);
        assert_eq!(met(&by, &[Custodian, DataOwner], &[]).unwrap(), ["b", "a"]);
    }
    for by in [[1, 4], [4, 1]] {
        assert_eq!(met(&by, &[DataOwner, Custodian], &[]).unwrap(), ["c", "a"]);
    }
    // Three people, each of whom has to give way to the next.
    let three = [DataOwner, Custodian, Auditor];
    let said = met(&[1, 2, 3], &three, &[]).unwrap_err();
    assert!(said.contains("3 different people have to sign"), "{said}");
    assert!(said.contains("2 keys of one person are one signature"), "{said}");
    assert_eq!(met(&[2, 3, 4], &three, &[]).unwrap(), ["c", "b", "a"]);
    assert_eq!(met(&[2, 4, 5], &[Custodian, Auditor, DataOwner], &[]).unwrap(), ["d", "a", "c"]);
    // Two of one role are two people.
    assert_eq!(met(&[1, 3], &[Custodian, Custodian], &[]).unwrap().len(), 2);
    assert!(met(&[3, 3], &[Custodian, Custodian], &[]).is_err());
}

#[test]
fn two_keys_of_one_person_are_one_person() {
    use Role::{Auditor, Custodian, DataOwner};
    let said = met(&[1, 2], &[DataOwner, Auditor], &[]).unwrap_err();
    assert_eq!(
        said,
        "2 different people have to sign, as data_owner, auditor; there is nobody left to sign as \
         auditor; A signed, who is data_owner, custodian, auditor (2 keys of one person are one \
         signature)"
    );
    assert!(met(&[1, 2], &[Custodian, Custodian], &[]).is_err());
    assert_eq!(met(&[1, 2], &[Auditor], &[]).unwrap(), ["a"]);
}

#[test]
fn who_did_it_cannot_approve_it() {
    use Role::{Auditor, Custodian, DataOwner};
    let said = met(&[4, 5], &[DataOwner, Custodian], &["d"]).unwrap_err();
    assert!(
        said.contains("nobody left to sign as custodian; C signed, who is data_owner"),
        "{said}"
    );
    assert!(said.contains("D signed, but must not be one of them"), "{said}");
    assert_eq!(met(&[4, 5, 3], &[DataOwner, Custodian], &["d"]).unwrap(), ["c", "b"]);
    let said = met(&[3, 9], &[Auditor], &[]).unwrap_err();
    assert_eq!(
        said,
        "nobody signed as auditor; B signed, who is custodian; one signature is of a key that is \
         not in the trust file"
    );
    assert_eq!(
        met(&[], &[Auditor], &[]).unwrap_err(),
        "nobody signed as auditor; it has no signature"
    );
    assert!(met(&[1], &[], &[]).unwrap_err().contains("no role is demanded"));
}

#[derive(Serialize, Deserialize)]
struct Empty {}

impl Predicate for Empty {
    const TYPE: &'static str = "https://example.org/empty/v1";
}

#[derive(Serialize, Deserialize)]
struct Other {}

impl Predicate for Other {
    const TYPE: &'static str = "https://example.org/other/v1";
}

#[test]
fn a_statement_is_read_only_when_it_is_signed_and_of_its_type() {
    let statement = Statement::new(vec![Subject::new("x", Digest::EMPTY)], Empty {});
    let mut envelope = Envelope::new(statement.to_bytes().unwrap());
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    assert!(checked.statement::<Empty>().is_err());
    let sig = secret(3).sign(&envelope.pae()).to_bytes().to_vec();
    envelope.signatures.push(EnvelopeSignature { keyid: None, sig });
    let checked = check_envelope(&envelope, &trust(), day(DAY)).unwrap();
    assert_eq!(checked.statement::<Empty>().unwrap().subject, statement.subject);
    let said = checked.statement::<Other>().map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("empty/v1") && said.contains("other/v1"), "{said}");
}

fn signed_checkpoint(by: &[u8]) -> SignedCheckpoint {
    let mut signed = SignedCheckpoint::new(Checkpoint::new(ORIGIN, 7, Digest::EMPTY).unwrap());
    let text = signed.checkpoint.signed_text();
    for number in by {
        let signature = secret(*number).sign(text.as_bytes()).to_bytes();
        signed.signatures.push(NoteSignature::new(ORIGIN, &public(*number), &signature).unwrap());
    }
    signed
}

#[test]
fn checkpoints() {
    let check = |signed: &SignedCheckpoint, at| {
        verify_checkpoint(signed, &trust(), day(at)).map_err(|error| error.to_string())
    };
    let sound = signed_checkpoint(&[9, 5, 3, 5]);
    let checked = check(&sound, DAY).unwrap();
    let people: Vec<&str> = checked.signers.iter().map(|one| one.person.as_str()).collect();
    assert_eq!(people, ["d", "b"]);
    let said = check(&sound, "2027-06-01").unwrap_err();
    assert!(said.contains("counts from 2026-01-01"), "{said}");
    let said = check(&signed_checkpoint(&[9]), DAY).unwrap_err();
    assert_eq!(said, "no trusted person signed the checkpoint");
    // Another size under the same signatures.
    let changed = sound.to_text().replacen("\n7\n", "\n8\n", 1);
    let said = check(&SignedCheckpoint::parse(&changed).unwrap(), DAY).unwrap_err();
    assert!(said.contains("signature of D is not over this checkpoint"), "{said}");
    // The signature of another tree.
    let other = sound.to_text().replacen(ORIGIN, "example.org/purge/2", 1);
    assert!(check(&SignedCheckpoint::parse(&other).unwrap(), DAY).is_err());
}

#[test]
fn trust_files_are_checked_and_come_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("handover")).unwrap();
    let good = toml::to_string(&TrustFile { key: vec![entry(1, "a", &[Role::Auditor])] }).unwrap();
    fs::write(place("trust.toml"), &good).unwrap();
    fs::write(place("handover/trust.toml"), &good).unwrap();
    symlink(place("trust.toml"), place("handover/link.toml")).unwrap();
    symlink(place("handover/trust.toml"), place("link.toml")).unwrap();
    symlink(place("handover"), place("folder")).unwrap();
    let load = |name: &str, handover: Option<&str>| {
        let handover = handover.map(place);
        Trust::load(&place(name), handover.as_deref()).map_err(|error| format!("{error:#}"))
    };
    let trust = load("trust.toml", Some("handover")).unwrap();
    assert_eq!(trust.owner(&public(1)).unwrap().person, "a");
    assert_eq!(trust.owner(&public(2)), None);
    load("handover/trust.toml", None).unwrap();
    load("trust.toml", Some("not there yet")).unwrap();
    for inside in ["handover/trust.toml", "handover/link.toml", "link.toml", "folder/trust.toml"] {
        let said = load(inside, Some("handover")).unwrap_err();
        assert!(said.contains("must not bring the keys"), "{inside}: {said}");
        assert!(load(inside, Some("folder")).is_err());
    }
    assert!(load("missing.toml", None).unwrap_err().contains("cannot read the trust file"));
    // A key of small order verifies what nobody signed.
    let weak = PublicKey::from_bytes([0; 32]).to_string();
    let first = public(1).to_string();
    for (from, to, says) in [
        (first.as_str(), weak.as_str(), "key 1 (person \"a\"): its public_key is 32 bytes, but no"),
        (&first, "not a key", "a secret key must not stand here"),
        ("\"a\"", "\"A\"", "key 1 (person \"A\"): person is 1 to 40"),
        ("roles", "rolls", "line 6, column 1: unknown key \"rolls\"; known are public_key"),
        ("\"auditor\"", "\"boss\"", "unknown word \"boss\"; known are data_owner"),
    ] {
        assert!(good.contains(from), "{good}");
        fs::write(place("trust.toml"), good.replacen(from, to, 1)).unwrap();
        let said = load("trust.toml", None).unwrap_err();
        assert!(said.contains(says), "{said}");
    }
}
