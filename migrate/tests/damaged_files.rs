//! Damaged SQLite files as sources. Nothing that is not whole is called copied or equal, and whatever is called so
//! has the rows that SQLite itself gives of the file.
//!
//! A few files with all other tests; `DAMAGED_FILES=200 ./test -p handover-migrate --test main -- damaged_files` makes
//! the first 200, `DAMAGED_FILES=17..18` that one alone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use handover_testkit::{Database, Outcome, Run, every_seed, sqlite};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::support::{Handover, json, messages};

const FEW: u64 = 8;

/// No command needs more time than that for a file of some hundred kilobytes.
const LIMIT: Duration = Duration::from_mins(1);

/// Numbers of a seed.
struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Tables of several kinds over many pages, with pages of no table among them.
fn make(file: &Path, random: &mut Random) {
    let page = [512, 1024, 4096][random.below(3)];
    let sql = format!(
        "pragma page_size = {page}; \
         create table subjects (id integer primary key, name text not null, born text, note text); \
         create table doses (id integer primary key, subject_id integer not null references subjects, \
             given_at text not null, lot text unique); \
         create index doses_of on doses (subject_id, given_at); \
         create table codes (code text, name text not null, primary key (code)) without rowid; \
         create table stock (place text, amount real, at integer, unique (place, at)); \
         create table words (w text); \
         create table gone (x text); \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 400) \
         insert into subjects select i, printf('Nguyễn Thị %05d', i * 7919 % 100003), \
             date('1950-01-01', (i * 37) || ' days'), \
             case when i % 97 = 0 then hex(zeroblob(900)) else 'ghi chú ' || i end from n; \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 700) \
         insert into doses select i, i % 400 + 1, datetime('2021-03-08', i || ' hours'), 'L' || (i * 31) from n; \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 200) \
         insert into codes select printf('%03d', i), 'mã ' || i from n; \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 300) \
         insert into stock select 'kho ' || (i % 9), i / 8.0, i from n; \
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 300) \
         insert into gone select hex(zeroblob(60)) from n; \
         insert into words select note from subjects where id < 90; \
         delete from gone where rowid > 20; delete from subjects where id % 83 = 0;"
    );
    sqlite(file, &sql);
}

/// What was done to a file.
struct Damage {
    how: String,
    /// Whether it may have become another whole file: a page that stands for another can be as sound as that was,
    /// and nobody could tell.
    may_be_whole: bool,
}

/// Damages a file.
fn damage(file: &Path, random: &mut Random) -> Damage {
    let mut bytes = fs::read(file).unwrap();
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let pages = bytes.len() / page;
    let kind = random.below(7);
    let how = match kind {
        0 => {
            let count = random.below(4) + 1;
            let places: Vec<usize> = (0..count).map(|_| random.below(bytes.len())).collect();
            for at in &places {
                bytes[*at] ^= 1 << random.below(8);
            }
            format!("bits flipped in bytes {places:?}")
        }
        1 => {
            // Where what a page holds is said, and not what is written in it.
            let at = random.below(pages) * page + random.below(40);
            bytes[at] = u8::try_from(random.below(256)).unwrap();
            format!("byte {at} is another")
        }
        2 => {
            let length = random.below(bytes.len());
            bytes.truncate(length);
            format!("cut off at {length}")
        }
        3 => {
            let (one, other) = (random.below(pages), random.below(pages));
            for at in 0..page {
                bytes.swap(one * page + at, other * page + at);
            }
            format!("pages {one} and {other} exchanged")
        }
        4 => {
            let (from, to) = (random.below(pages), random.below(pages));
            bytes.copy_within(from * page..(from + 1) * page, to * page);
            format!("page {to} is what {from} is")
        }
        5 => {
            let at = random.below(pages);
            bytes[at * page..(at + 1) * page].fill(0);
            format!("page {at} is empty")
        }
        _ => {
            let at = random.below(bytes.len() / 512) * 512;
            let end = bytes.len().min(at + 512);
            bytes[at..end].fill(0);
            format!("a sector at {at} is empty")
        }
    };
    fs::write(file, bytes).unwrap();
    Damage { how, may_be_whole: matches!(kind, 3 | 4) }
}

