//! One batch: locked, read, compared with what was archived, deleted, recorded; or not.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::sql::{ident, qualified};
use handover_schemas::archive::row_leaf::{SaltKey, row_leaf};
use handover_schemas::digest::Digest;
use handover_schemas::name::TableName;
use handover_schemas::purge::record::{KeptReason, OutcomeCounts, SelectedTable};
use handover_verify::purge::ledger::BatchEntry;
use handover_verify::purge::list::{List, POSITION, Positions};

use super::{postgres, sqlite};
use crate::ledger::{Store, batch_statements};
use crate::purge::PurgeDatabase;
use crate::purge::catalog::{DeleteTrigger, ForeignKey, delete_triggers, foreign_keys};

/// How one table's rows are deleted.
pub(in crate::purge) struct Deleting<'a> {
    pub(in crate::purge) purge: i64,
    /// Under which authority.
    pub(in crate::purge) authority: i64,
    /// Position of the table in the selection.
    pub(in crate::purge) table: usize,
    pub(in crate::purge) list: &'a List<'a>,
    /// Position in the tree of its first row.
    pub(in crate::purge) first_index: u64,
    pub(in crate::purge) salts: SaltKey,
    /// Foreign keys that refer to the table.
    pub(in crate::purge) referring: Vec<&'a ForeignKey>,
    /// Triggers that act when its rows are deleted.
    pub(in crate::purge) triggers: Vec<&'a DeleteTrigger>,
}

/// What hangs on the tables of a purge.
pub(in crate::purge) struct Hanging {
    foreign_keys: Vec<ForeignKey>,
    triggers: Vec<DeleteTrigger>,
}

impl Hanging {
    pub(in crate::purge) fn read(database: &mut PurgeDatabase) -> Result<Self> {
        let foreign_keys = foreign_keys(database)?;
        Ok(Self { foreign_keys, triggers: delete_triggers(database)? })
    }

    /// How the rows of a table, the one with this number of the selection, are deleted: by a purge, under
    /// an authority.
    pub(in crate::purge) fn deleting<'a>(
        &'a self,
        (purge, authority): (i64, i64),
        (number, table): (usize, &SelectedTable),
        list: &'a List<'a>,
        salts: &SaltKey,
    ) -> Deleting<'a> {
        Deleting {
            purge,
            authority,
            table: number,
            list,
            first_index: table.first_index,
            salts: salts.clone(),
            referring: self.referring(table.name()),
            triggers: self.triggers(table.name()),
        }
    }

    pub(in crate::purge) fn referring(&self, table: &TableName) -> Vec<&ForeignKey> {
        self.foreign_keys.iter().filter(|key| key.parent == *table).collect()
    }

    pub(in crate::purge) fn triggers(&self, table: &TableName) -> Vec<&DeleteTrigger> {
        self.triggers.iter().filter(|trigger| trigger.table == *table).collect()
    }
}

/// Rows of a batch that stay, by place, and why.
pub(in crate::purge) type Kept = BTreeMap<u64, KeptReason>;

/// What became of the rows of a batch, as they were met.
#[derive(Default)]
pub(in crate::purge) struct Met {
    /// Rows that were (to be) deleted, and are what was archived.
    pub(in crate::purge) same: Vec<u64>,
    /// Rows that are not.
    pub(in crate::purge) changed: Vec<u64>,
}

