//! Rows that restores put back: each has to be what was archived for as long as nobody changes it.
//!
//! A row may come back from the archive of an earlier purge, after a later purge of the same table
//! was executed. The ledger's events say in which order that was.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupted;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;
use handover_schemas::leaf::logical_name;
use handover_schemas::package::PACKAGES_DIR;
use handover_schemas::purge::record::SelectedTable;

use super::Check;
use super::database::Places;
use super::merge::ArchivedRows;
use crate::archive::ArchiveReader;
use crate::ledger::events::events;
use crate::purge::ledger::{PurgeEntry, RestoredRun, restored};
use crate::purge::list::List;

/// Digests of the lines of rows that came back, by the sort keys of the table as it was purged.
pub(super) type BackRows = BTreeMap<Vec<u8>, Digest>;

/// What became of rows that restores put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BackCounts {
    /// They are what was archived.
    pub(super) same: u64,
    /// They are something else by now.
    pub(super) changed: u64,
    /// They are not there any more.
    pub(super) absent: u64,
    /// Rows of archives of earlier purges that are there.
    pub(super) from_others_there: u64,
}

impl BackCounts {
    /// Takes a row that is there.
    pub(super) fn count(&mut self, is_same: bool) {
        if is_same {
            self.same += 1;
        } else {
            self.changed += 1;
        }
    }
}

/// Where the rows of a table are that came back from one other archive.
struct FromOther<'p> {
    purge: &'p PurgeEntry,
    table: usize,
    runs: Vec<RestoredRun>,
}

impl<'a> Check<'a> {
    /// Whether rows of a table came back from archives of earlier purges, after this one was
    /// executed.
    pub(super) fn has_rows_from_others(&mut self, table: &SelectedTable) -> Result<bool> {
        Ok(!self.others_of(table)?.is_empty())
    }

    /// These rows. `None`, and said so, if an archive of theirs cannot be read.
    pub(super) fn rows_from_others(&mut self, table: &SelectedTable) -> Result<Option<BackRows>> {
        let mut rows = BackRows::new();
        for other in self.others_of(table)? {
            match self.read_other(table, &other, &mut rows) {
                Ok(()) => {}
                Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
                    return Err(error);
                }
                Err(error) => {
                    self.unverified(format!(
                        "{}: rows of purge {} were put back since, and its archive cannot be read \
                         beside this one: {error:#}",
                        table.name(),
                        other.purge.number
                    ));
                    return Ok(None);
                }
            }
        }
        Ok(Some(rows))
    }

    fn read_other(
        &mut self,
        table: &SelectedTable,
        other: &FromOther<'_>,
        rows: &mut BackRows,
    ) -> Result<()> {
        let backup = other.purge.backup.as_ref().context("the ledger lacks its backup")?;
        let dir = self.request.handover.join(PACKAGES_DIR).join(&backup.package);
        let archive =
            ArchiveReader::open(&dir, self.request.identities.clone(), Some(backup.seal))?;
        let list = List::new(self.purge.number, other.table, &table.shape)?;
        let places = Places::of(other.runs.iter().map(|run| (run.first, run.rows)));
        let mut archived = ArchivedRows::open(&archive, other.table, &list)?;
        while let Some(row) = &archived.next {
            self.interrupt.check()?;
            if places.contains(row.place) {
                rows.insert(row.key.clone(), Digest::of(&row.line));
            }
            archived.advance()?;
        }
        Ok(())
    }

    /// Restores from archives of earlier purges of a table that were recorded after this purge was
    /// executed, in the order of the purges.
    fn others_of(&mut self, table: &SelectedTable) -> Result<Vec<FromOther<'a>>> {
        let name = logical_name(table.name());
        let mut found = Vec::new();
        let mut later = None;
        let all = self.purges;
        for purge in all.iter().filter(|one| one.number < self.purge.number && one.has_deleted()) {
            let tables = &purge.selection.tables;
            let here = tables.iter().position(|one| logical_name(one.name()) == name);
            let Some(here) = here else { continue };
            let mut runs = restored(self.ledger(), purge.number)?;
            runs.retain(|run| usize::try_from(run.table) == Ok(here));
            if runs.is_empty() {
                continue;
            }
            let later = match &mut later {
                Some(later) => later,
                unread => unread.insert(self.restores_since()?),
            };
            runs.retain(|run| u64::try_from(run.restore).is_ok_and(|one| later.contains(&one)));
            if !runs.is_empty() {
                found.push(FromOther { purge, table: here, runs });
            }
        }
        Ok(found)
    }

    /// Numbers of the restores that were recorded after this purge was executed.
    fn restores_since(&mut self) -> Result<Vec<u64>> {
        let own = u64::try_from(self.purge.number).ok();
        let number = |detail: &str| {
            serde_json::from_str::<EventDetail>(detail).ok().and_then(|detail| detail.number)
        };
        let (mut executed, mut later) = (false, Vec::new());
        for event in events(self.ledger())? {
            let of = number(&event.event.detail);
            match event.event.kind {
                EventKind::Execute | EventKind::ClosePurge if of == own => executed = true,
                EventKind::Restore if executed => later.extend(of),
                _ => {}
            }
        }
        Ok(later)
    }
}
