//! Records of an archive are found, by what people know of them, and only they.

use std::fs;

use handover_schemas::purge::find::{FindReport, SearchedArchive};
use handover_testkit::Run;

use crate::json_schemas::check_report;
use crate::purge_made::{ARCHIVE, Engine, NAMES, PASSPHRASE, PurgeMade, Until};
use crate::support::{says, says_nothing_of};

fn found(made: &PurgeMade, arguments: &[&str], typed: &str) -> FindReport {
    let run = made.archived("find", &["--json"]).args(arguments);
    let outcome = made.typed(run, typed);
    serde_json::from_str(&outcome.expect(0).stdout).unwrap()
}

/// What the one archive that was searched holds.
fn in_the_only_one(mut report: FindReport) -> SearchedArchive {
    assert!(report.not_searched.is_empty() && report.archives.len() == 1, "{report:?}");
    report.archives.remove(0)
}

fn finds_by_everything(engine: Engine) {
    let made = PurgeMade::until(engine, Until::Certified);
    let key = |table: &str, key: &str| {
        let report = in_the_only_one(found(&made, &["--table", table, "--record-key", key], ""));
        (report.rows.len(), report.rows[0].table.name.clone(), report.rows[0].digest)
    };
    let (rows, table, subject) = key("public.subjects", "5");
    assert_eq!((rows, table.as_str()), (1, "subjects"));
    assert_eq!(key("main.cards", "QR-5-a").1, "cards");
    for (arguments, typed) in [
        (vec!["--identity-number", "-"], "0010 0000 0005\n"),
        (vec!["--phone", "-"], "0084-900000005"),
        (vec!["--name", "-", "--birth-date", "-"], "pham thi  GIANG\n15/06/1955\n"),
    ] {
        let report = in_the_only_one(found(&made, &arguments, typed));
        let digests: Vec<_> = report.rows.iter().map(|row| row.digest).collect();
        assert_eq!(digests, [subject], "{arguments:?}");
        assert!(report.seal_expected && report.certificate.is_some());
        assert_eq!(report.reason_vi, "Hồ sơ không xác minh được");
    }
    // Even numbers were not deleted.
    let run = made.archived("find", &["--identity-number", "-"]);
    let none = made.typed(run, "001000000004\n");
    assert!(none.expect(1).stdout.starts_with("not found in this archive\n"), "{}", none.stdout);
}

#[test]
fn finds_by_everything_in_sqlite() {
    finds_by_everything(Engine::Sqlite);
}

#[test]
fn finds_by_everything_in_postgres() {
    finds_by_everything(Engine::Postgres);
}

#[test]
fn a_row_is_shown_only_if_it_is_asked_for() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    let find = |more: &[&str]| {
        made.archived("find", &["--table", "public.subjects", "--record-key", "7"]).args(more).go()
    };
    let told = find(&["--details"]);
    let secrets = [NAMES[6], "001000000007", "900000007"];
    says_nothing_of(&told, &secrets);
    for expected in [
        "1 row found",
        "chunk 1, line 4",
        "evidence   line none",
        "Records that nobody can verify",
        "Quyết định 12/QĐ-BYT",
        "in the ledger",
    ] {
        assert!(told.expect(0).stdout.contains(expected), "{expected}: {}", told.stdout);
    }
    says_nothing_of(&find(&["--json"]), &secrets);
    let shown = find(&["--show-row"]);
    for secret in secrets {
        assert!(shown.expect(0).stdout.contains(secret), "{}", shown.stdout);
    }
    // What would steer a terminal is not sent to it.
    let card = made.archived("find", &["--table", "public.cards", "--record-key", "QR-7-a"]);
    let card = card.arg("--show-row").go();
    assert!(card.expect(0).stdout.contains("note: ghi\\tchú\\nhai \\dòng"), "{}", card.stdout);
    check_report::<FindReport>(&find(&["--json", "--details", "--show-row"]), 0);
}

#[test]
fn an_archive_alone_is_enough() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    fs::remove_file(made.file()).unwrap();
    let find = |more: &[&str]| {
        made.migrate("find")
            .args(["--identity", "second.age", "--table", "public.doses", "--record-key", "31"])
            .arg("--archive")
            .arg(made.archive())
            .args(more)
            .go()
    };
    let told = find(&[]);
    assert!(told.expect(0).stdout.contains("compared with nothing"), "{}", told.stdout);
    assert!(told.stdout.contains("in the hand-over folder"), "{}", told.stdout);
    let tags = fs::read(made.archive().join("tagmanifest-sha256.txt")).unwrap();
    let seal = handover_schemas::digest::Digest::of(&tags).to_string();
    assert!(!find(&["--seal", &seal]).expect(0).stdout.contains("compared with nothing"));
    let other = seal.chars().rev().collect::<String>();
    says(find(&["--seal", &other]).expect(2), &["is not the archive that is meant"]);
    // Its certificate is gone, or another archive's.
    fs::remove_file(made.statement("certificate.dsse.json")).unwrap();
    assert!(find(&[]).expect(0).stdout.contains("not certified"));
}

