//! The keys of rows that are not put back, in the findings file: the terminal gives counts only.

use anyhow::Result;
use handover_verify::findings::FindingsFile;
use handover_verify::handover_dir::HandoverDir;
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres;
use handover_verify::purge::list::POSITION;
use handover_verify::rows::key_value;

use super::load::read_positioned;
use super::plan::{CONFLICT, PARENT, TAKEN};
use super::stage::{Aside, StagedTable};
use crate::purge::{ListedRow, PurgeDatabase};

/// The findings file.
pub const FINDINGS: &str = "findings/restore.jsonl";

/// Writes the file anew; takes it away if every chosen row can go back.
pub(super) fn name_held_back(
    database: &mut PurgeDatabase,
    dir: &HandoverDir,
    tables: &[StagedTable<'_>],
    interrupt: &Interrupt,
) -> Result<()> {
    let reasons = [
        (CONFLICT, "another row with this key is there"),
        (TAKEN, "another row has a value of it that has to be unique"),
        (PARENT, "a row that it refers to is neither there nor chosen"),
    ];
    let mut file = FindingsFile::new(dir, FINDINGS);
    for table in tables {
        for (word, why) in reasons {
            let columns = match database {
                PurgeDatabase::Postgres(_) => postgres::canonical_columns(&table.shape.columns),
                PurgeDatabase::Sqlite(_) => table.columns(""),
            };
            let sql = format!(
                "SELECT {POSITION}, {columns} FROM {} WHERE {POSITION} IN \
                 (SELECT place FROM {} WHERE why = '{word}') ORDER BY {POSITION}",
                table.staged(database),
                table.aside(database, Aside::Blocked),
            );
            let (shape, reader) = (&table.shape, &mut database.reader());
            read_positioned(reader, shape, &sql, interrupt, &mut |_place, line| {
                let key = key_value(line, &table.key).ok();
                file.add(&ListedRow { table: shape.name.to_string(), key, why });
                Ok(())
            })?;
        }
    }
    file.finish()
}
