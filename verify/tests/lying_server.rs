//! A verifier whose source lies once. What differs is never called equal, and nothing ends badly.
//!
//! A few lies with all other tests; `HOSTILE=200 ./test -p handover-verify --test main -- lying_server` tells the first
//! 200, `HOSTILE=17..18` that one alone.

use std::sync::OnceLock;
use std::time::Duration;

use handover_testkit::{Census, Database, Lie, LyingServer, Outcome, Run, every_seed};

/// Each sort of lie about once.
const FEW: u64 = 27;

/// Longer than the server may say nothing, and the rest of a small comparison.
const LIMIT: Duration = Duration::from_mins(2);

const PLATFORM: &str = "create table public.subjects (id int primary key, name text not null, born date, note text);
    insert into public.subjects select i, 'Nguyễn Thị ' || i, date '1950-01-01' + i, repeat('ghi chú ', 80)
        from generate_series(1, 30000) i;
    create table public.log (at timestamptz, what text);
    insert into public.log select timestamptz '2021-03-08', 'việc ' || i from generate_series(1, 400) i;
    create table public.places (name text, part text, primary key (name, part));
    insert into public.places select 'xã ' || i % 70, 'thôn ' || i from generate_series(1, 200) i;
    create index on public.subjects (born); create view public.v as select name from public.subjects; analyze;";

/// A source, a target with the same, and one in which a value is another.
struct Databases {
    source: Database,
    same: Database,
    other: Database,
}

fn databases() -> &'static Databases {
    static DATABASES: OnceLock<Databases> = OnceLock::new();
    DATABASES.get_or_init(|| {
        let (source, same, other) = (Database::create(), Database::create(), Database::create());
        for database in [&source, &same, &other] {
            database.sql(PLATFORM);
        }
        other.sql("update public.subjects set name = 'Trần' where id = 77");
        Databases { source, same, other }
    })
}

fn verify(server: &LyingServer, target: &Database) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new("handover-verify")
        .args(["tables", "--jobs", "2", "--source", &server.url(&databases().source)])
        .args(["--target", &target.url(), "--handover"])
        .arg(folder.path());
    run.env("HANDOVER_SILENCE_SECONDS", "10").limit(LIMIT).go()
}

/// What an honest comparison is told.
fn census() -> Census {
    static CENSUS: OnceLock<Census> = OnceLock::new();
    *CENSUS.get_or_init(|| {
        let server = LyingServer::start(None);
        verify(&server, &databases().same).expect(0);
        server.told().census()
    })
}

fn hold(seed: u64) -> Result<(), String> {
    let lie = Lie::from_seed(seed, census());
    let told = |reason: String| format!("{}: {reason}", lie.told());
    let server = LyingServer::start(Some(lie.clone()));
    let outcome = verify(&server, &databases().same);
    if let Some(wrong) = outcome.misbehaviour() {
        return Err(told(wrong));
    }
    if outcome.code == Some(0) && server.told().is_told() && lie.is_about_rows() {
        return Err(told(format!("equal: {}{}", outcome.stdout, outcome.stderr)));
    }
    let server = LyingServer::start(Some(lie.clone()));
    let outcome = verify(&server, &databases().other);
    if let Some(wrong) = outcome.misbehaviour() {
        return Err(told(wrong));
    }
    if outcome.code == Some(0) {
        return Err(told(format!("a difference is equal: {}{}", outcome.stdout, outcome.stderr)));
    }
    Ok(())
}

#[test]
fn no_lie_makes_a_difference_equal() {
    every_seed("HOSTILE", FEW, "lies to verify", hold);
}