/// What the `sqlite3` program prints, whatever its code.
fn shell(file: &Path, sql: &str) -> String {
    let outcome = Run::program("sqlite3").arg(file).arg(sql).limit(LIMIT).go();
    outcome.stdout + &outcome.stderr
}

/// Rows as the `sqlite3` program dumps them, one a line.
fn dumped(file: &Path) -> Vec<String> {
    let dump = shell(file, ".dump");
    let rows = dump.lines().filter(|line| line.starts_with("INSERT INTO "));
    let of_platform = rows.filter(|line| !line.starts_with("INSERT INTO handover_"));
    let mut rows: Vec<String> = of_platform.map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

/// The command came to an end as one does that was given a bad file.
fn ended(outcome: &Outcome, command: &str) -> Result<(), String> {
    outcome.misbehaviour().map_or(Ok(()), |wrong| Err(format!("{command}: {wrong}")))
}

/// A source that is called whole is so for SQLite, and lost no row of those that it had.
fn is_whole(source: &Path, rows: usize, damage: &Damage) -> Result<Vec<String>, String> {
    let answer = shell(source, "pragma integrity_check");
    if answer.trim() != "ok" {
        return Err(format!("called whole, and sqlite3 says: {answer}"));
    }
    let dumped = dumped(source);
    if dumped.len() != rows && !damage.may_be_whole {
        return Err(format!("called whole with {} of {rows} rows", dumped.len()));
    }
    Ok(dumped)
}

/// Copies a damaged file, and compares it with what was copied and with what was whole.
fn hold(seed: u64, make_handover: impl Fn() -> Handover, into_file: bool) -> Result<(), String> {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed));
    let handover = make_handover();
    let source = handover.source_file();
    make(&source, &mut random);
    let whole = handover.beside("whole.sqlite");
    fs::copy(&source, &whole).unwrap();
    let rows = dumped(&whole).len();
    let damage = damage(&source, &mut random);
    let told = |reason: String| format!("{}: {reason}", damage.how);

    let outcome = handover.copy().limit(LIMIT).go();
    ended(&outcome, "copy").map_err(told)?;
    if outcome.code == Some(0) {
        let given = is_whole(&source, rows, &damage).map_err(told)?;
        if into_file && dumped(&handover.target_file()) != given {
            return Err(told("copied, and the target has other rows".to_owned()));
        }
        handover.verified();
    } else if outcome.code == Some(1)
        && !outcome.stdout.is_empty()
        && messages(&json(&outcome)).is_empty()
    {
        return Err(told("copy finds nothing".to_owned()));
    }
    let outcome = handover.verify().limit(LIMIT).go();
    ended(&outcome, "verify").map_err(told)?;
    if outcome.code == Some(0) {
        is_whole(&source, rows, &damage).map_err(told)?;
    }

    let mut with_whole = Handover::sqlite("select 1");
    with_whole.set_source(&format!("sqlite:{}", source.display()));
    with_whole.set_target(&format!("sqlite:{}", whole.display()));
    let outcome = with_whole.verify().limit(LIMIT).go();
    ended(&outcome, "verify").map_err(told)?;
    if outcome.code == Some(0) {
        let given = is_whole(&source, rows, &damage).map_err(told)?;
        if given != dumped(&whole) {
            return Err(told("equal to the whole file, and it has other rows".to_owned()));
        }
    }
    Ok(())
}

#[test]
fn into_a_file() {
    every_seed("DAMAGED_FILES", FEW, "damaged files", |seed| {
        hold(seed, || Handover::sqlite("select 1"), true)
    });
}

