//! Manipulations of the chain of events by somebody who knows how its digests are made.

use handover_schemas::chain::{Event, EventKind};
use handover_schemas::digest::Digest;
use serde_json::Value;

use crate::evidence_desk::{Deed, End, Manipulation, Rehearsed};
use crate::purge_made::Engine;

/// Chains that are whole in themselves, and are not the one that was.
pub(crate) fn rewritten(rehearsed: &Rehearsed) -> Vec<Manipulation> {
    let events = events(rehearsed);
    let last = events.len() - 1;
    let mut all = Vec::new();
    for at in [0, 7, last - 1, last] {
        for field in ["operator", "at", "host", "program", "program_sha256"] {
            let mut edited = events.clone();
            let event = &mut edited[at];
            match field {
                "operator" => event.operator.push('2'),
                "at" => event.at = event.at.replacen("20", "21", 1),
                "host" => event.host.push('2'),
                "program" => event.program.push('2'),
                _ => event.program_sha256 = Digest::of(b"another program"),
            }
            all.push((format!("{field} of event {}", at + 1), edited));
        }
    }
    let mut removed = events.clone();
    removed.remove(4);
    all.push(("event 5 removed".to_owned(), removed));
    let mut removed = events.clone();
    removed.pop();
    all.push(("the last event removed".to_owned(), removed));
    let mut swapped = events.clone();
    swapped.swap(3, 4);
    all.push(("events 4 and 5 the other way round".to_owned(), swapped));
    for kind in [EventKind::Copy, EventKind::Attest, EventKind::Close] {
        let mut longer = events.clone();
        longer.push(Event { kind, ..events[last].clone() });
        all.push((format!("an event more: {kind}"), longer));
    }
    all.into_iter()
        .map(|(what, events)| Manipulation {
            kind: "events: chained anew",
            what,
            deed: Deed::Sql(End::Target, chained(rehearsed.engine(), events)),
        })
        .collect()
}

fn events(rehearsed: &Rehearsed) -> Vec<Event> {
    let rows = match rehearsed.engine() {
        Engine::Sqlite => {
            "select json_object('number', event_no, 'kind', kind, 'at', at, 'operator', operator, \
             'host', host, 'program', program, 'program_sha256', program_sha256, 'detail', detail, \
             'previous', previous) from handover_event order by event_no"
        }
        Engine::Postgres => {
            "select json_build_object('number', event_no, 'kind', kind, 'at', at, 'operator', \
             operator, 'host', host, 'program', program, 'program_sha256', program_sha256, \
             'detail', detail, 'previous', previous) from handover.event order by event_no"
        }
    };
    let rows = rehearsed.query(End::Target, rows);
    rows.lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            Event {
                number: row["number"].as_u64().unwrap(),
                kind: EventKind::parse(&text("kind")).unwrap(),
                at: text("at"),
                operator: text("operator"),
                host: text("host"),
                program: text("program"),
                program_sha256: text("program_sha256").parse().unwrap(),
                detail: text("detail"),
                previous: text("previous").parse().unwrap(),
            }
        })
        .collect()
}

/// Statements that put these events in the place of all, each following the one before it.
fn chained(engine: Engine, events: Vec<Event>) -> String {
    let table = if engine == Engine::Sqlite { "handover_event" } else { "handover.event" };
    let mut sql = format!("delete from {table};");
    let mut previous = Digest::from_bytes([0; 32]);
    for (number, event) in (1..).zip(events) {
        let event = Event { number, previous, ..event };
        previous = event.digest();
        let texts = [
            event.kind.as_str(),
            &event.at,
            &event.operator,
            &event.host,
            &event.program,
            &event.program_sha256.to_string(),
            &event.detail,
            &event.previous.to_string(),
            &previous.to_string(),
        ];
        let texts: Vec<String> =
            texts.iter().map(|text| format!("'{}'", text.replace('\'', "''"))).collect();
        sql.push_str(&format!(
            "insert into {table} (event_no, kind, at, operator, host, program, program_sha256, \
             detail, previous, digest) values ({number}, {});",
            texts.join(", ")
        ));
    }
    sql
}