impl Deleting<'_> {
    /// Deletes what is to be deleted of a batch, and records it, in one transaction.
    pub(super) fn batch(
        &self,
        database: &mut PurgeDatabase,
        positions: &Positions,
        expected: &[Digest],
        interrupt: &Interrupt,
    ) -> Result<()> {
        let ended = match database {
            PurgeDatabase::Postgres(session) => {
                postgres::delete(self, session, positions, expected)
            }
            PurgeDatabase::Sqlite(connection) => {
                sqlite::delete(self, connection, positions, expected, interrupt)
            }
        };
        if ended.is_err() {
            // Whatever went wrong is what is told, not that the connection may be gone.
            let _rolled_back = database.execute("ROLLBACK");
        }
        ended
    }

    /// Rows were deleted, and are there all the same.
    pub(super) fn left(&self, rows: &str) -> anyhow::Error {
        let table = &self.list.shape.name;
        if self.triggers.is_empty() {
            return anyhow!(
                "{rows} rows of {table} are there although they were deleted: somebody wrote them \
                 anew at this moment. Nothing was deleted; the same command tries again"
            );
        }
        let names: Vec<&str> = self.triggers.iter().map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        anyhow!(
            "{rows} rows of {table} are there although they were deleted: its triggers ({names}) \
             hold them back, or write them again. Nothing was deleted. Disable the trigger that does \
             so as long as rows are deleted; a purge that has begun and cannot go on is closed with \
             purge close"
        )
    }

    /// Whether a row is what was archived.
    pub(super) fn judge(
        &self,
        positions: &Positions,
        expected: &[Digest],
        position: Option<u64>,
        line: &[u8],
        met: &mut Met,
    ) -> Result<()> {
        let position = position.filter(|position| positions.contains(position));
        let position = position.context("the database gave a row that is not of the batch")?;
        let leaf = row_leaf(&self.salts.salt(self.first_index + position), line);
        let at = usize::try_from(position - positions.start).context("a batch is too large")?;
        if expected.get(at) == Some(&leaf) {
            met.same.push(position);
        } else {
            met.changed.push(position);
        }
        Ok(())
    }

    /// The statements that record a batch of which these rows were deleted and these are kept.
    /// Every other row of it was not there.
    pub(super) fn record(
        &self,
        names: &dyn Store,
        positions: &Positions,
        deleted: &[u64],
        kept: &Kept,
    ) -> Result<String> {
        let rows = positions.end - positions.start;
        let mut counts =
            OutcomeCounts { deleted: deleted.len() as u64, ..OutcomeCounts::default() };
        let mut all = kept.clone();
        if counts.deleted + (kept.len() as u64) < rows {
            let gone = |position: &u64| deleted.binary_search(position).is_err();
            for position in positions.clone().filter(gone) {
                all.entry(position).or_insert(KeptReason::Absent);
            }
        }
        for reason in all.values() {
            match reason {
                KeptReason::Changed => counts.changed += 1,
                KeptReason::Referenced => counts.referenced += 1,
                KeptReason::Absent => counts.absent += 1,
            }
        }
        if counts.total() != rows {
            bail!("{rows} rows of a batch became {}; nothing was deleted", counts.total());
        }
        let entry = BatchEntry {
            table: u64::try_from(self.table).context("too many tables")?,
            authority: self.authority,
            first: positions.start,
            rows,
            counts,
        };
        let kept: Vec<(u64, KeptReason)> = all.into_iter().collect();
        Ok(batch_statements(names, self.purge, &entry, &kept))
    }

    /// The condition on the list that leaves out rows which stay.
    pub(super) fn within(positions: &Positions, kept: &Kept) -> String {
        let mut condition =
            format!("l.{POSITION} >= {} AND l.{POSITION} < {}", positions.start, positions.end);
        if !kept.is_empty() {
            let kept: Vec<String> = kept.keys().map(ToString::to_string).collect();
            condition.push_str(&format!(" AND l.{POSITION} NOT IN ({})", kept.join(", ")));
        }
        condition
    }

    /// A query for the places of rows to which another row refers.
    pub(super) fn referenced(
        &self,
        list: &str,
        table: &str,
        positions: &Positions,
    ) -> Option<String> {
        let parts: Vec<String> = self
            .referring
            .iter()
            .map(|key| {
                let pairs = key.child_columns.iter().zip(&key.parent_columns);
                let on: Vec<String> = pairs
                    .map(|(child, parent)| format!("c.{} = t.{}", ident(child), ident(parent)))
                    .collect();
                format!(
                    "SELECT l.{POSITION} FROM {list} AS l JOIN {table} AS t ON {} \
                     WHERE {} AND EXISTS (SELECT 1 FROM {} AS c WHERE {})",
                    self.list.join(),
                    Self::within(positions, &Kept::new()),
                    qualified(&key.child.schema, &key.child.name),
                    on.join(" AND ")
                )
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join(" UNION "))
    }
}
