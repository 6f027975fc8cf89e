//! What is found when everything beside the database is received, as the rehearsal's script has it:
//! one installer never came, some photos are gone, two passwords lie about.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::output::print_text;

use super::platform::PhotoStore;
use crate::artifacts::{ArtifactFindingKind as Kind, ArtifactFindingLine};

/// A component and its deliverable, and what is found about it.
type Counts = BTreeMap<(String, String, Kind), u64>;

/// An error unless exactly the expected findings came.
pub(super) fn check_findings(folder: &HandoverDir, photos: PhotoStore) -> Result<()> {
    let found = found(&folder.path().join("findings/artifacts.jsonl"))?;
    let expected = expected(photos);
    if found != expected {
        bail!(
            "other findings came than the script of the rehearsal has\nexpected {expected:?}\n\
             found    {found:?}"
        );
    }
    let count: u64 = expected.values().sum();
    print_text(&format!("These {count} findings are the ones that the script has.\n"))
}

/// What the script has: see `deliveries` and `platform/photos.rs`.
fn expected(photos: PhotoStore) -> Counts {
    let findings = [
        ("mcc", "installer", Kind::Missing, 1),
        // A file .env in the history: by its name, and for the password in it.
        ("portal", "source_code", Kind::SecretFound, 2),
        ("portal", "installer", Kind::SecretFound, 1),
        ("portal", "files/photos", Kind::ReferenceWithoutFile, photos.missing),
        ("portal", "files/photos", Kind::FileWithoutReference, photos.orphaned),
        ("portal", "files/photos", Kind::FileEmpty, photos.empty),
        ("portal", "files/photos", Kind::FileDuplicate, photos.same_content),
    ];
    findings
        .into_iter()
        .filter(|(.., count)| *count > 0)
        .map(|(component, deliverable, kind, count)| {
            ((component.to_owned(), deliverable.to_owned(), kind), count)
        })
        .collect()
}

fn found(file: &Path) -> Result<Counts> {
    let place = || format!("cannot read {}", file.display());
    let text = std::fs::read_to_string(file).with_context(place)?;
    let mut counts = Counts::new();
    for line in text.lines() {
        let line: ArtifactFindingLine = serde_json::from_str(line).with_context(place)?;
        let count = line.count();
        let key = (line.component, line.deliverable.unwrap_or_default(), line.kind);
        *counts.entry(key).or_default() += count;
    }
    Ok(counts)
}
