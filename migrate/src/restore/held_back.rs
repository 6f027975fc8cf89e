//! The keys of rows that are not put back, in the findings file: the terminal gives counts only.

use anyhow::Result;
use handover_cli_kit::findings::FindingsFile;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::postgres;
use handover_engine::rows::key_value;
use handover_schemas::chunk::KeyValue;
use handover_schemas::purge::restore::TakenValues;
use handover_verify::purge::list::POSITION;
use serde::Serialize;

use super::load::read_positioned;
use super::plan::{APART, CONFLICT, PARENT, REFERRED, TAKEN};
use super::stage::{Aside, StagedTable};
use super::taken::{Holder, counted, holders};
use crate::purge::{ListedRow, PurgeDatabase};

/// The findings file.
pub const FINDINGS: &str = "findings/restore.jsonl";

/// The findings file of what goes back together with a person.
pub const CHOSEN: &str = "findings/restore-chosen.jsonl";

/// A row that another one has a value of.
#[derive(Serialize)]
struct TakenRow<'a> {
    table: String,
    key: Option<KeyValue>,
    why: &'static str,
    /// The columns that have the value.
    columns: &'a [String],
    /// The key of the row that has it by now.
    holder: &'a Option<KeyValue>,
}

/// Writes the file anew; takes it away if every chosen row can go back. Gives for each table the
/// values that other rows have by now.
pub(super) fn name_held_back(
    database: &mut PurgeDatabase,
    dir: &HandoverDir,
    tables: &[StagedTable<'_>],
    interrupt: &Interrupt,
) -> Result<Vec<Vec<TakenValues>>> {
    let reasons = [
        (CONFLICT, "another row with this key is there"),
        (TAKEN, "another row has a value of it that has to be unique"),
        (REFERRED, "rows that were not chosen refer to the row that would give way"),
        (PARENT, "a row that it refers to is neither there nor chosen"),
        (APART, "it refers to another person, who is neither there nor chosen"),
    ];
    let mut file = FindingsFile::new(dir, FINDINGS);
    let mut taken = Vec::new();
    for table in tables {
        let holders = holders(database, table, interrupt)?;
        for (word, why) in reasons {
            let condition = format!(
                "{POSITION} IN (SELECT place FROM {} WHERE why = '{word}')",
                table.aside(database, Aside::Blocked)
            );
            keys(database, table, &condition, interrupt, |place, key| {
                let table = table.shape.name.to_string();
                match holders.get(&place).filter(|_| word == TAKEN) {
                    Some(Holder { columns, key: holder }) => {
                        file.add(&TakenRow { table, key, why, columns, holder });
                    }
                    None => file.add(&ListedRow { table, key, why }),
                }
            })?;
        }
        taken.push(counted(&holders));
    }
    file.finish()?;
    Ok(taken)
}

/// Writes down which rows were chosen together with a person.
pub(super) fn name_chosen(
    database: &mut PurgeDatabase,
    dir: &HandoverDir,
    tables: &[StagedTable<'_>],
    interrupt: &Interrupt,
) -> Result<()> {
    let mut file = FindingsFile::new(dir, CHOSEN);
    for table in tables {
        keys(database, table, "true", interrupt, |_place, key| {
            let table = table.shape.name.to_string();
            file.add(&ListedRow { table, key, why: "it belongs to the person, and was chosen" });
        })?;
    }
    file.finish()
}

/// Gives the places and keys of staged rows that meet a condition, in their order.
fn keys(
    database: &mut PurgeDatabase,
    table: &StagedTable<'_>,
    condition: &str,
    interrupt: &Interrupt,
    mut each: impl FnMut(u64, Option<KeyValue>),
) -> Result<()> {
    let columns = match database {
        PurgeDatabase::Postgres(_) => postgres::canonical_columns(&table.shape.columns),
        PurgeDatabase::Sqlite(_) => table.columns(""),
    };
    let sql = format!(
        "SELECT {POSITION}, {columns} FROM {} WHERE {condition} ORDER BY {POSITION}",
        table.staged(database),
    );
    let (shape, reader) = (&table.shape, &mut database.reader());
    read_positioned(reader, shape, &sql, interrupt, &mut |place, line| {
        each(place, key_value(line, &table.key).ok());
        Ok(())
    })
}
