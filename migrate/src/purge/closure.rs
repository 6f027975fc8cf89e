//! Which tables a rule concerns, and whether anything else hangs on them.

use anyhow::{Result, bail};
use handover_schemas::archive::manifest::ParentLink;
use handover_schemas::config::PurgeRule;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;

use super::PurgeDatabase;
use super::catalog::{ForeignKey, OnDelete, delete_triggers, foreign_keys};

/// A table of a rule.
#[derive(Clone, Debug)]
pub(super) struct RuleTable {
    pub(super) shape: TableShape,
    /// The rule's tables to which it refers; none for the first.
    pub(super) parents: Vec<ParentLink>,
}

/// The tables of a rule, parents before the tables that refer to them; the rule's own is the first.
/// Refuses everything that a deletion would reach and the rule does not name.
pub(super) fn rule_tables(
    database: &mut PurgeDatabase,
    rule: &PurgeRule,
) -> Result<Vec<RuleTable>> {
    let root = database.table_name(&rule.table)?;
    let mut names = vec![root.clone()];
    for follower in &rule.follow {
        names.push(database.table_name(follower)?);
    }
    let keys = foreign_keys(database)?;
    refuse_other_references(&names, &keys)?;
    refuse_triggers(database, rule, &names)?;
    let shapes = database.tables()?;
    let mut tables = Vec::new();
    for name in ordered(&names, &keys)? {
        let shape = rule_shape(database, &shapes, &name)?;
        let parents = if name == root { Vec::new() } else { links(&name, &names, &keys) };
        tables.push(RuleTable { shape, parents });
    }
    Ok(tables)
}

fn refuse_other_references(names: &[TableName], keys: &[ForeignKey]) -> Result<()> {
    for key in keys.iter().filter(|key| names.contains(&key.parent)) {
        let ForeignKey { name, child, parent, .. } = key;
        if child == parent {
            bail!(
                "{child} refers to itself (foreign key {name}); rows of such a table cannot be \
                 purged, because the order in which they depend on each other is not known"
            );
        }
        if key.temporal {
            bail!(
                "{child} refers to {parent} for a period (foreign key {name}): which of its rows \
                 depend on one row there cannot be told, because several cover a period together. \
                 Decide yourself what becomes of them and take the foreign key away; then select \
                 again"
            );
        }
        if !names.contains(child) {
            let harm = match key.on_delete {
                OnDelete::Refuse => "its rows would keep those that are selected",
                OnDelete::Cascade => "its rows would be deleted with those that are selected",
                OnDelete::Change => "its rows would be changed when those selected are deleted",
            };
            bail!(
                "{child} refers to {parent} (foreign key {name}), and the rule does not name it: \
                 {harm}. Write {child} into the rule's follow, so that it is backed up and \
                 deleted too, or take the foreign key away first"
            );
        }
    }
    Ok(())
}

fn refuse_triggers(
    database: &mut PurgeDatabase,
    rule: &PurgeRule,
    names: &[TableName],
) -> Result<()> {
    for trigger in delete_triggers(database)? {
        let written = format!("{}.{}", trigger.table, trigger.name);
        if names.contains(&trigger.table) && trigger.is_rule {
            bail!(
                "the rule {} of {} rewrites what deletes its rows, so that they cannot be looked at \
                 as they go. Drop it (DROP RULE), then select again",
                trigger.name,
                trigger.table
            );
        }
        if names.contains(&trigger.table) && !rule.allow_triggers.contains(&written) {
            bail!(
                "the trigger {} of {} would act when rows are deleted. Read what it does; \
                 then write {written:?} into the rule's allow_triggers, or disable it",
                trigger.name,
                trigger.table
            );
        }
    }
    Ok(())
}

fn rule_shape(
    database: &PurgeDatabase,
    shapes: &[TableShape],
    name: &TableName,
) -> Result<TableShape> {
    let Some(shape) = shapes.iter().find(|shape| shape.name == *name) else {
        bail!("the rule names {name}; there is no such table, or this account may not read it");
    };
    let Some(key) = &shape.key else {
        bail!(
            "{name} has no key: a row of it cannot be told from another. Give it a primary key, or \
             leave it out of the rule"
        );
    };
    if matches!(database, PurgeDatabase::Sqlite(_)) && !key.range_scan {
        bail!(
            "the key of {name} has a type that SQLite has no canonical order for; purge it in \
             PostgreSQL"
        );
    }
    // Sizes differ from run to run, and nothing rests on them.
    Ok(TableShape { estimated_rows: 0, largest_row: 0, ..shape.clone() })
}

fn links(name: &TableName, names: &[TableName], keys: &[ForeignKey]) -> Vec<ParentLink> {
    let mut links: Vec<ParentLink> = keys
        .iter()
        .filter(|key| key.child == *name && names.contains(&key.parent))
        .map(|key| ParentLink {
            columns: key.child_columns.clone(),
            parent: key.parent.clone(),
            parent_columns: key.parent_columns.clone(),
        })
        .collect();
    links.sort();
    links.dedup();
    links
}

/// Parents first; tables that do not depend on each other in the order of their names.
fn ordered(names: &[TableName], keys: &[ForeignKey]) -> Result<Vec<TableName>> {
    let (Some(root), mut waiting) = (names.first(), names.to_vec()) else { return Ok(Vec::new()) };
    waiting.sort();
    let mut done: Vec<TableName> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|name| {
            let mut parents =
                keys.iter().filter(|key| key.child == *name && names.contains(&key.parent));
            if name == root {
                parents.next().is_none()
            } else {
                parents.all(|key| done.contains(&key.parent))
            }
        });
        let Some(ready) = ready else {
            let rest: Vec<String> = waiting.iter().map(ToString::to_string).collect();
            bail!(
                "the tables {} refer to each other in a circle, or the rule's own table refers to \
                 one that follows it; there is no order in which to delete their rows",
                rest.join(", ")
            );
        };
        let name = waiting.remove(ready);
        if name != *root && links(&name, names, keys).is_empty() {
            bail!("{name} follows in the rule, but refers to none of its tables by foreign key");
        }
        done.push(name);
    }
    Ok(done)
}
