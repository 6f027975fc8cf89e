//! A package that is sealed, held against what lies at the vendor's place now.

use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::package::contents::{Entry, OriginalName};
use handover_schemas::package::manifest::PackageManifest;
use handover_schemas::package::{CONTENTS_FILE, PACKAGE_FILE};
use handover_verify::package::{Identities, decoded};

use super::finding::Place;
use crate::package::{Journal, listing_digest};

/// Reads the `package.json` of a sealed package.
pub(super) fn manifest(dir: &Path) -> Result<PackageManifest> {
    let path = dir.join(PACKAGE_FILE);
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    PackageManifest::parse(&text).with_context(|| format!("{} is damaged", path.display()))
}

/// The entries that are not in the package as they are in the journal, and the other way round.
pub(super) fn differences(
    dir: &Path,
    manifest: &PackageManifest,
    journal: &Journal,
) -> Result<Vec<Place>> {
    let digest = listing_digest(journal)?;
    if (digest.sha256, digest.lines) == (manifest.contents.sha256, manifest.contents.lines) {
        return Ok(Vec::new());
    }
    if manifest.encoding.is_encrypted() {
        let what = "it is encrypted, so what has changed cannot be told without a key";
        return Ok(vec![Place::what(what.to_owned())]);
    }
    let path = dir.join(format!("{CONTENTS_FILE}{}", manifest.encoding.suffix()));
    let place = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(&path).with_context(place)?;
    let reader = decoded(file, &manifest.encoding, &Identities::default()).with_context(place)?;
    let mut sealed = Sealed::new(reader)?;
    let mut places = Vec::new();
    journal.contents(|now| {
        while let Some(before) = sealed.next.as_ref() {
            match before.order(now) {
                Ordering::Less => places.push(place_of(before, "it is gone")),
                Ordering::Equal => {
                    if before != now {
                        places.push(place_of(now, "it has changed"));
                    }
                    return sealed.advance();
                }
                Ordering::Greater => break,
            }
            sealed.advance()?;
        }
        places.push(place_of(now, "it is new"));
        Ok(())
    })?;
    while let Some(before) = sealed.next.as_ref() {
        places.push(place_of(before, "it is gone"));
        sealed.advance()?;
    }
    Ok(places)
}

fn place_of(entry: &Entry, what: &str) -> Place {
    let (deliverable, name) = match entry {
        Entry::File(file) => (&file.deliverable, &file.name),
        Entry::Directory { deliverable, name, .. }
        | Entry::Symlink { deliverable, name, .. }
        | Entry::NotStored { deliverable, name, .. } => (deliverable, name),
    };
    let mut path = format!("{deliverable}/").into_bytes();
    path.extend(name.bytes().unwrap_or_default());
    let path = Some(OriginalName::of(&path));
    Place { path, what: Some(what.to_owned()), ..Place::default() }
}

/// The entries of a sealed `contents.jsonl`, one at a time.
struct Sealed<R> {
    lines: Lines<BufReader<R>>,
    next: Option<Entry>,
}

impl<R: BufRead> Sealed<R> {
    fn new(reader: R) -> Result<Self> {
        let mut sealed = Self { lines: BufReader::new(reader).lines(), next: None };
        sealed.advance()?;
        Ok(sealed)
    }

    fn advance(&mut self) -> Result<()> {
        let context = "the package's contents.jsonl is damaged; handover-verify package says where";
        let line = self.lines.next().transpose().context(context)?;
        self.next = line.map(|line| Entry::parse(line.as_bytes())).transpose().context(context)?;
        Ok(())
    }
}
