//! An auditor's own statement of what was found, to be signed elsewhere.

use anyhow::{Context, Result};
use handover_schemas::attestation::{AllReport, Audit, AuditedCheck};
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use jiff::Timestamp;

use crate::running_program::own_digest;

/// What no check looked at, each with the check that says so.
fn not_checked(report: &AllReport) -> Vec<String> {
    let of_checks = report.checks.iter().flat_map(|check| {
        let left = check.outcome.not_checked.iter().chain(&check.outcome.unverified);
        left.map(move |what| format!("{}: {what}", check.name))
    });
    of_checks.chain(report.not_checked.iter().cloned()).collect()
}

/// The envelope of an audit statement, without signatures. This program signs nothing.
pub fn audit_envelope(report: &AllReport, head_given: Option<Digest>) -> Result<String> {
    let checks = report.checks.iter().map(|check| {
        let text = serde_json::to_vec(check).context("cannot write a check")?;
        Ok(AuditedCheck {
            name: check.name.clone(),
            verdict: check.verdict,
            findings: (check.outcome.findings.len() as u64).into(),
            report: Digest::of(&text),
        })
    });
    let audit = Audit {
        database: report.database.clone(),
        verdict: report.verdict,
        checks: checks.collect::<Result<_>>()?,
        not_checked: not_checked(report),
        head_given,
        head: report.head,
        program: concat!("handover-verify ", env!("CARGO_PKG_VERSION")).to_owned(),
        program_sha256: own_digest().context("cannot read this program's own file")?,
        audited_on: Timestamp::from_second(Timestamp::now().as_second())?.to_string(),
    };
    let statement = Statement::new(audit.subjects(), audit);
    let bytes = statement.to_bytes().context("cannot write the audit statement")?;
    Envelope::new(bytes).to_text().context("cannot write the audit statement")
}
