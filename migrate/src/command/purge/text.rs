//! A purge in words.

use std::path::Path;

use handover_cli_kit::output::{Lines, grouped};
use handover_schemas::name::TableName;
use handover_schemas::package::PACKAGES_DIR;
use handover_schemas::purge::record::{PurgeState, SelectedEvidence, SelectedTable, SummaryCounts};
use handover_schemas::purge::report::{PurgeReport, PurgeTableReport};
use handover_verify::purge::ledger::PurgeEntry;

use super::answers_text::{EN, answers_lines};
use super::gaps_text::{GAPS_EN, gaps_lines};
use super::reach_text::{self, reach_text};
use crate::purge::approve::statements_dir;

/// The report on a purge.
pub(super) fn purge_report(purge: &PurgeEntry) -> PurgeReport {
    let selection = &purge.selection;
    let outcome = |table: &SelectedTable| {
        let tables = purge.outcome.iter().flat_map(|outcome| &outcome.tables);
        tables.into_iter().find(|one| one.name == *table.name()).cloned()
    };
    PurgeReport {
        number: purge.number,
        rule: selection.rule.name.clone(),
        state: purge.state,
        origin: selection.origin.clone(),
        database: selection.database.clone(),
        rows: selection.rows,
        root: selection.root,
        tables: selection
            .tables
            .iter()
            .map(|table| {
                let outcome = outcome(table);
                PurgeTableReport {
                    name: table.name().clone(),
                    parents: table.parents.clone(),
                    selected: table.listed.rows,
                    before: table.before,
                    outside: table.outside,
                    counts: outcome.as_ref().map(|outcome| outcome.counts),
                    after: outcome.map(|outcome| outcome.after),
                }
            })
            .collect(),
        summary: selection.summary.clone(),
        evidence: selection.evidence.clone(),
        backup: purge.backup.clone(),
        certified: purge.certificate.is_some(),
    }
}

/// The same for people.
pub(super) fn purge_text(purge: &PurgeEntry, dir: &Path) -> Lines {
    let selection = &purge.selection;
    let rule = &selection.rule;
    let mut out = Lines::new();
    writeln!(out, "purge {} by rule {}: {}", purge.number, rule.name, purge.state);
    writeln!(out, "{}", rule.reason_vi);
    writeln!(out, "{}", rule.reason_en);
    writeln!(out);
    let before_execute = purge.outcome.is_none();
    if before_execute {
        for table in selection.tables.iter().filter(|table| table.parents.is_empty()) {
            tree(&mut out, selection.tables.as_slice(), table, 0);
        }
    } else {
        outcome_text(&mut out, purge);
    }
    if matches!(purge.state, PurgeState::Selected) {
        for summary in &selection.summary {
            summary_text(&mut out, summary);
        }
    }
    writeln!(out);
    writeln!(out, "rows     {}", grouped(selection.rows));
    writeln!(out, "root     {}", selection.root);
    if let Some(evidence) = &selection.evidence {
        evidence_text(&mut out, evidence);
    }
    if let Some(backup) = &purge.backup {
        let place = dir.join(PACKAGES_DIR).join(&backup.package);
        writeln!(out, "archive  {}", place.display());
        writeln!(out, "seal     {}", backup.seal);
        writeln!(
            out,
            "         opened with the escrow key: every row, leaf and count is what was selected; \
             {} rows loaded into a scratch schema and compared",
            grouped(backup.rows_loaded)
        );
        for line in gaps_lines(&backup.gaps, &GAPS_EN) {
            writeln!(out, "         {line}");
        }
        reach_text(&mut out, backup.reach.as_ref(), &reach_text::EN);
    }
    let statements = dir.join(statements_dir(purge));
    let next = match purge.state {
        PurgeState::Selected => "next: purge backup --identity ESCROW_KEY".to_owned(),
        PurgeState::BackedUp => "next: purge approve --show; then two people purge approve --key \
                                 KEY; then purge execute --key OPERATOR_KEY"
            .to_owned(),
        PurgeState::Executing => "not finished: the same purge execute goes on".to_owned(),
        PurgeState::Executed => "next: purge certify --key OPERATOR_KEY".to_owned(),
        PurgeState::Certified => {
            writeln!(out, "certificate and signed checkpoint: {}", statements.display());
            "keys and salts are erased from the list; leaves stay".to_owned()
        }
        PurgeState::Abandoned => "given up".to_owned(),
        PurgeState::Closed => {
            writeln!(out, "signed closing: {}", statements.display());
            "closed before its end; keys and salts are erased from the list".to_owned()
        }
    };
    writeln!(out, "{next}");
    out
}

