//! What differs between two inventories.

use handover_schemas::name::TableName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::mean_the_same;
use super::{CatalogObject, Inventory, ObjectKind, SequenceValue, unreadable_entry};

/// How an object differs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ObjectChange {
    /// The source has it, the target has not.
    Missing,
    /// The target has it, the source has not.
    Extra,
    /// Both have it, and it is not the same.
    Different,
}

/// One object that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectDifference {
    /// What it is.
    pub kind: ObjectKind,
    /// Its qualified name.
    pub name: String,
    /// The table it belongs to.
    pub table: Option<TableName>,
    /// How it differs.
    pub what: ObjectChange,
    /// Its definition in the source.
    pub source: Option<String>,
    /// Its definition in the target.
    pub target: Option<String>,
    /// For a sequence's value: whether the target would give out again what the source gave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_behind: Option<bool>,
}

/// The differences, ordered by kind and name. An object that is unreadable on either side is not
/// among them: see [`Inventory::unreadable`].
pub fn differences(source: &Inventory, target: &Inventory) -> Vec<ObjectDifference> {
    let mut found = Vec::new();
    for (key, object) in &source.objects {
        match target.objects.get(key) {
            Some(other) if is_same(object, other) => {}
            Some(other) => found.push(ObjectDifference {
                target_behind: is_behind(source, object, other),
                ..difference(object, ObjectChange::Different, Some(object), Some(other))
            }),
            None if is_unreadable(target, object) => {}
            None => found.push(difference(object, ObjectChange::Missing, Some(object), None)),
        }
    }
    for (key, object) in &target.objects {
        if !source.objects.contains_key(key) && !is_unreadable(source, object) {
            found.push(difference(object, ObjectChange::Extra, None, Some(object)));
        }
    }
    found.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    found
}

fn difference(
    object: &CatalogObject,
    what: ObjectChange,
    source: Option<&CatalogObject>,
    target: Option<&CatalogObject>,
) -> ObjectDifference {
    ObjectDifference {
        kind: object.kind,
        name: object.name.clone(),
        table: object.table.clone(),
        what,
        source: source.map(|o| o.definition.clone()),
        target: target.map(|o| o.definition.clone()),
        target_behind: None,
    }
}

fn is_same(source: &CatalogObject, target: &CatalogObject) -> bool {
    source.definition == target.definition
        || (source.kind.is_deparsed() && mean_the_same(&source.definition, &target.definition))
}

fn is_unreadable(inventory: &Inventory, object: &CatalogObject) -> bool {
    let entry = unreadable_entry(object.kind, &object.name);
    inventory.unreadable.contains(&entry)
}

/// Whether the target's sequence has yet to come to where the source's is.
fn is_behind(
    inventory: &Inventory,
    source: &CatalogObject,
    target: &CatalogObject,
) -> Option<bool> {
    if source.kind != ObjectKind::SequenceValue {
        return None;
    }
    let before = SequenceValue::parse(&source.definition)?;
    let after = SequenceValue::parse(&target.definition)?;
    let parameters = inventory.objects.get(&(ObjectKind::Sequence, source.name.clone()));
    let descends = parameters.is_some_and(|p| p.definition.contains("INCREMENT BY -"));
    let position = |value: SequenceValue| (value.last_value, value.is_called);
    Some(if descends {
        after.last_value > before.last_value
            || (after.last_value == before.last_value && before.is_called && !after.is_called)
    } else {
        position(after) < position(before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(objects: &[(ObjectKind, &str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for &(kind, name, definition) in objects {
            inventory.add(CatalogObject {
                kind,
                name: name.to_owned(),
                table: None,
                definition: definition.to_owned(),
            });
        }
        inventory
    }

    fn brief(found: &[ObjectDifference]) -> Vec<(ObjectKind, &str, ObjectChange, Option<bool>)> {
        found.iter().map(|d| (d.kind, d.name.as_str(), d.what, d.target_behind)).collect()
    }

    #[test]
    fn missing_extra_and_different_come_in_order() {
        let source = inventory(&[
            (ObjectKind::View, "public.v", "select 1"),
            (ObjectKind::Check, "public.t.b", "x"),
            (ObjectKind::Check, "public.t.same", "x"),
        ]);
        let target = inventory(&[
            (ObjectKind::Check, "public.t.a", "x"),
            (ObjectKind::Check, "public.t.same", "x"),
            (ObjectKind::View, "public.v", "select 2"),
        ]);
        assert_eq!(
            brief(&differences(&source, &target)),
            [
                (ObjectKind::Check, "public.t.a", ObjectChange::Extra, None),
                (ObjectKind::Check, "public.t.b", ObjectChange::Missing, None),
                (ObjectKind::View, "public.v", ObjectChange::Different, None),
            ]
        );
        assert_eq!(differences(&source, &source), []);
    }

    #[test]
    fn a_function_is_compared_letter_by_letter() {
        let one = inventory(&[(ObjectKind::Function, "public.f()", "(((a) AND (b)) AND (c))")]);
        let other = inventory(&[(ObjectKind::Function, "public.f()", "((a) AND (b) AND (c))")]);
        assert_eq!(differences(&one, &other).len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_not_called_missing_or_extra() {
        let known = inventory(&[(ObjectKind::SequenceValue, "s", "last_value 1, is_called true")]);
        let mut unreadable = Inventory::default();
        unreadable.add_unreadable(ObjectKind::SequenceValue, "s");
        assert_eq!(differences(&known, &unreadable), []);
        assert_eq!(differences(&unreadable, &known), []);
    }

    #[test]
    fn a_sequence_that_lags_is_behind() {
        let ascending = "AS bigint START WITH 1 INCREMENT BY 1";
        let descending = "AS bigint START WITH 1 INCREMENT BY -1";
        for (parameters, source, target, behind) in [
            (ascending, "last_value 9, is_called true", "last_value 8, is_called true", true),
            (ascending, "last_value 9, is_called true", "last_value 10, is_called true", false),
            (ascending, "last_value 9, is_called true", "last_value 9, is_called false", true),
            (ascending, "last_value 9, is_called false", "last_value 9, is_called true", false),
            (descending, "last_value -9, is_called true", "last_value -8, is_called true", true),
            (descending, "last_value -9, is_called true", "last_value -10, is_called true", false),
            (descending, "last_value -9, is_called true", "last_value -9, is_called false", true),
        ] {
            let of = |value: &str| {
                inventory(&[
                    (ObjectKind::Sequence, "s", parameters),
                    (ObjectKind::SequenceValue, "s", value),
                ])
            };
            let found = differences(&of(source), &of(target));
            assert_eq!(
                brief(&found),
                [(ObjectKind::SequenceValue, "s", ObjectChange::Different, Some(behind))],
                "{source} {target}"
            );
        }
    }
}
