//! Large objects (`pg_largeobject`): counted at both ends, and never called equal. Nothing reads what they hold.

use handover_schemas::report::{Finding, FindingKind};

use super::ends::Described;

/// What is to be said of them, if any end has some or may not count its own.
pub(super) fn large_objects(source: &Described, target: &Described) -> Option<Finding> {
    let (kind, message) = match (count(source), count(target)) {
        (Some(0), Some(0)) => return None,
        (Some(here), Some(there)) if here > there => (
            FindingKind::ObjectMissing,
            format!(
                "the source has {here} large objects and the target {there}: no copy brings them, and \
                 what the platform keeps in them is missing; have it moved into tables or files at the source"
            ),
        ),
        (Some(here), Some(there)) if here < there => (
            FindingKind::ObjectExtra,
            format!("the target has {there} large objects and the source {here}"),
        ),
        (Some(here), Some(_)) => (
            FindingKind::ObjectNotCompared,
            format!("{here} large objects are at both ends, and what they hold is not compared"),
        ),
        (here, _) => (
            FindingKind::ObjectNotCompared,
            format!(
                "large objects cannot be counted at the {}: have SELECT on pg_largeobject_metadata \
                 granted",
                if here.is_none() { "source" } else { "target" }
            ),
        ),
    };
    let shown = |end| count(end).map(|count| count.to_string());
    Some(Finding {
        object: Some("pg_largeobject".to_owned()),
        object_kind: Some("large_objects".to_owned()),
        source: shown(source),
        target: shown(target),
        ..Finding::new(kind, message)
    })
}

/// A SQLite file has none.
fn count(end: &Described) -> Option<u64> {
    if end.is_postgres { end.large_objects } else { Some(0) }
}
