//! Manipulations of signatures and of the trust file.

use std::fs;

use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};
use handover_schemas::signing::trust::TrustFile;
use handover_testkit::Run;

use crate::evidence_desk::{Deed, Manipulation, Rehearsed};

pub(crate) const ATTESTATION: &str = "handover/attestations/0001.dsse.json";
pub(crate) const CLOSING: &str = "handover/attestations/0001-closing.dsse.json";

/// What somebody does to an envelope who has keys of this hand-over, and others.
pub(crate) fn signatures(rehearsed: &Rehearsed) -> Vec<Manipulation> {
    let mut all = Vec::new();
    for file in [ATTESTATION, CLOSING] {
        let envelope = Envelope::parse(&rehearsed.read(file)).unwrap();
        let count = envelope.signatures.len();
        let stranger = sign(rehearsed, "stranger", &envelope);
        let mut edited = |what: String, edit: &dyn Fn(&mut Envelope)| {
            let mut envelope = envelope.clone();
            edit(&mut envelope);
            all.push((file, what, envelope.to_text().unwrap()));
        };
        for at in 0..count {
            edited(format!("signature {at} removed"), &|envelope| {
                envelope.signatures.remove(at);
            });
            edited(format!("a bit of signature {at}"), &|envelope| {
                envelope.signatures[at].sig[9] ^= 1;
            });
            edited(format!("a bit of signature {at}, and a stranger signs too"), &|envelope| {
                envelope.signatures[at].sig[9] ^= 1;
                envelope.signatures.push(stranger.clone());
            });
            for person in ["operator", "owner", "stranger"] {
                let other = sign(rehearsed, person, &envelope);
                edited(format!("{person} signs in the place of signature {at}"), &|envelope| {
                    envelope.signatures[at] = other.clone();
                });
            }
            edited(format!("signature {at} doubled in the place of the next"), &|envelope| {
                let next = (at + 1) % count;
                envelope.signatures[next] = envelope.signatures[at].clone();
                envelope.signatures[next].sig[0] ^= u8::from(next == at);
            });
        }
        all.extend(texts(rehearsed, file));
    }
    let witness = Envelope::parse(&rehearsed.read(CLOSING)).unwrap();
    let mut closing = witness.clone();
    closing.signatures = vec![sign(rehearsed, "witness", &witness)];
    all.push((CLOSING, "the witness closes".to_owned(), closing.to_text().unwrap()));
    all.extend(forged(rehearsed));
    all.into_iter()
        .map(|(file, what, text)| Manipulation {
            kind: "signatures and envelopes",
            what: format!("{file}: {what}"),
            deed: Deed::Files(vec![(file.to_owned(), Some(text.into_bytes()))]),
        })
        .collect()
}

/// The same envelope, written otherwise.
fn texts(rehearsed: &Rehearsed, file: &'static str) -> Vec<(&'static str, String, String)> {
    let text = String::from_utf8(rehearsed.read(file)).unwrap();
    let with = |from: &str, to: &str| text.replacen(from, to, 1);
    [
        ("a blank more", with("\": ", "\":  ")),
        ("a line feed more", format!("{text}\n")),
        ("a member more", with("{", "{\"note\": \"seen\",")),
        ("another type", with("in-toto", "other")),
        ("a letter as \\u", with("payload\"", "p\\u0061yload\"")),
        ("of no bytes", String::new()),
    ]
    .map(|(what, text)| (file, what.to_owned(), text))
    .into()
}

/// Another statement, signed by those who signed the true one.
fn forged(rehearsed: &Rehearsed) -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    for (file, from, to) in [
        (ATTESTATION, "\"rows\":\"", "\"rows\":\"1"),
        (ATTESTATION, "\"organisation_vi\":\"", "\"organisation_vi\":\"X "),
        (ATTESTATION, "\"findings\":[", "\"findings\":[ "),
        (CLOSING, "\"closedOn\":\"20", "\"closedOn\":\"21"),
    ] {
        let sound = Envelope::parse(&rehearsed.read(file)).unwrap();
        let body = String::from_utf8(sound.body().to_vec()).unwrap();
        assert!(body.contains(from), "{from} is not in {body}");
        let mut envelope = Envelope::new(body.replacen(from, to, 1).into_bytes());
        for person in ["receiving", "giving", "witness"] {
            let signature = sign(rehearsed, person, &envelope);
            envelope.signatures.push(signature);
        }
        all.push((file, format!("{to} stated and signed"), envelope.to_text().unwrap()));
    }
    all
}

