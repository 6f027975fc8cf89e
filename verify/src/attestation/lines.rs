//! Connections that were less than `verify-full`, as what was not checked.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handover_schemas::attestation::NotChecked;
use handover_schemas::chain::EventKind;
use handover_schemas::ledger::LesserLine;
use handover_schemas::moved::MovedEnd;

use super::gather::detail_of;
use crate::ledger::LedgerQuery;
use crate::ledger::copied::{end_and_line, lesser_lines};
use crate::ledger::events::RecordedEvent;

/// What of the copy is told by the copy's own record, which also has runs that ended in no event.
const OF_COPY: [EventKind; 3] = [EventKind::Plan, EventKind::Copy, EventKind::Settle];

/// What the ledger says of such lines. `now` are those of the attestation that is being made, which
/// is no event yet.
pub(super) fn not_checked_lines(
    ledger: &mut dyn LedgerQuery,
    events: &[RecordedEvent],
    now: &[String],
    has_copy: bool,
) -> Result<Vec<NotChecked>> {
    let copied = if has_copy { lesser_lines(ledger)? } else { Vec::new() };
    let mut used: BTreeMap<String, BTreeSet<EventKind>> = BTreeMap::new();
    for recorded in events {
        for words in detail_of(recorded)?.lesser_lines {
            used.entry(words).or_default().insert(recorded.event.kind);
        }
    }
    for words in now {
        used.entry(words.clone()).or_default().insert(EventKind::Attest);
    }
    let mut told: Vec<NotChecked> = copied.iter().map(|line| while_copying(*line)).collect();
    for (words, mut kinds) in used {
        let line = end_and_line(&words)?;
        if copied.contains(&line) {
            kinds.retain(|kind| !OF_COPY.contains(kind));
        }
        if !kinds.is_empty() {
            told.push(at_events(line, &kinds));
        }
    }
    Ok(told)
}

fn while_copying((end, line): (MovedEnd, LesserLine)) -> NotChecked {
    NotChecked {
        vi: format!(
            "Máy chủ ở đầu kia đường truyền tới cơ sở dữ liệu {} khi sao chép có đúng là máy chủ đã \
             nêu hay không: {}",
            end_vi(end),
            line.vi()
        ),
        en: format!(
            "Whether the server at the other end of the connection to the {end} was the one that \
             was named, while rows were copied: {}",
            line.en()
        ),
    }
}

fn at_events((end, line): (MovedEnd, LesserLine), kinds: &BTreeSet<EventKind>) -> NotChecked {
    let list = |word: fn(EventKind) -> &'static str| {
        kinds.iter().map(|kind| format!("“{}”", word(*kind))).collect::<Vec<_>>().join(", ")
    };
    NotChecked {
        vi: format!(
            "Máy chủ ở đầu kia đường truyền tới cơ sở dữ liệu {} có đúng là máy chủ đã nêu hay \
             không, ở các sự kiện {}: {}",
            end_vi(end),
            list(EventKind::vi),
            line.vi()
        ),
        en: format!(
            "Whether the server at the other end of the connection to the {end} was the one that \
             was named, at the events {}: {}",
            list(EventKind::en),
            line.en()
        ),
    }
}

fn end_vi(end: MovedEnd) -> &'static str {
    match end {
        MovedEnd::Source => "nguồn",
        MovedEnd::Target => "đích",
    }
}
