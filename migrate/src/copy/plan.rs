//! Making the plan, and holding a frozen one against the source as it is now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::Snapshot;
use handover_engine::reader::{ReadOptions, Reader};
use handover_schemas::chunk::KeyValue;
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::ledger::LeftOutBy;
use handover_schemas::name::TableName;
use handover_schemas::plan::{TablePlan, TableShape};

use super::failure::{Severity, severity};
use super::source::{Described, Source};
use crate::ledger::{FrozenPlan, LeftOutTable};

type Boundaries = Result<Vec<KeyValue>>;

/// Numbers the tables and finds where their chunks begin. A table whose keys cannot even be read
/// gets no boundaries; reading its rows will say why.
pub(super) fn make_plan(
    source: &Source<'_>,
    described: Described,
    jobs: usize,
    options: &ReadOptions,
) -> Result<FrozenPlan> {
    let boundaries = match source {
        Source::Postgres(endpoint, holder) => {
            on_sessions(endpoint, holder.snapshot(), &described.tables, jobs, options)?
        }
        Source::Sqlite(_, connection) => described
            .tables
            .iter()
            .map(|shape| Reader::Sqlite(connection).boundaries(shape, options))
            .collect(),
    };
    let mut tables = Vec::new();
    for (number, (shape, boundaries)) in (0..).zip(described.tables.into_iter().zip(boundaries)) {
        let boundaries = match boundaries {
            Ok(boundaries) => boundaries,
            Err(error) => match severity(&error) {
                Severity::Table => Vec::new(),
                Severity::Everything => return Err(error),
            },
        };
        tables.push((number, TablePlan { shape, boundaries }));
    }
    Ok(FrozenPlan { tables, left_out: described.left_out })
}

/// Gives every table to one of `jobs` sessions; results come in the tables' order.
fn on_sessions(
    endpoint: &PostgresEndpoint,
    snapshot: &Snapshot,
    tables: &[TableShape],
    jobs: usize,
    options: &ReadOptions,
) -> Result<Vec<Boundaries>> {
    let next = AtomicUsize::new(0);
    let found: Mutex<BTreeMap<usize, Boundaries>> = Mutex::default();
    let work = || -> Result<()> {
        let mut session = snapshot.open_session(endpoint, &options.interrupt)?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(shape) = tables.get(index) else { return Ok(()) };
            let boundaries = Reader::Postgres(&mut session).boundaries(shape, options);
            match &boundaries {
                Err(error) if severity(error) == Severity::Everything => {
                    return boundaries.map(|_none| ());
                }
                Err(_of_this_table) => {
                    session = snapshot.open_session(endpoint, &options.interrupt)?;
                }
                Ok(_) => {}
            }
            found.lock().unwrap_or_else(PoisonError::into_inner).insert(index, boundaries);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(tables.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_panic| bail!("a planning thread panicked"))
        })
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

/// Refuses to go on with a source that is not the one the plan was made from.
pub(super) fn check_unchanged(plan: &FrozenPlan, described: &Described) -> Result<()> {
    same_left_out(plan, described)?;
    let planned: BTreeMap<&TableName, &TableShape> =
        plan.tables.iter().map(|(_, table)| (&table.shape.name, &table.shape)).collect();
    for shape in &described.tables {
        let was_left_out = plan.left_out.iter().any(|table| table.name == shape.name);
        match planned.get(&shape.name) {
            Some(planned) => same_table(planned, shape)?,
            None if was_left_out => bail!(
                "{} can be read now, and could not when the plan was made; start anew with an \
                 empty target",
                shape.name
            ),
            None => bail!(
                "the source has a new table {} that the plan does not have; start anew with an \
                 empty target",
                shape.name
            ),
        }
    }
    let now: BTreeSet<&TableName> = described.tables.iter().map(|shape| &shape.name).collect();
    if let Some(name) = planned.keys().find(|name| !now.contains(**name)) {
        let left_out = described.left_out.iter().find(|table| table.name == **name);
        if let Some(LeftOutTable { reason, by: LeftOutBy::Source, .. }) = left_out {
            bail!(
                "the plan has {name}, which cannot be copied now: {reason}; put {CONFIG_FILE} or the \
                 source back as it was, or start anew with an empty target"
            );
        }
        bail!(
            "the source no longer has {name}, or the account may no longer read it; the plan has it"
        );
    }
    Ok(())
}

/// Refuses a config that leaves out other tables than the plan. A reason may be worded anew; the
/// ledger keeps the one it has.
fn same_left_out(plan: &FrozenPlan, described: &Described) -> Result<()> {
    let by_config = |table: &&LeftOutTable| table.by == LeftOutBy::Config;
    let now: Vec<&LeftOutTable> = described.left_out.iter().filter(by_config).collect();
    for table in plan.left_out_by(LeftOutBy::Config) {
        if !now.iter().any(|other| other.name == table.name) {
            bail!(
                "the plan leaves out {} ({}), and {CONFIG_FILE} does not; put it back into \
                 leave_out, or start anew with an empty target",
                table.name,
                table.reason
            );
        }
    }
    for table in now {
        if !plan.left_out_by(LeftOutBy::Config).any(|other| other.name == table.name) {
            bail!(
                "{CONFIG_FILE} leaves out {}, and the plan does not; take it out of leave_out \
                 again, or start anew with an empty target",
                table.name
            );
        }
    }
    Ok(())
}

fn same_table(planned: &TableShape, now: &TableShape) -> Result<()> {
    let name = &planned.name;
    let names = |shape: &TableShape| -> Vec<String> {
        let columns = shape.columns.iter().map(|column| column.target_name().to_owned());
        std::iter::once(shape.target_name().name).chain(columns).collect()
    };
    let renamed = |shape: &TableShape| {
        shape.renamed.is_some() || shape.columns.iter().any(|column| column.renamed.is_some())
    };
    if (renamed(planned) || renamed(now)) && names(planned) != names(now) {
        bail!(
            "{CONFIG_FILE} renames {name} or its columns otherwise than the plan; put the rules back \
             as they were, or start anew with an empty target"
        );
    }
    for (before, after) in planned.columns.iter().zip(&now.columns) {
        if before != after {
            bail!(
                "the source's schema changed: column {} of {name} was {} and is {} {}; start anew \
                 with an empty target",
                before.name,
                before.type_name,
                after.name,
                after.type_name
            );
        }
    }
    if planned.columns.len() != now.columns.len() || planned.generated != now.generated {
        bail!(
            "the source's schema changed: {name} had {} columns and has {}; start anew with an \
             empty target",
            planned.columns.len() + planned.generated.len(),
            now.columns.len() + now.generated.len()
        );
    }
    if planned.extent != now.extent {
        bail!(
            "the source's schema changed: which rows of {name} belong to it (its partitions, or \
             what its extension declares to be configuration); start anew with an empty target"
        );
    }
    if planned.key != now.key || planned.partitioned != now.partitioned {
        bail!("the source's schema changed: the key of {name}; start anew with an empty target");
    }
    Ok(())
}
