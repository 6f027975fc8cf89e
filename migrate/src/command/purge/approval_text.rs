//! What somebody is about to sign, in plain Vietnamese and English.

use handover_cli_kit::output::{Lines, grouped};
use handover_schemas::purge::statement::{Approval, Binding, BoundEvidence};
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::Signatory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers_text::{self, AnswerWords, answers_lines};
use super::gaps_text::{GAPS_EN, GAPS_VI, gaps_lines};
use super::reach_text::{self, reach_text};
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
    let (from, until) = (&approval.not_before, &approval.not_after);
    let mut out = Lines::new();
    writeln!(out, "PHÊ DUYỆT XÓA BẢN GHI");
    writeln!(
        out,
        "Người ký đồng ý xóa {rows} bản ghi sau đây khỏi cơ sở dữ liệu, một lần, trong thời hạn \
         dưới đây:"
    );
    tables_text(&mut out, purge);
    if let Some(share) = &binding.share_max {
        writeln!(out, "Tỷ lệ:           quy tắc được phép chọn đến {share} % số dòng của bảng");
    }
    writeln!(out, "Lý do:           {}", approval.reason_vi);
    writeln!(out, "Căn cứ:          {basis}");
    evidence_text(&mut out, binding, &VI);
    reach_text(&mut out, binding.reach.as_ref(), &reach_text::VI);
    writeln!(
        out,
        "Chỉ xóa những bản ghi còn đúng như trong bản lưu. Bản ghi đã thay đổi được giữ lại."
    );
    writeln!(out, "Bản lưu giữ đến: {}", approval.retain_until);
    for line in gaps_lines(&approval.search_gaps, &GAPS_VI) {
        writeln!(out, "    {line}");
    }
    writeln!(out, "Thời hạn:        {from} đến {until}");
    writeln!(out);
    writeln!(out, "APPROVAL OF A DELETION");
    writeln!(
        out,
        "Whoever signs agrees that these {rows} records are deleted from the database, once, \
         within this time:"
    );
    tables_text(&mut out, purge);
    if let Some(share) = &binding.share_max {
        writeln!(out, "Share:           the rule may select up to {share} % of its own table");
    }
    writeln!(out, "Reason:          {}", approval.reason_en);
    writeln!(out, "Legal basis:     {basis}");
    evidence_text(&mut out, binding, &EN);
    reach_text(&mut out, binding.reach.as_ref(), &reach_text::EN);
    writeln!(out, "Only records that are still as they were archived are deleted. Others stay.");
    writeln!(out, "Archive kept to: {}", approval.retain_until);
    for line in gaps_lines(&approval.search_gaps, &GAPS_EN) {
        writeln!(out, "    {line}");
    }
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

/// What is said of evidence, in one language.
struct EvidenceWords {
    label: &'static str,
    none: &'static str,
    signed: &'static str,
    checked: &'static str,
    /// Before and after the digest.
    unsigned: (&'static str, &'static str),
    answers: &'static AnswerWords,
}

const VI: EvidenceWords = EvidenceWords {
    label: "Chứng cứ:        ",
    none: "không có",
    signed: "ký bởi",
    checked: "chữ ký đã được kiểm tra, tính tại thời điểm",
    unsigned: ("không có chữ ký: hãy so SHA-256", "với công văn của bên gửi trước khi ký"),
    answers: &answers_text::VI,
};

const EN: EvidenceWords = EvidenceWords {
    label: "Evidence:        ",
    none: "none",
    signed: "signed by",
    checked: "the signature was checked, as of",
    unsigned: (
        "it carries no signature: compare SHA-256",
        "with the sender's letter before you sign",
    ),
    answers: &answers_text::EN,
};

/// The evidence, and who is known to have signed it: approvers have to know what they rely on.
fn evidence_text(out: &mut Lines, binding: &Binding, words: &EvidenceWords) {
    let Some(evidence) = &binding.evidence else {
        writeln!(out, "{}{}", words.label, words.none);
        return;
    };
    for file in std::iter::once(evidence).chain(&evidence.also) {
        file_text(out, file, words);
    }
    if let Some(answers) = &evidence.answers {
        for line in answers_lines(answers, words.answers) {
            writeln!(out, "    {line}");
        }
    }
}

fn file_text(out: &mut Lines, evidence: &BoundEvidence, words: &EvidenceWords) {
    writeln!(out, "{}{}, SHA-256 {}", words.label, evidence.name, evidence.sha256);
    let Some(signature) = &evidence.signature else {
        let (before, after) = words.unsigned;
        writeln!(out, "    {before} {} {after}", evidence.sha256);
        return;
    };
    for line in signature.lines() {
        writeln!(out, "    {} {line}", words.signed);
    }
    writeln!(out, "    {} {}", words.checked, signature.checked_on);
}

/// Rows that go, of how many, table by table.
fn tables_text(out: &mut Lines, purge: &PurgeEntry) {
    for table in &purge.selection.tables {
        let (rows, all) = (grouped(table.listed.rows), grouped(table.before.rows));
        writeln!(out, "    {:<32} {rows:>14} / {all}", table.name().to_string());
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
