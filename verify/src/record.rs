//! `handover-verify record`: whether a row is in a signed archive, told without any key to it.

use handover_schemas::archive::record::RecordFile;
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::signing::tlog_proof::TlogProof;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signing::{Signatory, Trust, verify_checkpoint};

/// What was found. No value of the row is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordReport {
    /// Whether the proof holds.
    pub verdict: RecordVerdict,
    /// The table, as the record says.
    pub table: String,
    /// Names of the columns, as the record says.
    pub columns: Vec<String>,
    /// Origin of the checkpoint: which tree.
    pub origin: String,
    /// Place of the row in the tree, counted from 0.
    pub index: u64,
    /// Hash of the row's leaf.
    pub leaf: Digest,
    /// Rows in the tree.
    pub rows: u64,
    /// Root of the tree.
    pub root: Digest,
    /// Trusted people who signed the root.
    pub signers: Vec<Signatory>,
    /// What is wrong.
    pub findings: Vec<String>,
    /// What the proof does not say.
    pub not_checked: Vec<String>,
}

/// Whether a proof holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordVerdict {
    /// Exactly this row is in the tree, and a trusted person signed the tree.
    Holds,
    /// Something of that is not so.
    DoesNotHold,
}

/// Checks a proof for one row: the leaf of the row is in the tree, at the place that record and
/// proof both name, and somebody signed the tree with a key that counts on that day.
pub fn check_record(
    record: &RecordFile,
    proof: &TlogProof,
    trust: &Trust,
    at: Date,
) -> RecordReport {
    let checkpoint = &proof.checkpoint.checkpoint;
    let mut report = RecordReport {
        verdict: RecordVerdict::DoesNotHold,
        table: record.table.clone(),
        columns: record.columns.clone(),
        origin: checkpoint.origin().to_owned(),
        index: record.index,
        leaf: record.leaf(),
        rows: checkpoint.size(),
        root: checkpoint.root(),
        signers: Vec::new(),
        findings: Vec::new(),
        not_checked: not_checked(record),
    };
    let mut wrong = |what: String| report.findings.push(what);
    if record.index != proof.index {
        wrong(format!(
            "the record is of place {}, the proof of place {}: it is the proof of another row",
            record.index, proof.index
        ));
    }
    if record.origin != checkpoint.origin() {
        wrong(format!(
            "the record is of {:?}, the proof of {:?}: it is the proof of another archive",
            record.origin,
            checkpoint.origin()
        ));
    }
    if !proof.proves(report.leaf) {
        wrong(format!(
            "this row is not at place {} under root {}: the row, its salt, its place or the proof \
             was changed",
            proof.index, report.root
        ));
    }
    match verify_checkpoint(&proof.checkpoint, trust, at) {
        Ok(checked) => report.signers = checked.signers,
        Err(error) => wrong(error.to_string()),
    }
    if report.findings.is_empty() {
        report.verdict = RecordVerdict::Holds;
    }
    report
}

/// A leaf holds a row's values in their order, and nothing else; what a tree's places are is told by
/// the archive's package.json.
fn not_checked(record: &RecordFile) -> Vec<String> {
    vec![format!(
        "that the row is one of {} with these columns: the record says so. What is signed are \
             the values in their order, at place {}; the archive's package.json says which table \
             and which columns that is",
        record.table, record.index
    )]
}
