//! The evidence that a purge rests on.

use anyhow::Result;
use handover_schemas::purge::record::SelectedEvidence;
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use crate::ledger::evidence::{Evidence, evidence};
use crate::ledger::signed_evidence::{CheckedAgain, check_again};

impl Check<'_> {
    /// The evidence is loaded as it was when the rows were selected, and its signature holds.
    pub(super) fn check_evidence(&mut self) -> Result<()> {
        let Some(selected) = self.purge.selection.evidence.clone() else { return Ok(()) };
        for file in std::iter::once(&selected).chain(&selected.also) {
            self.check_file(file)?;
        }
        self.check_answers(&selected);
        Ok(())
    }

    /// What people signed of the answers can be so, and is told.
    fn check_answers(&mut self, selected: &SelectedEvidence) {
        let Some(answers) = &selected.answers else {
            return self.not_checked(
                "whether lines of the evidence contradict each other: the program that selected did not look",
            );
        };
        let files = std::iter::once(selected).chain(&selected.also);
        let lines = files.fold(0_u64, |sum, file| sum.saturating_add(file.rows));
        let root = self.purge.selection.tables.first();
        let of_table = root.is_some_and(|table| {
            table.before.rows == answers.rows
                && Some(table.listed.rows) <= answers.rows.checked_sub(answers.unanswered)
        });
        if !answers.is_consistent(lines) || !of_table {
            self.find(
                Kind::List,
                "the counts of the evidence's answers cannot be those of this list",
            );
            return;
        }
        self.checked(format!(
            "evidence: of {} rows {} have no answer, {} several that agree, {} several that contradict each \
             other ({} of them selected); {} lines answer for several rows, {} for none",
            answers.rows,
            answers.unanswered,
            answers.repeated,
            answers.contradicted,
            answers.contradicted_selected,
            answers.shared,
            answers.unmatched_lines(),
        ));
    }

    fn check_file(&mut self, selected: &SelectedEvidence) -> Result<()> {
        let name = &selected.name;
        let loaded = evidence(self.ledger(), name)?.filter(|one| is_the_one(one, selected));
        let Some(loaded) = loaded else {
            self.find(
                Kind::List,
                format!("the evidence {name:?} is not the one the list rests on"),
            );
            return Ok(());
        };
        self.checked(format!("evidence: {name} is the file it rests on"));
        self.check_signature(&loaded)
    }

    fn check_signature(&mut self, loaded: &Evidence) -> Result<()> {
        let name = &loaded.name;
        let Some(signed) = &loaded.signature else {
            self.not_checked(format!(
                "who the evidence {name} is from: it carries no signature: compare its SHA-256 {} \
                 with the sender's letter",
                loaded.sha256
            ));
            return Ok(());
        };
        let trust = self.request.trust.as_ref();
        match check_again(self.ledger(), loaded, signed, trust)? {
            Ok(CheckedAgain::Holds) => {
                for line in signed.found.lines() {
                    let on = &signed.found.checked_on;
                    self.checked(format!("evidence: {name} is signed, {line}, as of {on}"));
                }
            }
            Ok(CheckedAgain::NotChecked) => self.unverified(format!(
                "the signature of the evidence {name}: say whose keys count (--trust, or \
                 handover.toml)"
            )),
            Err(error) => self.find(
                Kind::List,
                format!("the signature of the evidence {name:?} does not hold: {error:#}"),
            ),
        }
        Ok(())
    }
}

/// Whether a file is the one that a selection froze, with the signature that it had.
fn is_the_one(loaded: &Evidence, selected: &SelectedEvidence) -> bool {
    (loaded.sha256, loaded.rows) == (selected.sha256, selected.rows)
        && loaded.signature.as_ref().map(|signed| &signed.found) == selected.signature.as_ref()
}
