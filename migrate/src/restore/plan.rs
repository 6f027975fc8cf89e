//! What is to be done with each chosen row, told by the database: absent rows go back, identical ones
//! are there, others are in the way. All or nothing for each person: a row that cannot go back keeps
//! everything that hangs together with it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use handover_engine::sql::{ident, qualified};
use handover_schemas::archive::manifest::ParentLink;
use handover_schemas::name::TableName;
use handover_verify::purge::list::POSITION;

use super::stage::{Aside, StagedTable};
use super::unique::unique_columns;
use crate::purge::PurgeDatabase;
use crate::purge::catalog::{ForeignKey, foreign_keys};

/// Why a row is not put back, as the ledger of one run has it.
pub(super) const CONFLICT: &str = "conflict";
pub(super) const TAKEN: &str = "taken";
pub(super) const PARENT: &str = "parent";
pub(super) const PERSON: &str = "person";
/// Rows that were not chosen refer to the row that would give way: it may be somebody else's.
pub(super) const REFERRED: &str = "referred";
/// It refers to another person, who is neither there nor chosen.
pub(super) const APART: &str = "apart";

/// How the chosen rows of a table divide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) insert: u64,
    pub(super) replace: u64,
    pub(super) identical: u64,
    pub(super) conflict: u64,
    pub(super) parent_missing: u64,
    pub(super) held_back: u64,
}

/// Places of rows that may replace others, by the number of their table.
pub(super) type Overwrites = BTreeMap<usize, Vec<u64>>;

