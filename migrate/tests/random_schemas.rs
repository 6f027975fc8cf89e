//! Random schemas, copied, compared, changed in one place and compared again. No verdict may be wrong, and nothing may
//! be refused without being named.
//!
//! A few seeds run with all other tests. `RANDOM_SCHEMAS=200 ./test -p handover-migrate --test main -- random_schemas`
//! runs the first 200 between each two engines, `RANDOM_SCHEMAS=17..18` that one alone, and `RANDOM_SCHEMAS_SQL=FOLDER`
//! keeps their statements.

use std::path::PathBuf;
use std::{env, fs};

use handover_testkit::random_schema::{self, Change, RandomSchema, names_something};
use handover_testkit::{Database, Outcome, Run, Server, sqlite};
use serde_json::Value;

use crate::support::{Handover, messages};

/// So many seeds in every run of the tests.
const FEW: u64 = 6;

#[track_caller]
fn every_seed(engines: &str, check: impl Fn(u64) -> Result<(), String>) {
    handover_testkit::every_seed("RANDOM_SCHEMAS", FEW, engines, check);
}

fn keep(engines: &str, seed: u64, schema: &RandomSchema) {
    if let Ok(folder) = env::var("RANDOM_SCHEMAS_SQL") {
        let text = format!("{}\n-- the change\n-- {}\n", schema.sql, schema.change.sql);
        fs::write(PathBuf::from(folder).join(format!("{engines}-{seed}.sql")), text).unwrap();
    }
}

/// The report that a command printed, whose code is one of these.
fn report(outcome: &Outcome, command: &str, codes: &[i32]) -> Result<Value, String> {
    match serde_json::from_str(&outcome.stdout) {
        Ok(report) if outcome.code.is_some_and(|code| codes.contains(&code)) => Ok(report),
        _ => Err(format!(
            "{command} ends with {:?}: {}{}",
            outcome.code, outcome.stderr, outcome.stdout
        )),
    }
}

/// Every finding names what it is about: its message, or the table it stands at.
fn all_name_something(report: &Value, command: &str) -> Result<(), String> {
    let all = messages(report);
    let of_everything = |line: &str| line.starts_with("no table has a row at either end");
    let nameless = all.lines().find(|line| !names_something(line) && !of_everything(line));
    nameless.map_or(Ok(()), |line| Err(format!("{command} names nothing: {line}")))
}

/// Whether a copy found something of a table's rows, and not only of objects, which are not compared between engines. A
/// virtual table whose rows are in a table of its own is an object.
fn stopped_a_table(copied: &Value) -> bool {
    let tables = copied["tables"].as_array().unwrap().iter();
    tables.clone().any(|table| !table["findings"].as_array().unwrap().is_empty())
        || messages(copied).lines().any(|line| {
            line.contains(" is not copied: ") && !line.contains("its rows are those of")
        })
}

/// How much of a schema has to arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Others carry all of it.
    Everything,
    /// Some of it may be named instead.
    NamedOrArrived,
}

/// Copy, verify, change, verify.
fn hold(
    handover: &Handover,
    expected: Expected,
    change: &Change,
    make: impl Fn(&str),
) -> Result<(), String> {
    let outcome = handover.copy().args(["--chunk-bytes", "8K"]).go();
    let copied = report(&outcome, "copy", &[0, 1])?;
    all_name_something(&copied, "copy")?;
    let found = messages(&copied);
    if outcome.code == Some(1) && found.is_empty() {
        return Err("copy ends with 1 and finds nothing".to_owned());
    }
    let lost: Vec<&str> = found.lines().filter(|line| !line.contains("a virtual table")).collect();
    if expected == Expected::Everything && !lost.is_empty() {
        return Err(format!("others carry what copy does not:\n{}", lost.join("\n")));
    }

    let outcome = handover.verify().go();
    let before = report(&outcome, "verify", &[0, 1, 2])?;
    all_name_something(&before, "verify")?;
    let empty = messages(&before).starts_with("no table has a row");
    if found.is_empty() && before["verdict"] != "equal" && !empty {
        let messages = messages(&before);
        return Err(format!("a whole copy is {}:\n{messages}", before["verdict"]));
    }
    if stopped_a_table(&copied) && before["verdict"] == "equal" {
        return Err(format!("verify finds nothing, and copy\n{found}"));
    }

    make(&change.sql);
    let outcome = handover.verify().go();
    let after = report(&outcome, "verify after the change", &[1, 2])?;
    all_name_something(&after, "verify after the change")?;
    let (before, after) = (messages(&before), messages(&after));
    let mut new = after.lines().filter(|line| !before.lines().any(|known| known == *line));
    let named = |line: &str| change.marks.iter().any(|mark| line.contains(mark));
    // A table that was stopped or missing before is found as it was.
    if !new.any(named) && !before.lines().any(named) {
        return Err(format!("not named: {}\n{after}", change.sql));
    }
    Ok(())
}

