//! A component whose package is sealed already: the package is read whole, and held against what
//! lies at the vendor's place now.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::digest::Digest;
use handover_schemas::package::manifest::{PackageManifest, PackedDeliverable};
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::package::{MANIFEST_SHA512_FILE, TAG_MANIFEST_FILE};
use handover_verify::package::{Identities, PackageRequest, verify_package};

use super::component::ComponentWork;
use super::finding::{ArtifactFindingKind as Kind, Place};
use super::report::PackageOutcome;
use super::{recheck, renewal};
use crate::ledger;
use crate::package::{Journal, Partial, Sealed};

/// What became of the component: the outcome, its deliverables, its seal.
pub(super) type Again = (PackageOutcome, Vec<PackedDeliverable>, Option<Sealed>);

impl ComponentWork<'_, '_> {
    /// A package is there already.
    pub(super) fn again(&mut self, place: &Path, known: Option<Digest>) -> Result<Again> {
        Partial::remove_leftover(self.all.dir, &self.component.id)?;
        let Some(sealed) = self.present_seal(place, known)? else {
            let packed = recheck::manifest(place)
                .map_or_else(|_damaged| Vec::new(), |manifest| manifest.deliverables);
            return Ok((PackageOutcome::NotCompared, packed, None));
        };
        let manifest = recheck::manifest(place)?;
        let kept = self.findings.len();
        let journal = self.read_again(&manifest)?;
        let mut places = recheck::differences(place, &manifest, &journal)?;
        places.extend(self.other_settings(place, &manifest));
        if places.is_empty() {
            let is_known = known == Some(sealed.seal);
            if !is_known && manifest.encoding.is_encrypted() {
                let what = "the ledger does not know it, and what is in it cannot be told without \
                            a key; move it away and run the same command again";
                self.find(None, Kind::PackageDamaged, Place::what(what.to_owned()));
                return Ok((PackageOutcome::NotCompared, manifest.deliverables, None));
            }
            if !is_known {
                // A run was killed before it could say so. What is in it is what was delivered.
                ledger::record_package(self.all.store(), &self.component.id, &sealed)?;
            }
            self.take_notes(&journal)?;
            return Ok((PackageOutcome::Unchanged, manifest.deliverables, Some(sealed)));
        }
        if self.all.renew && journal.files()? > 0 {
            self.findings.truncate(kept);
            renewal::set_aside(place, sealed.seal)?;
            let (packed, sealed) = self.make(place)?;
            return Ok((PackageOutcome::Replaced, packed, sealed));
        }
        for place in places {
            self.find(None, Kind::ChangedSinceSealed, place);
        }
        self.take_notes(&journal)?;
        Ok((PackageOutcome::Changed, manifest.deliverables, Some(sealed)))
    }

    /// Reads what was delivered into a journal of its own, as if it were to be stored.
    fn read_again(&mut self, manifest: &PackageManifest) -> Result<Journal> {
        let mut journal = Journal::temporary()?;
        let name = format!(".{}.check", self.component.id);
        let scratch = self.all.dir.file("packages/x")?.with_file_name(name);
        self.receive(&mut journal, None, &manifest.encoding, &scratch)?;
        if scratch.exists() {
            fs::remove_dir_all(&scratch)
                .with_context(|| format!("cannot remove {}", scratch.display()))?;
        }
        journal.commit()?;
        Ok(journal)
    }

    /// The config asks for another way of storing than the package has.
    fn other_settings(&self, place: &Path, manifest: &PackageManifest) -> Option<Place> {
        let wanted = self.storing();
        let same = wanted.encoding == manifest.encoding
            && wanted.sha512 == place.join(MANIFEST_SHA512_FILE).exists();
        let what = "it was sealed with other settings (sha512, compress, recipients) than \
                    handover.toml has now";
        (!same).then(|| Place::what(what.to_owned()))
    }

    /// The package that is there, if it is whole and not another than the ledger knows. One that
    /// the ledger does not know at all was sealed by a run that was killed before it could say so;
    /// so was one that replaces another, but that is for `--renew` to believe.
    fn present_seal(&mut self, place: &Path, known: Option<Digest>) -> Result<Option<Sealed>> {
        let path = place.join(TAG_MANIFEST_FILE);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let seal = Digest::of(&text);
        let replaces = |known| self.all.renew && renewal::is_aside(place, known);
        let known = known.filter(|known| *known == seal || !replaces(*known));
        if known.is_some_and(|known| known != seal) {
            self.find(None, Kind::PackageDamaged, Place::what(format!("its seal is {seal}")));
            return Ok(None);
        }
        let request = PackageRequest {
            dir: place.to_owned(),
            seal: None,
            ledger: None,
            identities: Identities::default(),
            jobs: self.all.jobs,
        };
        let report = verify_package(&request, self.all.interrupt, self.all.progress)?;
        if report.verdict != PackageVerdict::Intact {
            let what = format!(
                "{} findings of handover-verify package, which names them",
                report.findings.len()
            );
            self.find(None, Kind::PackageDamaged, Place::what(what));
            return Ok(None);
        }
        Ok(Some(Sealed { seal, files: report.files, bytes: report.bytes }))
    }
}
