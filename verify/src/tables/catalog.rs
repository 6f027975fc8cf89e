//! Findings about what is neither a row nor a column.

use handover_engine::inventory::ObjectKind;
use handover_engine::inventory::difference::{ObjectChange, ObjectDifference};
use handover_schemas::report::{Finding, FindingKind};

/// The finding for one difference between catalogs.
pub(super) fn finding(difference: &ObjectDifference) -> Finding {
    let kind = difference.kind;
    let (sort, name) = (kind.as_str().replace('_', " "), &difference.name);
    let was_never_built = kind == ObjectKind::Index
        && difference.source.as_ref().is_some_and(|definition| definition.ends_with(" INVALID"));
    let (finding_kind, message) = match (difference.what, difference.target_behind) {
        (ObjectChange::Missing, _) if was_never_built => (
            FindingKind::ObjectMissing,
            format!(
                "the target lacks the index {name}, which is not valid at the source, where it was \
                 never built to its end: have it rebuilt or taken away there"
            ),
        ),
        (ObjectChange::Missing, _) => {
            (FindingKind::ObjectMissing, format!("the target lacks the {sort} {name}"))
        }
        (ObjectChange::Extra, _) => (
            FindingKind::ObjectExtra,
            format!("the target has the {sort} {name}, which the source does not have"),
        ),
        (ObjectChange::PrintedOtherwise, _) => (
            FindingKind::ObjectNotCompared,
            format!(
                "the {sort} {name} is printed with other brackets by the target's version of \
                 PostgreSQL: read both texts in the report, and judge whether they mean the same"
            ),
        ),
        (ObjectChange::Different, Some(true)) => (
            FindingKind::SequenceBehind,
            format!("the sequence {name} of the target would hand out numbers that are in use"),
        ),
        (ObjectChange::Different, _) => (
            FindingKind::ObjectDiffers,
            format!("the {sort} {name} is not the same{}", in_short(difference)),
        ),
    };
    Finding {
        object: Some(name.clone()),
        object_kind: Some(kind.as_str().to_owned()),
        source: difference.source.clone(),
        target: difference.target.clone(),
        ..Finding::new(finding_kind, message)
    }
}

/// Both definitions, where they fit a line and hold no expression of the platform's.
fn in_short(difference: &ObjectDifference) -> String {
    match (difference.kind, &difference.source, &difference.target) {
        (
            ObjectKind::NotNull
            | ObjectKind::ColumnOrder
            | ObjectKind::Collation
            | ObjectKind::Identity
            | ObjectKind::ReplicaIdentity,
            Some(source),
            Some(target),
        ) => format!(": {source} at the source, {target} at the target"),
        _ => String::new(),
    }
}
