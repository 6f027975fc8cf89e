//! SIGKILL at random moments of every command of a purge: the same command goes on, and in the end
//! everything adds up.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::purge_broken::{CERTIFY, EXECUTE, holds, ledger_table};
use crate::purge_made::{Engine, PurgeMade, Until};

/// Kills of each of the four commands.
const KILLS: u32 = 8;

/// People; half of them are purged, each with two doses and a card.
const PEOPLE: u32 = 8000;

fn platform(engine: Engine) -> PurgeMade {
    let made = PurgeMade::begin(engine);
    let (over, numbers) = match engine {
        Engine::Postgres => (
            "overriding system value",
            format!("select n from generate_series(1, {PEOPLE}) as s (n)"),
        ),
        Engine::Sqlite => (
            "",
            format!(
                "with recursive s (n) as (values (1) union all select n + 1 from s where n < {PEOPLE}) \
                 select n from s"
            ),
        ),
    };
    made.sql("insert into places values ('HN', 'Hà Nội');");
    for insert in [
        "insert into subjects select n, 'Người ' || n, '00' || (1000000000 + n), \
             '+84' || (900000000 + n), '1970-01-01', 'HN', \
             case when n % 2 = 1 then 'unverified' else 'verified' end from (NUMBERS) as t",
        "insert into doses OVER select n * 2, n, '2021-08-01', 'AZ', 0.5 from (NUMBERS) as t",
        "insert into doses OVER select n * 2 + 1, n, '2021-11-01', 'AZ', 0.5 from (NUMBERS) as t",
        "insert into cards select 'QR-' || n, n * 2, null, 'ghi chú' from (NUMBERS) as t",
    ] {
        let insert = match engine {
            Engine::Postgres => insert.replace("'1970-01-01'", "date '1970-01-01'"),
            Engine::Sqlite => insert.to_owned(),
        };
        let insert = insert.replace("'2021-08-01'", "DAY8").replace("'2021-11-01'", "DAY11");
        let day = |text: &str| match engine {
            Engine::Postgres => format!("date '{text}'"),
            Engine::Sqlite => format!("'{text}'"),
        };
        let insert =
            insert.replace("DAY8", &day("2021-08-01")).replace("DAY11", &day("2021-11-01"));
        made.sql(&insert.replace("OVER", over).replace("NUMBERS", &numbers));
    }
    made
}

/// The rows that are nobody's business here.
fn outside(made: &PurgeMade) -> String {
    let tables = [
        ("subjects", "number % 2 = 0"),
        ("doses", "subject % 2 = 0"),
        ("cards", "dose % 4 = 0"),
        ("places", "true"),
    ];
    let rows = tables.map(|(table, even)| match made.engine() {
        Engine::Postgres => made.sql(&format!(
            "select md5(string_agg(t::text, ',' order by t::text)) from {table} t where {even}"
        )),
        Engine::Sqlite => made.sql(&format!("select * from {table} where {even} order by 1")),
    });
    rows.join("\n")
}

/// Kills a command at random moments of the time that it takes, then lets it come to its end.
#[track_caller]
fn kill_often(made: &PurgeMade, command: &[&str], dice: &mut ChaCha8Rng) -> u32 {
    let (mut kills, mut most) = (0, 2500);
    for _ in 0..KILLS {
        let begun = Instant::now();
        let mut run = made.purge(command).spawn();
        thread::sleep(Duration::from_millis(dice.next_u64() % most));
        if run.has_ended() {
            run.wait().expect(0);
            most = (u64::try_from(begun.elapsed().as_millis()).unwrap() / 2).max(50);
        } else {
            run.kill();
            kills += 1;
        }
    }
    made.purge(command).go().expect(0);
    kills
}

fn killed(engine: Engine) {
    let seed = env::var("HANDOVER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_261_122);
    println!("seed {seed} (another one: HANDOVER_TEST_SEED)");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let made = platform(engine);
    let before = outside(&made);
    let mut kills = kill_often(&made, &["select"], &mut dice);
    kills += kill_often(&made, &["backup", "--identity", "escrow.age"], &mut dice);
    made.go_on_from(Until::BackedUp, Until::Approved);
    let execute = [&EXECUTE[..], &["--batch-rows", "500", "--pause", "20"]].concat();
    kills += kill_often(&made, &execute, &mut dice);
    kills += kill_often(&made, &CERTIFY, &mut dice);
    println!("{kills} kills");
    assert!(kills >= KILLS, "only {kills} kills met a command at work");

    let batches = ledger_table(&made, "purge_batch");
    let sums = made.sql(&format!(
        "select sum(row_count) || ' ' || sum(deleted) || ' ' || sum(changed + referenced + absent) \
         from {batches}"
    ));
    let listed = PEOPLE / 2 * 4;
    assert_eq!(sums, format!("{listed} {listed} 0"));
    assert_eq!(made.count("subjects", "number % 2 = 1"), 0);
    assert_eq!(made.count("doses", "subject % 2 = 1"), 0);
    assert!(outside(&made) == before, "rows that are not on the list were touched");
    holds(&made);
}

#[test]
fn a_purge_that_is_killed_in_postgres() {
    killed(Engine::Postgres);
}

#[test]
fn a_purge_that_is_killed_in_sqlite() {
    killed(Engine::Sqlite);
}
