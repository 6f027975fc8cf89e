//! What somebody is about to sign, in plain Vietnamese and English.

use handover_schemas::purge::statement::Approval;
use handover_verify::output::grouped;
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

pub(super) fn approval_text(standing: &Standing, purge: &PurgeEntry) -> String {
    let (approval, binding) = (&standing.approval, &standing.approval.binding);
    let tables: Vec<String> = binding
        .tables
        .iter()
        .map(|table| format!("    {:<32} {:>14}", table.name.to_string(), grouped(table.rows)))
        .collect();
    let tables = tables.join("\n");
    let basis = approval.legal_basis.join(", ");
    let rows = grouped(binding.rows);
    let evidence = binding.evidence.as_ref().map_or_else(
        || ("không có".to_owned(), "none".to_owned()),
        |one| {
            let text = format!("{}, SHA-256 {}", one.name, one.sha256);
            (text.clone(), text)
        },
    );
    let mut out = format!(
        "PHÊ DUYỆT XÓA BẢN GHI\n\
         Người ký đồng ý xóa {rows} bản ghi sau đây khỏi cơ sở dữ liệu, một lần, trong thời hạn dưới đây:\n\
         {tables}\n\
         Lý do:           {}\n\
         Căn cứ:          {basis}\n\
         Chứng cứ:        {}\n\
         Chỉ xóa những bản ghi còn đúng như trong bản lưu. Bản ghi đã thay đổi được giữ lại.\n\
         Bản lưu giữ đến: {}\n\
         Thời hạn:        {} đến {}\n\
         \n\
         APPROVAL OF A DELETION\n\
         Whoever signs agrees that these {rows} records are deleted from the database, once, within this time:\n\
         {tables}\n\
         Reason:          {}\n\
         Legal basis:     {basis}\n\
         Evidence:        {}\n\
         Only records that are still as they were archived are deleted. Others stay.\n\
         Archive kept to: {}\n\
         Time:            {} to {}\n\
         \n\
         database  {}\n\
         rule      {} ({})\n\
         archive   {}\n\
         seal      {}\n\
         root      {}\n\
         nonce     {}\n\n",
        approval.reason_vi,
        evidence.0,
        approval.retain_until,
        approval.not_before,
        approval.not_after,
        approval.reason_en,
        evidence.1,
        approval.retain_until,
        approval.not_before,
        approval.not_after,
        binding.database,
        binding.rule,
        binding.rule_digest,
        purge.backup.as_ref().map_or("", |backup| backup.package.as_str()),
        binding.seal,
        binding.root,
        approval.nonce,
    );
    out.push_str(&signers_text(&standing.signers));
    if let Some(file) = &standing.file {
        out.push_str(&format!("envelope  {}\n", file.display()));
    }
    out
}

fn signers_text(signers: &[Signatory]) -> String {
    let mut out = String::new();
    for signer in signers {
        let roles: Vec<&str> = signer.roles.iter().map(|role| role.word()).collect();
        out.push_str(&format!(
            "signed    {}, {} ({}), key {}\n",
            signer.name,
            signer.organisation,
            roles.join(", "),
            signer.keyid
        ));
    }
    let missing: Vec<&str> = Approval::ROLES
        .into_iter()
        .filter(|role| !signers.iter().any(|signer| signer.roles.contains(role)))
        .map(|role| role.word())
        .collect();
    if missing.is_empty() {
        out.push_str("signed by all who have to\n");
    } else {
        out.push_str(&format!("still to sign / còn thiếu: {}\n", missing.join(", ")));
    }
    out
}
