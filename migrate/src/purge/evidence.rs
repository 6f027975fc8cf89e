//! The evidence that a rule rests on.

use anyhow::{Context, Result, bail};
use handover_schemas::config::{PurgeRule, RuleEvidence};
use handover_schemas::purge::answers::Answers;
use handover_schemas::purge::record::SelectedEvidence;
use handover_verify::ledger::evidence::Evidence;

use super::PurgeDatabase;
use crate::ledger;

/// What the ledger holds of the files of the rule's evidence, in the order of the rule: all have to be
/// loaded.
pub(super) fn loaded_evidence(
    database: &mut PurgeDatabase,
    rule: &PurgeRule,
    evidence: &RuleEvidence,
) -> Result<Vec<Evidence>> {
    let loaded = |name: &String| {
        ledger::evidence(database.store(), name)?.with_context(|| {
            format!(
                "the rule {:?} rests on evidence {name:?}, which is not loaded: handover-migrate evidence \
                 --name {name} --file FILE.csv",
                rule.name
            )
        })
    };
    evidence.names().map(loaded).collect()
}

/// The same as a selection freezes it, with its answers.
pub(super) fn selected_evidence(
    files: Vec<Evidence>,
    answers: Answers,
) -> Result<SelectedEvidence> {
    let mut files = files.into_iter().map(|file| SelectedEvidence {
        name: file.name,
        sha256: file.sha256,
        rows: file.rows,
        signature: file.signature.map(|signed| signed.found),
        also: Vec::new(),
        answers: None,
    });
    let Some(first) = files.next() else { bail!("the rule rests on no evidence") };
    Ok(SelectedEvidence { also: files.collect(), answers: Some(answers), ..first })
}
