//! Whether a database is where it is known to be.

use std::io::ErrorKind;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_schemas::moved::{MOVES_DIR, MovedEnd};
use handover_verify::ledger::moves::{LedgerMove, last_of, moves, target_place, what_it_says};
use handover_verify::purge::ledger::database_id;

use crate::ledger::{self, Store};
use crate::purge::PurgeDatabase;

/// Refuses a database that was left behind or is an older copy of it, and one that is at another
/// place than its ledger says.
pub fn refuse_elsewhere(database: &mut PurgeDatabase, dir: &HandoverDir) -> Result<()> {
    let Some(id) = database_id(database.store())? else { return Ok(()) };
    let known = moves(database.store())?;
    refuse_unknown_moves(dir, &id, &known)?;
    let purges = ledger::purges(database.store())?;
    let Some(place) = target_place(&known, &purges) else { return Ok(()) };
    let now = database.place()?;
    if place != now {
        bail!(
            "the ledger of this database is known at another place ({place}), and this is {now}. \
             Nothing was changed. If it was upgraded, restored here or renamed, and the other is no \
             longer in use, record it: handover-migrate moved target --key OPERATOR_KEY --reason \
             TEXT (runbooks/10-disaster-of-the-target.md); otherwise use the other one"
        );
    }
    Ok(())
}

/// Refuses a ledger that lacks a move of its own that the hand-over folder knows: the database was
/// left behind, or was put back to a day before.
pub(super) fn refuse_unknown_moves(
    dir: &HandoverDir,
    id: &str,
    known: &[LedgerMove],
) -> Result<()> {
    let folder = dir.path().join(MOVES_DIR);
    let place = || format!("cannot read {}", folder.display());
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(place),
    };
    for entry in entries {
        let path = entry.with_context(place)?.path();
        if !path.to_string_lossy().ends_with(".dsse.json") {
            continue;
        }
        let text = std::fs::read(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let says = what_it_says(&text);
        let says = says.with_context(|| format!("{} is no sound move", path.display()))?;
        if says.database == id && !known.iter().any(|one| one.statement.as_bytes() == text) {
            bail!(
                "the {} moved to {} on {}, says {}, and the ledger of this database does not know \
                 it: it is one that was left behind, or a backup from before. Nothing was changed; \
                 use the database that has the move (--target, or handover.toml)",
                says.end,
                says.to,
                says.moved_on,
                path.display()
            );
        }
    }
    Ok(())
}

/// The place of the source of the copy: where it moved last, or where it was when it was planned.
pub fn known_source(store: &mut dyn Store) -> Result<String> {
    let moves = moves(store)?;
    if let Some(last) = last_of(&moves, MovedEnd::Source) {
        return Ok(last.to.clone());
    }
    Ok(ledger::head(store)?.source_identity)
}

/// When the database in which the ledger is moved last.
pub fn moved_on(store: &mut dyn Store) -> Result<Option<String>> {
    Ok(last_of(&moves(store)?, MovedEnd::Target).map(|last| last.moved_on.clone()))
}