/// Two files of data beside the key: what the whole archive holds makes no difference.
#[test]
fn two_data_files_are_read() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    let data = made.archive().join("data");
    let traced = made.at("trace");
    let run = Run::program("strace")
        .args(["-f", "-e", "trace=openat", "-o"])
        .arg(&traced)
        .arg(handover_testkit::binary("handover-migrate"))
        .args(["find", "--identity", "escrow.age", "--handover"])
        .arg(made.dir())
        .args(["--table", "public.doses", "--record-key", "31"])
        .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
        .dir(made.at(""));
    // Where there is no strace, files that are taken away tell the same.
    if Run::program("sh").args(["-c", "command -v strace"]).go().code == Some(0) {
        run.go().expect(0);
        let trace = fs::read_to_string(&traced).unwrap();
        let opened = trace.lines().filter(|line| line.contains(".zst.age\"")).count();
        assert_eq!(opened, 3, "{trace}");
    }
    for gone in ["rows/public.subjects", "rows/main.subjects", "salts"] {
        let gone = data.join(gone);
        if gone.exists() {
            fs::remove_dir_all(gone).unwrap();
        }
    }
    for gone in ["leaves.bin", "contents.jsonl.zst.age"] {
        fs::remove_file(made.archive().join(gone)).unwrap();
    }
    let find = ["--table", "public.doses", "--record-key", "31"];
    assert!(made.archived("find", &find).go().expect(0).stdout.contains(ARCHIVE));
    says(made.archived("find", &find).arg("--details").go().expect(2), &["salts/"]);
}

#[test]
fn what_cannot_be_found_is_said() {
    let made = PurgeMade::until(Engine::Sqlite, Until::BackedUp);
    let refused = |arguments: &[&str], said: &str| {
        let outcome = made.archived("find", arguments).go();
        says(outcome.expect(2), &[said]);
    };
    refused(&[], "say what to find");
    refused(&["--table", "public.subjects", "--record-key", "1", "--phone", "1"], "one thing");
    refused(&["--table", "public.places", "--record-key", "HN"], "has no table");
    refused(
        &["--table", "public.cards", "--record-key", "1", "--record-key", "2"],
        "the key of main.cards is code",
    );
    refused(&["--phone", "-"], "standard input ended");
    refused(&["--phone", "điện thoại"], "a telephone number has digits");
    refused(&["--rule", "other", "--phone", "1"], "knows of no archive of such a rule");
    let found = made.archived("find", &["--table", "public.subjects", "--record-key", "1"]).go();
    assert!(found.expect(0).stdout.contains("not certified"), "{}", found.stdout);
}

/// A key that no archive of before was encrypted to.
#[track_caller]
fn only_a_new_key(made: &PurgeMade) {
    let outcome = made.migrate("keygen").args(["archive", "--out", "third.age"]).go();
    let (_, key) = outcome.expect(0).stdout.split_once("recipient  ").unwrap();
    let file = made.dir().join("handover.toml");
    let config = fs::read_to_string(&file).unwrap();
    let escrow = config.lines().find(|line| line.starts_with("key = ")).unwrap().to_owned();
    fs::write(&file, config.replacen(&escrow, &format!("key = \"{}\"", key.trim()), 1)).unwrap();
}

/// Every archive of the hand-over is searched, whichever rule or purge it is of.
#[test]
fn all_archives_are_searched() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let made = PurgeMade::until(engine, Until::Certified);
        made.sql("update subjects set status = 'unverified' where number in (2, 4)");
        made.go_on_from(Until::Made, Until::Certified);
        let subject = |key| ["--table", "public.subjects", "--record-key", key];
        for (key, archive) in [("5", ARCHIVE), ("4", "purge-unverified-2")] {
            let report = found(&made, &subject(key), "");
            assert_eq!((report.archives.len(), report.rows()), (2, 1));
            let holding = report.archives.iter().find(|one| !one.rows.is_empty()).unwrap();
            assert_eq!(holding.archive, archive);
        }
        let told = made.archived("find", &subject("5")).go();
        assert!(told.expect(0).stdout.starts_with("1 rows in 1 of 2 archives"), "{}", told.stdout);
        let none = made.archived("find", &subject("6")).go();
        assert!(none.expect(1).stdout.starts_with("not found in any of the 2"), "{}", none.stdout);
        says(
            made.archived("find", &["--table", "public.x", "--record-key", "1"]).go().expect(2),
            &["has no table"],
        );

        // Rows that a restore replaced.
        made.sql("insert into subjects (number, name, status) values (9, 'Khác', 'new')");
        fs::write(made.at("over.jsonl"), r#"{"table":"public.subjects","key":["9"]}"#).unwrap();
        let run = made.archived("restore", &["--quiet", "--person", "--overwrite", "over.jsonl"]);
        let run = run.args(["--apply", "--key", "operator.pem", "--reason", "x", "--archive"]);
        run.arg(made.archive()).args(subject("9")).go().expect(0);
        assert_eq!(found(&made, &subject("9"), "").rows(), 2);
    }
}

/// What nobody could look into is named, and is not the same as not found.
#[test]
fn an_archive_that_no_key_opens_is_named() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    only_a_new_key(&made);
    made.sql("update subjects set status = 'unverified' where number in (2, 4)");
    made.purge(&["select"]).go().expect(0);
    made.purge(&["backup", "--identity", "third.age"]).go().expect(0);
    let subject = |key| ["--json", "--table", "public.subjects", "--record-key", key];
    let searched = |key, code| -> FindReport {
        let run = made.migrate("find").arg("--handover").arg(made.dir());
        let run = run.args(["--identity", "third.age"]).args(subject(key));
        serde_json::from_str(&run.go().expect(code).stdout).unwrap()
    };
    let report = searched("4", 0);
    assert_eq!((report.rows(), report.not_searched[0].archive.as_str()), (1, ARCHIVE));
    let report = searched("5", 2);
    let why = &report.not_searched[0].why;
    assert!(why.contains("no key given opens it") && why.contains("escrow, second"), "{why}");
}