/// Fills the tables beside the staged ones; gives the counts of each. If single people go back, the
/// table that they are in is given: a row about two people waits for the other one.
pub(super) fn plan(
    database: &mut PurgeDatabase,
    tables: &[StagedTable<'_>],
    overwrites: &Overwrites,
    people: Option<&TableName>,
) -> Result<Vec<Counts>> {
    let keys = foreign_keys(database)?;
    take_overwrites(database, tables, overwrites)?;
    for table in tables {
        compare(database, table)
            .with_context(|| format!("cannot compare the rows of {}", table.shape.name))?;
        block_taken(database, table)?;
    }
    for key in &keys {
        block_referred(database, key, tables)?;
        if let Some(table) = tables.iter().find(|table| table.shape.name == key.child) {
            let why = if people == Some(&key.parent) { APART } else { PARENT };
            block_orphans(database, table, (key, why), tables)?;
        }
    }
    while spread(database, tables)? {}
    tables.iter().map(|table| choose(database, table)).collect()
}

fn take_overwrites(
    database: &mut PurgeDatabase,
    tables: &[StagedTable<'_>],
    overwrites: &Overwrites,
) -> Result<()> {
    let mut expected = 0;
    for (number, places) in overwrites {
        expected += places.len() as u64;
        let Some(table) = tables.iter().find(|table| table.number == *number) else { continue };
        let (aside, stage) = (table.aside(database, Aside::Overwrite), table.staged(database));
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        database.execute(&format!(
            "INSERT INTO {aside} (place, listed) SELECT {POSITION}, 1 FROM {stage} \
             WHERE {POSITION} IN ({})",
            places.join(", ")
        ))?;
        expected -= count(database, &aside, "true")?;
    }
    if expected > 0 {
        bail!("{expected} of the rows that are to be overwritten are not among those chosen");
    }
    Ok(())
}

/// Which rows are there, and whether they are what was archived: column by column the same text.
fn compare(database: &mut PurgeDatabase, table: &StagedTable<'_>) -> Result<()> {
    let same = match database {
        PurgeDatabase::Postgres(_) => format!(
            "ROW({})::text IS NOT DISTINCT FROM ROW({})::text",
            table.columns("t."),
            table.columns("s.")
        ),
        PurgeDatabase::Sqlite(_) => {
            let columns = table.shape.columns.iter().map(|column| ident(&column.name));
            let parts: Vec<String> = columns
                .map(|name| {
                    format!(
                        "typeof(t.{name}) = typeof(s.{name}) AND t.{name} IS s.{name} COLLATE BINARY"
                    )
                })
                .collect();
            parts.join(" AND ")
        }
    };
    let sql = format!(
        "INSERT INTO {} (place, same) SELECT s.{POSITION}, CASE WHEN {same} THEN 1 ELSE 0 END \
         FROM {} AS s JOIN {} AS t ON {}",
        table.aside(database, Aside::Present),
        table.staged(database),
        table.table(database),
        table.same_key(),
    );
    database.execute(&sql)?;
    let sql = format!(
        "INSERT INTO {} (place, why) SELECT p.place, '{CONFLICT}' FROM {} AS p LEFT JOIN {} AS o \
         ON o.place = p.place WHERE p.same = 0 AND o.place IS NULL",
        table.aside(database, Aside::Blocked),
        table.aside(database, Aside::Present),
        table.aside(database, Aside::Overwrite),
    );
    database.execute(&sql)
}

/// The staged rows `s` that would be written, beside what is known of them.
fn written(database: &PurgeDatabase, table: &StagedTable<'_>) -> String {
    format!(
        "{} AS s LEFT JOIN {} AS p ON p.place = s.{POSITION} \
         LEFT JOIN {} AS o ON o.place = s.{POSITION}",
        table.staged(database),
        table.aside(database, Aside::Present),
        table.aside(database, Aside::Overwrite),
    )
}

const IS_WRITTEN: &str = "(p.place IS NULL OR (p.same = 0 AND o.place IS NOT NULL))";

/// Rows with a value that has to be unique, and that another row has by now: somebody was
/// registered anew.
fn block_taken(database: &mut PurgeDatabase, table: &StagedTable<'_>) -> Result<()> {
    for columns in unique_columns(database, &table.shape)? {
        let on: Vec<String> =
            columns.iter().map(|name| format!("t.{0} = s.{0}", ident(name))).collect();
        let sql = format!(
            "INSERT INTO {} (place, why) SELECT DISTINCT s.{POSITION}, '{TAKEN}' FROM {} \
             JOIN {} AS t ON {} WHERE {IS_WRITTEN} AND NOT ({}) ON CONFLICT (place) DO NOTHING",
            table.aside(database, Aside::Blocked),
            written(database, table),
            table.table(database),
            on.join(" AND "),
            table.same_key(),
        );
        database.execute(&sql)?;
    }
    Ok(())
}

/// Rows that may replace others, where rows that were not chosen refer to what would give way: with
/// a number that was given anew they would become another person's.
fn block_referred(
    database: &mut PurgeDatabase,
    key: &ForeignKey,
    tables: &[StagedTable<'_>],
) -> Result<()> {
    let named = |name: &TableName| tables.iter().find(|table| table.shape.name == *name);
    let Some(table) = named(&key.parent) else { return Ok(()) };
    let pairs = key.child_columns.iter().zip(&key.parent_columns);
    let refers: Vec<String> =
        pairs.map(|(child, parent)| format!("c.{} = t.{}", ident(child), ident(parent))).collect();
    let is_chosen = named(&key.child).map_or_else(String::new, |child| {
        let columns = child.key.columns.iter().filter_map(|at| child.shape.columns.get(*at));
        let same: Vec<String> =
            columns.map(|column| format!("k.{0} = c.{0}", ident(&column.name))).collect();
        let staged = child.staged(database);
        format!(" AND NOT EXISTS (SELECT 1 FROM {staged} AS k WHERE {})", same.join(" AND "))
    });
    let sql = format!(
        "INSERT INTO {} (place, why) SELECT DISTINCT s.{POSITION}, '{REFERRED}' FROM {} \
         JOIN {} AS t ON {} JOIN {} AS c ON {} \
         WHERE p.same = 0 AND o.place IS NOT NULL{is_chosen} ON CONFLICT (place) DO NOTHING",
        table.aside(database, Aside::Blocked),
        written(database, table),
        table.table(database),
        table.same_key(),
        qualified(&key.child.schema, &key.child.name),
        refers.join(" AND "),
    );
    database
        .execute(&sql)
        .with_context(|| format!("cannot look for what refers to the rows of {}", key.parent))
}

/// Rows that refer to a row that is neither there nor chosen.
fn block_orphans(
    database: &mut PurgeDatabase,
    table: &StagedTable<'_>,
    (key, why): (&ForeignKey, &str),
    tables: &[StagedTable<'_>],
) -> Result<()> {
    let pairs = || key.child_columns.iter().zip(&key.parent_columns);
    let on = |parent: &str| {
        let parts: Vec<String> = pairs()
            .map(|(child, column)| format!("{parent}.{} = s.{}", ident(column), ident(child)))
            .collect();
        parts.join(" AND ")
    };
    let Some(first) = key.parent_columns.first().map(|name| ident(name)) else { return Ok(()) };
    let refers: Vec<String> =
        key.child_columns.iter().map(|name| format!("s.{} IS NOT NULL", ident(name))).collect();
    let mut joins = format!(
        "LEFT JOIN {} AS r ON {}",
        qualified(&key.parent.schema, &key.parent.name),
        on("r")
    );
    let mut missing = format!("r.{first} IS NULL");
    if let Some(parent) = tables.iter().find(|table| table.shape.name == key.parent) {
        joins.push_str(&format!(" LEFT JOIN {} AS q ON {}", parent.staged(database), on("q")));
        missing.push_str(&format!(" AND q.{first} IS NULL"));
    }
    let sql = format!(
        "INSERT INTO {} (place, why) SELECT DISTINCT s.{POSITION}, '{why}' FROM {} {joins} \
         WHERE {IS_WRITTEN} AND {} AND {missing} ON CONFLICT (place) DO NOTHING",
        table.aside(database, Aside::Blocked),
        written(database, table),
        refers.join(" AND "),
    );
    database
        .execute(&sql)
        .with_context(|| format!("cannot look for the parents of the rows of {}", key.child))
}

/// Blocks what hangs together with blocked rows, one step further; whether there was any.
fn spread(database: &mut PurgeDatabase, tables: &[StagedTable<'_>]) -> Result<bool> {
    let before = blocked(database, tables)?;
    if before == 0 {
        return Ok(false);
    }
    for child in tables {
        for link in &child.archived.parents {
            let parent = tables.iter().find(|table| table.shape.name == link.parent);
            let Some(parent) = parent else { continue };
            let pair = format!(
                "{} AS c JOIN {} AS q ON {}",
                child.staged(database),
                parent.staged(database),
                linked(link)
            );
            // A row about two people that waits for one of them does not hold the other one back;
            // what refers to it waits with it.
            let upwards = format!("'{PERSON}' AS why");
            let downwards =
                format!("max(CASE b.why WHEN '{APART}' THEN '{APART}' ELSE '{PERSON}' END) AS why");
            for (from, to, blocked, taken, why, only) in [
                (child, parent, "c", "q", &upwards, format!("b.why <> '{APART}'")),
                (parent, child, "q", "c", &downwards, "true".to_owned()),
            ] {
                let sql = format!(
                    "INSERT INTO {} (place, why) SELECT {taken}.{POSITION}, {why} \
                     FROM {pair} JOIN {} AS b ON b.place = {blocked}.{POSITION} WHERE {only} \
                     GROUP BY {taken}.{POSITION} ON CONFLICT (place) DO NOTHING",
                    to.aside(database, Aside::Blocked),
                    from.aside(database, Aside::Blocked),
                );
                database.execute(&sql)?;
            }
        }
    }
    Ok(blocked(database, tables)? > before)
}

fn linked(link: &ParentLink) -> String {
    let pairs = link.columns.iter().zip(&link.parent_columns);
    let parts: Vec<String> =
        pairs.map(|(child, parent)| format!("c.{} = q.{}", ident(child), ident(parent))).collect();
    parts.join(" AND ")
}

fn blocked(database: &mut PurgeDatabase, tables: &[StagedTable<'_>]) -> Result<u64> {
    let mut sum = 0;
    for table in tables {
        let aside = table.aside(database, Aside::Blocked);
        sum += count(database, &aside, "true")?;
    }
    Ok(sum)
}

/// Writes down which rows go back, and counts.
fn choose(database: &mut PurgeDatabase, table: &StagedTable<'_>) -> Result<Counts> {
    let [present, blocked, back] =
        [Aside::Present, Aside::Blocked, Aside::Back].map(|what| table.aside(database, what));
    let sql = format!(
        "INSERT INTO {back} (place, replaces) \
         SELECT s.{POSITION}, CASE WHEN p.place IS NULL THEN 0 ELSE 1 END FROM {} \
         LEFT JOIN {blocked} AS b ON b.place = s.{POSITION} WHERE {IS_WRITTEN} AND b.place IS NULL",
        written(database, table),
    );
    database.execute(&sql)?;
    let not_there = format!("place NOT IN (SELECT place FROM {present} WHERE same = 1)");
    let counts = Counts {
        insert: count(database, &back, "replaces = 0")?,
        replace: count(database, &back, "replaces = 1")?,
        identical: count(database, &present, "same = 1")?,
        conflict: count(
            database,
            &blocked,
            &format!("why IN ('{CONFLICT}', '{TAKEN}', '{REFERRED}')"),
        )?,
        parent_missing: count(
            database,
            &blocked,
            &format!("why = '{PARENT}' OR (why = '{APART}' AND {not_there})"),
        )?,
        held_back: count(database, &blocked, &format!("why = '{PERSON}' AND {not_there}"))?,
    };
    let Counts { insert, replace, identical, conflict, parent_missing, held_back } = counts;
    let sum = insert + replace + identical + conflict + parent_missing + held_back;
    if sum != table.rows {
        bail!("{} rows of {} were chosen, and {sum} were judged", table.rows, table.shape.name);
    }
    Ok(counts)
}

/// How many rows meet a condition.
fn count(database: &mut PurgeDatabase, table: &str, condition: &str) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
    let rows = database.store().query(&sql)?;
    let count = rows.into_iter().flatten().flatten().next();
    count.and_then(|count| count.parse().ok()).context("rows cannot be counted")
}
