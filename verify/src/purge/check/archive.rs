//! The list in the ledger, and the archive: both have to be the tree that was frozen.

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupted;
use handover_schemas::merkle::TreeBuilder;
use handover_schemas::package::PACKAGES_DIR;
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::purge::gaps::SearchGaps;
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use crate::archive::{ArchiveReader, check_archive};
use crate::package::{Identities, PackageRequest, verify_package};
use crate::purge::ledger::leaves;

impl Check<'_> {
    /// The leaves of the ledger make the tree whose root was frozen.
    pub(super) fn check_list(&mut self) -> Result<()> {
        let mut tree = TreeBuilder::new();
        let purge = self.purge;
        let selection = &purge.selection;
        for (number, table) in selection.tables.iter().enumerate() {
            let first = tree.size();
            let read = leaves(self.ledger(), purge.number, number, |leaves| {
                for leaf in leaves {
                    tree.push(*leaf);
                }
                Ok(())
            });
            let rows = match read {
                Ok(rows) => rows,
                Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
                    return Err(error);
                }
                Err(error) => {
                    self.find(Kind::List, format!("the list of {}: {error:#}", table.name()));
                    return Ok(());
                }
            };
            if rows != table.listed.rows || first != table.first_index {
                self.find(
                    Kind::List,
                    format!(
                        "the ledger has {rows} leaves of {}, and {} rows of it were selected",
                        table.name(),
                        table.listed.rows
                    ),
                );
            }
            let before = table.listed.rows + table.outside.rows;
            if table.before.rows != before {
                self.find(
                    Kind::List,
                    format!(
                        "{} had {} rows; those on the list and those that are not are {before}",
                        table.name(),
                        table.before.rows
                    ),
                );
            }
        }
        if tree.root() != selection.root || tree.size() != selection.rows {
            self.find(
                Kind::List,
                format!(
                    "the tree over the leaves of the ledger has the root {}, and {} was frozen",
                    tree.root(),
                    selection.root
                ),
            );
        } else {
            self.checked(format!("list: {} leaves make the root {}", tree.size(), tree.root()));
        }
        Ok(())
    }

    /// The archive is there, is the one with the seal, and holds what was selected. Gives it if a
    /// key was given that opens it.
    pub(super) fn check_archive(&mut self) -> Result<Option<ArchiveReader>> {
        let Some(backup) = &self.purge.backup else {
            self.not_checked("the archive: nothing is backed up yet");
            return Ok(None);
        };
        let dir = self.request.handover.join(PACKAGES_DIR).join(&backup.package);
        let package = PackageRequest {
            dir: dir.clone(),
            seal: Some(backup.seal),
            ledger: None,
            identities: Identities::default(),
            jobs: 2,
        };
        match verify_package(&package, self.interrupt, self.progress) {
            Ok(report) if report.verdict == PackageVerdict::Intact => {
                self.checked(format!("archive: every stored file is as sealed, {}", backup.seal));
            }
            Ok(report) => {
                for finding in report.findings.iter().take(10) {
                    self.find(Kind::Archive, format!("the archive: {}", finding.message));
                }
                return Ok(None);
            }
            Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
                return Err(error);
            }
            Err(error) => {
                self.find(Kind::Archive, format!("{error:#}"));
                return Ok(None);
            }
        }
        match self.open_archive(&dir) {
            Ok(reader) => Ok(reader),
            Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => Err(error),
            Err(error) => {
                self.find(Kind::Archive, format!("{error:#}"));
                Ok(None)
            }
        }
    }

    fn open_archive(&mut self, dir: &std::path::Path) -> Result<Option<ArchiveReader>> {
        let seal = self.purge.backup.as_ref().map(|backup| backup.seal);
        let reader = ArchiveReader::open(dir, self.request.identities.clone(), seal)?;
        let selection = &self.purge.selection;
        if !selection.is_archived_by(reader.manifest()) {
            self.find(Kind::Archive, "the archive is not that of what was selected");
            return Ok(None);
        }
        // The archive's leaves are not encrypted: they make the root without any key.
        let mut tree = TreeBuilder::new();
        let mut leaves = reader.leaves_in_order()?;
        while let Some(leaf) = leaves.next_leaf()? {
            tree.push(leaf);
        }
        leaves.finish()?;
        if tree.root() != selection.root {
            self.find(Kind::Archive, "the leaves of the archive make another root");
            return Ok(None);
        }
        self.checked("archive: its leaves make the root of the list".to_owned());
        if self.request.identities.is_empty() {
            self.not_checked(
                "the content of the archive: give the key of one who keeps one (--identity)",
            );
            return Ok(None);
        }
        let keepers = &reader.manifest().key_keepers;
        if !keepers.iter().any(|keeper| self.request.identities.opens_for(&keeper.key)) {
            self.unverified("the content of the archive: the key given is none of its keepers'");
            return Ok(None);
        }
        let checked = check_archive(&reader, self.interrupt, self.progress)?;
        self.checked(format!(
            "archive: opened; {} rows with their salts are the leaves of the tree",
            checked.rows
        ));
        self.check_gaps(&checked.gaps);
        Ok(Some(reader))
    }
    /// What people were told that nobody will find is what the rows give.
    fn check_gaps(&mut self, gaps: &[SearchGaps]) {
        let Some(backup) = &self.purge.backup else { return };
        if backup.gaps.is_empty() {
            self.not_checked(
                "how many rows of the archive no search reaches: the program that backed up did not count",
            );
        } else if backup.gaps != gaps {
            self.find(
                Kind::Archive,
                "the ledger has other counts of rows that no search reaches than the archive gives",
            );
        } else {
            let unreachable: u64 = gaps.iter().map(|one| one.unreachable).sum();
            self.checked(format!(
                "archive: {unreachable} of its rows are found by their key alone"
            ));
        }
    }
}
