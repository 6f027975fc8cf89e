//! Findings about a whole database that neither a table's rows nor its catalog's texts tell.

use handover_engine::inventory::difference::{ObjectChange, ObjectDifference};
use handover_engine::postgres::HeldByRowSecurity;
use handover_schemas::report::{Finding, FindingKind};

use super::ends::Described;
use super::large_objects::large_objects;

/// All of them. `objects` has what is said of the catalogs.
pub(super) fn of_the_database(
    source: &Described,
    target: &Described,
    objects: &[ObjectDifference],
) -> Vec<Finding> {
    let mut findings = no_longer_held(source, target, objects);
    findings.extend(extension_sequences(source, target));
    findings.extend(large_objects(source, target));
    findings.extend([source, target].into_iter().filter_map(|end| end.damage.clone()));
    findings
}

/// Views and functions that row security holds at the source, because of who owns them, and not at
/// the target. What the target lacks is told otherwise.
fn no_longer_held(
    source: &Described,
    target: &Described,
    objects: &[ObjectDifference],
) -> Vec<Finding> {
    if !target.is_postgres {
        return Vec::new();
    }
    let is_missing = |name: &str| {
        let mut objects = objects.iter();
        objects.any(|object| object.name == name && object.what == ObjectChange::Missing)
    };
    let is_held = |one: &&HeldByRowSecurity| {
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

/// Sequences that extensions declare to be configuration, which count otherwise at the target.
fn extension_sequences(source: &Described, target: &Described) -> Vec<Finding> {
    if !target.is_postgres {
        return Vec::new();
    }
    let differing = source.sequences.iter().filter_map(|(name, at_source)| {
        let at_target = target.sequences.get(name);
        (at_target != Some(at_source)).then_some((name, at_source, at_target))
    });
    differing
        .map(|(name, at_source, at_target)| {
            let (kind, what) = match at_target {
                Some(_) => {
                    (FindingKind::ObjectDiffers, "does not stand where it does at the source")
                }
                None => {
                    (FindingKind::ObjectMissing, "is not at the target, or may not be read there")
                }
            };
            Finding {
                object: Some(name.clone()),
                object_kind: Some("sequence_value".to_owned()),
                source: Some(at_source.to_string()),
                target: at_target.map(ToString::to_string),
                ..Finding::new(kind, format!("the sequence {name} of an extension {what}"))
            }
        })
        .collect()
}
