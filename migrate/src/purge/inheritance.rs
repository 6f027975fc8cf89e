//! Plain inheritance of PostgreSQL. A purge reads and deletes table by table (`ONLY`), while people
//! who read a table see the rows of those that inherit from it as well.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_engine::sql::{ident, literal, qualified};
use handover_schemas::config::PurgeRule;
use handover_schemas::name::TableName;
use handover_verify::purge::list::List;

use super::PurgeDatabase;
use super::closure::RuleTable;
use super::list::{followers, root_rows};

/// A table that inherits from another, directly or not.
struct Heir {
    name: TableName,
    /// Its rows are on another server, or reached through one.
    is_foreign: bool,
}

/// Rows that the rule would select, were they not in a table that inherits from one of the rule's:
/// they would stay. Takes lists that are made.
pub(super) fn refuse_rows_of_heirs(
    database: &mut PurgeDatabase,
    purge: i64,
    rule: &PurgeRule,
    tables: &[RuleTable],
) -> Result<()> {
    let mut stay = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let PurgeDatabase::Postgres(session) = database else { return Ok(()) };
        let name = &table.shape.name;
        let heirs = if table.shape.partitioned { Vec::new() } else { heirs(session, name)? };
        for heir in heirs {
            if tables.iter().any(|one| one.shape.name == heir.name) {
                continue;
            }
            if heir.is_foreign {
                bail!(
                    "{} inherits from {name} and is a foreign table: its rows show up in {name}, and \
                     a purge does not reach another server. Take it out (ALTER TABLE … NO INHERIT \
                     {name}), then select again",
                    heir.name
                );
            }
            let list = List::new(purge, number, &table.shape)?;
            let from = format!("ONLY {}", qualified(&heir.name.schema, &heir.name.name));
            let rows = if table.parents.is_empty() {
                selected(database, rule, &list, &from)
            } else {
                followers(database, purge, (&list, &from), table, tables)?
            };
            let rows = count(database, &rows)
                .with_context(|| format!("cannot look for rows of {}", heir.name))?;
            if rows > 0 {
                stay.push(format!("{rows} rows of {} (inherits from {name})", heir.name));
            }
        }
    }
    if stay.is_empty() {
        return Ok(());
    }
    bail!(
        "these rows belong to what the rule {:?} selects, and would stay, because a purge reads and \
         deletes table by table: {}. Make a rule for each of these tables and carry it out first \
         (where the table follows, give it a foreign key and write it into follow instead); then \
         select by this one",
        rule.name,
        stay.join(", ")
    )
}

/// The rows that the rule would select from a table. Which of several answers counts is not asked:
/// whoever has one belongs to the rule.
fn selected(
    database: &mut PurgeDatabase,
    rule: &PurgeRule,
    list: &List<'_>,
    table: &str,
) -> String {
    let Some(evidence) = &rule.evidence else { return root_rows(rule, list, table) };
    let alias = ident(&list.shape.name.name);
    format!(
        "SELECT DISTINCT {alias}.ctid FROM {table} AS {alias} JOIN {} AS evidence ON ({}\n) \
         WHERE ({}\n)",
        database.store().table(&format!("evidence_{}", evidence.name)),
        evidence.on,
        rule.condition
    )
}

fn count(database: &mut PurgeDatabase, rows: &str) -> Result<u64> {
    let found = database.store().query(&format!("SELECT count(*) FROM ({rows}) AS found"))?;
    let count = found.into_iter().flatten().flatten().next();
    count.and_then(|count| count.parse().ok()).context("the server does not count the rows")
}

fn heirs(session: &mut Session, table: &TableName) -> Result<Vec<Heir>> {
    let table = literal(&qualified(&table.schema, &table.name));
    let rows = session.query(&format!(
        "WITH RECURSIVE heir AS ( \
           SELECT inhrelid FROM pg_inherits WHERE inhparent = {table}::regclass \
           UNION SELECT i.inhrelid FROM pg_inherits i JOIN heir h ON i.inhparent = h.inhrelid) \
         SELECT n.nspname, c.relname, c.relkind = 'f' FROM heir h JOIN pg_class c ON c.oid = h.inhrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't' ORDER BY 1, 2"
    ))?;
    rows.into_iter()
        .map(|row| match row.as_slice() {
            [Some(schema), Some(name), Some(foreign)] => {
                Ok(Heir { name: TableName::new(schema, name), is_foreign: foreign == "t" })
            }
            _ => bail!("the catalog gave an incomplete row for a table that inherits"),
        })
        .collect()
}
