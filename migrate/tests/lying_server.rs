//! Copies of a source whose server lies once. None is called copied that is not what was said, and none ends badly.
//!
//! A few lies with all other tests; `HOSTILE=200 ./test -p handover-migrate --test main -- lying_server` tells the first
//! 200, `HOSTILE=17..18` that one alone.

use std::sync::OnceLock;
use std::time::Duration;

use handover_testkit::{Census, Database, Lie, LyingServer, Outcome, every_seed};

use crate::support::{Handover, json};

/// Each sort of lie about once.
const FEW: u64 = 27;

/// Longer than the server may say nothing, and the rest of a small copy.
const LIMIT: Duration = Duration::from_mins(2);

/// How long a server may say nothing, in seconds.
const SILENCE: &str = "10";

/// Tables read by ranges and as a whole, with a key and without, and objects of several kinds.
pub(crate) const PLATFORM: &str = "create table subjects (id int primary key, name text not null, born date);
    insert into subjects select i, 'Nguyễn Thị ' || i, date '1950-01-01' + i from generate_series(1, 900) i;
    create table doses (id bigint generated always as identity primary key, subject_id int references subjects,
        given_at timestamptz, lot text unique, photo bytea);
    insert into doses (subject_id, given_at, lot, photo) select i % 900 + 1, timestamptz '2021-03-08 08:00+07' + i * interval '1 hour',
        'L' || i, case when i % 500 = 0 then decode(repeat(md5(i::text), 9000), 'hex') end from generate_series(1, 1500) i;
    create table log (at timestamptz, what text);
    insert into log select now(), 'việc ' || i from generate_series(1, 400) i;
    create table places (name text collate \"C\", part text, primary key (name, part));
    insert into places select 'xã ' || i % 70, 'thôn ' || i from generate_series(1, 200) i;
    create table empty_one (a int);
    create index on doses (given_at); create view v as select name from subjects;
    create function f() returns int language sql as 'select 1'; create type mood as enum ('a', 'b');
    comment on table log is 'nhật ký'; analyze;";

fn source() -> &'static Database {
    static SOURCE: OnceLock<Database> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let source = Database::create();
        source.sql(PLATFORM);
        source
    })
}

fn copy(server: &LyingServer, target: &Database) -> (Handover, Outcome) {
    let handover = Handover::between(&server.url(source()), &target.url());
    let run = handover.copy().args(["--chunk-bytes", "16K", "--jobs", "2"]);
    let outcome = run.env("HANDOVER_SILENCE_SECONDS", SILENCE).limit(LIMIT).go();
    (handover, outcome)
}

/// What an honest copy is told.
fn census() -> Census {
    static CENSUS: OnceLock<Census> = OnceLock::new();
    *CENSUS.get_or_init(|| {
        let (server, target) = (LyingServer::start(None), Database::create());
        let (mut handover, outcome) = copy(&server, &target);
        outcome.expect(0);
        handover.set_source(&source().url());
        handover.verified();
        server.told().census()
    })
}

fn hold(seed: u64) -> Result<(), String> {
    let lie = Lie::from_seed(seed, census());
    let (server, target) = (LyingServer::start(Some(lie.clone())), Database::create());
    let (mut handover, outcome) = copy(&server, &target);
    let told = |reason: String| format!("{}: {reason}", lie.told());
    if let Some(wrong) = outcome.misbehaviour() {
        return Err(told(wrong));
    }
    if outcome.code != Some(0) {
        return Ok(());
    }
    if server.told().is_told() && lie.is_about_rows() && !lie.is_another_database() {
        return Err(told(format!("copied: {}{}", outcome.stdout, outcome.stderr)));
    }
    // Whoever is told once of another database copies that one. The honest server tells of the difference.
    handover.set_source(&source().url());
    let verified = handover.verify().go();
    if let Some(wrong) = verified.misbehaviour() {
        return Err(told(wrong));
    }
    let is_equal = json(&verified)["verdict"] == "equal";
    if !is_equal && !lie.is_another_database() {
        return Err(told(format!("copied, and it is not: {}", verified.stdout)));
    }
    Ok(())
}

#[test]
fn no_lie_ends_in_a_wrong_copy() {
    every_seed("HOSTILE", FEW, "lies to copy", hold);
}
