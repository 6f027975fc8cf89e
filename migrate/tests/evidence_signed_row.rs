//! The ledger's row of a signature is held against the event of its loading, whole.

use handover_testkit::Outcome;

use crate::attest_made::{AttestMade, ENGINES, FIRST, finds};
use crate::evidence_sender::Sender;
use crate::purge_made::Engine;
use crate::support::says;

/// Loads the sender's file as `answers`, signed.
#[track_caller]
fn load(made: &AttestMade, sender: &Sender, more: &[&str]) -> Outcome {
    let signature = sender.at("sender.p7s");
    let run = made.target.migrate("evidence").args(["--quiet", "--name", "answers", "--target"]);
    let run = run.arg(made.target.url()).arg("--file").arg(sender.at("results.csv"));
    let run = run.arg("--signature").arg(signature).arg("--sender").arg(sender.at("sender.pem"));
    run.args(more).go()
}

#[test]
fn a_row_that_was_changed_in_the_ledger_is_found() {
    for engine in ENGINES {
        let (made, sender) = (AttestMade::copied(engine), Sender::new());
        sender.sign("sender", "");
        load(&made, &sender, &[]).expect(0);
        let url = made.target.url();
        made.ledger(&["--target", &url]).expect(0);
        let table = made.table("signed_evidence");
        // Neither the signature nor the certificate says any of these.
        for (field, edit) in [
            ("found", "replace(found, 'checkedOn\":\"20', 'checkedOn\":\"21')"),
            ("found", "replace(found, '\"format\"', ' \"format\"')"),
            ("file_digests", "replace(file_digests, 'sha384\":\"', 'sha384\":\"0')"),
            ("sender", "NULL"),
        ] {
            let before = made.target.sql(&format!("select coalesce({field}, '') from {table}"));
            made.target.sql(&format!("update {table} set {field} = {edit}"));
            let found = made.ledger(&["--target", &url]);
            finds(&found, "(evidence) is not what the ledger's tables hold of it");
            made.target.sql(&format!("update {table} set {field} = '{before}'"));
        }
        // The clock of the loading is not in the row.
        let evidence = made.table("evidence");
        made.target.sql(&format!("update {evidence} set loaded_at = '2020-01-01 00:00:00+00'"));
        let found = made.ledger(&["--target", &url]);
        finds(&found, "(evidence) is not what the ledger's tables hold of it");
    }
}

#[test]
fn digests_that_were_changed_are_found_when_the_file_is_loaded_again() {
    let (made, sender) = (AttestMade::copied(Engine::Sqlite), Sender::new());
    sender.sign("sender", "");
    load(&made, &sender, &[]).expect(0);
    load(&made, &sender, &[]).expect(0);
    made.target.sql(
        "update handover_signed_evidence set file_digests = \
         replace(file_digests, 'sha512\":\"', 'sha512\":\"0')",
    );
    says(load(&made, &sender, &[]).expect(2), &["SHA-384 or SHA-512 is another in the ledger"]);
}

/// An attestation states digests of the ledger's tables: a table more would be one that nobody told of.
#[test]
fn a_file_that_is_loaded_already_adds_nothing_to_an_attested_ledger() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        made.load_evidence("answers");
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.sign("vendor.pem", FIRST).expect(0);
        made.load_evidence("answers");
        let url = made.target.url();
        made.ledger(&["--target", &url]).expect(0);
        made.attestation(&["--target", &url]).expect(0);
        assert!(!made.stated().ledger.tables.iter().any(|table| table.name == "signed_evidence"));
    }
}
