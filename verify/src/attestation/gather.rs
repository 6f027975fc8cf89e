//! What the ledger says, gathered into a statement.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_schemas::attestation::{
    HandoverAttestation, NotChecked, StatedChain, StatedDeliverable, StatedEnd, StatedEvent,
    StatedEvidence, StatedMove, StatedPackage, StatedTool,
};
use handover_schemas::chain::{EventDetail, NO_EVENT, check_chain};
use handover_schemas::digest::Digest;
use handover_schemas::package::inventory::Inventory;

use super::copied::stated_copy;
use super::findings::findings;
use super::lines::not_checked_lines;
use super::purged::{stated_purges, stated_restores};
use crate::ledger::LedgerQuery;
use crate::ledger::copied::{ran_code_as_account, was_changed};
use crate::ledger::events::{RecordedEvent, events};
use crate::ledger::evidence::all_evidence;
use crate::ledger::moves::moves;
use crate::ledger::packages::{inventory, packages};
use crate::ledger::tables::table_digests;
use crate::purge::ledger::database_id;

/// Everything that the ledger says, as a statement without a number, a moment and what people
/// agreed on: these the caller adds. All of it has to be read under one snapshot. `lines_now` are the
/// connections less than `verify-full` over which it is read, as an event has them.
pub fn gather(ledger: &mut dyn LedgerQuery, lines_now: &[String]) -> Result<HandoverAttestation> {
    let identity = database_id(ledger)?.context(
        "the ledger of this database has no event: nothing was done that could be stated",
    )?;
    let events = events(ledger)?;
    let head = check_chain(events.iter().map(|one| (&one.event, one.digest)))
        .context("the ledger's chain of events is broken; nothing is stated from it")?;
    let copy = stated_copy(ledger, &events)?;
    let deliverables = inventory(ledger)?.as_ref().map(stated_deliverables);
    let purges = stated_purges(ledger)?;
    let lines = not_checked_lines(ledger, &events, lines_now, copy.is_some())?;
    let of_code = if copy.is_some() { not_checked_of_code(ledger)? } else { Vec::new() };
    let mut attestation = HandoverAttestation {
        number: 0.into(),
        stated_on: String::new(),
        minutes: handover_schemas::config::MinutesConfig::default(),
        target: StatedEnd { identity, url: None },
        copy,
        not_checked: not_checked(deliverables.is_some(), lines.into_iter().chain(of_code)),
        deliverables: deliverables.unwrap_or_default(),
        packages: stated_packages(ledger)?,
        evidence: stated_evidence(ledger)?,
        restores: stated_restores(ledger, &purges)?,
        moves: stated_moves(ledger)?,
        purges,
        figures: Vec::new(),
        findings: Vec::new(),
        trusted_keys: Vec::new(),
        timeline: events.iter().map(stated_event).collect::<Result<_>>()?,
        tools: stated_tools(&events),
        ledger: StatedChain {
            head: if events.is_empty() { NO_EVENT } else { head },
            events: (events.len() as u64).into(),
            own_event: None,
            tables: table_digests(ledger)?,
        },
    };
    attestation.findings = findings(ledger, &attestation)?;
    Ok(attestation)
}

/// What an event says it is about.
pub fn detail_of(recorded: &RecordedEvent) -> Result<EventDetail> {
    // What serde says could quote the document.
    serde_json::from_str(&recorded.event.detail)
        .ok()
        .with_context(|| format!("the detail of event {} is damaged", recorded.event.number))
}

fn stated_event(recorded: &RecordedEvent) -> Result<StatedEvent> {
    let event = &recorded.event;
    let detail = detail_of(recorded)?;
    Ok(StatedEvent {
        number: event.number.into(),
        kind: event.kind,
        subject: detail.subject.or_else(|| detail.number.map(|number| number.to_string())),
        at: event.at.clone(),
        operator: event.operator.clone(),
        host: event.host.clone(),
        digest: recorded.digest,
    })
}

fn stated_tools(events: &[RecordedEvent]) -> Vec<StatedTool> {
    let mut counts = BTreeMap::new();
    for RecordedEvent { event, .. } in events {
        *counts.entry((event.program.clone(), event.program_sha256)).or_insert(0_u64) += 1;
    }
    counts
        .into_iter()
        .map(|((program, sha256), events)| StatedTool { program, sha256, events: events.into() })
        .collect()
}

