//! What is found about rows and files: everything is counted, and as much listed as people read.

use std::collections::{BTreeMap, BTreeSet};

use handover_schemas::package::contents::OriginalName;

use crate::artifacts::finding::{ArtifactFindingKind as Kind, Place};

/// Places that are listed of one kind: these are single files, each to be asked for.
const LISTED: usize = 100_000;

/// Places that are listed where the cause is known: one word in `handover.toml` settles all of them.
const LISTED_OF_A_CAUSE: usize = 100;

/// Hosts, buckets and computers that are told apart.
const PLACES: usize = 1_000;

/// A path, and what names it or what it is.
type Key = (Option<Vec<u8>>, String);

/// Findings, by kind and cause.
#[derive(Default)]
pub(super) struct Notes {
    groups: BTreeMap<(Kind, Option<String>), Group>,
    places: BTreeSet<String>,
}

/// Findings of one kind and cause: the first ones in the order of paths, and how many there are.
#[derive(Default)]
struct Group {
    count: u64,
    listed: BTreeMap<Key, u64>,
}

impl Notes {
    /// Counts a finding. `what`: what names the path, or empty.
    pub(super) fn add(&mut self, kind: Kind, cause: Option<&str>, path: Option<&[u8]>, what: &str) {
        let group = self.groups.entry((kind, cause.map(str::to_owned))).or_default();
        group.count += 1;
        *group.listed.entry((path.map(<[u8]>::to_vec), what.to_owned())).or_default() += 1;
        let most = if cause.is_some() { LISTED_OF_A_CAUSE } else { LISTED };
        if group.listed.len() > most {
            group.listed.pop_last();
        }
    }

    /// The place under which something elsewhere is counted: itself, or all further ones together.
    pub(super) fn place(&mut self, place: String) -> String {
        if !self.places.contains(&place) && self.places.len() >= PLACES {
            return format!("a place beyond the first {PLACES}");
        }
        self.places.insert(place.clone());
        place
    }

    /// The findings, in the order of kinds, causes and paths.
    pub(super) fn finish(self) -> Vec<(Kind, Place)> {
        let mut findings = Vec::new();
        for ((kind, cause), group) in self.groups {
            let listed: u64 = group.listed.values().sum();
            for ((path, what), count) in group.listed {
                let place = Place {
                    path: path.map(|path| OriginalName::of(&path)),
                    what: (!what.is_empty()).then_some(what),
                    cause: cause.clone(),
                    count: (count > 1).then_some(count),
                    ..Place::default()
                };
                findings.push((kind, place));
            }
            if group.count > listed {
                let place = Place {
                    cause,
                    count: Some(group.count - listed),
                    ..Place::what("further ones, which are counted and not listed".to_owned())
                };
                findings.push((kind, place));
            }
        }
        findings
    }
}
