//! Events in the target's ledger: what is written. What is read is in `handover_verify::ledger`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use handover_engine::endpoint::{UsedLine, used_lesser_lines};
use handover_engine::sql::literal;
use handover_schemas::chain::{Event, EventDetail, EventKind, NO_EVENT};
use handover_schemas::digest::{Digest, hex};
use handover_schemas::moved::MovedEnd;
use handover_verify::ledger::times::is_before;
use handover_verify::running_program::own_digest;

use super::beside_code::refuse_beside_code;
use super::store::Store;
use crate::moment;
use crate::random::random;

/// Makes the tables of events and attestations and gives the database its identity, unless that was
/// done. In the caller's transaction.
pub fn prepare_events(store: &mut dyn Store) -> Result<()> {
    let statements = prepare_events_statements(store)?;
    store.execute(&statements).context("cannot make the ledger of events")
}

/// Statements that do the same.
pub fn prepare_events_statements(names: &dyn Store) -> Result<String> {
    let id = hex(&random::<16>()?);
    let (ddl, table, only_row) = (names.events_ddl(), names.table("identity"), names.only_row());
    Ok(format!(
        "{ddl} INSERT INTO {table} (only_row, database_id) VALUES ({only_row}, '{id}') \
         ON CONFLICT (only_row) DO NOTHING;"
    ))
}

/// Appends an event to the chain, in the transaction that did what it is about; gives its digest.
pub fn append_event(
    store: &mut dyn Store,
    kind: EventKind,
    detail: &EventDetail,
) -> Result<Digest> {
    append_event_at(store, kind, detail, &moment::now()?.to_string())
}

/// The same, with the moment that something else says too.
pub fn append_event_at(
    store: &mut dyn Store,
    kind: EventKind,
    detail: &EventDetail,
    at: &str,
) -> Result<Digest> {
    refuse_beside_code(store)?;
    // An account that may add rows and make no tables can append.
    if !store.has_table("event")? {
        prepare_events(store)?;
    }
    let lock = store.lock_events();
    store.execute(lock).context("cannot append to the ledger's events")?;
    let (statement, digest) = statement_at(store, kind, detail, at)?;
    store.execute(&statement).context("cannot append to the ledger's events")?;
    Ok(digest)
}

/// A statement that appends an event, and the event's digest. It fails if another event was
/// appended meanwhile, so that the chain cannot fork. The tables of events have to be there when it
/// runs.
pub fn event_statement(
    store: &mut dyn Store,
    kind: EventKind,
    detail: &EventDetail,
) -> Result<(String, Digest)> {
    statement_at(store, kind, detail, &moment::now()?.to_string())
}

fn statement_at(
    store: &mut dyn Store,
    kind: EventKind,
    detail: &EventDetail,
    at: &str,
) -> Result<(String, Digest)> {
    let last = last_event(store)?;
    if let Some((_, _, last_at)) = &last
        && is_before(at, last_at)?
    {
        bail!(
            "the clock of this machine is wrong: it says {at}, and the ledger's last event was at {last_at}. Set it right \
             (timedatectl), and run the same command again; nothing was recorded"
        );
    }
    let (number, previous) =
        last.map_or((1, NO_EVENT), |(number, digest, _at)| (number + 1, digest));
    let running = running_program()?;
    let event = Event {
        number,
        kind,
        at: at.to_owned(),
        operator: running.operator.clone(),
        host: running.host.clone(),
        program: running.program.clone(),
        program_sha256: running.sha256,
        detail: with_lines(store, detail).to_text(),
        previous,
    };
    let digest = event.digest();
    let texts = [
        kind.as_str(),
        &event.at,
        &event.operator,
        &event.host,
        &event.program,
        &event.program_sha256.to_string(),
        &event.detail,
        &event.previous.to_string(),
        &digest.to_string(),
    ];
    let values: Vec<String> = texts.into_iter().map(literal).collect();
    let statement = format!(
        "INSERT INTO {} (event_no, kind, at, operator, host, program, program_sha256, detail, \
         previous, digest) VALUES ({number}, {});",
        store.table("event"),
        values.join(", ")
    );
    Ok((statement, digest))
}

/// What an event is about, and over which lines less than `verify-full` this process came to it.
fn with_lines(store: &dyn Store, detail: &EventDetail) -> EventDetail {
    EventDetail { lesser_lines: lesser_lines(store), ..detail.clone() }
}

/// The lines less than `verify-full` of this process, as an event has them. The database of the
/// ledger is the target; there is one other, the source.
pub fn lesser_lines(store: &dyn Store) -> Vec<String> {
    let end = |url: &str| match store.url() {
        Some(own) if own == url => MovedEnd::Target,
        _ => MovedEnd::Source,
    };
    let words = |used: UsedLine| format!("{} {}", end(&used.url), used.line.as_str());
    let all: BTreeSet<String> = used_lesser_lines().into_iter().map(words).collect();
    all.into_iter().collect()
}

/// Number, digest and moment of the last event.
fn last_event(store: &mut dyn Store) -> Result<Option<(u64, Digest, String)>> {
    if !store.has_table("event")? {
        return Ok(None);
    }
    let table = store.table("event");
    let rows = store.query(&format!(
        "SELECT event_no, digest, at FROM {table} ORDER BY event_no DESC LIMIT 1"
    ))?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut values = row.into_iter().flatten();
    let number = values.next().and_then(|number| number.parse().ok());
    let digest = values.next().and_then(|digest| digest.parse().ok());
    let last = number
        .zip(digest)
        .zip(values.next())
        .map(|((number, digest), at)| (number, digest, at))
        .context("the ledger's last event is damaged; handover-verify ledger says more about it")?;
    Ok(Some(last))
}

/// Who runs which program where.
#[derive(Debug)]
pub struct RunningProgram {
    /// Account under which it runs.
    pub operator: String,
    /// Host on which it runs.
    pub host: String,
    /// Name and version.
    pub program: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// This program.
pub fn running_program() -> Result<&'static RunningProgram> {
    static RUNNING: OnceLock<RunningProgram> = OnceLock::new();
    if let Some(known) = RUNNING.get() {
        return Ok(known);
    }
    let running = RunningProgram {
        operator: account(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        program: concat!("handover-migrate ", env!("CARGO_PKG_VERSION")).to_owned(),
        sha256: own_digest().context("cannot read this program's own file")?,
    };
    Ok(RUNNING.get_or_init(|| running))
}

/// The name of the account, or its number where the system's list does not have it.
fn account() -> String {
    let uid = rustix::process::getuid().as_raw();
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut entries = list.lines().map(|line| line.split(':'));
    entries
        .find_map(|mut fields| {
            let name = fields.next()?;
            (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
        })
        .unwrap_or_else(|| format!("uid {uid}"))
}
