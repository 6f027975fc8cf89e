//! Where the databases of a hand-over are, as the ledger says: moves that operators recorded.

use anyhow::{Context, Result};
use handover_schemas::moved::{Move, MovedEnd};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use super::LedgerQuery;
use crate::purge::ledger::PurgeEntry;
use crate::signing::{Checked, Signatory, Trust, check_envelope, day_of, operator_of};

/// A move in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerMove {
    /// Its number.
    pub number: u64,
    /// The envelope, as the ledger has it.
    pub statement: String,
    /// What it says; whether anybody signed it is not looked at.
    pub says: Move,
}

/// All moves, in the order of their numbers.
pub fn moves(ledger: &mut dyn LedgerQuery) -> Result<Vec<LedgerMove>> {
    if !ledger.has_table("move")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("move");
    let rows = ledger.query(&format!("SELECT move_no, statement FROM {table} ORDER BY move_no"))?;
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter().flatten();
            let number = values.next().and_then(|number| number.parse().ok());
            let (number, statement) =
                number.zip(values.next()).context("the ledger has an incomplete row of a move")?;
            let says = what_it_says(statement.as_bytes())
                .with_context(|| format!("the ledger's move {number} is damaged"))?;
            Ok(LedgerMove { number, statement, says })
        })
        .collect()
}

/// What the envelope of a move says.
pub fn what_it_says(envelope: &[u8]) -> Result<Move> {
    let envelope = Envelope::parse(envelope)?;
    Ok(Statement::<Move>::parse(envelope.body())?.predicate)
}

/// The operator who signed a move, and every signature of it.
pub fn signed_by(one: &LedgerMove, trust: &Trust) -> Result<(Signatory, Checked)> {
    let envelope = Envelope::parse(one.statement.as_bytes())?;
    let checked = check_envelope(&envelope, trust, day_of(&one.says.moved_on)?)?;
    // The type of the statement before anything that it says.
    let _move: Statement<Move> = checked.statement()?;
    Ok((operator_of(&checked)?, checked))
}

/// The last move of one of the databases.
pub fn last_of(moves: &[LedgerMove], end: MovedEnd) -> Option<&Move> {
    moves.iter().rev().map(|one| &one.says).find(|says| says.end == end)
}

/// The place of the database in which the ledger is, as far as the ledger says: where it moved last,
/// or where rows were selected last. `None` if it names none.
pub fn target_place<'a>(moves: &'a [LedgerMove], purges: &'a [PurgeEntry]) -> Option<&'a str> {
    let moved = last_of(moves, MovedEnd::Target).map(|says| says.to.as_str());
    moved.or_else(|| purges.last().and_then(|purge| place_of(&purge.selection.database)))
}

/// The place in a database's identity, which is that of its ledger and its place then.
pub fn place_of(identity: &str) -> Option<&str> {
    identity.split_once(' ').map(|(_ledger, place)| place)
}

/// Whether a database that is at a place now was known by this identity before: the ledger is the
/// same, and the place too, or the ledger tells of a move away from it.
pub fn was_known_as(identity: &str, (ledger, place): (&str, &str), moves: &[LedgerMove]) -> bool {
    let Some((other, then)) = identity.split_once(' ') else { return false };
    let left = |one: &LedgerMove| one.says.end == MovedEnd::Target && one.says.from == then;
    other == ledger && (then == place || moves.iter().any(left))
}