/// `pg_dump | psql` into a database of its own; what psql refused.
fn dumped(source: &Database) -> (Database, String) {
    let other = Database::create();
    let dump = "pg_dump \"$0\" | psql -X -q -o /dev/null -d \"$1\"";
    let outcome = Run::program("bash").args(["-c", dump, &source.url(), &other.url()]).go();
    (other, outcome.stderr)
}

fn extensions() -> Vec<&'static str> {
    let there = Server::shared().query("postgres", "select name from pg_available_extensions");
    let wanted = ["hstore", "citext", "unaccent", "pg_trgm"];
    wanted.into_iter().filter(|name| there.lines().any(|line| line == *name)).collect()
}

#[test]
fn from_postgres_to_postgres() {
    let extensions = extensions();
    every_seed("postgres", |seed| {
        let schema = random_schema::postgres(seed, &extensions);
        keep("postgres", seed, &schema);
        let (source, target) = (Database::create(), Database::create());
        source.sql(&schema.sql);
        let (other, refused) = dumped(&source);
        let expected = if refused.is_empty() {
            // Somebody else's whole copy is no different one, but for the order of inherited columns.
            let outcome = Handover::postgres(&source, &other).verify().go();
            let judged = report(&outcome, "verify of pg_dump | psql", &[0, 1, 2])?;
            let found = messages(&judged);
            let is_order = |line: &str| {
                line.ends_with("are declared in another order")
                    || line.starts_with("the column order ")
            };
            if !found.lines().all(is_order) {
                return Err(format!("pg_dump | psql is {}:\n{found}", judged["verdict"]));
            }
            Expected::Everything
        } else {
            Expected::NamedOrArrived
        };
        drop(other);
        let handover = Handover::postgres(&source, &target);
        hold(&handover, expected, &schema.change, |sql| target.sql(sql))
    });
}

#[test]
fn from_sqlite_to_sqlite() {
    every_seed("sqlite", |seed| {
        let schema = random_schema::sqlite(seed);
        keep("sqlite", seed, &schema);
        let handover = Handover::sqlite(&schema.sql);
        hold(&handover, Expected::Everything, &schema.change, |sql| {
            sqlite(&handover.target_file(), sql);
        })
    });
}

#[test]
fn from_sqlite_to_postgres() {
    every_seed("sqlite to postgres", |seed| {
        let schema = random_schema::to_postgres(seed);
        keep("sqlite-to-postgres", seed, &schema);
        let target = Database::create();
        let handover = Handover::sqlite_to_postgres(&schema.sql, &target);
        hold(&handover, Expected::NamedOrArrived, &schema.change, |sql| target.sql(sql))
    });
}

#[test]
fn a_seed_makes_the_same_statements() {
    for seed in 0..50 {
        let again =
            |schema: fn(u64) -> RandomSchema| assert_eq!(schema(seed).sql, schema(seed).sql);
        again(random_schema::sqlite);
        again(|seed| random_schema::postgres(seed, &["hstore"]));
        assert_ne!(random_schema::sqlite(seed).sql, random_schema::sqlite(seed + 1).sql);
    }
}