/// A signature with the key of one of the rehearsal's people, or of a stranger.
pub(crate) fn sign(rehearsed: &Rehearsed, person: &str, envelope: &Envelope) -> EnvelopeSignature {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut key = rehearsed.at(&format!("keys/{person}.pem"));
    if person == "stranger" {
        key = at("stranger.pem");
        let arguments = ["genpkey", "-algorithm", "ed25519", "-out"];
        Run::program("openssl").args(arguments).arg(&key).go().expect(0);
    }
    fs::write(at("pae"), envelope.pae()).unwrap();
    let passphrase = format!("file:{}", rehearsed.at("keys/passphrase").display());
    Run::program("openssl")
        .args(["pkeyutl", "-sign", "-rawin", "-in", "pae", "-out", "sig", "-passin", &passphrase])
        .arg("-inkey")
        .arg(&key)
        .dir(folder.path())
        .go()
        .expect(0);
    let trust: TrustFile =
        toml::from_str(&String::from_utf8(rehearsed.read("trust.toml")).unwrap()).unwrap();
    let known = trust.key.iter().find(|known| known.person == person);
    let keyid = known.map(|known| known.public_key.keyid().to_string());
    EnvelopeSignature { keyid, sig: fs::read(at("sig")).unwrap() }
}

/// What somebody writes into the trust file.
pub(crate) fn trust(rehearsed: &Rehearsed) -> Vec<Manipulation> {
    let text = String::from_utf8(rehearsed.read("trust.toml")).unwrap();
    let keys: Vec<&str> = text.split_inclusive("[[key]]").collect();
    let mut all = Vec::new();
    for (from, to) in [
        ("\"data_owner\"", "\"custodian\""),
        ("\"custodian\"", "\"data_owner\""),
        ("\"operator\"]", "\"operator\", \"witness\"]"),
        ("\"giving_side\"", "\"receiving_side\""),
        ("\"receiving_side\"", "\"receiving_side\", \"giving_side\""),
        ("\"witness\"]", "\"auditor\"]"),
        ("Phạm Quốc Huy", "Phạm Quốc Hùng"),
        ("Đơn vị vận hành Nền tảng", "Đơn vị khác"),
        ("person = \"giving\"", "person = \"someone\""),
        ("valid_from = \"2022-01-01\"", "valid_from = \"2099-01-01\""),
        ("valid_until = \"2099-12-31\"", "valid_until = \"2022-12-31\""),
        // That a key counts for fewer days is what is written down when it was lost.
        ("valid_until = \"2099-12-31\"", "valid_until = \"2199-12-31\""),
    ] {
        assert!(text.contains(from), "{from}");
        all.push((format!("{from} is {to}"), text.replacen(from, to, 1)));
    }
    // The keys of the two sides change places; and one goes.
    let key = |text: &str| text.split('"').nth(1).unwrap().to_owned();
    let (giving, receiving) = (key(keys[4]), key(keys[5]));
    let swapped = text.replace(&giving, "\u{1}").replace(&receiving, &giving);
    let swapped = swapped.replace('\u{1}', &receiving);
    all.push(("keys of two people swapped".to_owned(), swapped));
    for gone in [1, 4, 6] {
        let rest: Vec<&str> =
            keys.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, text)| *text).collect();
        let rest = rest.concat();
        let rest = rest.trim_end().trim_end_matches("[[key]]").to_owned();
        all.push((format!("key {gone} removed"), rest));
    }
    all.into_iter()
        .map(|(what, text)| Manipulation {
            kind: "trust file",
            what,
            deed: Deed::Files(vec![("trust.toml".to_owned(), Some(text.into_bytes()))]),
        })
        .collect()
}