#[test]
fn into_a_server() {
    every_seed("DAMAGED_FILES", FEW / 4, "damaged files to postgres", |seed| {
        let target = Database::create();
        hold(seed, || Handover::sqlite_to_postgres("select 1", &target), false)
    });
}

/// A file with an index that lacks a row, which no table's rows tell of.
const LACKING_INDEX: &str = "create table t (a text, b int); insert into t values ('Nguyễn Văn An', 2), ('Bình', 4); \
     create index i on t (a) where b = 2; pragma writable_schema = on; \
     update sqlite_schema set sql = 'CREATE INDEX i ON t (a)' where name = 'i'; pragma writable_schema = reset";

#[test]
fn a_damaged_file_is_copied_and_never_called_whole() {
    let handover = Handover::sqlite(LACKING_INDEX);
    let outcome = handover.copy().go();
    let report = json(outcome.expect(1));
    assert_eq!(report["outcome"], "incomplete", "{report:#}");
    let found = messages(&report);
    assert!(
        found.contains("the source's file fails SQLite's own integrity check in 2 place(s)"),
        "{found}"
    );
    assert!(found.contains("row 2 missing from index i"), "{found}");
    assert!(!found.contains("Bình"), "{found}");
    assert_eq!(report["tables"][0]["rows"], 2, "{report:#}");

    let again = json(handover.copy().go().expect(1));
    assert!(messages(&again).contains("fails SQLite's own integrity check"), "{again:#}");

    let compared = json(handover.verify().go().expect(2));
    assert_eq!(compared["verdict"], "unverified", "{compared:#}");
    assert_eq!(compared["tables"][0]["verdict"], "unverified", "{compared:#}");
    assert_eq!(compared["tables"][0]["source"]["rows"], 2, "{compared:#}");

    let ledger = sqlite(
        &handover.target_file(),
        "select name from handover_step where name like 'integrity%'",
    );
    assert_eq!(ledger, "integrity_check damaged");
}

#[test]
fn a_damaged_target_is_not_called_equal() {
    let handover = Handover::sqlite("create table t (a text); insert into t values ('x'), ('y')");
    handover.copied();
    handover.verified();
    let said = sqlite(
        &handover.target_file(),
        "select name from handover_step where name like 'integrity%'",
    );
    assert_eq!(said, "integrity_check whole");
    sqlite(
        &handover.target_file(),
        "create index i on handover_step (name) where name < 'a'; pragma writable_schema = on; \
         update sqlite_schema set sql = 'CREATE INDEX i ON handover_step (name)' where name = 'i'; \
         pragma writable_schema = reset",
    );
    let compared = handover.verify().go();
    let report = json(&compared);
    assert_ne!(report["verdict"], "equal", "{report:#}");
    assert!(
        messages(&report).contains("the target's file fails SQLite's own integrity check"),
        "{report:#}"
    );
}

#[test]
fn a_schema_runs_nothing_but_what_makes_its_objects() {
    // Other texts, of several statements for one, are refused by SQLite when it opens the file.
    let handover = Handover::sqlite(
        "create table t (a text); insert into t values ('x'); create view v as select a from t; \
         create view w as select 1; create trigger tr after insert on t begin select 1; end; \
         pragma writable_schema = on; \
         update sqlite_schema set sql = 'CREATE TEMP VIEW v AS SELECT 1' where name = 'v'; \
         pragma writable_schema = reset",
    );
    let report = json(handover.copy().go().expect(1));
    let found = messages(&report);
    assert!(
        found.starts_with(
            "v could not be made: its text in the schema would do more than make it (Insert), and was not run"
        ),
        "{found}"
    );
    let made = sqlite(
        &handover.target_file(),
        "select name from sqlite_schema where name not like 'handover%' \
         and name not like 'sqlite%' order by 1",
    );
    assert_eq!(made, "t\ntr\nw");
    assert_eq!(sqlite(&handover.target_file(), "select * from t"), "x");
}
