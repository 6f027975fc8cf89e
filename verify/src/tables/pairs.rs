//! Which table of the source is which of the target, and how their columns differ.

use std::collections::BTreeMap;

use handover_schemas::leaf::logical_name;
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Extent, Key, TableShape};
use handover_schemas::report::{Finding, FindingKind};

/// A table at both ends, or at one.
pub(super) struct TablePair {
    /// Name to report it by: the source's, where it has the table.
    pub(super) name: TableName,
    /// The table at the source.
    pub(super) source: Option<TableShape>,
    /// The table at the target, its columns as they are to be read: in the source's order where
    /// it has all of them.
    pub(super) target: Option<TableShape>,
    /// Whether rows of both ends can be held against each other column by column.
    pub(super) same_columns: bool,
    /// Whether the same key ranges hold the same rows at both ends, in the same order.
    pub(super) same_order: bool,
    /// How the declarations differ.
    pub(super) findings: Vec<Finding>,
}

/// Pairs the tables by their logical names, sorted.
pub(super) fn pair_tables(source: &[TableShape], target: &[TableShape]) -> Vec<TablePair> {
    let by_name = |shapes: &'_ [TableShape]| -> BTreeMap<TableName, usize> {
        let known = shapes.iter().enumerate().rev();
        known.map(|(at, shape)| (logical_name(&shape.target_name()), at)).collect()
    };
    let (at_source, at_target) = (by_name(source), by_name(target));
    let mut pairs: Vec<TablePair> = Vec::new();
    for shape in source {
        let other =
            at_target.get(&logical_name(&shape.target_name())).and_then(|at| target.get(*at));
        pairs.push(match other {
            Some(other) => compare(shape, other),
            None => TablePair {
                name: shape.name.clone(),
                source: Some(shape.clone()),
                target: None,
                same_columns: false,
                same_order: false,
                findings: Vec::new(),
            },
        });
    }
    for shape in target {
        if !at_source.contains_key(&logical_name(&shape.name)) {
            pairs.push(TablePair {
                name: shape.name.clone(),
                source: None,
                target: Some(shape.clone()),
                same_columns: false,
                same_order: false,
                findings: Vec::new(),
            });
        }
    }
    pairs.sort_by(|a, b| a.name.cmp(&b.name));
    pairs
}

fn compare(source: &TableShape, target: &TableShape) -> TablePair {
    let mut findings = column_findings(source, target);
    let all_there = source
        .columns
        .iter()
        .all(|column| target.columns.iter().any(|other| other.name == column.target_name()));
    let mut at_target = target.clone();
    if let Extent::Configuration(_) = source.extent {
        at_target.extent = source.extent.clone();
    }
    if all_there {
        at_target.columns = source
            .columns
            .iter()
            .filter_map(|column| {
                target.columns.iter().find(|other| other.name == column.target_name())
            })
            .cloned()
            .collect();
        match key_at_target(source, target) {
            Ok(key) => at_target.key = key,
            Err(finding) => {
                findings.push(*finding);
                at_target.key = source.key.clone().map(|key| Key { range_scan: false, ..key });
            }
        }
    }
    TablePair {
        name: source.name.clone(),
        source: Some(source.clone()),
        same_columns: all_there,
        same_order: all_there && orders_alike(source, &at_target),
        target: Some(at_target),
        findings,
    }
}

/// Whether the target orders its key as the source does, and understands the source's keys.
fn orders_alike(source: &TableShape, target: &TableShape) -> bool {
    let Some(key) = &source.key else { return true };
    key.columns.iter().all(|at| {
        let (Some(one), Some(other)) = (source.columns.get(*at), target.columns.get(*at)) else {
            return false;
        };
        match (one.order(), other.order()) {
            (PgType::Int2, PgType::Int4 | PgType::Int8 | PgType::Numeric)
            | (PgType::Int4, PgType::Int8 | PgType::Numeric)
            | (PgType::Int8, PgType::Numeric) => true,
            (one, other) if one.has_native_order() => one == other,
            // By the bytes of its text, whatever it is.
            (_, other) => !other.has_native_order(),
        }
    })
}

/// The source's key, as far as the target can be read by it. Without a key of its own there, rows
/// are sorted by the tool, since nothing keeps a key from being there twice or NULL.
fn key_at_target(source: &TableShape, target: &TableShape) -> Result<Option<Key>, Box<Finding>> {
    let names = |shape: &TableShape, key: &Key| -> Vec<String> {
        key.columns
            .iter()
            .filter_map(|at| shape.columns.get(*at))
            .map(|column| column.target_name().to_owned())
            .collect()
    };
    match (&source.key, &target.key) {
        (None, _) => Ok(None),
        (Some(key), Some(other)) if names(source, key) == names(target, other) => {
            Ok(Some(Key { range_scan: other.range_scan, ..key.clone() }))
        }
        (Some(key), other) => {
            let list = |names: Vec<String>| format!("({})", names.join(", "));
            let at_target = other.as_ref().map(|other| list(names(target, other)));
            Err(Box::new(Finding {
                object: Some(key.name.clone()),
                source: Some(list(names(source, key))),
                target: at_target.clone(),
                ..Finding::new(
                    FindingKind::KeyDiffers,
                    format!(
                        "the key of {} is {} at the source and {} at the target",
                        source.name,
                        list(names(source, key)),
                        at_target.unwrap_or_else(|| "missing".to_owned())
                    ),
                )
            }))
        }
    }
}

fn column_findings(source: &TableShape, target: &TableShape) -> Vec<Finding> {
    let mut findings = Vec::new();
    let about = |kind, column: &str, message: String| Finding {
        object: Some(column.to_owned()),
        object_kind: Some("column".to_owned()),
        ..Finding::new(kind, message)
    };
    for column in &source.columns {
        let name = &column.name;
        let place = format!("{}.{name}", source.name);
        match target.columns.iter().find(|other| other.name == column.target_name()) {
            None => findings.push(about(
                FindingKind::ColumnMissing,
                name,
                format!("the target lacks column {place}"),
            )),
            Some(other) if other.type_name != column.type_name => findings.push(Finding {
                source: Some(column.type_name.clone()),
                target: Some(other.type_name.clone()),
                ..about(
                    FindingKind::ColumnType,
                    name,
                    format!(
                        "column {place} is {} at the source and {} at the target",
                        column.type_name, other.type_name
                    ),
                )
            }),
            Some(_) => {}
        }
    }
    for column in &target.columns {
        if !source.columns.iter().any(|other| other.target_name() == column.name) {
            let place = format!("{}.{}", target.name, column.name);
            let message = format!("the target has column {place}, which the source does not have");
            findings.push(about(FindingKind::ColumnExtra, &column.name, message));
        }
    }
    if findings.iter().all(|finding| finding.kind == FindingKind::ColumnType) {
        let order = |shape: &TableShape| -> Vec<String> {
            shape.columns.iter().map(|column| column.target_name().to_owned()).collect()
        };
        if order(source) != order(target) {
            findings.push(Finding {
                source: Some(order(source).join(", ")),
                target: Some(order(target).join(", ")),
                ..Finding::new(
                    FindingKind::ColumnOrder,
                    format!("the columns of {} are declared in another order", source.name),
                )
            });
        }
    }
    findings
}
