//! Between servers of different versions: an old one and a new one, which `./test` installs, and the one of every other
//! test. The schemas are those of `compat/`, where every version is tried with every other.

use std::env;
use std::sync::OnceLock;

use handover_testkit::{Cluster, Database, Outcome, Run, programs_of};
use serde_json::Value;

use crate::support::{Handover, commands_give_digests, expect_copied, json, messages, says, table};

const OLD: u32 = 14;
const NEW: u32 = 18;

/// What every version can hold. The new server is built without ICU and XML, and the old one comes without extensions.
const EVERYWHERE: [&str; 5] = [
    include_str!("../../compat/schemas/types.sql"),
    include_str!("../../compat/schemas/keys.sql"),
    include_str!("../../compat/schemas/partitions.sql"),
    include_str!("../../compat/schemas/objects.sql"),
    include_str!("../../compat/schemas/names.sql"),
];
const NEWS: [&str; 3] = [
    include_str!("../../compat/schemas/since_15.sql"),
    include_str!("../../compat/schemas/since_17.sql"),
    include_str!("../../compat/schemas/since_18.sql"),
];

/// A server for all tests of this file; `./test` stops it.
fn server(version: u32) -> &'static Cluster {
    static OLD_SERVER: OnceLock<Cluster> = OnceLock::new();
    static NEW_SERVER: OnceLock<Cluster> = OnceLock::new();
    let place = if version == OLD { &OLD_SERVER } else { &NEW_SERVER };
    place.get_or_init(|| Cluster::start_version(version))
}

fn on(version: u32) -> Database {
    Database::options().create_on(server(version).server())
}

/// A database with the schemas of `compat/` and then these statements.
fn filled(database: Database, more: &[&str]) -> Database {
    for sql in EVERYWHERE.iter().chain(more) {
        database.sql(sql);
    }
    // Not every server knows the type's functions.
    database.sql("drop table if exists types.xml, types.\"xml list\"");
    database
}

/// The command with the client programs of the new version, which read every server.
fn with_new_clients(run: Run) -> Run {
    let old_path = env::var("PATH").unwrap();
    run.env("PATH", format!("{}:{old_path}", programs_of(NEW).display()))
}

/// Everything arrives, both programs say so, and so does every printed command.
#[track_caller]
fn everything_arrives(source: &Database, target: &Database, clients: fn(Run) -> Run) -> Value {
    let handover = Handover::postgres(source, target);
    let copied = expect_copied(&clients(handover.copy()).go());
    assert_eq!(messages(&copied), "");
    let report = json(clients(handover.verify()).go().expect(0));
    assert_eq!(report["verdict"], "equal", "{}", messages(&report));
    let (ran, _) = commands_give_digests(&report);
    assert!(ran > 300, "{ran} commands");
    copied
}

#[test]
fn from_an_old_server() {
    everything_arrives(&filled(on(OLD), &[]), &Database::create(), |run| run);
}

#[test]
fn to_a_new_server() {
    everything_arrives(&filled(Database::create(), &NEWS[..1]), &on(NEW), |run| run);
}

#[test]
fn between_new_servers() {
    let copied = everything_arrives(&filled(on(NEW), &NEWS), &on(NEW), with_new_clients);
    // NULL in the columns of a key whose NOT NULL was never validated.
    assert_eq!(table(&copied, "since_18.not_valid")["rows"], 302);
}

/// Names of tables whose verdict is not "equal".
fn not_equal(report: &Value) -> Vec<&str> {
    let tables = report["tables"].as_array().unwrap().iter();
    let tables = tables.filter(|table| table["verdict"] != "equal");
    tables.map(|table| table["table"].as_str().unwrap()).collect()
}

#[test]
fn from_a_new_server_to_an_older_one() {
    let (source, target) = (filled(on(NEW), &NEWS), Database::create());
    let handover = Handover::postgres(&source, &target);
    let outcome: Outcome = with_new_clients(handover.copy()).go();
    let copied = json(outcome.expect(1));
    says(&outcome, &["older than"]);
    let of_others = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("since_1") && !line.contains("older than"))
            .count()
    };
    assert_eq!(of_others(&messages(&copied)), 0, "{}", messages(&copied));

    let report = json(with_new_clients(handover.verify()).go().expect(1));
    assert_eq!(of_others(&messages(&report)), 0, "{}", messages(&report));
    let not_equal = not_equal(&report);
    assert!(not_equal.iter().all(|name| name.starts_with("since_1")), "{not_equal:?}");
    assert!(not_equal.contains(&"since_17.infinite_interval"), "{not_equal:?}");
    assert_eq!(target.query("select count(*) from since_18.not_valid"), "302");
}

#[test]
fn an_interval_that_is_infinity_for_the_target() {
    let (source, target) = (Database::create(), on(NEW));
    source.sql(include_str!("../../compat/schemas/since_15_until_16.sql"));
    let handover = Handover::postgres(&source, &target);
    let copied = json(handover.copy().go().expect(1));
    assert!(
        messages(&copied).contains("since_15_until_16.extreme_interval"),
        "{}",
        messages(&copied)
    );
    // As who does not ask us would do it: the server takes the one value for the other.
    target.sql("drop schema if exists since_15_until_16 cascade");
    let dump = "pg_dump \"$0\" | psql -q -o /dev/null -d \"$1\"";
    Run::program("bash").args(["-c", dump, &source.url(), &target.url()]).go();
    let report = json(handover.verify().go().expect(1));
    assert_eq!(not_equal(&report), ["since_15_until_16.extreme_interval"]);
}

/// A server before 15 takes the bits of such an interval, and can then neither print nor compare it.
#[test]
fn an_interval_of_more_hours_than_an_old_server_knows() {
    let (source, target) = (Database::create(), on(OLD));
    source.sql(
        "create table waited (id int primary key, v interval[]); insert into waited values (1, '{1 day}'),
           (2, '{1 day,NULL,-2147483649:00:00}');
         create table known (id int primary key, v interval); insert into known values (1, '2147483647:59:59'),
           (2, '-2147483647:00:00')",
    );
    let handover = Handover::postgres(&source, &target);
    let copied = json(handover.copy().go().expect(1));
    let found = messages(&copied);
    assert!(found.starts_with("public.waited stopped: ") && found.lines().count() == 1, "{found}");
    let report = json(handover.verify().go().expect(1));
    assert_eq!(not_equal(&report), ["public.waited"]);
    assert_eq!(target.query("select count(v::text) from known"), "2");
}
