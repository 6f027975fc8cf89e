//! Whether a database still holds what was copied: every table is read again, and its root made anew and held
//! against the one that is stated; or, where none is stated of its rows, every chunk against the ledger's digest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress::Progress;
use handover_engine::postgres;
use handover_engine::reader::{End, ReadOptions};
use handover_engine::rows::Wire;
use handover_engine::sqlite::values::TextLimit;
use handover_engine::sqlite::{self, Mapping, Respelled, TypeOverride};
use handover_engine::table_root::{RootedTable, TableRoot, at_end};
use handover_schemas::attestation::{HandoverAttestation, Outcome, RootsOver, StatedCopy};
use handover_schemas::chunk::{CHUNK_BYTES_MAX, KeyRange};
use handover_schemas::digest::LineDigest;
use handover_schemas::leaf::logical_name;
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::sqlite_form::Form;

use crate::ledger::copied::{chunks, plan};
use crate::ledger::ledger_of;

/// Which end is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The vendor's database.
    Source,
    /// The ministry's: tables that were purged are not what was copied any more.
    Target,
}

/// The plan's tables with their chunks.
pub(super) struct Copied {
    tables: Vec<(TableShape, Vec<ChunkEntry>)>,
    /// Types that people chose for columns of a SQLite source.
    overrides: Vec<TypeOverride>,
}

impl Copied {
    /// Reads them from the ledger; nothing if nothing was copied.
    pub(super) fn read(end: &mut End, stated: &HandoverAttestation) -> Result<Option<Self>> {
        let Some(copy) = &stated.copy else { return Ok(None) };
        let ledger = ledger_of(end);
        let mut by_table: BTreeMap<i64, Vec<ChunkEntry>> = BTreeMap::new();
        for chunk in chunks(ledger)? {
            by_table.entry(chunk.id.table).or_default().push(chunk);
        }
        let tables = plan(ledger)?.tables;
        let tables = tables
            .into_iter()
            .map(|(number, table)| (table.shape, by_table.remove(&number).unwrap_or_default()));
        let overrides = copy.transforms.iter().map(|text| text.parse());
        Ok(Some(Self { tables: tables.collect(), overrides: overrides.collect::<Result<_>>()? }))
    }

    /// Reads every table of one end again.
    pub(super) fn check(
        &self,
        (end, side): (&mut End, Side),
        stated: &HandoverAttestation,
        outcome: &mut Outcome,
        (interrupt, progress): (&Interrupt, &Progress),
    ) -> Result<()> {
        let spill = tempfile::tempdir().context("cannot make a temporary folder (TMPDIR)")?;
        let options = ReadOptions {
            wire: Wire::None,
            text_limit: TextLimit::None,
            respelled: Respelled::default(),
            chunk_bytes: CHUNK_BYTES_MAX,
            spill_dir: spill.path().to_owned(),
            interrupt: interrupt.clone(),
        };
        let described = self.described(end)?;
        let purged = purged_tables(stated);
        let expected = self.tables.iter().map(|(shape, chunks)| {
            (
                shape.name.to_string(),
                chunks.iter().filter_map(|one| Some(one.digest?.rows)).fold(0, u64::saturating_add),
            )
        });
        progress.begin(side.words(), expected);
        let (mut tables, mut rows) = (0_u64, 0_u64);
        let mut left = Vec::new();
        for (shape, chunks) in &self.tables {
            interrupt.check()?;
            let there = side.names(shape);
            if side == Side::Target && purged.contains(&logical_name(&there.name)) {
                left.push(shape.name.to_string());
                continue;
            }
            let Some(here) = described.get(&logical_name(&there.name)) else {
                outcome.find(format!("{}: {} is not there", side.words(), shape.name));
                continue;
            };
            let table = CopiedTable { shape, here: &at_end(&there, here), chunks };
            let root = stated.copy.as_ref().and_then(|copy| stated_root(copy, shape, side));
            match table.check(end, root, &options) {
                Ok(None) => {
                    tables += 1;
                    rows += table.rows();
                }
                Ok(Some(differs)) => {
                    outcome.find(format!("{}: {differs}", side.words()));
                }
                Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
                    return Err(error);
                }
                Err(error) => outcome.find(format!(
                    "{}: {} cannot be read as it was copied: {error:#}",
                    side.words(),
                    shape.name
                )),
            }
        }
        if !left.is_empty() {
            outcome.not_checked(format!(
                "rows of {} against the copy: they were purged since (handover-verify purge looks \
                 at them)",
                left.join(", ")
            ));
        }
        if tables > 0 {
            outcome.checked(format!(
                "{}: {rows} rows of {tables} tables are, chunk by chunk, what was copied",
                side.words()
            ));
        }
        Ok(())
    }

    /// What the copied lines are made of.
    fn mapping(&self) -> Mapping<'_> {
        let mut columns = self.tables.iter().flat_map(|(shape, _)| &shape.columns);
        if columns.any(|column| column.form == Form::Exact) {
            Mapping::Exact
        } else {
            Mapping::Values(&self.overrides)
        }
    }

    /// The tables of an end, by logical name.
    fn described(&self, end: &mut End) -> Result<BTreeMap<TableName, TableShape>> {
        let tables = match end {
            End::Postgres(session) => postgres::describe(session)?.tables,
            End::Sqlite(connection) => sqlite::describe(connection, self.mapping())?.tables,
        };
        Ok(tables.into_iter().map(|shape| (logical_name(&shape.name), shape)).collect())
    }
}