fn stated_deliverables(inventory: &Inventory) -> Vec<StatedDeliverable> {
    let lines = inventory
        .components
        .iter()
        .flat_map(|component| component.deliverables.iter().map(move |line| (component, line)));
    lines
        .map(|(component, line)| StatedDeliverable {
            component: component.id.clone(),
            component_vi: component.name_vi.clone(),
            component_en: component.name_en.clone(),
            id: line.id.clone(),
            kind: line.kind,
            requested: line.requested.clone(),
            promised: line.promised.clone(),
            state: line.state,
            files: line.files.into(),
            bytes: line.bytes.into(),
            rows: line.rows.map(Into::into),
            commit: line.commit.clone(),
            findings: line.findings.into(),
        })
        .collect()
}

fn stated_packages(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedPackage>> {
    let recorded = packages(ledger)?.into_iter();
    Ok(recorded
        .map(|package| StatedPackage {
            name: package.name,
            seal: package.seal,
            files: package.files.into(),
            bytes: package.bytes.into(),
            superseded: package.superseded,
        })
        .collect())
}

fn stated_moves(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedMove>> {
    let recorded = moves(ledger)?.into_iter();
    Ok(recorded
        .map(|one| StatedMove {
            number: one.number.into(),
            end: one.says.end,
            from: one.says.from,
            to: one.says.to,
            reason: one.says.reason,
            moved_on: one.says.moved_on,
            statement: Digest::of(one.statement.as_bytes()),
        })
        .collect())
}

fn stated_evidence(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedEvidence>> {
    let recorded = all_evidence(ledger)?.into_iter();
    Ok(recorded
        .map(|file| StatedEvidence {
            name: file.name,
            sha256: file.sha256,
            rows: file.rows.into(),
            signer: file.signer,
            signature: file.signature.map(|signed| signed.found),
        })
        .collect())
}

/// What code of the vendor's, which ran during the copy, leaves open.
fn not_checked_of_code(ledger: &mut dyn LedgerQuery) -> Result<Vec<NotChecked>> {
    let mut all = Vec::new();
    if ran_code_as_account(ledger)? {
        all.push(NotChecked {
            vi: "Mã của bên giao chạy khi sao chép có làm gì ngoài dự định hay không: mã đó chạy với mọi quyền của tài \
                 khoản đích, tài khoản ghi được sổ cái (đã chọn --owner account)"
                .into(),
            en: "Whether code of the vendor's that ran during the copy did anything else: it ran with all rights of the \
                 target's account, which can write the ledger (--owner account was chosen)"
                .into(),
        });
    }
    if was_changed(ledger)? {
        all.push(NotChecked {
            vi: "Mọi điều nêu ở đây về việc sao chép: mã của bên giao đã sửa sổ cái trong khi sao chép, không thể dựa vào \
                 sổ cái này"
                .into(),
            en: "Everything that is stated here of the copy: code of the vendor's changed the ledger while the copy ran, \
                 and nothing in it can be relied on"
                .into(),
        });
    }
    Ok(all)
}

fn not_checked(has_inventory: bool, besides: impl Iterator<Item = NotChecked>) -> Vec<NotChecked> {
    let mut all = vec![
        NotChecked {
            vi: "Việc cơ sở dữ liệu nguồn có chứa đầy đủ mọi dữ liệu của nền tảng hay không".into(),
            en: "Whether the source held everything that the platform holds".into(),
        },
        NotChecked {
            vi: "Thay đổi trong cơ sở dữ liệu đích sau khi đối chiếu, ngoài các đợt xóa và phục hồi \
                 nêu trên (lệnh handover-verify all đọc lại toàn bộ)"
                .into(),
            en: "Changes in the target after it was settled, other than the purges and restores \
                 stated here (handover-verify all reads everything again)"
                .into(),
        },
    ];
    all.extend(besides);
    if !has_inventory {
        all.push(NotChecked {
            vi: "Mã nguồn, bộ cài đặt, tài liệu và tệp: chưa kiểm kê".into(),
            en: "Source code, installers, documents and files: no inventory was taken".into(),
        });
    }
    all
}
