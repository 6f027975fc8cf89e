//! Looking once more at a target in which code of the vendor's ran: functions that checks, indexes and materialised
//! views call may do more than they say, to any row and to the ledger.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::report::{Finding, FindingKind};

use super::board::Unit;
use super::rows::Work;
use super::shared::Shared;
use super::vendor_code::LISTING;
use super::worker::{OpenSource, OpenTarget, Worker};

/// Reads every row of the tables that did not stop, and compares it with what was copied. A finding for each table
/// that is not the same any more.
pub(super) fn read_again(
    work: &Work<'_>,
    first: &Shared<'_>,
    open_target: &OpenTarget<'_>,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>> {
    let gone: BTreeSet<i64> = first.stopped_tables().iter().map(|stopped| stopped.table).collect();
    let shared = first.for_reading_again(interrupt);
    for (table, _) in work.plan.tables.iter().filter(|(table, _)| !gone.contains(table)) {
        shared.board.add(Unit::ReadAgain(*table));
    }
    let no_source: &OpenSource<'_> = &|| bail!("rows are read at the target only");
    std::thread::scope(|scope| {
        for _ in 0..work.request.jobs {
            scope.spawn(|| {
                shared.board.run(|| {
                    Worker::new(&shared, no_source, open_target, &work.structure.keys).run();
                });
            });
        }
    });
    interrupt.check()?;
    if let Some(failure) = shared.board.take_failure() {
        return Err(failure);
    }
    shared
        .stopped_tables()
        .into_iter()
        .map(|stopped| {
            let table = shared.shape(stopped.table)?.name.to_string();
            let message = format!(
                "{}, and they were once: code of the vendor's ran in the target in between ({LISTING} lists it); begin \
                 again with an empty target, and leave out what changes rows",
                stopped.reason
            );
            Ok(Finding { object: Some(table), ..Finding::new(FindingKind::RowsDiffer, message) })
        })
        .collect()
}