impl Side {
    /// A table of the plan with the names that it and its columns have at this end.
    fn names(self, shape: &TableShape) -> TableShape {
        match self {
            Self::Source => shape.clone(),
            Self::Target => shape.under_target_names(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

fn purged_tables(stated: &HandoverAttestation) -> BTreeSet<TableName> {
    let deleting = stated.purges.iter().filter(|purge| match purge.state {
        PurgeState::Executing
        | PurgeState::Executed
        | PurgeState::Certified
        | PurgeState::Closed => true,
        PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => false,
    });
    deleting.flat_map(|purge| &purge.tables).map(|table| logical_name(&table.name)).collect()
}

/// What is stated of the rows of a table alone; nothing where an earlier version stated it, whose roots are over the
/// ledger's chunks, or where the table was not read back.
fn stated_root(copy: &StatedCopy, shape: &TableShape, side: Side) -> Option<TableRoot> {
    let over_rows = copy.roots_over == Some(RootsOver::Rows);
    let table = copy.tables.iter().find(|table| over_rows && table.name == shape.name)?;
    let root = match side {
        Side::Source => table.source_root?,
        Side::Target => table.target_root?,
    };
    Some(TableRoot { chunks: table.chunks.0, root })
}

/// A table of the plan, at one end.
struct CopiedTable<'a> {
    shape: &'a TableShape,
    here: &'a TableShape,
    chunks: &'a [ChunkEntry],
}

impl CopiedTable<'_> {
    /// Rows that were copied.
    fn rows(&self) -> u64 {
        let digests = self.chunks.iter().filter_map(|chunk| chunk.digest);
        digests.map(|lines| lines.rows).fold(0, u64::saturating_add)
    }

    /// Reads the table again; says what is not what was copied.
    fn check(
        &self,
        end: &mut End,
        stated: Option<TableRoot>,
        options: &ReadOptions,
    ) -> Result<Option<String>> {
        let rooted = RootedTable { here: self.here, planned: self.shape };
        if let Some(stated) = stated
            && rooted.read(&mut end.reader(), options)? == stated
        {
            return Ok(None);
        }
        let found = self.read_again(end, options)?;
        let (differing, name) = (self.differing(&found), &self.shape.name);
        let chunks = self.chunks.len();
        Ok(match (differing, stated) {
            (0, None) => None,
            (0, Some(_)) => Some(format!(
                "the root that is stated of {name} is not that of its rows, though its chunks are those of the ledger"
            )),
            _ => Some(format!("{differing} of {chunks} chunks of {name} are not what was copied")),
        })
    }

    fn read_again(&self, end: &mut End, options: &ReadOptions) -> Result<Vec<LineDigest>> {
        let ranges: Vec<KeyRange> = self.chunks.iter().map(|chunk| chunk.range.clone()).collect();
        end.reader().digests_of_all(self.here, &ranges, options)
    }

    fn differing(&self, found: &[LineDigest]) -> usize {
        let both = self.chunks.iter().zip(found);
        let same = both.filter(|(chunk, found)| chunk.digest.as_ref() == Some(found));
        self.chunks.len().max(found.len()) - same.count()
    }
}
