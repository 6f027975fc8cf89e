//! The chain of events: whatever is done to it, or to the tables that it tells of, is found.

use handover_schemas::chain::{Event, EventKind};
use handover_testkit::Outcome;

use crate::attest_made::{AttestMade, ENGINES, FIRST, finds};
use crate::purge_made::Engine;
use crate::support::json;

/// Does something to a table, looks, and puts the table back.
fn changed(made: &AttestMade, table: &str, sql: &str) -> Outcome {
    let over = match made.target.engine() {
        Engine::Postgres => "overriding system value",
        Engine::Sqlite => "",
    };
    made.target.sql(&format!("create table kept as select * from {table}"));
    made.target.sql(sql);
    let outcome = made.ledger(&[]);
    made.target.sql(&format!(
        "delete from {table}; insert into {table} {over} select * from kept; drop table kept"
    ));
    outcome
}

/// The ledger's events.
pub(crate) fn events(made: &AttestMade) -> Vec<Event> {
    let columns = "event_no || '|' || kind || '|' || at || '|' || operator || '|' || host || '|' || \
                   program || '|' || program_sha256 || '|' || detail || '|' || previous";
    let sql = format!("select {columns} from {} order by event_no", made.table("event"));
    let text = made.target.sql(&sql);
    let event = |line: &str| {
        let fields: Vec<&str> = line.split('|').collect();
        let [number, kind, at, operator, host, program, program_sha256, detail, previous] =
            fields[..]
        else {
            panic!("{line}")
        };
        Event {
            number: number.parse().unwrap(),
            kind: EventKind::parse(kind).unwrap(),
            at: at.to_owned(),
            operator: operator.to_owned(),
            host: host.to_owned(),
            program: program.to_owned(),
            program_sha256: program_sha256.parse().unwrap(),
            detail: detail.to_owned(),
            previous: previous.parse().unwrap(),
        }
    };
    text.lines().map(event).collect()
}

/// Another operator from an event on, and all digests that follow computed anew: a chain as sound as
/// the first.
fn rewrite(made: &AttestMade, from: u64) {
    let mut previous = None;
    for mut event in events(made) {
        if event.number < from {
            continue;
        }
        if event.number == from {
            "somebody".clone_into(&mut event.operator);
        }
        event.previous = previous.unwrap_or(event.previous);
        made.target.sql(&format!(
            "update {} set operator = '{}', previous = '{}', digest = '{}' where event_no = {}",
            made.table("event"),
            event.operator,
            event.previous,
            event.digest(),
            event.number
        ));
        previous = Some(event.digest());
    }
}

#[test]
fn a_ledger_that_nobody_touched_holds() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        assert_eq!(made.kinds(), ["plan", "settle", "copy", "attest"], "{engine:?}");
        let head = made.head();
        assert_eq!(head, events(&made)[3].digest().to_string());
        // The head before the attestation is in the chain as well, and does not bind it.
        for (head, code) in [(head, 0), (made.stated().ledger.head.to_string(), 2)] {
            let outcome = made.ledger(&["--head", &head]);
            assert!(
                outcome.expect(code).stdout.contains("the head that was given is that of event")
            );
            assert!(
                outcome
                    .stdout
                    .contains("tables of the ledger are what the recorded attestation states")
            );
        }
        made.attestation(&[]).expect(0);
    }
}

#[test]
fn an_edited_event_is_found() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let event = made.table("event");
        for (column, value) in [
            ("kind", "'plan'"),
            ("at", "'2020-01-01T00:00:00Z'"),
            ("operator", "'somebody'"),
            ("host", "'elsewhere'"),
            ("program", "'handover-migrate 9'"),
            ("program_sha256", "previous"),
            ("detail", "'{}'"),
            ("previous", "program_sha256"),
        ] {
            let edit = format!("update {event} set {column} = {value} where event_no = 2");
            finds(&changed(&made, &event, &edit), "event 2 ");
        }
        made.ledger(&[]).expect(0);
        // Nothing is stated from a broken chain.
        made.target.sql(&format!("update {event} set operator = 'somebody' where event_no = 2"));
        let attest = made.attest(&[]).go();
        assert!(attest.expect(2).stderr.contains("chain of events is broken"), "{attest:?}");
    }
}

