//! Envelopes with enough good signatures, and with others that count for nothing: the others are told of,
//! and take nothing from the good ones. Whoever reaches a file could add one.

use std::fs;
use std::path::Path;

use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};
use handover_schemas::signing::trust::TrustFile;
use handover_testkit::Run;

use crate::evidence_desk::{Deed, Manipulation, Rehearsed};
use crate::evidence_signatures::{ATTESTATION, CLOSING, sign};
use crate::purge_broken::{
    CERTIFY, ENGINES, EXECUTE, holds, ledger_count, refused, signed_bytes, verify,
};
use crate::purge_closed::{REASON, stuck};
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};

/// What is told of each that [`add_others`] adds.
const TOLD: [&str; 4] = [
    "the key of Trần Văn third counts from 2020-01-01 to 2020-12-31 only; it counts for nothing",
    "the signature of Trần Văn witness is not over this content: it, or the content, was changed; \
     it counts for nothing",
    "one signature is of a key that is not in the trust file; it counts for nothing",
    "two signatures are of one key of Trần Văn owner: they count once",
];

/// Adds signatures to an envelope that the owner signed: with a key that ran out, over something else,
/// with a key that nobody knows, and once more the owner's.
fn add_others(made: &PurgeMade, file: &Path) {
    let mut envelope = Envelope::parse(&fs::read(file).unwrap()).unwrap();
    let by =
        |body: &[u8], person| signed_bytes(made, body.to_vec(), &[person]).signatures.remove(0);
    let (late, mut other) = (by(envelope.body(), "third"), by(b"{}", "witness"));
    other.keyid = Some(keyid(made, "witness"));
    let nobodys = EnvelopeSignature { keyid: Some("nobody".to_owned()), sig: vec![7; 64] };
    let again = envelope.signatures[0].clone();
    envelope.signatures.extend([late, other, nobodys, again]);
    fs::write(file, envelope.to_text().unwrap()).unwrap();
}

fn keyid(made: &PurgeMade, person: &str) -> String {
    let text = fs::read_to_string(made.at("trust.toml")).unwrap();
    let trust: TrustFile = toml::from_str(&text).unwrap();
    let known = trust.key.iter().find(|known| known.person == person).unwrap();
    known.public_key.keyid().to_string()
}

/// The third person's key counted in 2020 only.
fn let_a_key_run_out(made: &PurgeMade) {
    let text = fs::read_to_string(made.at("trust.toml")).unwrap();
    let entries = text.split("[[key]]").map(|entry| {
        if !entry.contains("person = \"third\"") {
            return entry.to_owned();
        }
        let lines = entry.lines().map(|line| match line.split(" = ").next() {
            Some("valid_from") => "valid_from = \"2020-01-01\"\n".to_owned(),
            Some("valid_until") => "valid_until = \"2020-12-31\"\n".to_owned(),
            _ => format!("{line}\n"),
        });
        lines.collect()
    });
    let entries: Vec<String> = entries.collect();
    fs::write(made.at("trust.toml"), entries.join("[[key]]")).unwrap();
}

/// The auditor says that it holds, and tells of each other signature: `purge` as well as `all`.
#[track_caller]
fn told_and_not_judged(made: &PurgeMade, what: &str) {
    holds(made);
    let purge = verify(made).go();
    let all = Run::new("handover-verify")
        .args(["all", "--quiet", "--identity", "escrow.age", "--trust", "trust.toml", "--handover"])
        .arg(made.dir())
        .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
        .dir(made.at(""))
        .go();
    assert!(!all.stdout.contains("FINDING"), "{}", all.stdout);
    for told in TOLD {
        let line = format!("  not checked  signatures of {what}: {told}");
        assert!(purge.expect(0).stdout.contains(&line), "{line}\n{}", purge.stdout);
        let line = format!("\n  purge 1: signatures of {what}: {told}");
        assert!(all.stdout.contains(&line), "{line}\n{}", all.stdout);
    }
}

#[test]
fn an_approval_counts_all_the_same() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::BackedUp);
        let_a_key_run_out(&made);
        made.purge(&["approve", "--key", "owner.pem"]).go().expect(0);
        add_others(&made, &made.statement("approval.dsse.json"));
        // Five signatures, and one person.
        refused(&made, &EXECUTE, &["the approval is not complete", "counts from 2020-01-01"]);
        assert_eq!(ledger_count(&made, "purge_authority", "true"), 0);
        made.purge(&["approve", "--key", "keeper.pem"]).go().expect(0);
        made.purge(&EXECUTE).go().expect(0);
        made.purge(&CERTIFY).go().expect(0);
        told_and_not_judged(&made, "approval 1");
    }
}

#[test]
fn a_closing_of_a_purge_counts_all_the_same() {
    let made = stuck(Engine::Sqlite);
    let_a_key_run_out(&made);
    made.purge(&["close", "--key", "owner.pem"]).args(REASON).go().expect(0);
    add_others(&made, &made.statement("closing.dsse.json"));
    let again = made.purge(&["close", "--key", "owner.pem"]).go();
    assert!(again.expect(2).stderr.contains("signed this closing already"), "{again:?}");
    assert_eq!(ledger_count(&made, "purge", "state = 'closed'"), 0);
    let last = made.purge(&["close", "--key", "keeper.pem"]).go();
    assert!(last.expect(0).stdout.contains("the purge is closed"), "{}", last.stdout);
    told_and_not_judged(&made, "the closing");
}

/// What somebody adds to a finished hand-over's envelopes, with what the auditor's program and the
/// independent checker tell of it.
pub(crate) fn added(rehearsed: &Rehearsed) -> Vec<(Manipulation, [&'static str; 2])> {
    let mut all = Vec::new();
    for file in [ATTESTATION, CLOSING] {
        let envelope = Envelope::parse(&rehearsed.read(file)).unwrap();
        let mut edited = |what: &str, told, edit: &dyn Fn(&mut Envelope)| {
            let mut envelope = envelope.clone();
            edit(&mut envelope);
            let bytes = envelope.to_text().unwrap().into_bytes();
            let manipulation = Manipulation {
                kind: "signatures that count for nothing",
                what: format!("{file}: {what}"),
                deed: Deed::Files(vec![(file.to_owned(), Some(bytes))]),
            };
            all.push((manipulation, told));
        };
        let stranger = sign(rehearsed, "stranger", &envelope);
        let unknown = [
            "one signature is of a key that is not in the trust file; it counts for nothing",
            "a signature is by no key of the trust file, or not over this: it counts for nothing",
        ];
        edited("a stranger signs too", unknown, &|envelope| {
            envelope.signatures.push(stranger.clone());
        });
        let mut elsewhere = sign(rehearsed, "witness", &Envelope::new(b"{}".to_vec()));
        let bad = [
            "is not over this content: it, or the content, was changed; it counts for nothing",
            unknown[1],
        ];
        edited("the witness signs something else", bad, &|envelope| {
            envelope.signatures.push(elsewhere.clone());
        });
        elsewhere.sig.truncate(9);
        edited("nine bytes of a signature", bad, &|envelope| {
            envelope.signatures.push(elsewhere.clone());
        });
        for at in 0..2 {
            let doubled = [
                "two signatures are of one key of",
                "signed twice with one key, which counts once",
            ];
            edited("a side signs twice", doubled, &|envelope| {
                envelope.signatures.push(envelope.signatures[at].clone());
            });
            let mislabelled = ["says that another key made it"; 2];
            edited("a side names another key", mislabelled, &|envelope| {
                envelope.signatures[at].keyid = Some("0".repeat(64));
            });
        }
    }
    all
}
