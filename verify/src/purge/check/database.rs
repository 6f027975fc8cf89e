//! The tables as they are now.

use anyhow::{Context, Result};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::{Digest, LineDigest, LineHasher};
use handover_schemas::purge::record::{PurgeState, SelectedTable};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use super::back::{BackCounts, BackRows};
use super::merge::{Merged, Merging};
use crate::archive::ArchiveReader;
use crate::purge::ledger::{RestoredRun, batches, counts_of, kept, leaves, restored};
use crate::purge::list::List;

/// What a table turned out to be, with its list beside it.
struct Listed {
    outside: LineDigest,
    /// Rows on the list that are there, by place, and whether they are what was frozen.
    present: Vec<(u64, bool)>,
}

impl Check<'_> {
    pub(super) fn check_tables(&mut self, archive: Option<&ArchiveReader>) -> Result<()> {
        for number in 0..self.purge.selection.tables.len() {
            let table = self.purge.selection.tables.get(number).context("a table is missing")?;
            let mut table = table.clone();
            self.name_columns(&mut table)?;
            match self.purge.state {
                PurgeState::Selected | PurgeState::BackedUp => self.check_frozen(number, &table)?,
                PurgeState::Executing => self.check_half_done(number, &table)?,
                PurgeState::Executed | PurgeState::Certified | PurgeState::Closed => {
                    self.check_done(number, &table, archive)?;
                }
                PurgeState::Abandoned => {}
            }
        }
        Ok(())
    }

    /// Before anything is deleted: the rows on the list are what was frozen, and so is the rest.
    fn check_frozen(&mut self, number: usize, table: &SelectedTable) -> Result<()> {
        let found = self.read_listed(number, table)?;
        let same = found.present.iter().filter(|(_, same)| *same).count() as u64;
        if same == table.listed.rows {
            self.checked(format!("{}: {same} listed rows are what was selected", table.name()));
        } else {
            self.find(
                Kind::SelectedChanged,
                format!(
                    "{} of {} listed rows of {} changed or went away since they were selected",
                    table.listed.rows - same,
                    table.listed.rows,
                    table.name()
                ),
            );
        }
        if found.outside != table.outside {
            let message = format!(
                "{}: rows that are not on the list changed since ({} then, {} now)",
                table.name(),
                table.outside.rows,
                found.outside.rows
            );
            self.changed_later(table.name(), message);
        }
        Ok(())
    }

    /// In the middle: what batches deleted is gone, what they did not reach is there.
    fn check_half_done(&mut self, number: usize, table: &SelectedTable) -> Result<()> {
        let found = self.read_listed(number, table)?;
        let deleted = self.deleted_places(number)?;
        let back = found.present.iter().filter(|(place, _)| deleted.contains(*place)).count();
        if back > 0 {
            self.find(
                Kind::DeletedRowPresent,
                format!("{back} rows of {} that were deleted are there", table.name()),
            );
        } else {
            self.checked(format!("{}: what was deleted so far is gone", table.name()));
        }
        Ok(())
    }

    /// After everything: the table is what it came to, but for restores and what came later.
    fn check_done(
        &mut self,
        number: usize,
        table: &SelectedTable,
        archive: Option<&ArchiveReader>,
    ) -> Result<()> {
        let outcome = self.purge.outcome.as_ref().and_then(|outcome| outcome.tables.get(number));
        let Some(outcome) = outcome.cloned() else { return Ok(()) };
        let restored = self.restored_places(number)?;
        if let Some(archive) = archive {
            let Some(from_others) = self.rows_from_others(table)? else { return Ok(()) };
            let merged = self.merge_table(number, table, archive, (&restored, &from_others))?;
            self.judge_merged(table, &outcome.after, &merged);
            return Ok(());
        }
        let from_others = self.has_rows_from_others(table)?;
        if !restored.is_empty() && !from_others && self.purge.salt_key.is_some() {
            return self.check_by_leaves(number, table, &outcome.outside, &restored);
        }
        if !restored.is_empty() || from_others {
            self.unverified(format!(
                "{}: rows were restored since; that they are what was archived, everything else as \
                 it was, and every other deleted row absent, takes a key to the archive (--identity)",
                table.name()
            ));
            return Ok(());
        }
        let now = self.read_whole(number, table)?;
        if now == outcome.after {
            self.checked(format!(
                "{}: {} rows, the digest of the moment after the deletion",
                table.name(),
                now.rows
            ));
            return Ok(());
        }
        let message = format!(
            "{}: changed since the deletion ({} rows then, {} now)",
            table.name(),
            outcome.after.rows,
            now.rows
        );
        self.changed_later(table.name(), message);
        self.not_checked(absent_without_key(table));
        Ok(())
    }

    /// Until the salts are erased, the ledger itself tells what the restored rows have to be.
    fn check_by_leaves(
        &mut self,
        number: usize,
        table: &SelectedTable,
        outside: &LineDigest,
        restored: &Places,
    ) -> Result<()> {
        let found = self.read_listed(number, table)?;
        let deleted = self.deleted_places(number)?;
        let mut back = BackCounts::default();
        let mut deleted_present = 0;
        for (place, same) in &found.present {
            if restored.contains(*place) {
                back.count(*same);
            } else {
                deleted_present += u64::from(deleted.contains(*place));
            }
        }
        back.absent = restored.rows().saturating_sub(back.same + back.changed);
        self.judge_deleted(table, deleted_present);
        self.judge_back(table, &back);
        if found.outside != *outside {
            let message = format!(
                "{}: rows that are not on the list changed since the deletion ({} then, {} now)",
                table.name(),
                outside.rows,
                found.outside.rows
            );
            self.changed_later(table.name(), message);
        }
        Ok(())
    }

    /// Rows that were deleted, and that nothing put back, are absent.
    fn judge_deleted(&mut self, table: &SelectedTable, deleted_present: u64) {
        if deleted_present > 0 {
            self.find(
                Kind::DeletedRowPresent,
                format!(
                    "{deleted_present} rows of {} that were deleted are there, and no restore put \
                     them back",
                    table.name()
                ),
            );
        } else {
            self.checked(format!(
                "{}: every deleted row that no restore put back is absent",
                table.name()
            ));
        }
    }

    /// Rows that restores put back are what was archived, unless somebody changed them since.
    fn judge_back(&mut self, table: &SelectedTable, back: &BackCounts) {
        if back.changed + back.absent > 0 {
            let message = format!(
                "{}: of the rows that restores put back, {} are not what was archived any more, \
                 and {} are not there any more",
                table.name(),
                back.changed,
                back.absent
            );
            self.changed_later(table.name(), message);
        } else if back.same > 0 {
            self.checked(format!(
                "{}: {} rows that restores put back are what was archived",
                table.name(),
                back.same
            ));
        }
    }

    fn judge_merged(&mut self, table: &SelectedTable, after: &LineDigest, merged: &Merged) {
        self.judge_deleted(table, merged.deleted_present);
        self.judge_back(table, &merged.back);
        if merged.without_restored != *after {
            let message = format!(
                "{}: changed since the deletion ({} rows then, {} now, without restored ones)",
                table.name(),
                after.rows,
                merged.without_restored.rows
            );
            self.changed_later(table.name(), message);
        } else if merged.with_archive == table.before {
            self.checked(format!(
                "{}: table and archive together are what the table was before, {}",
                table.name(),
                table.before.digest
            ));
        } else {
            self.find(
                Kind::OutsideChanged,
                format!(
                    "{}: table and archive together are not what the table was before",
                    table.name()
                ),
            );
        }
    }

    fn merge_table(
        &mut self,
        number: usize,
        table: &SelectedTable,
        archive: &ArchiveReader,
        (restored, from_others): (&Places, &BackRows),
    ) -> Result<Merged> {
        let deleted = self.deleted_places(number)?;
        let list = List::new(self.purge.number, number, &table.shape)?;
        let merging = Merging {
            list: &list,
            archive,
            table: number,
            deleted: &deleted,
            restored,
            from_others,
        };
        let interrupt = self.interrupt;
        merging
            .run(&mut self.end.reader(), interrupt)
            .with_context(|| format!("cannot compare {} with the archive", table.name()))
    }

    fn read_whole(&mut self, number: usize, table: &SelectedTable) -> Result<LineDigest> {
        let list = List::new(self.purge.number, number, &table.shape)?;
        let (interrupt, progress) = (self.interrupt, self.progress);
        let mut hasher = LineHasher::new();
        let mut reader = self.end.reader();
        let sql = list.table_rows(&reader);
        list.read(&mut reader, &sql, interrupt, |row| {
            hasher.push(row.line);
            if hasher.rows().is_multiple_of(4096) {
                progress.advance("tables", 4096, 0);
            }
            Ok(())
        })?;
        Ok(hasher.finish())
    }

    fn read_listed(&mut self, number: usize, table: &SelectedTable) -> Result<Listed> {
        let salts = self.purge.salts()?;
        let mut frozen: Vec<Digest> = Vec::new();
        let purge = self.purge.number;
        leaves(self.ledger(), purge, number, |leaves| {
            frozen.extend_from_slice(leaves);
            Ok(())
        })?;
        let list = List::new(self.purge.number, number, &table.shape)?;
        let (mut rows, mut outside, mut present) = (0_u64, LineHasher::new(), Vec::new());
        let (interrupt, progress) = (self.interrupt, self.progress);
        let mut reader = self.end.reader();
        let sql = list.all_rows(&reader);
        list.read(&mut reader, &sql, interrupt, |row| {
            rows += 1;
            if rows.is_multiple_of(4096) {
                progress.advance("tables", 4096, 0);
            }
            let Some(place) = row.position else {
                outside.push(row.line);
                return Ok(());
            };
            let leaf = row_leaf(&salts.salt(table.first_index + place), row.line);
            let at = usize::try_from(place).context("a place is too large")?;
            present.push((place, frozen.get(at) == Some(&leaf)));
            Ok(())
        })?;
        Ok(Listed { outside: outside.finish(), present })
    }

    /// The places of a list whose rows were deleted.
    fn deleted_places(&mut self, number: usize) -> Result<Places> {
        let purge = self.purge.number;
        let covered = counts_of(&batches(self.ledger(), purge)?, number).total();
        let mut places = Places::default();
        let mut next = 0;
        for entry in kept(self.ledger(), purge)? {
            if usize::try_from(entry.table) == Ok(number) {
                places.add(next, entry.position);
                next = entry.position + 1;
            }
        }
        places.add(next, covered);
        Ok(places)
    }

    /// The places of a list whose rows restores put back.
    fn restored_places(&mut self, number: usize) -> Result<Places> {
        let purge = self.purge.number;
        let mut runs: Vec<RestoredRun> = restored(self.ledger(), purge)?;
        runs.retain(|run| usize::try_from(run.table) == Ok(number));
        Ok(Places::of(runs.iter().map(|run| (run.first, run.rows))))
    }
}

