//! Every package of the folder, and every one that should be there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::attestation::Outcome;
use handover_schemas::digest::Digest;
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::package::{PACKAGES_DIR, kept_name};

use super::attestations::Attestations;
use super::{All, AllRequest, Watch};
use crate::ledger::packages::packages;
use crate::ledger::{ledger_of, open};
use crate::package::{PackageRequest, verify_package};

/// The seals that somebody knows, by the package's name.
struct Known {
    /// Of packages that have to be there.
    present: BTreeMap<String, Digest>,
    /// Of all packages, by the name under which one is kept that a later delivery replaced.
    kept: BTreeMap<String, Digest>,
    /// Names of packages that were replaced, under which they are kept.
    replaced: BTreeSet<String>,
    /// Who knows them.
    by: &'static str,
}

impl Known {
    fn seal_of(&self, name: &str) -> Option<Digest> {
        let known = |name: &str| self.present.get(name).or_else(|| self.kept.get(name)).copied();
        // One that was delivered and replaced several times has a number besides.
        let numbered = || {
            let (name, number) = name.rsplit_once('.')?;
            number.parse::<u32>().ok().and_then(|_number| self.kept.get(name).copied())
        };
        known(name).or_else(numbered)
    }
}

pub(super) fn check_packages(
    request: &AllRequest,
    attested: &Attestations,
    all: &mut All,
    watch: Watch<'_>,
) -> Result<()> {
    let known = match known(request, attested, watch) {
        Ok(known) => known,
        Err(error) => {
            // What is there is looked at all the same.
            all.run("seals of packages", |_outcome| Err(error))?;
            None
        }
    };
    let mut there = in_folder(request)?;
    if let Some(known) = &known {
        // One that was replaced belongs to what was handed over as well.
        there.extend(known.present.keys().chain(&known.replaced).cloned());
    }
    for name in there {
        all.run(format!("package {name}"), |outcome| {
            check_package(request, &name, known.as_ref(), outcome, watch)
        })?;
    }
    Ok(())
}

fn known(request: &AllRequest, attested: &Attestations, watch: Watch<'_>) -> Result<Option<Known>> {
    let mut found = Known {
        present: BTreeMap::new(),
        kept: BTreeMap::new(),
        replaced: BTreeSet::new(),
        by: "the ledger",
    };
    let mut take = |name: &str, seal: Digest, superseded: bool| {
        let kept = kept_name(name, &seal);
        found.kept.insert(kept.clone(), seal);
        if superseded {
            found.replaced.insert(kept);
        } else {
            found.present.insert(name.to_owned(), seal);
        }
    };
    if let Some(target) = &request.target {
        let mut end = open(target, watch.interrupt)?;
        for package in packages(ledger_of(&mut end))? {
            take(&package.name, package.seal, package.superseded);
        }
    } else if let Some(stated) = attested.last_signed() {
        for package in &stated.packages {
            take(&package.name, package.seal, package.superseded);
        }
        found.by = "the signed attestation";
    } else {
        return Ok(None);
    }
    Ok(Some(found))
}

/// Names of the folders in `packages/`. One that begins with a point is not finished.
fn in_folder(request: &AllRequest) -> Result<BTreeSet<String>> {
    let folder = request.handover.join(PACKAGES_DIR);
    let place = || format!("cannot read {}", folder.display());
    if folder.is_symlink() {
        return Ok(BTreeSet::new());
    }
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).with_context(place),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.with_context(place)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link is a finding about the folder, and is not followed.
        if !name.starts_with('.') && !entry.file_type().with_context(place)?.is_symlink() {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Whether a folder is there: a link to one is none.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|status| status.is_dir())
}

fn check_package(
    request: &AllRequest,
    name: &str,
    known: Option<&Known>,
    outcome: &mut Outcome,
    watch: Watch<'_>,
) -> Result<()> {
    let dir = request.handover.join(PACKAGES_DIR).join(name);
    if request.handover.join(PACKAGES_DIR).is_symlink() || !is_folder(&dir) {
        outcome.find(format!("{} is not there, though it was sealed", dir.display()));
        return Ok(());
    }
    let seal = known.and_then(|known| known.seal_of(name));
    if let Some(known) = known.filter(|_known| seal.is_none()) {
        // Whether it can be read or not.
        outcome.find(format!("{} knows of no package {name}", known.by));
        return Ok(());
    }
    let package = PackageRequest {
        dir,
        seal,
        ledger: None,
        identities: request.identities.clone(),
        jobs: request.jobs,
    };
    let report = verify_package(&package, watch.interrupt, watch.progress)?;
    for finding in &report.findings {
        outcome.find(finding.message.clone());
    }
    for what in &report.not_checked {
        outcome.not_checked(what.clone());
    }
    match report.verdict {
        PackageVerdict::Intact => outcome.checked(format!("{} files are whole", report.files)),
        PackageVerdict::Unverified => outcome.unverified("it could not be looked at whole"),
        PackageVerdict::NotOfProfile | PackageVerdict::Damaged => {}
    }
    let Some(known) = known else {
        outcome.unverified("its seal: nobody here knows it; give the target, or a trust file");
        return Ok(());
    };
    match seal {
        Some(seal) if report.seal == Some(seal) => {
            outcome.checked(format!("{} knows its seal {seal}", known.by));
        }
        _ => outcome.find(format!("{} knows another seal of it", known.by)),
    }
    Ok(())
}
