//! Findings about what is neither a row nor a column.

use handover_schemas::report::{Finding, FindingKind};

use crate::inventory::difference::{ObjectChange, ObjectDifference};

/// The finding for one difference between catalogs.
pub(super) fn finding(difference: &ObjectDifference) -> Finding {
    let kind = difference.kind;
    let (sort, name) = (kind.as_str().replace('_', " "), &difference.name);
    let (finding_kind, message) = match (difference.what, difference.target_behind) {
        (ObjectChange::Missing, _) => {
            (FindingKind::ObjectMissing, format!("the target lacks the {sort} {name}"))
        }
        (ObjectChange::Extra, _) => (
            FindingKind::ObjectExtra,
            format!("the target has the {sort} {name}, which the source does not have"),
        ),
        (ObjectChange::Different, Some(true)) => (
            FindingKind::SequenceBehind,
            format!("the sequence {name} of the target would hand out numbers that are in use"),
        ),
        (ObjectChange::Different, _) => {
            (FindingKind::ObjectDiffers, format!("the {sort} {name} is not the same"))
        }
    };
    Finding {
        object: Some(name.clone()),
        object_kind: Some(kind.as_str().to_owned()),
        source: difference.source.clone(),
        target: difference.target.clone(),
        ..Finding::new(finding_kind, message)
    }
}
