//! Moves: one of the databases is at another place than before, and an operator says so.
//!
//! Statement, event and the row of the ledger are one transaction; then the envelope goes into the
//! hand-over folder. The ledger knows where it was moved to, and the folder knows too: so neither
//! the database that was left behind nor an older copy is taken for the one in use.

mod place;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_engine::sql::literal;
use handover_schemas::chain::{EventDetail, EventKind, NO_EVENT};
use handover_schemas::digest::Digest;
use handover_schemas::moved::{Move, MovedEnd, MovedReport, RecordedMove, move_file};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::ledger::events::events;
use handover_verify::ledger::moves::{LedgerMove, last_of, moves, place_of};
use handover_verify::signing::Trust;

pub use place::{known_source, moved_on, refuse_elsewhere};

use crate::keys::{Signer, sign_envelope};
use crate::ledger::{self, Store, append_event, prepare_events, transaction};
use crate::moment;
use crate::purge::PurgeDatabase;
use crate::purge::execute::operator;

/// What to record.
pub struct MoveRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// Which database moved.
    pub end: MovedEnd,
    /// Where it is now.
    pub to: String,
    /// Why.
    pub reason: &'a str,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// The operator's key.
    pub operator: &'a dyn Signer,
}

/// Records a move; nothing if the database is where the ledger says, or the ledger names no place
/// of it.
pub fn record_move(database: &mut PurgeDatabase, request: &MoveRequest<'_>) -> Result<MovedReport> {
    let id = handover_verify::purge::ledger::database_id(database.store())?;
    let id = id.context(
        "the ledger of this database has no event: it is no target of a hand-over (--target)",
    )?;
    let known = moves(database.store())?;
    place::refuse_unknown_moves(request.dir, &id, &known)?;
    bring_back(request.dir, &known)?;
    let from = place_before(database.store(), request, &known)?;
    let report = |recorded| MovedReport {
        end: request.end,
        from: from.clone(),
        to: request.to.clone(),
        recorded,
    };
    let Some(from) = from.as_ref().filter(|from| **from != request.to) else {
        return Ok(report(None));
    };
    let signatory = operator(request.trust, request.operator)?;
    let number = known.last().map_or(1, |last| last.number + 1);
    let (text, head) = transaction(database.store(), |store| {
        prepare_events(store)?;
        record(store, request, number, (&id, from))
    })?;
    let statement = move_file(number);
    request.dir.write(&statement, text.as_bytes())?;
    Ok(report(Some(RecordedMove { number, signed_by: signatory.name, statement, head })))
}

/// Where the ledger believes the database to be.
fn place_before(
    store: &mut dyn Store,
    request: &MoveRequest<'_>,
    known: &[LedgerMove],
) -> Result<Option<String>> {
    if request.end == MovedEnd::Source {
        if !ledger::exists(store)? {
            bail!("nothing was copied into this database: it knows of no source that could move");
        }
        return known_source(store).map(Some);
    }
    let moved = last_of(known, MovedEnd::Target).map(|last| last.to.clone());
    if moved.as_ref().is_some_and(|last| *last != request.to) {
        return Ok(moved);
    }
    let purges = ledger::purges(store)?;
    let places = purges.iter().rev().filter_map(|purge| place_of(&purge.selection.database));
    let was_left = |place: &str| {
        known.iter().any(|one| one.says.end == MovedEnd::Target && one.says.from == place)
    };
    let unknown = places.clone().find(|place| *place != request.to && !was_left(place));
    Ok(unknown.map(str::to_owned).or(moved).or_else(|| places.clone().next().map(str::to_owned)))
}

fn record(
    store: &mut dyn Store,
    request: &MoveRequest<'_>,
    number: u64,
    (id, from): (&str, &str),
) -> Result<(String, Digest)> {
    let events = events(store)?;
    let head = events.last().map_or(NO_EVENT, |last| last.digest);
    let says = Move {
        database: id.to_owned(),
        end: request.end,
        from: from.to_owned(),
        to: request.to.clone(),
        reason: request.reason.to_owned(),
        head,
        events: (events.len() as u64).into(),
        moved_on: moment::now()?.to_string(),
    };
    let statement = Statement::new(vec![Subject::new(format!("handover/{id}"), head)], says);
    let mut envelope = Envelope::new(statement.to_bytes().context("cannot write the statement")?);
    sign_envelope(&mut envelope, request.operator)?;
    let text = envelope.to_text().context("cannot write the statement")?;
    let ddl = store.moves_ddl();
    store.execute(ddl).context("cannot make the ledger of moves")?;
    store.execute(&format!(
        "INSERT INTO {} (move_no, statement) VALUES ({number}, {})",
        store.table("move"),
        literal(&text)
    ))?;
    let detail = EventDetail {
        subject: Some(request.end.to_string()),
        number: Some(number),
        sha256: Some(Digest::of(text.as_bytes())),
        ..EventDetail::default()
    };
    let head = append_event(store, EventKind::Move, &detail)?;
    Ok((text, head))
}

/// Writes the envelopes that are not in the folder: a run was killed before it wrote one, or the
/// folder was lost.
fn bring_back(dir: &HandoverDir, known: &[LedgerMove]) -> Result<()> {
    for one in known {
        let name = move_file(one.number);
        if !dir.path().join(&name).exists() {
            dir.write(&name, one.statement.as_bytes())?;
        }
    }
    Ok(())
}
