//! The proof that an archive can be loaded: a chunk of each table goes into a scratch schema, is
//! read back, and thrown away.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::LineHasher;
use handover_schemas::plan::TableShape;
use handover_verify::archive::ArchiveReader;
use handover_verify::purge::ledger::PurgeEntry;

use super::PurgeDatabase;
use crate::restore::load::Loading;

/// Loads the first chunk of each table; gives the number of rows that came back as they went in.
pub(super) fn load_and_compare(
    database: &mut PurgeDatabase,
    archive: &ArchiveReader,
    purge: &PurgeEntry,
    interrupt: &Interrupt,
) -> Result<u64> {
    let mut loaded = 0;
    for (selected, table) in purge.selection.tables.iter().zip(&archive.manifest().tables) {
        if table.chunks == 0 {
            continue;
        }
        let lines = archive.rows(table, 1)?;
        database.begin_at_one_moment()?;
        let rows = compare(database, &selected.shape, &lines, interrupt)
            .with_context(|| format!("the archived rows of {} cannot be loaded", table.name));
        database.execute("ROLLBACK")?;
        loaded += rows?;
    }
    Ok(loaded)
}

fn compare(
    database: &mut PurgeDatabase,
    shape: &TableShape,
    lines: &[u8],
    interrupt: &Interrupt,
) -> Result<u64> {
    let mut loading = Loading::begin(database, shape, "scratch")?;
    let mut expected = LineHasher::new();
    for (position, line) in (0..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
        expected.push(line);
        loading.row(position, line)?;
    }
    loading.finish()?;
    let mut found = LineHasher::new();
    Loading::read_back(database, shape, "scratch", interrupt, |_position, line| {
        found.push(line);
        Ok(())
    })?;
    let (expected, found) = (expected.finish(), found.finish());
    if expected != found {
        bail!("loaded into a scratch schema, they are not what they were");
    }
    Ok(expected.rows)
}
