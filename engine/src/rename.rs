//! Names that tables and columns of a SQLite source have in a PostgreSQL target, as `handover.toml`
//! gives them.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use handover_schemas::config::{CONFIG_FILE, Rename};
use handover_schemas::plan::TableShape;
use handover_schemas::report::Renamed;

use crate::endpoint::Endpoint;

/// Gives the source's tables and columns their names in the target. Refuses a rule for what the
/// source does not have, and names that two things would share.
///
/// Tables that are not read need no name there: a rule for one of `unread` is passed over.
pub fn rename(rules: &[Rename], tables: &mut [TableShape], unread: &[String]) -> Result<()> {
    for rule in rules {
        let what = rule.what();
        let Some(shape) = tables.iter_mut().find(|shape| shape.name.to_string() == rule.table)
        else {
            if unread.contains(&rule.table) {
                continue;
            }
            bail!("{CONFIG_FILE}: rename {what:?}: the source has no table {}", rule.table);
        };
        match &rule.column {
            None => shape.renamed = Some(rule.to.clone()),
            Some(name) => {
                let Some(column) = shape.columns.iter_mut().find(|column| column.name == *name)
                else {
                    bail!("{CONFIG_FILE}: rename {what:?}: {} has no column {name}", rule.table);
                };
                column.renamed = Some(rule.to.clone());
            }
        }
    }
    if rules.is_empty() {
        return Ok(());
    }
    let mut names = BTreeSet::new();
    for shape in &*tables {
        let name = shape.target_name().name;
        if !names.insert(name.clone()) {
            bail!("{CONFIG_FILE}: rename: two tables would be called {name} in the target");
        }
        let mut columns = BTreeSet::new();
        for column in shape.columns.iter().map(|column| column.target_name()) {
            if !columns.insert(column) {
                bail!(
                    "{CONFIG_FILE}: rename: two columns of {} would be called {column} in the target",
                    shape.name
                );
            }
        }
    }
    Ok(())
}

/// Refuses rules on a route where names are the source's own.
pub fn refuse_where_names_stay(
    rules: &[Rename],
    source: &Endpoint,
    target: &Endpoint,
) -> Result<()> {
    match (rules, source, target) {
        ([], _, _) | (_, Endpoint::Sqlite(_), Endpoint::Postgres(_)) => Ok(()),
        _ => bail!(
            "{CONFIG_FILE}: rename is for a SQLite source and a PostgreSQL target; between \
             databases of one engine every name stays"
        ),
    }
}

/// What has another name in the target, for reports.
pub fn renamed(tables: &[TableShape]) -> Vec<Renamed> {
    let mut renamed = Vec::new();
    for shape in tables {
        let there = format!("public.{}", shape.target_name().name);
        if shape.renamed.is_some() {
            renamed.push(Renamed { source: shape.name.to_string(), target: there.clone() });
        }
        for column in shape.columns.iter().filter(|column| column.renamed.is_some()) {
            renamed.push(Renamed {
                source: format!("{}.{}", shape.name, column.name),
                target: format!("{there}.{}", column.target_name()),
            });
        }
    }
    renamed
}