#[test]
fn removed_reordered_and_damaged_events_are_found() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let event = made.table("event");
        for (sql, part) in [
            ("delete from EVENT where event_no = 1", "event 2 stands where event 1 should"),
            ("delete from EVENT where event_no = 2", "event 3 stands where event 2 should"),
            // The last one of the chain: the attestation that it is about has none.
            ("delete from EVENT where event_no = 4", "attestations are not those of its events"),
            (
                "update EVENT set event_no = 9 where event_no = 2; \
                 update EVENT set event_no = 2 where event_no = 3; \
                 update EVENT set event_no = 3 where event_no = 9",
                "event 2 does not follow the event before it",
            ),
            ("update EVENT set kind = 'party' where event_no = 2", "its kind is damaged"),
            ("update EVENT set digest = 'abc' where event_no = 2", "its digest is damaged"),
        ] {
            finds(&changed(&made, &event, &sql.replace("EVENT", &event)), part);
        }
        made.ledger(&[]).expect(0);
    }
}

/// With all digests right again the chain is sound in itself: what was known of it elsewhere tells.
#[test]
fn a_chain_that_was_written_anew_is_found_by_what_is_known_of_it() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let head = made.stated().ledger.head.to_string();
        rewrite(&made, 2);
        let found = made.ledger(&["--head", &head]);
        finds(&found, "the head that the ledger's attestation 1 states is not in the chain");
        finds(&found, "the head that was given is not in the chain");
        finds(&made.attestation(&[]), "the ledger's events do not begin with those that it states");

        // Whoever takes the attestation out as well leaves its file behind.
        made.target.sql(&format!("delete from {}", made.table("attestation")));
        made.target.sql(&format!("delete from {} where kind = 'attest'", made.table("event")));
        let unknown = made.ledger(&[]);
        let knows_no = "this database knows of no attestation 1";
        finds(&made.attestation(&[]), knows_no);
        finds(&unknown, "0001.dsse.json is there, and the ledger knows no such");

        // And whoever takes that too: only the paper tells.
        std::fs::remove_file(made.file(FIRST)).unwrap();
        assert!(made.ledger(&[]).expect(0).stdout.contains("give the head that is printed"));
        finds(&made.ledger(&["--head", &head]), "the head that was given is not in the chain");
        // Which is why "all" never says "holds" without it.
        assert!(made.all(&[]).stdout.contains("no head known from elsewhere was given (--head)"));
    }
}

/// Rows that no event tells of any more: what the attestation states of each table finds them.
#[test]
fn a_changed_row_of_the_ledger_is_found() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        for (sql, name) in [
            ("update chunk set row_count = row_count + 1 where chunk_no = 0", "chunk"),
            ("delete from run", "run"),
            ("update ledger set source = 'sqlite:/elsewhere'", "ledger"),
            ("delete from step", "step"),
            ("delete from identity", "identity"),
        ] {
            let table = made.table(name);
            let outcome = changed(&made, &table, &sql.replacen(name, &table, 1));
            finds(&outcome, &format!("the ledger's table {name} is not what attestation 1"));
        }
        made.ledger(&[]).expect(0);
    }
}

#[test]
fn what_is_done_later_is_named_until_it_is_attested() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        made.close();
        made.ledger(&[]).expect(0);
        made.load_evidence("c06");
        let later = made.ledger(&[]);
        finds(&later, "1 events since attestation 1 are not attested (6 evidence): attest again");
        // The first attestation is not one of this state.
        let replayed = made.attestation(&[]);
        finds(&replayed, "it was made for an earlier state: 1 events followed");
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.ledger(&[]).expect(0);
        finds(&made.attestation(&[]), "it was made for an earlier state: 2 events followed");
        let second = made.attestation_at("attestations/0002.dsse.json", &[]);
        finds(&second, "signatures: ");
        made.sign("vendor.pem", "attestations/0002.dsse.json").expect(0);
        made.attestation_at("attestations/0002.dsse.json", &[]).expect(0);
    }
}

/// A ledger before the first attestation says that there is none.
#[test]
fn nothing_attested_is_said() {
    let made = AttestMade::copied(Engine::Sqlite);
    let outcome: Outcome = made.ledger(&["--json"]);
    let report = json(outcome.expect(0));
    let not_checked = report["not_checked"].to_string();
    assert!(not_checked.contains("nothing was attested yet"), "{not_checked}");
}
