//! Making the list: the keys of every row that a rule selects, table by table.

use anyhow::{Context, Result};
use handover_engine::sql::ident;
use handover_schemas::archive::manifest::ParentLink;
use handover_schemas::config::PurgeRule;
use handover_verify::purge::list::{EVIDENCE, List, POSITION};

use super::PurgeDatabase;
use super::answers::Judging;
use super::closure::RuleTable;

/// Makes the lists of all tables, in the transaction that is open; gives the number of rows of
/// each. The answers are those of the rule's evidence, if it rests on some.
pub(super) fn make_lists(
    database: &mut PurgeDatabase,
    purge: i64,
    rule: &PurgeRule,
    tables: &[RuleTable],
    answers: Option<&Judging<'_>>,
) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let list = List::new(purge, number, &table.shape)?;
        let rows = if table.parents.is_empty() {
            let from = list.table(&database.reader());
            answers.map_or_else(|| root_rows(rule, &list, &from), Judging::selected)
        } else {
            let from = list.table(&database.reader());
            followers(database, purge, (&list, &from), table, tables)?
        };
        make(database, &list, &rows)
            .with_context(|| format!("cannot select the rows of {}", table.shape.name))?;
        counts.push(count(database, &list)?);
    }
    Ok(counts)
}

/// The list from a query that gives the key's columns under their own names, and
/// `handover_evidence`.
fn make(database: &mut PurgeDatabase, list: &List<'_>, rows: &str) -> Result<()> {
    let keys: Vec<String> = list
        .key_names()
        .enumerate()
        .map(|(at, name)| format!("{} AS {}", ident(name), List::key_column(at)))
        .collect();
    let reader = database.reader();
    let (order, name) = (list.order(&reader), list.list(&reader));
    let positions: Vec<String> = (0..keys.len()).map(List::key_column).collect();
    let index = |suffix: &str, columns: &str| match &reader {
        handover_engine::reader::Reader::Postgres(_) => {
            format!("CREATE UNIQUE INDEX ON {name} ({columns});")
        }
        handover_engine::reader::Reader::Sqlite(_) => format!(
            "CREATE UNIQUE INDEX main.handover_{}_{suffix} ON handover_{} ({columns});",
            list.name, list.name
        ),
    };
    let sql = format!(
        "CREATE TABLE {name} AS SELECT row_number() OVER (ORDER BY {order}) - 1 AS {POSITION}, \
         {}, {EVIDENCE} FROM ({rows}) AS selected; {} {} ANALYZE {name};",
        keys.join(", "),
        index("position", POSITION),
        index("key", &positions.join(", ")),
    );
    database.execute(&sql)
}

/// The rows of a table that a rule without evidence selects: its own, or another one that has its
/// columns.
pub(super) fn root_rows(rule: &PurgeRule, list: &List<'_>, table: &str) -> String {
    let alias = ident(&list.shape.name.name);
    let keys: Vec<String> =
        list.key_names().map(|name| format!("{alias}.{}", ident(name))).collect();
    format!(
        "SELECT {}, CAST(NULL AS bigint) AS {EVIDENCE} FROM {table} AS {alias} WHERE ({}\n)",
        keys.join(", "),
        rule.condition
    )
}

/// The rows of a table that refer to listed rows, or of another one that has its columns.
pub(super) fn followers(
    database: &mut PurgeDatabase,
    purge: i64,
    (list, from): (&List<'_>, &str),
    table: &RuleTable,
    tables: &[RuleTable],
) -> Result<String> {
    let keys: Vec<String> = list.key_names().map(|name| format!("t.{}", ident(name))).collect();
    let keys = keys.join(", ");
    let mut parts = Vec::new();
    for link in &table.parents {
        let parent = tables.iter().position(|one| one.shape.name == link.parent);
        let (number, parent) =
            parent.and_then(|at| Some((at, tables.get(at)?))).context("a parent is not listed")?;
        let parent_list = List::new(purge, number, &parent.shape)?;
        let reader = database.reader();
        parts.push(format!(
            "SELECT {keys} FROM {from} AS t {}",
            join_parent(&parent_list, link, &reader),
        ));
    }
    Ok(format!(
        "SELECT f.*, CAST(NULL AS bigint) AS {EVIDENCE} FROM ({}) AS f",
        parts.join(" UNION ")
    ))
}

/// Joins the child `t` with the listed rows of its parent.
fn join_parent(
    parent: &List<'_>,
    link: &ParentLink,
    reader: &handover_engine::reader::Reader<'_>,
) -> String {
    let conditions = |right: &dyn Fn(&String) -> String| {
        let pairs = link.columns.iter().zip(&link.parent_columns);
        let parts: Vec<String> = pairs
            .map(|(child, parent)| format!("t.{} = {}", ident(child), right(parent)))
            .collect();
        parts.join(" AND ")
    };
    let key_names: Vec<&str> = parent.key_names().collect();
    let place = |name: &String| key_names.iter().position(|key| key == name);
    if link.parent_columns.iter().all(|name| place(name).is_some())
        && link.parent_columns.len() == key_names.len()
    {
        // The list has all that is needed.
        let on =
            conditions(&|name| format!("l.{}", List::key_column(place(name).unwrap_or_default())));
        return format!("JOIN {} AS l ON {on}", parent.list(reader));
    }
    let on = conditions(&|name| format!("p.{}", ident(name)));
    let keys: Vec<String> = key_names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("p.{} = l.{}", ident(name), List::key_column(at)))
        .collect();
    format!(
        "JOIN {} AS p ON {on} JOIN {} AS l ON {}",
        parent.table(reader),
        parent.list(reader),
        keys.join(" AND ")
    )
}

fn count(database: &mut PurgeDatabase, list: &List<'_>) -> Result<u64> {
    let name = list.list(&database.reader());
    let rows = database.store().query(&format!("SELECT count(*) FROM {name}"))?;
    let count = rows.into_iter().flatten().flatten().next();
    count.and_then(|count| count.parse().ok()).context("a list cannot be counted")
}
