//! The commands of FORMAT.md, part 4, that need nothing of ours: the chain of events and a table of
//! the ledger, with `psql` or `sqlite3` and `sha256sum`.

use std::fs;

use handover_schemas::chain::{Event, EventKind};
use handover_schemas::digest::Digest;
use handover_testkit::{Outcome, Run};

use crate::attest_made::{AttestMade, ENGINES};
use crate::purge_made::Engine;

/// The blocks of shell commands in a section.
#[track_caller]
fn blocks(section: &str) -> Vec<String> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/FORMAT.md"));
    let text = text.unwrap();
    let (_, from) = text.split_once(&format!("\n## {section} ")).unwrap();
    let section = from.split("\n## ").next().unwrap();
    let parts = section.split("```sh\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

/// The block of section 32 for an engine.
fn block(blocks: &[String], engine: Engine) -> &str {
    let [postgres, sqlite] = blocks else { panic!("{} blocks", blocks.len()) };
    match engine {
        Engine::Postgres => postgres,
        Engine::Sqlite => sqlite,
    }
}

fn shell(made: &AttestMade, command: &str) -> Outcome {
    let run = Run::program("sh").args(["-c", command]).env("TARGET", made.target.url());
    run.env("FILE", made.target.file()).go()
}

#[test]
fn the_head_of_a_chain_by_hand() {
    let blocks = blocks("32");
    for engine in ENGINES {
        let block = block(&blocks, engine);
        let made = AttestMade::signed(engine);
        assert_eq!(shell(&made, block).expect(0).stdout.trim_end(), made.head());
        let event = made.table("event");
        made.target.sql(&format!("update {event} set operator = 'somebody' where event_no = 2"));
        assert_eq!(shell(&made, block).stdout, "broken before event 3\n");
        made.target.sql(&format!("delete from {event} where event_no = 1"));
        assert_eq!(shell(&made, block).stdout, "broken before event 2\n");
    }
}

/// What escaping is for: an account and a host as nobody should name them.
#[test]
fn characters_that_are_escaped_by_hand() {
    let blocks = blocks("32");
    for engine in ENGINES {
        let block = block(&blocks, engine);
        let made = AttestMade::copied(engine);
        let event = Event {
            number: 4,
            kind: EventKind::Package,
            at: "2026-11-22T08:00:00Z".to_owned(),
            operator: "b\\ình\t\\t\n\\n".to_owned(),
            host: "máy \"chủ\"".to_owned(),
            program: "handover-migrate 0.1.0".to_owned(),
            program_sha256: Digest::of(b"program"),
            detail: "{\"subject\":\"\\\"x\\\"\"}".to_owned(),
            previous: made.head().parse().unwrap(),
        };
        made.target.sql(&format!(
            "insert into {} values (4, 'package', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
            made.table("event"),
            event.at,
            event.operator,
            event.host,
            event.program,
            event.program_sha256,
            event.detail,
            event.previous,
            event.digest()
        ));
        let head = shell(&made, block).expect(0).stdout.trim_end().to_owned();
        assert_eq!((head, made.head()), (event.digest().to_string(), event.digest().to_string()));
    }
}

#[test]
fn a_table_of_the_ledger_by_hand() {
    let made = AttestMade::signed(Engine::Postgres);
    let tables = made.stated().ledger.tables;
    let run = tables.iter().find(|table| table.name == "run").unwrap();
    let printed = shell(&made, &blocks("33")[0]);
    assert_eq!(printed.expect(0).stdout.trim_end(), run.sha256.to_string());
    // Every table of the ledger that is not bound by the chain is named, in the list as well.
    let format = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/FORMAT.md"));
    let format = format.unwrap();
    for table in tables {
        assert!(format.contains(&format!("| `{}` | ", table.name)), "{}", table.name);
    }
}
