//! What somebody is about to sign who closes a purge, in plain Vietnamese and English.

use handover_cli_kit::output::{Lines, grouped};
use handover_schemas::purge::statement::PurgeClosing;
use handover_verify::signing::Signatory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::purge::close::StandingClosing;

/// A closing as it stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeClosingReport {
    /// What is signed.
    pub closing: PurgeClosing,
    /// Who signed so far.
    pub signers: Vec<Signatory>,
    /// Where the envelope is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Whether all signed who have to: the purge is closed.
    pub closed: bool,
}

pub(super) fn closing_report(standing: &StandingClosing) -> PurgeClosingReport {
    PurgeClosingReport {
        closing: standing.closing.clone(),
        signers: standing.signers.clone(),
        file: standing.file.as_ref().map(|file| file.display().to_string()),
        closed: standing.is_closed,
    }
}

pub(super) fn closing_text(standing: &StandingClosing) -> Lines {
    let closing = &standing.closing;
    let mut out = Lines::new();
    writeln!(out, "ĐÓNG ĐỢT XÓA CÒN DỞ DANG");
    writeln!(out, "Đợt xóa {} không làm tiếp được và được đóng tại đây.", closing.binding.origin);
    writeln!(out, "Lý do: {}", closing.reason);
    tables(&mut out, closing, ["bảng", "đã chọn", "đã xóa", "giữ lại", "vắng mặt", "chưa xử lý"]);
    writeln!(out, "Bản lưu giữ nguyên: những gì đã xóa vẫn phục hồi được.");
    writeln!(out);
    writeln!(out, "CLOSING OF A PURGE BEFORE ITS END");
    writeln!(out, "Purge {} cannot go on and is closed here.", closing.binding.origin);
    writeln!(out, "Reason: {}", closing.reason);
    let heads = ["table", "selected", "deleted", "kept", "absent", "not dealt with"];
    tables(&mut out, closing, heads);
    writeln!(out, "The archive stays: what was deleted can be restored.");
    writeln!(out);
    for table in &closing.tables {
        writeln!(out, "{}", table.name);
        writeln!(out, "    root of what was deleted   {}", table.deleted_root);
        writeln!(out, "    root of all other rows     {}", table.kept_root);
    }
    writeln!(out, "closed on {}", closing.closed_on);
    for signer in &standing.signers {
        writeln!(out, "signed    {}, {}, key {}", signer.name, signer.organisation, signer.keyid);
    }
    let missing: Vec<&str> = PurgeClosing::ROLES
        .into_iter()
        .filter(|role| !standing.signers.iter().any(|signer| signer.roles.contains(role)))
        .map(|role| role.word())
        .collect();
    if standing.is_closed {
        writeln!(out, "the purge is closed; purge select begins anew by the same rule");
    } else {
        writeln!(out, "still to sign / còn thiếu: {}", missing.join(", "));
    }
    if let Some(file) = &standing.file {
        writeln!(out, "envelope  {}", file.display());
    }
    out
}

fn tables(out: &mut Lines, closing: &PurgeClosing, heads: [&str; 6]) {
    let [table, selected, deleted, kept, absent, left] = heads;
    writeln!(
        out,
        "    {table:<28} {selected:>12} {deleted:>12} {kept:>12} {absent:>12} {left:>15}"
    );
    for table in &closing.tables {
        let counts = &table.counts;
        writeln!(
            out,
            "    {:<28} {:>12} {:>12} {:>12} {:>12} {:>15}",
            table.name.to_string(),
            grouped(table.selected.0),
            grouped(counts.deleted),
            grouped(counts.changed + counts.referenced),
            grouped(counts.absent),
            grouped(table.untouched.total())
        );
    }
}
