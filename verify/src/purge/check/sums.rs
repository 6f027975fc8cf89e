//! The ledger of what was deleted: every place of every list is dealt with exactly once, and the
//! sums are those that were recorded and certified.

use anyhow::Result;
use handover_schemas::purge::record::{KeptReason, OutcomeCounts, PurgeState, SelectedTable};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use crate::purge::ledger::{BatchEntry, KeptEntry, batches, kept};

impl Check<'_> {
    pub(super) fn check_sums(&mut self) -> Result<()> {
        let (batches, kept) = {
            let number = self.purge.number;
            (batches(self.ledger(), number)?, kept(self.ledger(), number)?)
        };
        let finished = match self.purge.state {
            PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => {
                if !batches.is_empty() {
                    self.find(Kind::Ledger, "rows were deleted before anything was approved");
                }
                return Ok(());
            }
            // Closed in the middle: what is left over is told by the closing.
            PurgeState::Executing | PurgeState::Closed => false,
            PurgeState::Executed | PurgeState::Certified => true,
        };
        let findings = self.entry.findings.len();
        let tables = self.purge.selection.tables.len() as u64;
        if batches.iter().any(|one| one.table >= tables)
            || kept.iter().any(|one| one.table >= tables)
        {
            self.find(Kind::Ledger, "the ledger has batches of a table that was not selected");
        }
        let mut deleted = 0_u64;
        for (number, table) in self.purge.selection.tables.iter().enumerate() {
            let number = number as u64;
            let of_table: Vec<&BatchEntry> =
                batches.iter().filter(|batch| batch.table == number).collect();
            let counts = self.check_batches(table, &of_table, finished);
            let kept: Vec<&KeptEntry> = kept.iter().filter(|row| row.table == number).collect();
            self.check_kept(table, &of_table, &kept);
            self.check_outcome(number, table, &counts, finished);
            deleted = counts.deleted.saturating_add(deleted);
        }
        if self.entry.findings.len() == findings {
            self.checked(format!("ledger: {deleted} rows deleted, and every list adds up"));
        }
        Ok(())
    }

    /// Batches follow one another without a gap, each adding up to its rows.
    fn check_batches(
        &mut self,
        table: &SelectedTable,
        batches: &[&BatchEntry],
        finished: bool,
    ) -> OutcomeCounts {
        let (mut counts, mut next) = (OutcomeCounts::default(), 0);
        for batch in batches {
            if batch.first != next || batch.counts.total() != batch.rows {
                self.find(
                    Kind::Ledger,
                    format!("the batches of {} do not follow one another", table.name()),
                );
            }
            next = batch.first.saturating_add(batch.rows);
            counts.add(&batch.counts);
        }
        if next > table.listed.rows || (finished && next != table.listed.rows) {
            self.find(
                Kind::Ledger,
                format!(
                    "{} rows of {} were selected, and batches cover {next}",
                    table.listed.rows,
                    table.name()
                ),
            );
        }
        counts
    }

    /// Each batch kept as many rows as it says, for each reason.
    fn check_kept(&mut self, table: &SelectedTable, batches: &[&BatchEntry], kept: &[&KeptEntry]) {
        let mut known = 0;
        let all_agree = batches.iter().all(|batch| {
            let places = batch.first..batch.first.saturating_add(batch.rows);
            let count = |reason| {
                let of_batch = kept.iter().filter(|row| places.contains(&row.position));
                of_batch.filter(|row| row.reason == reason).count() as u64
            };
            let listed = OutcomeCounts {
                deleted: batch.counts.deleted,
                changed: count(KeptReason::Changed),
                referenced: count(KeptReason::Referenced),
                absent: count(KeptReason::Absent),
            };
            known += listed.total() - listed.deleted;
            listed == batch.counts
        });
        if !all_agree || known != kept.len() as u64 {
            self.find(
                Kind::Ledger,
                format!("the rows of {} that were kept are not as many as counted", table.name()),
            );
        }
    }

    fn check_outcome(
        &mut self,
        number: u64,
        table: &SelectedTable,
        counts: &OutcomeCounts,
        finished: bool,
    ) {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let outcome = self.purge.outcome.as_ref().and_then(|outcome| outcome.tables.get(place));
        let Some(outcome) = outcome.cloned() else {
            if finished {
                self.find(Kind::Ledger, format!("what {} came to is missing", table.name()));
            }
            return;
        };
        if outcome.name != *table.name() || outcome.counts != *counts {
            self.find(
                Kind::Ledger,
                format!("what was recorded of {} is not the sum of its batches", table.name()),
            );
        }
        let there = outcome.outside.rows + counts.changed + counts.referenced;
        let there = there.saturating_add(self.untouched_there(place));
        if outcome.after.rows != there {
            self.find(
                Kind::Ledger,
                format!(
                    "{} had {} rows afterwards; {there} follow from what was deleted",
                    table.name(),
                    outcome.after.rows
                ),
            );
        }
        if outcome.outside == table.outside {
            return;
        }
        self.find(
            Kind::OutsideChanged,
            format!(
                "rows of {} that are not on the list are not what they were when it was frozen: \
                 {} rows then, {} afterwards",
                table.name(),
                table.outside.rows,
                outcome.outside.rows
            ),
        );
    }
}
