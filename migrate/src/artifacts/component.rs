//! One component: received, read back, sealed, recorded; or held against its sealed package.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use handover_schemas::config::{Component, Deliverable, DeliverableForm};
use handover_schemas::digest::Digest;
use handover_schemas::package::manifest::{Encoding, PackedDeliverable};
use handover_verify::file_tree::{FileKind, Walk};

use super::finding::{ArtifactFindingKind as Kind, ArtifactFindingLine, Place};
use super::read_file::Sink;
use super::receive::Receiving;
use super::references::References;
use super::report::{PackageOutcome, PackageState};
use super::{Artifacts, recheck, renewal, repository, vendor};
use crate::ledger;
use crate::package::{Journal, Partial, Sealed, Sealing, Storing, read_back, sealed_dir};

/// How often files are stored again that were not read back as they were written.
const ROUNDS: u32 = 3;

/// What became of a component.
pub(super) struct Outcome {
    pub(super) state: PackageState,
    pub(super) packed: Vec<PackedDeliverable>,
    pub(super) findings: Vec<ArtifactFindingLine>,
    pub(super) not_checked: Vec<String>,
}

/// The work on one component.
pub(super) struct ComponentWork<'a, 'r> {
    pub(super) all: &'a mut Artifacts<'r>,
    pub(super) component: &'r Component,
    pub(super) findings: Vec<ArtifactFindingLine>,
    not_checked: Vec<String>,
}

impl<'a, 'r> ComponentWork<'a, 'r> {
    pub(super) fn new(all: &'a mut Artifacts<'r>, component: &'r Component) -> Self {
        Self { all, component, findings: Vec::new(), not_checked: Vec::new() }
    }

    /// Does what is to be done.
    pub(super) fn run(mut self) -> Result<Outcome> {
        let place = sealed_dir(self.all.dir, &self.component.id);
        let delivered = self.delivered();
        let known = ledger::sealed(self.all.store(), &self.component.id)?;
        let (outcome, packed, sealed) = if place.exists() {
            self.again(&place, known)?
        } else if delivered.is_empty() {
            (PackageOutcome::NothingDelivered, Vec::new(), None)
        } else {
            let outcome = self.without_folder(&place, known);
            let (packed, sealed) = self.make(&place)?;
            let outcome = if sealed.is_some() { outcome } else { PackageOutcome::NothingDelivered };
            (outcome, packed, sealed)
        };
        let state = PackageState {
            component: self.component.id.clone(),
            path: place.display().to_string(),
            outcome,
            seal: sealed.map(|sealed| sealed.seal),
            files: sealed.map_or(0, |sealed| sealed.files),
            bytes: sealed.map_or(0, |sealed| sealed.bytes),
        };
        let Self { findings, not_checked, .. } = self;
        Ok(Outcome { state, packed, findings, not_checked })
    }

    /// What it means that a component has no package in its place.
    fn without_folder(&mut self, place: &Path, known: Option<Digest>) -> PackageOutcome {
        let Some(known) = known else { return PackageOutcome::Sealed };
        if renewal::is_aside(place, known) {
            // A run that was to seal anew was killed after it had moved the old package.
            return PackageOutcome::Replaced;
        }
        let what = format!(
            "its folder {} was gone and was made anew; the ledger had seal {known}",
            place.display()
        );
        self.find(None, Kind::PackageDamaged, Place::what(what));
        PackageOutcome::Sealed
    }

    /// Deliverables that came as files.
    fn delivered(&self) -> Vec<(&'r Deliverable, PathBuf)> {
        let dir = self.all.dir.path();
        let mut delivered: Vec<_> = self
            .component
            .deliverable
            .iter()
            .filter_map(|one| one.path.as_ref().map(|path| (one, dir.join(path))))
            .collect();
        delivered.sort_by_key(|(one, _)| one.id());
        delivered
    }

    pub(super) fn find(&mut self, deliverable: Option<&str>, kind: Kind, place: Place) {
        self.findings.push(ArtifactFindingLine {
            component: self.component.id.clone(),
            deliverable: deliverable.map(str::to_owned),
            kind,
            place,
        });
    }

    pub(super) fn storing(&self) -> Storing {
        let package = &self.all.config.package;
        let encoding =
            Encoding { zstd: package.compress, age_recipients: package.recipients.clone() };
        Storing { encoding, sha512: package.sha512 }
    }

