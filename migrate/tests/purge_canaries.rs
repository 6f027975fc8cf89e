//! What people are called and what they are known by is in no output, report, index, statement or
//! certificate; after the certificate, not in the ledger either.

use std::fs;
use std::path::Path;

use handover_testkit::{Outcome, Run};

use crate::package_made::files_below;
use crate::purge_broken::{CERTIFY, ENGINES, EXECUTE, edit_file, verify, verify_with_key};
use crate::purge_made::{Engine, PurgeMade, Until};

/// What every canary begins with: names, identity numbers, telephone numbers as they are compared,
/// birth dates, keys. Digits are so many that no digest has them by chance.
const CANARIES: [&str; 7] =
    ["Hoàng Yến", "HOANG YEN", "hoang yen", "09777000", "84888777", "1802-0", "QRYEN"];

const PEOPLE: u32 = 1000;

/// A thousand people, all of whom are purged: 4,000 things that nobody may read.
fn platform(engine: Engine) -> PurgeMade {
    let made = PurgeMade::begin(engine);
    edit_file(&made.dir().join("handover.toml"), "follow = [", "share_max = 100\nfollow = [");
    let over = if engine == Engine::Postgres { "overriding system value" } else { "" };
    made.sql("insert into places values ('HN', 'Hà Nội')");
    let numbers: Vec<u32> = (1..=PEOPLE).collect();
    // An argument of a program has a longest length.
    for numbers in numbers.chunks(200) {
        let rows = numbers.iter().map(|number| {
            format!(
                "insert into subjects values ({number}, 'Hoàng Yến {number}', \
                 '0977700{number:05}', '+84888777{number:04}', '1802-0{}-{:02}', 'HN', \
                 'unverified');\
                 insert into doses {over} values ({number}, {number}, '2021-08-01', 'AZ', 0.5);\
                 insert into cards values ('QRYEN-{number}', {number}, null, 'Hoàng Yến');",
                1 + number % 9,
                1 + number % 28
            )
        });
        made.sql(&format!("begin; {} commit;", rows.collect::<String>()));
    }
    made
}

fn has_canary(text: &str) -> Option<&'static str> {
    CANARIES.into_iter().find(|canary| text.contains(canary))
}

#[track_caller]
fn is_silent(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert_eq!(has_canary(text), None, "it is said:\n{text}");
    }
}

/// No file below the hand-over folder has one, but for those findings that are meant for it.
#[track_caller]
fn files_are_silent(folder: &Path) {
    for file in files_below(folder) {
        let bytes = fs::read(folder.join(&file)).unwrap();
        let found = has_canary(&String::from_utf8_lossy(&bytes));
        assert!(found.is_none() || file.starts_with("findings/"), "{file} has {found:?}");
        assert_eq!(has_canary(&file), None, "{file}");
    }
}

/// The ledger; the evidence itself is left out, and the lists while they are needed.
fn ledger(made: &PurgeMade, but: &[&str]) -> String {
    match made.engine() {
        Engine::Postgres => {
            let run = Run::program("pg_dump").args(["--schema=handover", "-d", &made.url()]);
            let run = but
                .iter()
                .fold(run, |run, name| run.arg(format!("--exclude-table-data=handover.{name}")));
            run.go().expect(0).stdout.clone()
        }
        Engine::Sqlite => {
            let names =
                "select name from sqlite_schema where type = 'table' and name like 'handover%'";
            let tables = made.sql(names);
            let kept = tables
                .lines()
                .filter(|table| !but.iter().any(|name| table.contains(name.trim_end_matches('*'))));
            kept.map(|table| {
                Run::program("sqlite3").arg(made.file()).arg(format!(".dump {table}")).go().stdout
            })
            .collect()
        }
    }
}

