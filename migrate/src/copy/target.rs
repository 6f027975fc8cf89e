//! The end that is written to: empty, or one that an earlier run of the same hand-over began.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, PostgresEndpoint};
use handover_engine::postgres::{Access, Session};
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;
use handover_schemas::ledger::{POSTGRES_DDL, SQLITE_DDL, Stage};
use handover_verify::ledger::own::OwnObjects;
use rusqlite::Connection;

use super::source::Source;
use super::structure::Structure;
use super::vendor_code::VendorCode;
use super::{CopyRequest, before_rows, finish};
use crate::ledger::{self, FrozenPlan, Head, RunOutcome, Store};
use crate::moved::known_source;
use crate::target::postgres::{self, SourceSettings};
use crate::target::shape_at_postgres;
use crate::target::sqlite;

/// An opened target.
pub(super) enum OpenedTarget<'a> {
    /// PostgreSQL; the session holds the lock that keeps other runs away.
    Postgres(&'a PostgresEndpoint, Session),
    /// SQLite: the one writing connection.
    Sqlite(&'a Path, Connection),
}

impl<'a> OpenedTarget<'a> {
    /// Opens the target, once no other run works on it.
    pub(super) fn open(
        endpoint: &'a Endpoint,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<Self> {
        match endpoint {
            Endpoint::Postgres(postgres) => {
                let mut session = Session::open(postgres, Access::Write, interrupt)?;
                postgres::lock_run(&mut session)
                    .context("another copy into this target is running; wait for it, or end it")?;
                if postgres::is_work_left(&mut session)? {
                    progress.note("waiting for the server to finish what a killed run began");
                }
                postgres::alone(&mut session, |_session| Ok(()))?;
                Ok(Self::Postgres(postgres, session))
            }
            Endpoint::Sqlite(path) => Ok(Self::Sqlite(path, sqlite::open_target(path)?)),
        }
    }

    /// Closes a target in which nothing was made. A SQLite file that is there only since it was opened goes away again.
    pub(super) fn close_unmade(self, was_there: bool) -> Result<()> {
        let Self::Sqlite(path, connection) = self else { return Ok(()) };
        drop(connection);
        if was_there {
            return Ok(());
        }
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
    }

    /// The ledger's place.
    pub(super) fn store(&mut self) -> &mut dyn Store {
        match self {
            Self::Postgres(_, session) => session,
            Self::Sqlite(_, connection) => connection,
        }
    }

    /// What the target holds of the ledger.
    fn own_objects(&mut self) -> Result<OwnObjects> {
        match self {
            Self::Postgres(_, session) => OwnObjects::of(session),
            Self::Sqlite(_, connection) => OwnObjects::of(connection),
        }
    }

    /// The ledger and plan of an earlier run; `None` if the target is empty. Refuses a target
    /// that is neither, and a ledger of another source.
    pub(super) fn existing(
        &mut self,
        source: &mut Source<'_>,
    ) -> Result<Option<(Head, FrozenPlan)>> {
        let own = self.own_objects()?;
        if own.has(&self.store().place("ledger")) {
            let head = ledger::head(self.store())?;
            let (place, known) = (source.place()?, known_source(self.store())?);
            if known != place {
                bail!(
                    "the target holds a hand-over of another source: {} ({known}), not {place}. If \
                     the vendor upgraded, restored or renamed that very database, record it \
                     (handover-migrate moved source --key OPERATOR_KEY --reason TEXT), and run this \
                     again: every row is compared. Otherwise use that source, or an empty target",
                    head.source
                );
            }
            let plan = ledger::plan(self.store())?;
            self.refuse_foreign_partitions(&plan)?;
            return Ok(Some((head, plan)));
        }
        let foreign = match self {
            Self::Postgres(_, session) => {
                if handover_engine::postgres::place(session)? == source.place()? {
                    bail!("source and target are the same database; use an empty one as target");
                }
                postgres::foreign_object(session, &own)?
            }
            Self::Sqlite(_, connection) => sqlite::foreign_object(connection, &own)?,
        };
        if let Some(name) = foreign {
            bail!(
                "the target is not empty and not ours: it has {name}; use an empty database \
                 (nothing there was changed)"
            );
        }
        Ok(None)
    }

    /// Refuses to read or write through a table that reaches another server.
    fn refuse_foreign_partitions(&mut self, plan: &FrozenPlan) -> Result<()> {
        let Self::Postgres(_, session) = self else { return Ok(()) };
        let shapes = plan.tables.iter().map(|(_, table)| shape_at_postgres(&table.shape));
        shapes
            .filter(|shape| shape.partitioned)
            .try_for_each(|shape| postgres::refuse_foreign_partition(session, &shape))
    }

    /// Makes the tables, the ledger and the plan in one transaction; in a PostgreSQL target as many
    /// objects as a transaction takes, and [`make_before_rows`](Self::make_before_rows) the rest.
    pub(super) fn create(
        &mut self,
        source: &mut Source<'_>,
        request: &CopyRequest,
        plan: &FrozenPlan,
        (structure, vendor_code): (&Structure, &VendorCode),
        (progress, interrupt): (&Progress, &Interrupt),
    ) -> Result<()> {
        let head = Head {
            source: request.source.to_string(),
            source_identity: source.place()?,
            chunk_bytes: request.chunk_bytes,
            stage: Stage::Rows,
        };
        let mut statements = ledger::plan_statements(self.store(), &head, plan)?;
        if let (Self::Postgres(..), Source::Postgres(endpoint, holder)) = (&*self, &mut *source) {
            let settings = SourceSettings::read(endpoint, holder.session())?;
            statements.push_str(&ledger::setting_statements(self.store(), settings.iter()));
        }
        if matches!(self, Self::Postgres(..)) {
            statements.push_str(&ledger::owner_statement(self.store(), &structure.owner));
        }
        if let Some(digest) = structure.archive {
            statements.push_str(&ledger::archive_statement(self.store(), digest));
        }
        statements.push_str(&ledger::prepare_events_statements(self.store())?);
        let detail = EventDetail {
            sha256: Some(Digest::of(statements.as_bytes())),
            count: Some(plan.tables.len() as u64),
            mapped_types: request.type_overrides.iter().map(ToString::to_string).collect(),
            vendor_code: vendor_code
                .to_read()
                .and(request.reviewed.as_ref())
                .map(ToString::to_string),
            ..EventDetail::default()
        };
        let (event, _) = ledger::event_statement(self.store(), EventKind::Plan, &detail)?;
        statements.push_str(&event);
        match self {
            Self::Postgres(endpoint, _) => {
                let mut session = postgres::making_session(endpoint, interrupt)?;
                let sql = (POSTGRES_DDL, statements.as_str());
                before_rows::make_new(&mut session, structure, sql, progress)
                    .context("cannot make the source's tables in the target; nothing was kept")
            }
            Self::Sqlite(path, connection) => {
                structure.stand_ins.add(connection)?;
                let made = sqlite::in_transaction(connection, |connection| {
                    sqlite::make(connection, &structure.before)?;
                    Store::execute(connection, &format!("{SQLITE_DDL}\n{statements}"))
                });
                structure.stand_ins.remove(connection)?;
                made.with_context(|| format!("cannot make the tables in {}", path.display()))
            }
        }
    }

    /// The settings of the source's database that rows are written under, as the first run found
    /// them. Says which of them the target does not take.
    pub(super) fn source_settings(
        &mut self,
        source: &mut Source<'_>,
        progress: &Progress,
    ) -> Result<SourceSettings> {
        let Self::Postgres(endpoint, session) = self else { return Ok(SourceSettings::default()) };
        let mut known = SourceSettings::of(ledger::settings(session)?);
        match source {
            Source::Postgres(_, holder) => known.add_own(holder.session())?,
            Source::Sqlite(..) => return Ok(known),
        }
        let (usable, refused) = known.usable_at(session)?;
        for name in refused {
            progress.note(&format!(
                "the target does not take the source database's own {name}; what depends on it is \
                 compared at the end"
            ));
        }
        for (name, here, there) in SourceSettings::read(endpoint, session)?.others_than(&known) {
            progress.note(&format!(
                "{name} is {here} in the target's database and {there} in the source's: rows are \
                 written under the source's; to have the platform compute as before, ALTER DATABASE \
                 … SET {name} in the target"
            ));
        }
        Ok(usable)
    }

    /// Makes what is still missing of what a PostgreSQL target has before the rows: a database with
    /// many objects is not made in one transaction, and what an earlier run was refused may be
    /// allowed now.
    pub(super) fn make_before_rows(
        &mut self,
        structure: &Structure,
        is_new: bool,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Postgres(endpoint, session) => {
                before_rows::make_open(endpoint, session, structure, is_new, (progress, interrupt))
            }
            Self::Sqlite(..) => Ok(()),
        }
    }

    /// Makes what an earlier run was refused after the rows, once everything else is done. Sequences,
    /// which may be in use by now, are left alone.
    pub(super) fn make_refused_later(
        &mut self,
        structure: &Structure,
        jobs: usize,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Postgres(endpoint, session) => {
                let run = ledger::newest_run(session)?;
                finish::make_rest(endpoint, structure, jobs, run, progress, interrupt).map(drop)
            }
            Self::Sqlite(..) => Ok(()),
        }
    }

    /// Records that a run began; gives its number. What an earlier run left behind does nothing
    /// from here on.
    pub(super) fn begin_run(&mut self) -> Result<i64> {
        match self {
            Self::Postgres(_, session) => {
                postgres::alone(session, |session| ledger::begin_run(session))
            }
            Self::Sqlite(_, connection) => ledger::begin_run(connection),
        }
    }

    /// Keeps every other program from writing the ledger until this one ends.
    pub(super) fn keep_ledger_to_itself(&mut self) -> Result<()> {
        match self {
            Self::Postgres(_, session) => ledger::keep_to_itself(session),
            Self::Sqlite(..) => Ok(()),
        }
    }

    /// Records how the run ended. After a failure the target may be out of reach; the run then
    /// stays without an end, as a killed one does.
    pub(super) fn end_run(
        &mut self,
        run: i64,
        outcome: RunOutcome,
        must_be_recorded: bool,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let recorded = match self {
            // An interrupt is still raised and would end this exchange too: record on a session
            // that does not listen.
            Self::Postgres(endpoint, _) if interrupt.is_raised() => {
                let unaware = Interrupt::default();
                Session::open(endpoint, Access::Write, &unaware)
                    .and_then(|mut session| ledger::end_run(&mut session, run, outcome))
            }
            _ => ledger::end_run(self.store(), run, outcome),
        };
        if must_be_recorded { recorded } else { Ok(()) }
    }
}