    /// Receives everything, reads it back, seals it and records the seal.
    /// No seal if there is no file: a package of nothing could be taken for one of something.
    pub(super) fn make(
        &mut self,
        place: &Path,
    ) -> Result<(Vec<PackedDeliverable>, Option<Sealed>)> {
        let mut partial = Partial::open(self.all.dir, &self.component.id, self.storing())?;
        if partial.resumed {
            self.all.progress.note(&format!("{}: going on", self.component.id));
        }
        let packed = self.receive_and_read_back(&mut partial)?;
        self.take_notes(&partial.journal)?;
        if partial.journal.files()? == 0 {
            partial.remove()?;
            return Ok((packed, None));
        }
        let sealing = Sealing {
            identifier: self.component.id.clone(),
            description: format!("{} / {}", self.component.name_vi, self.component.name_en),
            deliverables: packed,
            archive: None,
        };
        let sealed = sealing.seal(partial, place)?;
        ledger::record_package(self.all.store(), &self.component.id, &sealed)?;
        Ok((recheck::manifest(place)?.deliverables, Some(sealed)))
    }

    fn receive_and_read_back(&mut self, partial: &mut Partial) -> Result<Vec<PackedDeliverable>> {
        for _ in 0..ROUNDS {
            let kept = self.findings.len();
            let bag = partial.bag();
            let scratch = partial.scratch();
            let sink = Sink { bag, storing: &partial.storing, recipients: &partial.recipients };
            let packed = self.receive(
                &mut partial.journal,
                Some(&sink),
                &partial.storing.encoding,
                &scratch,
            )?;
            partial.journal.forget_unseen()?;
            let all = &self.all;
            let files = partial.journal.files_to_read_back()?;
            let stage = format!("{}, read back", self.component.id);
            all.progress.begin_files(&stage, [("read back".to_owned(), files)]);
            let damaged = read_back(partial, all.jobs, all.interrupt, all.progress)?;
            if damaged == 0 {
                return Ok(packed);
            }
            self.all.progress.note(&format!(
                "{}: {damaged} files were not read back as they were written; storing them again",
                self.component.id
            ));
            self.findings.truncate(kept);
        }
        bail!(
            "files of {} are not read back as they were written, {ROUNDS} times: check the disk \
             that {} is on",
            self.component.id,
            partial.bag().display()
        )
    }

    /// Reads everything that was delivered into the journal, and into the sink if there is one.
    pub(super) fn receive(
        &mut self,
        journal: &mut Journal,
        sink: Option<&Sink<'_>>,
        encoding: &Encoding,
        scratch: &Path,
    ) -> Result<Vec<PackedDeliverable>> {
        let delivered = self.delivered();
        self.check_places(&delivered)?;
        self.all.progress.begin_files(&self.component.id, delivered.iter().map(expected_files));
        let mut packed = Vec::new();
        for (one, path) in &delivered {
            let id = one.id();
            let mut notes: Vec<(Kind, Place)> = Vec::new();
            let interrupt = self.all.interrupt;
            let vendor_checksums = match (&one.checksums, one.form) {
                (None, _) | (_, DeliverableForm::Git) => None,
                (Some(sums), DeliverableForm::Folder) => {
                    vendor::check(path, sums, None, interrupt, &mut notes)?
                }
                (Some(sums), DeliverableForm::File) => {
                    let parent = path.parent().unwrap_or(Path::new("."));
                    vendor::check(parent, sums, path.file_name(), interrupt, &mut notes)?
                }
            };
            let together = Arc::clone(&self.all.together);
            let inspected = match one.form {
                DeliverableForm::Git => {
                    Some(repository::inspect(path, scratch, interrupt, &mut notes)?)
                }
                DeliverableForm::File | DeliverableForm::Folder => None,
            };
            let bundle = inspected.as_ref().and_then(|inspected| inspected.bundle.clone());
            let mut receiving = Receiving {
                journal: &mut *journal,
                sink,
                encoding,
                made: bundle.is_some(),
                jobs: self.all.jobs,
                together: &together,
                interrupt,
                progress: self.all.progress,
            };
            match (one.form, &bundle) {
                (DeliverableForm::File, _) => receiving.file(&id, path)?,
                (DeliverableForm::Git, Some(bundle)) => receiving.file(&id, bundle)?,
                (DeliverableForm::Git, None) if path.is_file() => receiving.file(&id, path)?,
                (DeliverableForm::Folder | DeliverableForm::Git, _) => {
                    receiving.folder(&id, path)?;
                }
            }
            let git = inspected.and_then(|inspected| inspected.state);
            for (kind, place) in notes {
                self.find(Some(&id), kind, place);
            }
            packed.push(PackedDeliverable {
                id,
                kind: one.kind,
                form: one.form,
                files: 0,
                bytes: 0,
                directories: 0,
                symlinks: 0,
                not_stored: 0,
                git,
                vendor_checksums,
            });
        }
        Ok(packed)
    }

