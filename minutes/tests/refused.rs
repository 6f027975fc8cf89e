//! Attestations of which no minutes are made.

use std::fs;

use handover_schemas::attestation::HandoverAttestation;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};

use crate::{AT, Desk, sample, signers, text, without_blanks};

/// What is said; that nothing is made.
fn refused(desk: &Desk, envelope: &str, at: &str) -> String {
    let attestation = desk.put_text(envelope);
    let outcome = desk.program(&attestation, "m.pdf").args(["--at", at]).go();
    outcome.expect(2);
    assert!(!desk.path("m.pdf").exists());
    outcome.stderr
}

fn text_of(envelope: &Envelope) -> String {
    envelope.to_text().unwrap()
}

#[test]
fn a_changed_byte_is_refused() {
    let desk = Desk::new();
    let sound = signers::signed(sample::full(), &[1, 2]);
    let body = String::from_utf8(sound.body().to_vec()).unwrap();
    let changed = body.replacen("82957967", "82957968", 1);
    assert_ne!(changed, body);
    let mut envelope = Envelope::new(changed.into_bytes());
    envelope.signatures.clone_from(&sound.signatures);
    let said = refused(&desk, &text_of(&envelope), AT);
    assert!(said.contains("no trusted person signed it") && said.contains("was changed"), "{said}");
}

#[test]
fn what_nobody_trusted_signed_is_refused() {
    let desk = Desk::new();
    for (by, at, says) in [
        (vec![], AT, "it has no signature"),
        (vec![9], AT, "a key that is not in the trust file"),
        (vec![1, 2], "2027-01-01", "counts from 2026-01-01 to 2026-12-31 only"),
        (vec![1, 2], "2025-12-31", "counts from 2026-01-01 to 2026-12-31 only"),
    ] {
        let said = refused(&desk, &text_of(&signers::signed(sample::full(), &by)), at);
        assert!(said.contains(says), "{says}: {said}");
    }
}

#[test]
fn a_statement_of_something_else_is_refused() {
    let desk = Desk::new();
    let statement = Statement::new(sample::full().subjects(), sample::full());
    let body = String::from_utf8(statement.to_bytes().unwrap()).unwrap();
    for (from, to, says) in [
        ("urn:handover:attestation:v1", "urn:handover:audit:v1", "it states something else"),
        ("in-toto.io/Statement/v1", "in-toto.io/Statement/v9", "its _type is"),
        ("2026-02-04T18:05:00Z", "2026-02-04 18:05", "is not a moment"),
        ("\"findings\":", "\"finding\":", "unknown field"),
    ] {
        assert!(body.contains(from));
        let envelope = signers::signed_bytes(body.replacen(from, to, 1).into_bytes(), &[1, 2]);
        let said = refused(&desk, &text_of(&envelope), AT);
        assert!(said.contains(says), "{says}: {said}");
    }
    let said = refused(&desk, "not an envelope", AT);
    assert!(said.contains("it is not a DSSE envelope"), "{said}");
}

#[test]
fn subjects_that_the_statement_does_not_give_are_refused() {
    let desk = Desk::new();
    let predicate: HandoverAttestation = sample::full();
    let mut subjects = predicate.subjects();
    subjects.push(Subject::new("package:other", sample::digest("other")));
    let body = Statement::new(subjects, predicate).to_bytes().unwrap();
    let said = refused(&desk, &text_of(&signers::signed_bytes(body, &[1, 2])), AT);
    assert!(said.contains("its subjects are not"), "{said}");
}

/// Both sides signed: the witness's signature over something else, and a stranger's, are said to count
/// for nothing.
#[test]
fn signatures_that_count_for_nothing_stand_in_the_minutes() {
    let desk = Desk::new();
    let mut envelope = signers::signed(sample::full(), &[1, 2, 3, 9]);
    envelope.signatures[2].sig[7] ^= 1;
    let attestation = desk.put_text(&text_of(&envelope));
    let outcome = desk.program(&attestation, "m.pdf").args(["--at", AT, "--english"]).go();
    for told in [
        "note: the signature of Lê Hữu Nghĩa is not over this content",
        "note: one signature is of a key that is not in the trust file; it counts for nothing",
    ] {
        assert!(outcome.expect(0).stderr.contains(told), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("finding"), "{}", outcome.stderr);
    let text = without_blanks(&text(&desk.path("m.pdf")));
    for printed in [
        "The signature that names the key of Lê Hữu Nghĩa counts for nothing",
        "Signatures of keys that are not in the trust file, which count for nothing: 1.",
    ] {
        assert!(text.contains(&without_blanks(printed)), "{printed}\n{text}");
    }
}

/// One good signature is enough for minutes, and the bad one beside it is told of.
#[test]
fn a_signature_over_something_else_stands_in_the_minutes() {
    let desk = Desk::new();
    let mut envelope = signers::signed(sample::full(), &[1, 2]);
    envelope.signatures[1].sig[7] ^= 1;
    let attestation = desk.put_text(&text_of(&envelope));
    let outcome = desk.program(&attestation, "m.pdf").args(["--at", AT]).go();
    outcome.expect(1);
    assert!(
        outcome.stderr.contains("Đỗ Thị Phượng is not over this content"),
        "{}",
        outcome.stderr
    );
    let text = text(&desk.path("m.pdf"));
    assert!(
        text.contains(
            "Chữ ký ghi tên khóa của Đỗ Thị Phượng không được tính: nó không khớp nội dung"
        ),
        "{text}"
    );
}

#[test]
fn a_folder_without_the_fonts_is_no_reason_for_others() {
    let desk = Desk::new();
    let attestation = desk.put(sample::full(), &[1, 2]);
    fs::create_dir(desk.path("fonts")).unwrap();
    let program = desk.program(&attestation, "m.pdf").args(["--at", AT, "--font-dir"]);
    let outcome = program.arg(desk.path("fonts")).go();
    outcome.expect(2);
    assert!(outcome.stderr.contains("apt-get install fonts-liberation"), "{}", outcome.stderr);
    assert!(!desk.path("m.pdf").exists());
}

/// The parties had another trust file when the attestation was made.
#[test]
fn a_trust_file_that_was_edited_since_stands_in_the_minutes() {
    let desk = Desk::new();
    let attestation = desk.put(sample::full(), &[1, 2]);
    let text_then = fs::read_to_string(&desk.trust).unwrap();
    fs::write(&desk.trust, text_then.replace("Đỗ Thị Phượng", "Đỗ Thị Khác")).unwrap();
    let outcome = desk.program(&attestation, "m.pdf").args(["--at", AT]).go();
    outcome.expect(1);
    assert!(outcome.stderr.contains("says something else of the key"), "{}", outcome.stderr);
    let text = text(&desk.path("m.pdf"));
    assert!(text.contains("Tệp khóa tin cậy ghi về khóa của Đỗ Thị Phượng khác với lúc"), "{text}");
}
