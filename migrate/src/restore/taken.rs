//! Values that have to be unique and that another row has by now: whoever was registered anew.

use std::collections::BTreeMap;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::postgres;
use handover_engine::rows::key_value;
use handover_engine::sql::ident;
use handover_schemas::chunk::KeyValue;
use handover_schemas::purge::restore::TakenValues;
use handover_verify::purge::list::POSITION;

use super::load::read_positioned;
use super::plan::TAKEN;
use super::stage::{Aside, StagedTable};
use super::unique::unique_columns;
use crate::purge::PurgeDatabase;

/// Which columns have the value, and the key of the row that has it by now.
pub(super) struct Holder {
    pub(super) columns: Vec<String>,
    pub(super) key: Option<KeyValue>,
}

/// For each place of an archived row that is not put back for such a value, who has it.
pub(super) fn holders(
    database: &mut PurgeDatabase,
    table: &StagedTable<'_>,
    interrupt: &Interrupt,
) -> Result<BTreeMap<u64, Holder>> {
    let mut found = BTreeMap::new();
    for columns in unique_columns(database, &table.shape)? {
        let sql = holders_sql(database, table, &columns);
        let shape = &table.shape;
        read_positioned(&mut database.reader(), shape, &sql, interrupt, &mut |place, line| {
            let key = key_value(line, &table.key).ok();
            found.entry(place).or_insert_with(|| Holder { columns: columns.clone(), key });
            Ok(())
        })?;
    }
    Ok(found)
}

fn holders_sql(database: &PurgeDatabase, table: &StagedTable<'_>, columns: &[String]) -> String {
    let canonical = match database {
        PurgeDatabase::Postgres(_) => postgres::canonical_columns(&table.shape.columns),
        PurgeDatabase::Sqlite(_) => table.columns(""),
    };
    let names = table.shape.columns.iter().map(|column| ident(&column.name));
    let own: Vec<String> = names.map(|name| format!("t.{name} AS {name}")).collect();
    let same: Vec<String> =
        columns.iter().map(|name| format!("t.{0} = s.{0}", ident(name))).collect();
    format!(
        "SELECT {POSITION}, {canonical} FROM (SELECT s.{POSITION}, {} FROM {} AS s JOIN {} AS t \
         ON {} WHERE NOT ({}) AND s.{POSITION} IN (SELECT place FROM {} WHERE why = '{TAKEN}')) \
         AS x ORDER BY {POSITION}",
        own.join(", "),
        table.staged(database),
        table.table(database),
        same.join(" AND "),
        table.same_key(),
        table.aside(database, Aside::Blocked),
    )
}

/// How many rows wait for which columns.
pub(super) fn counted(holders: &BTreeMap<u64, Holder>) -> Vec<TakenValues> {
    let mut counts: BTreeMap<&Vec<String>, u64> = BTreeMap::new();
    for holder in holders.values() {
        *counts.entry(&holder.columns).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts.map(|(columns, rows)| TakenValues { columns: columns.clone(), rows }).collect()
}