    /// A deliverable must not hold the packages, or lie among them: it would swallow itself.
    fn check_places(&self, delivered: &[(&Deliverable, PathBuf)]) -> Result<()> {
        let packages = self.all.dir.file("packages/x")?;
        let packages = packages.parent().unwrap_or(self.all.dir.path());
        let packages = packages.canonicalize().context("cannot read the folder packages")?;
        for (one, path) in delivered {
            let real = path.canonicalize().with_context(|| {
                format!(
                    "component {:?}, deliverable {:?}: cannot read {}; put it there, or take \
                     its path out of handover.toml if it was not delivered",
                    self.component.id,
                    one.id(),
                    path.display()
                )
            })?;
            if packages.starts_with(&real) || real.starts_with(&packages) {
                bail!(
                    "component {:?}, deliverable {:?}: {} and the packages are one in the other; \
                     deliver it into another folder",
                    self.component.id,
                    one.id(),
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Findings about single files, and about rows that name them.
    pub(super) fn take_notes(&mut self, journal: &Journal) -> Result<()> {
        self.check_references(journal)?;
        self.take_findings(journal)
    }

    /// Columns that name files of this component.
    fn check_references(&mut self, journal: &Journal) -> Result<()> {
        for one in &self.component.deliverable {
            let id = one.id();
            let config = self.all.config;
            let named: Vec<_> = config
                .file_reference
                .iter()
                .filter(|known| known.component == self.component.id && known.deliverable == id)
                .collect();
            if named.is_empty() || one.path.is_none() {
                continue;
            }
            let mut references = References::new(journal, &id)?;
            let mut unreadable = Vec::new();
            for reference in named {
                let column = format!("{}.{}", reference.table, reference.column);
                match &self.all.rows {
                    None => self.not_checked.push(format!(
                        "whether the files that {column} names are there: the database is not \
                         copied, and no source is given"
                    )),
                    Some(end) => {
                        if let Err(error) = references.add(reference, end, self.all.interrupt) {
                            self.all.interrupt.check()?;
                            unreadable.push(format!("{column}: {error:#}"));
                        }
                    }
                }
            }
            let mut notes = Vec::new();
            if !unreadable.is_empty() {
                for what in unreadable {
                    notes.push((Kind::ReferencesUnreadable, Place::what(what)));
                }
            } else if self.all.rows.is_some() {
                references.check(&mut notes)?;
            }
            for (kind, place) in notes {
                self.find(Some(&id), kind, place);
            }
        }
        Ok(())
    }

    /// Findings about single files, from the journal.
    fn take_findings(&mut self, journal: &Journal) -> Result<()> {
        journal.findings(|deliverable, _path, document| {
            let (kind, place): (Kind, Place) =
                serde_json::from_str(document).context("the journal has a finding that is none")?;
            self.find(Some(deliverable), kind, place);
            Ok(())
        })?;
        journal.contents(|entry| {
            use handover_schemas::package::contents::Entry;
            if let Entry::NotStored { deliverable, name, reason } = entry {
                let what = Some(reason.as_str().to_owned());
                let place = Place { path: Some(name.clone()), what, ..Place::default() };
                self.find(Some(deliverable), Kind::NotStored, place);
            }
            Ok(())
        })
    }
}

/// How many files a deliverable has, for the progress bar.
fn expected_files((one, path): &(&Deliverable, PathBuf)) -> (String, u64) {
    let files = match one.form {
        DeliverableForm::File | DeliverableForm::Git => 1,
        DeliverableForm::Folder => Walk::new(path).map_or(0, |walk| {
            walk.flatten().filter(|found| found.kind == FileKind::File).count() as u64
        }),
    };
    (one.id(), files)
}
