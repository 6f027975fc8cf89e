//! A record and its proof convince somebody who has neither the archive nor a key to it.

use std::fs;

use handover_testkit::{Outcome, Run};

use crate::purge_made::{Engine, NAMES, PurgeMade, Until};
use crate::support::{mode, says, says_nothing_of};

const CARD: [&str; 4] = ["--table", "public.cards", "--record-key", "QR-7-a"];

fn check(made: &PurgeMade, record: &str, proof: &str) -> Outcome {
    Run::new("handover-verify")
        .args(["record", "--record", record, "--proof", proof, "--trust", "trust.toml"])
        .dir(made.at(""))
        .go()
}

fn proves(engine: Engine) {
    let made = PurgeMade::until(engine, Until::Certified);
    let run = made.archived("prove", &["--out", "given/5", "--identity-number", "-"]);
    let told = made.typed(run, "001000000005\n");
    told.expect(0);
    says_nothing_of(&told, &[NAMES[4], "001000000005"]);
    let (record, proof) = (made.at("given/5.record.json"), made.at("given/5.tlog-proof"));
    assert_eq!((mode(&record), mode(&proof)), (0o600, 0o600));
    assert!(fs::read_to_string(&record).unwrap().contains(NAMES[4]));
    assert!(!fs::read_to_string(&proof).unwrap().contains(NAMES[4]));
    // The command that is printed, by a shell, with the trust file.
    let command = told.stdout.lines().find_map(|line| line.strip_prefix("check   ")).unwrap();
    let command = command.replace("TRUST.toml", "trust.toml");
    let verify = handover_testkit::binary("handover-verify").display().to_string();
    // The folder that the tests are built in may have a blank in its name.
    let command = command.replace("handover-verify", &format!("'{verify}'"));
    let checked = Run::program("sh").args(["-c", &command]).dir(made.at("")).go();
    assert!(checked.expect(0).stdout.contains("holds"), "{}", checked.stdout);
}

#[test]
fn proves_in_sqlite() {
    proves(Engine::Sqlite);
}

#[test]
fn proves_in_postgres() {
    proves(Engine::Postgres);
}

#[test]
fn every_row_of_an_archive_and_nothing_else() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    // The archive alone, without the database.
    fs::remove_file(made.file()).unwrap();
    let prove = |arguments: &[&str], out: &str| {
        made.migrate("prove")
            .args(["--identity", "second.age", "--archive"])
            .arg(made.archive())
            .args(arguments)
            .args(["--out", out])
            .go()
    };
    for number in [1, 3, 5, 7, 9] {
        let number = number.to_string();
        prove(&["--table", "public.subjects", "--record-key", &number], "s").expect(0);
        check(&made, "s.record.json", "s.tlog-proof").expect(0);
    }
    prove(&CARD, "c").expect(0);
    check(&made, "c.record.json", "c.tlog-proof").expect(0);
    // Of two records each with the other's proof.
    check(&made, "c.record.json", "s.tlog-proof").expect(1);
    // A value, the salt, the place: one character of each.
    let record = fs::read_to_string(made.at("c.record.json")).unwrap();
    let salt = record.split_once("\"salt\": \"").unwrap().1;
    let first = salt.chars().next().unwrap();
    let digit = if first == '0' { "1" } else { "0" };
    let index = record.split_once("\"index\": \"").unwrap().1.split_once('"').unwrap().0;
    for (from, to) in [
        ("hai ".to_owned(), "ba ".to_owned()),
        (format!("\"salt\": \"{first}"), format!("\"salt\": \"{digit}")),
        (format!("\"index\": \"{index}\""), "\"index\": \"0\"".to_owned()),
    ] {
        assert_eq!(record.matches(&from).count(), 1, "{from}: {record}");
        fs::write(made.at("x.record.json"), record.replace(&from, &to)).unwrap();
        let refused = check(&made, "x.record.json", "c.tlog-proof");
        assert!(refused.expect(1).stdout.contains("does not hold"), "{}", refused.stdout);
    }
    says(
        prove(&["--table", "public.cards", "--record-key", "QR-8-a"], "x").expect(1),
        &["not found"],
    );
    // One leaf of the archive is another.
    let leaves = made.archive().join("leaves.bin");
    let mut bytes = fs::read(&leaves).unwrap();
    bytes[40] ^= 1;
    fs::write(&leaves, bytes).unwrap();
    says(prove(&CARD, "x").expect(2), &["leaves.bin", "is damaged"]);
}

#[test]
fn what_nobody_signed_is_not_proved() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Executed);
    let early = made.archived("prove", &CARD).args(["--out", "c"]).go();
    says(early.expect(2), &["certify the purge first"]);
    assert!(!made.at("c.record.json").exists());
}
