//! What differs between two inventories.

use handover_schemas::name::TableName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::{have_the_same_words, mean_the_same};
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
    /// Both have it, servers of different versions print it in the same words with other brackets,
    /// and nobody can say whether it means the same.
    PrintedOtherwise,
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
    let versions = Versions { source: source.server_version, target: target.server_version };
    let mut found = Vec::new();
    for (key, object) in &source.objects {
        match target.objects.get(key) {
            Some(other) => {
                if let Some(what) = versions.change(object, other) {
                    found.push(ObjectDifference {
                        target_behind: is_behind(source, object, other),
                        ..difference(object, what, Some(object), Some(other))
                    });
                }
            }
            None if is_unreadable(target, object) || is_told_otherwise(object) => {}
            None => found.push(difference(object, ObjectChange::Missing, Some(object), None)),
        }
    }
    for (key, object) in &target.objects {
        let is_extra = !source.objects.contains_key(key);
        if is_extra && !is_unreadable(source, object) && !is_told_otherwise(object) {
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

/// The servers that printed the definitions.
struct Versions {
    source: Option<u32>,
    target: Option<u32>,
}

impl Versions {
    /// How an object that both ends have differs.
    fn change(&self, source: &CatalogObject, target: &CatalogObject) -> Option<ObjectChange> {
        let (one, other) = (source.definition.as_str(), target.definition.as_str());
        let is_same = one == other
            || (source.kind.is_deparsed() && mean_the_same(one, other))
            || (source.kind == ObjectKind::ColumnOrder && sorted(one) != sorted(other))
            || (source.kind == ObjectKind::NotNull
                && !self.both_name_not_nulls()
                && without_name(one) == without_name(other));
        if is_same {
            return None;
        }
        let is_printed_otherwise = self.source != self.target
            && source.kind.is_deparsed()
            && have_the_same_words(one, other);
        Some(if is_printed_otherwise {
            ObjectChange::PrintedOtherwise
        } else {
            ObjectChange::Different
        })
    }

    /// Whether both servers keep names of `NOT NULL` constraints.
    fn both_name_not_nulls(&self) -> bool {
        [self.source, self.target].into_iter().flatten().all(|version| version >= NAMES_NOT_NULLS)
    }
}

/// Whether a table or column that one end lacks is told by other objects and findings.
fn is_told_otherwise(object: &CatalogObject) -> bool {
    object.kind == ObjectKind::ColumnOrder
}

/// The columns of an order, sorted: where one end has others, that is told otherwise.
fn sorted(order: &str) -> Vec<&str> {
    let list = order.strip_prefix('(').and_then(|list| list.strip_suffix(')')).unwrap_or(order);
    let mut columns: Vec<&str> = list.split(", ").collect();
    columns.sort_unstable();
    columns
}

/// The first version of PostgreSQL whose `NOT NULL` constraints have names.
const NAMES_NOT_NULLS: u32 = 18;

/// A `NOT NULL` without its name.
fn without_name(definition: &str) -> &str {
    definition.split_once(" CONSTRAINT ").map_or(definition, |(not_null, _)| not_null)
}

/// The names that people gave to `NOT NULL` constraints and that the other end's server does not
/// keep, as a line to be told.
pub fn unkept_names(inventory: &Inventory, other: &Inventory) -> Option<String> {
    let version = other.server_version.filter(|version| *version < NAMES_NOT_NULLS)?;
    let names: Vec<&str> = inventory
        .objects
        .values()
        .filter(|object| object.kind == ObjectKind::NotNull)
        .filter_map(|object| object.definition.split_once(" CONSTRAINT "))
        .map(|(_, name)| name)
        // The server's own names, with a number where they were taken.
        .filter(|name| {
            !name
                .trim_matches('"')
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .ends_with("_not_null")
        })
        .collect();
    let list = names.join(", ");
    (!names.is_empty()).then(|| {
        format!("names of NOT NULL constraints, which PostgreSQL {version} does not keep: {list}")
    })
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
    fn the_text_of_a_function_is_compared_letter_by_letter() {
        let of = |text: &str| inventory(&[(ObjectKind::Function, "public.f()", text)]);
        let written =
            |body: &str| of(&format!("CREATE FUNCTION f() AS $function$ {body} $function$"));
        let (one, other) = ("(((a) AND (b)) AND (c))", "((a) AND (b) AND (c))");
        assert_eq!(differences(&written(one), &written(other)).len(), 1);
        let parsed = |body: &str| of(&format!("CREATE FUNCTION f() RETURN {body}"));
        assert_eq!(differences(&parsed(one), &parsed(other)), []);
    }

    #[test]
    fn other_brackets_of_another_version_are_not_compared() {
        let of = |version, definition| Inventory {
            server_version: Some(version),
            ..inventory(&[(ObjectKind::View, "public.v", definition)])
        };
        let (one, other) = ("SELECT ((1 + 2) + 3)", "SELECT (1 + 2 + 3)");
        for (target, expected) in [
            (of(18, other), ObjectChange::PrintedOtherwise),
            (of(15, other), ObjectChange::Different),
            (of(18, "SELECT (1 + 2 + 4)"), ObjectChange::Different),
        ] {
            let found = differences(&of(15, one), &target);
            assert_eq!(brief(&found), [(ObjectKind::View, "public.v", expected, None)]);
        }
    }

    #[test]
    fn names_of_not_nulls_are_compared_where_both_servers_keep_them() {
        let of = |version, definition| Inventory {
            server_version: Some(version),
            ..inventory(&[(ObjectKind::NotNull, "public.t.a", definition)])
        };
        let named = of(18, "NOT NULL CONSTRAINT must");
        assert_eq!(differences(&named, &of(17, "NOT NULL")), []);
        assert_eq!(differences(&of(17, "NOT NULL"), &named), []);
        let told = "names of NOT NULL constraints, which PostgreSQL 17 does not keep: must";
        assert_eq!(unkept_names(&named, &of(17, "NOT NULL")).as_deref(), Some(told));
        assert_eq!(unkept_names(&of(18, "NOT NULL CONSTRAINT t_a_not_null1"), &of(17, "")), None);
        for other in [
            of(19, "NOT NULL CONSTRAINT t_a_not_null"),
            of(18, "NOT NULL NOT VALID CONSTRAINT must"),
            of(18, "NOT NULL NO INHERIT CONSTRAINT must"),
            of(17, "NOT NULL NOT VALID"),
        ] {
            assert_eq!(differences(&named, &other).len(), 1, "{other:?}");
        }
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