#[test]
fn nothing_says_who_was_purged() {
    for engine in ENGINES {
        let made = platform(engine);
        let rows: Vec<String> =
            (1..=PEOPLE).map(|number| format!("0977700{number:05},không đúng\n")).collect();
        fs::write(made.at("c06.csv"), format!("so,ket_qua\n{}", rows.concat())).unwrap();
        let evidence = ["--name", "c06", "--file", "c06.csv", "--signer", "C06", "--handover"];
        is_silent(made.migrate("evidence").args(evidence).arg(made.dir()).go().expect(0));
        let rule = "[purge.rule.evidence]\nname = \"c06\"\n\
                    on = \"subjects.identity_number = evidence.so\"\n[[purge.rule.search]]";
        edit_file(&made.dir().join("handover.toml"), "[[purge.rule.search]]", rule);

        is_silent(made.purge(&["select", "--sample", "20"]).go().expect(0));
        let sample = fs::read_to_string(made.dir().join("findings/purge-sample.jsonl")).unwrap();
        assert!(has_canary(&sample).is_some(), "{sample}");
        is_silent(made.purge(&["select"]).go().expect(0));
        is_silent(made.purge(&["backup", "--identity", "escrow.age", "--json"]).go().expect(0));
        is_silent(made.purge(&["approve", "--show"]).go().expect(0));
        for key in ["owner.pem", "keeper.pem"] {
            is_silent(made.purge(&["approve", "--key", key]).go().expect(0));
        }
        is_silent(verify_with_key(&made).expect(0));
        files_are_silent(&made.dir());
        assert_eq!(has_canary(&ledger(&made, &["purge_list_*", "evidence_*"])), None);

        made.sql(
            "update subjects set status = 'verified' where number % 100 = 1;
             update cards set note = 'Hoàng Yến!' where dose % 100 = 2;
             delete from cards where code = 'QRYEN-3'",
        );
        is_silent(made.purge(&EXECUTE).go().expect(1));
        is_silent(made.purge(&[&EXECUTE[..], &["--json"]].concat()).go().expect(1));
        is_silent(made.purge(&CERTIFY).go().expect(0));
        is_silent(verify(&made).go().expect(0));
        is_silent(verify(&made).args(["--identity", "escrow.age", "--json"]).go().expect(0));
        let find = |arguments: &[&str], typed: &str| {
            is_silent(made.typed(made.archived("find", arguments), typed).expect(0));
        };
        find(&["--identity-number", "-", "--details"], "097770000500");
        find(&["--phone", "-", "--json"], "0888777 0500");
        find(&["--table", "public.cards", "--record-key", "-"], "QRYEN-500");
        let restore = |arguments: &[&str], code: i32| {
            let run = made.archived("restore", &["--quiet", "--person", "--phone", "-"]);
            is_silent(made.typed(run.args(arguments), "0888777 0500").expect(code));
        };
        restore(&[], 0);
        restore(&["--apply", "--key", "operator.pem", "--reason", "đã xác minh"], 0);
        assert_eq!(made.count("subjects", "number = 500"), 1);
        restore(&["--json"], 0);
        is_silent(verify_with_key(&made).expect(0));
        // Everything but who came back: one of the others is another person by now.
        made.sql("insert into subjects (number, name, status) values (600, 'Hoàng Yến', 'x')");
        let run = made.archived("restore", &["--quiet", "--table", "public.subjects"]);
        is_silent(run.args(["--record-key", "600"]).go().expect(1));
        files_are_silent(&made.dir());
        let ledger = ledger(&made, &["evidence_*"]);
        assert!(ledger.contains("purge_batch"));
        assert_eq!(has_canary(&ledger), None);
        // Refused, on the way, by rows that are wrong.
        made.sql("update subjects set status = 'unverified'");
        is_silent(made.purge(&["select"]).go().expect(0));
        made.sql("update subjects set name = 'Hoàng Yến?' where number = 1");
        is_silent(made.purge(&["backup", "--identity", "escrow.age"]).go().expect(2));
    }
}

/// A whole purge of which nothing was kept leaves nothing in the database but its counts.
#[test]
fn nothing_is_left_in_the_platform() {
    for engine in ENGINES {
        let made = platform(engine);
        made.go_on(Until::Certified);
        assert_eq!(has_canary(&ledger(&made, &[])), None);
        assert_eq!(has_canary(&made.everything()), None);
    }
}
