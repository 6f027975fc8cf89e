//! The same command on a finished copy: says whether anything changed at the source since, and
//! brings nothing over.

use handover_testkit::Database;

use crate::ends::{End, Engine, PLATFORM, ROUTES, fill, platform};
use crate::support::{Handover, json, messages, says_nothing_of, table};

#[test]
fn nothing_changed() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        // Chunks are cut anew from the ledger, whatever is asked for now.
        handover.copy().args(["--chunk-bytes", "8K"]).go().expect(0);
        let copied_at = target.copied_chunks();
        let runs = handover.status().0["runs"].clone();
        for _ in 0..2 {
            let report = json(handover.copy().go().expect(0));
            assert_eq!(report["outcome"], "unchanged");
            let rows =
                report["tables"].as_array().unwrap().iter().map(|t| t["rows"].as_u64().unwrap());
            assert_eq!(rows.sum::<u64>(), 10_800);
        }
        assert_eq!(target.copied_chunks(), copied_at, "nothing was written");
        assert_eq!(handover.status().0["runs"], runs);
    }
}

/// What is done to the source, and the counts of rows: new, changed, removed.
type Change = (&'static str, &'static str, [u64; 3]);

const CHANGES: [Change; 12] = [
    ("dose", "update dose set note = 'other' where id in (1, 3000, 6000)", [0, 3, 0]),
    ("dose", "delete from dose where id between 10 and 19", [0, 0, 10]),
    ("dose", "insert into dose (id) values (-5), (6001), (6002)", [3, 0, 0]),
    // A key that changed is a row that went and one that came.
    ("dose", "update dose set id = 7000 where id = 5", [1, 0, 1]),
    ("person", "update person set name = name || ' ' where id_number like '%9'", [0, 150, 0]),
    ("person", "insert into person (id_number) values ('079999999999'), ('')", [2, 0, 0]),
    ("visit", "delete from visit where person = 'P7'", [0, 0, 4]),
    ("visit", "update visit set note = null where person = 'P8'", [0, 4, 0]),
    ("note", "insert into note values (0, 'note 0'), (null, null)", [2, 0, 0]),
    ("note", "delete from note where a = 0 and b = 'note 0'", [0, 0, 3]),
    ("facility", "update facility set head = -1", [0, 300, 0]),
    ("visit", "update visit set person = person || 'X' where person = 'P9'", [4, 0, 4]),
];

#[test]
fn something_changed() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        handover.copy().args(["--chunk-bytes", "8K"]).go().expect(0);
        let before = target.rows(&PLATFORM);
        for (name, change, counts) in CHANGES {
            source.query(change);
            let name = format!("{}.{name}", if from == Engine::Sqlite { "main" } else { "public" });
            expect_changes(&handover, &name, counts);
            fill(&source);
        }
        assert_eq!(target.rows(&PLATFORM), before, "nothing was brought over");
        assert_eq!(json(handover.copy().go().expect(0))["outcome"], "unchanged");
    }
}

/// The report names this table, and no other, with these counts and without a key.
#[track_caller]
fn expect_changes(handover: &Handover, name: &str, [added, changed, removed]: [u64; 3]) {
    let outcome = handover.copy().go();
    let report = json(outcome.expect(1));
    assert_eq!(report["outcome"], "changed");
    let finding = &table(&report, name)["findings"][0];
    assert_eq!(finding["count"], added + changed + removed, "{finding:#}");
    let said = messages(&report);
    let expected = format!(
        "{name}: the source has {added} new row(s), {changed} changed and {removed} removed since \
         the copy was finished"
    );
    assert_eq!(said, expected);
    says_nothing_of(&outcome, &["0790", "P7", "P8", "P9"]);
}

#[test]
fn changes_in_several_tables_at_once() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        handover.copied();
        source.query(
            "update dose set note = 'a'; delete from note; insert into facility (code) values ('x')",
        );
        let report = json(handover.copy().go().expect(1));
        let said = messages(&report);
        assert_eq!(said.lines().count(), 3, "{said}");
        for part in ["6000 changed", "1000 removed", "1 new row(s)"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

/// What SQLite has and PostgreSQL cannot take is said each time, and no run ends with 0.
#[test]
fn what_was_not_carried_over_is_said_again() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        "create table t (id integer primary key, n int check (n > 0), m int default (1 + 1),
             twice int generated always as (n * 2));
         insert into t (n) values (1);
         create index half on t (n) where n > 3;
         create index computed on t (n + 1);
         create view v as select * from t;
         create trigger tr after insert on t begin select 1; end;
         create virtual table words using fts5(word);
         create table handed (id integer primary key) strict;",
        &target,
    );
    let first = json(handover.copy().go().expect(1));
    let said = messages(&first);
    for part in [
        "CHECK of t",
        "default of t.m",
        "generated column t.twice",
        "index half",
        "index computed",
        "view v",
        "trigger tr",
        "main.words is not copied: a virtual table",
    ] {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert_eq!(table(&first, "main.t")["read_back"], 1);
    let second = json(handover.copy().go().expect(1));
    assert_eq!(messages(&second), said);
    assert_eq!(second["outcome"], first["outcome"]);
}
