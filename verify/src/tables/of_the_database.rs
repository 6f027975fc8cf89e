//! Findings about a whole database that neither a table's rows nor its catalog's texts tell.

use handover_schemas::name::TableName;
use handover_schemas::report::{Finding, FindingKind, TableReport};

use super::ends::Described;

/// Tables, and partitions, whose columns are the same and in another order: values of their row
/// types, wherever they are stored or passed, are exchanged by place. `told` has what is said of
/// tables already.
pub(super) fn column_orders(
    source: &Described,
    target: &Described,
    told: &[TableReport],
) -> Vec<Finding> {
    let is_told = |name: &TableName| {
        let table = told.iter().find(|table| table.table == name.to_string());
        let mut findings = table.into_iter().flat_map(|table| &table.findings);
        findings.any(|finding| finding.kind == FindingKind::ColumnOrder)
    };
    let both = source.column_order.iter().filter_map(|(name, columns)| {
        Some((name, columns, target.column_order.get(name)?))
    });
    let reordered = both.filter(|(_, one, other)| one != other && sorted(one) == sorted(other));
    reordered
        .filter(|(name, ..)| !is_told(name))
        .map(|(name, at_source, at_target)| Finding {
            object: Some(name.to_string()),
            object_kind: Some("table".to_owned()),
            source: Some(at_source.join(", ")),
            target: Some(at_target.join(", ")),
            ..Finding::new(
                FindingKind::ColumnOrder,
                format!("the columns of {name} are declared in another order"),
            )
        })
        .collect()
}

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_unstable();
    names
}

/// Views and functions that row security holds at the source, because of who owns them, and not at
/// the target. What the target lacks is told otherwise.
pub(super) fn no_longer_held(
    source: &Described,
    target: &Described,
    is_missing: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let is_held = |one: &&crate::postgres::HeldByRowSecurity| {
        target.held.iter().any(|other| (&other.kind, &other.name) == (&one.kind, &one.name))
    };
    let no_longer = source.held.iter().filter(|one| !is_held(one) && !is_missing(&one.name));
    no_longer
        .map(|one| Finding {
            object: Some(one.name.clone()),
            object_kind: Some(one.kind.replace(' ', "_")),
            source: Some(one.owner.clone()),
            ..Finding::new(FindingKind::ObjectDiffers, one.no_longer())
        })
        .collect()
}
