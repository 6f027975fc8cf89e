//! What somebody is about to sign, in plain Vietnamese and English.

use handover_schemas::purge::statement::{Approval, Binding};
use handover_verify::output::{Lines, grouped};
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::Signatory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::purge::approve::Standing;

/// An approval as it stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalReport {
    /// What is approved.
    pub approval: Approval,
    /// Who signed so far.
    pub signers: Vec<Signatory>,
    /// Where the envelope is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
}

pub(super) fn approval_report(standing: &Standing) -> ApprovalReport {
    ApprovalReport {
        approval: standing.approval.clone(),
        signers: standing.signers.clone(),
        file: standing.file.as_ref().map(|file| file.display().to_string()),
    }
}

pub(super) fn approval_text(standing: &Standing, purge: &PurgeEntry) -> Lines {
    let (approval, binding) = (&standing.approval, &standing.approval.binding);
    let basis = approval.legal_basis.join(", ");
    let rows = grouped(binding.rows);
    let evidence = binding.evidence.as_ref();
    let evidence = evidence.map(|one| format!("{}, SHA-256 {}", one.name, one.sha256));
    let evidence = |none: &'static str| evidence.as_deref().unwrap_or(none);
    let (from, until) = (&approval.not_before, &approval.not_after);
    let mut out = Lines::new();
    writeln!(out, "PHÊ DUYỆT XÓA BẢN GHI");
    writeln!(
        out,
        "Người ký đồng ý xóa {rows} bản ghi sau đây khỏi cơ sở dữ liệu, một lần, trong thời hạn \
         dưới đây:"
    );
    tables_text(&mut out, binding);
    writeln!(out, "Lý do:           {}", approval.reason_vi);
    writeln!(out, "Căn cứ:          {basis}");
    writeln!(out, "Chứng cứ:        {}", evidence("không có"));
    writeln!(
        out,
        "Chỉ xóa những bản ghi còn đúng như trong bản lưu. Bản ghi đã thay đổi được giữ lại."
    );
    writeln!(out, "Bản lưu giữ đến: {}", approval.retain_until);
    writeln!(out, "Thời hạn:        {from} đến {until}");
    writeln!(out);
    writeln!(out, "APPROVAL OF A DELETION");
    writeln!(
        out,
        "Whoever signs agrees that these {rows} records are deleted from the database, once, \
         within this time:"
    );
    tables_text(&mut out, binding);
    writeln!(out, "Reason:          {}", approval.reason_en);
    writeln!(out, "Legal basis:     {basis}");
    writeln!(out, "Evidence:        {}", evidence("none"));
    writeln!(out, "Only records that are still as they were archived are deleted. Others stay.");
    writeln!(out, "Archive kept to: {}", approval.retain_until);
    writeln!(out, "Time:            {from} to {until}");
    writeln!(out);
    writeln!(out, "database  {}", binding.database);
    writeln!(out, "rule      {} ({})", binding.rule, binding.rule_digest);
    let archive = purge.backup.as_ref().map_or("", |backup| backup.package.as_str());
    writeln!(out, "archive   {archive}");
    writeln!(out, "seal      {}", binding.seal);
    writeln!(out, "root      {}", binding.root);
    writeln!(out, "nonce     {}", approval.nonce);
    writeln!(out);
    signers_text(&mut out, &standing.signers);
    if let Some(file) = &standing.file {
        writeln!(out, "envelope  {}", file.display());
    }
    out
}

fn tables_text(out: &mut Lines, binding: &Binding) {
    for table in &binding.tables {
        writeln!(out, "    {:<32} {:>14}", table.name.to_string(), grouped(table.rows));
    }
}

fn signers_text(out: &mut Lines, signers: &[Signatory]) {
    for signer in signers {
        let roles: Vec<&str> = signer.roles.iter().map(|role| role.word()).collect();
        writeln!(
            out,
            "signed    {}, {} ({}), key {}",
            signer.name,
            signer.organisation,
            roles.join(", "),
            signer.keyid
        );
    }
    let missing: Vec<&str> = Approval::ROLES
        .into_iter()
        .filter(|role| !signers.iter().any(|signer| signer.roles.contains(role)))
        .map(|role| role.word())
        .collect();
    if missing.is_empty() {
        writeln!(out, "signed by all who have to");
    } else {
        writeln!(out, "still to sign / còn thiếu: {}", missing.join(", "));
    }
}