fn evidence_text(out: &mut Lines, evidence: &SelectedEvidence) {
    for file in std::iter::once(evidence).chain(&evidence.also) {
        file_text(out, file);
    }
    if let Some(answers) = &evidence.answers {
        for line in answers_lines(answers, &EN) {
            writeln!(out, "         {line}");
        }
        if answers.contradicted + answers.unmatched_lines() > 0 {
            writeln!(out, "         which lines: findings/purge-answers.jsonl");
        }
    }
}

fn file_text(out: &mut Lines, evidence: &SelectedEvidence) {
    writeln!(out, "evidence {}, SHA-256 {}", evidence.name, evidence.sha256);
    let Some(signature) = &evidence.signature else {
        writeln!(
            out,
            "         it carries no signature: compare this SHA-256 with the sender's letter"
        );
        return;
    };
    for line in signature.lines() {
        writeln!(out, "         signed by {line}, checked as of {}", signature.checked_on);
    }
}

fn tree(out: &mut Lines, tables: &[SelectedTable], table: &SelectedTable, depth: usize) {
    let indent = "  ".repeat(depth);
    let arrow = if depth == 0 { "" } else { "└ " };
    let name = format!("{indent}{arrow}{}", table.name());
    writeln!(
        out,
        "{name:<40} {:>12} of {:>12} rows",
        grouped(table.listed.rows),
        grouped(table.before.rows)
    );
    let refers = |one: &&SelectedTable, to: &TableName| {
        // Shown once, below the first table to which it refers.
        one.parents.first().is_some_and(|link| link.parent == *to)
    };
    for child in tables.iter().filter(|one| refers(one, table.name())) {
        tree(out, tables, child, depth + 1);
    }
}

fn outcome_text(out: &mut Lines, purge: &PurgeEntry) {
    writeln!(
        out,
        "{:<28} {:>12} {:>12} {:>10} {:>10} {:>10}",
        "table", "selected", "deleted", "changed", "referenced", "absent"
    );
    let Some(outcome) = &purge.outcome else { return };
    for (selected, table) in purge.selection.tables.iter().zip(&outcome.tables) {
        let counts = &table.counts;
        writeln!(
            out,
            "{:<28} {:>12} {:>12} {:>10} {:>10} {:>10}",
            table.name.to_string(),
            grouped(selected.listed.rows),
            grouped(counts.deleted),
            grouped(counts.changed),
            grouped(counts.referenced),
            grouped(counts.absent)
        );
        if selected.outside != table.outside {
            writeln!(
                out,
                "  rows of {} that are not on the list changed between select and execute \
                 ({} rows then, {} afterwards)",
                table.name,
                grouped(selected.outside.rows),
                grouped(table.outside.rows)
            );
        }
    }
    let kept = |table: &handover_schemas::purge::record::TableOutcome| {
        table.counts.changed + table.counts.referenced > 0
    };
    if outcome.tables.iter().any(kept) {
        writeln!(out, "rows that were kept, with their keys: findings/purge-kept.jsonl");
    }
}

/// Groups of a summary that are shown; all of them are in `--json`.
const GROUPS_SHOWN: usize = 12;

fn summary_text(out: &mut Lines, summary: &SummaryCounts) {
    writeln!(out);
    writeln!(out, "by {} ({})", summary.by, summary.table);
    let mut groups: Vec<&(Option<String>, u64)> = summary.groups.iter().collect();
    let total: u64 = groups.iter().map(|(_, count)| count).sum();
    if groups.len() > GROUPS_SHOWN {
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    for (group, count) in groups.iter().take(GROUPS_SHOWN) {
        let group = group.as_deref().unwrap_or("(none)");
        writeln!(out, "  {group:<30} {:>12}", grouped(*count));
    }
    let rest: u64 = groups.iter().skip(GROUPS_SHOWN).map(|(_, count)| count).sum();
    if rest > 0 {
        let more = groups.len() - GROUPS_SHOWN;
        writeln!(out, "  {:<30} {:>12}", format!("{more} more"), grouped(rest));
    }
    writeln!(out, "  {:<30} {:>12}", "together", grouped(total));
}