fn absent_without_key(table: &SelectedTable) -> String {
    format!(
        "{}: whether every deleted row is absent, now that the table changed: that takes a key to \
         the archive (--identity)",
        table.name()
    )
}

/// Places on a list, as ascending runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<(u64, u64)>);

impl Places {
    /// Adds a run that begins where the last one ended, or later; parts that are known already are
    /// passed over.
    fn add(&mut self, first: u64, end: u64) {
        let known = self.0.last().map_or(0, |(_, end)| *end);
        let first = first.max(known);
        if first < end {
            self.0.push((first, end));
        }
    }

    /// Of runs with their first place and number of places, in whatever order.
    pub(super) fn of(runs: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut runs: Vec<(u64, u64)> = runs.collect();
        runs.sort_unstable();
        let mut places = Self::default();
        for (first, rows) in runs {
            // A ledger may say anything.
            places.add(first, first.saturating_add(rows));
        }
        places
    }

    /// How many places.
    pub(super) fn rows(&self) -> u64 {
        self.0.iter().map(|(first, end)| end - first).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, place: u64) -> bool {
        let at = self.0.partition_point(|(_, end)| *end <= place);
        self.0.get(at).is_some_and(|(first, _)| *first <= place)
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn places_are_runs() {
        let mut places = Places::default();
        for (first, end) in [(2, 4), (4, 4), (3, 6), (9, 10)] {
            places.add(first, end);
        }
        let found: Vec<u64> = (0..12).filter(|place| places.contains(*place)).collect();
        assert_eq!(found, [2, 3, 4, 5, 9]);
        assert!(Places::default().is_empty());
    }
}
