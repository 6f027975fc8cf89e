//! Purges, and how their lists divide.

use std::cmp::Reverse;

use handover_schemas::attestation::{StatedGroup, StatedPurge, StatedSummary};
use handover_schemas::config::ResidualCopy;
use handover_schemas::purge::statement::StatedCounts;
use serde::Serialize;

use super::{Part, Sum};
use crate::report::bars::{BARS_MAX, Bar, chart};
use crate::report::language::Language;
use crate::report::words::{self, StateWords, Words};

/// Most purges that are shown.
pub(super) const PURGES_MAX: usize = 50;

/// Most tables, summaries, documents and copies of one purge that are shown.
const EACH_MAX: usize = 60;

/// Most groups of a summary that are shown as numbers.
const GROUPS_MAX: usize = 100;

/// A purge.
#[derive(Serialize)]
pub(in crate::report) struct Purge<'a> {
    stated: &'a StatedPurge,
    state: StateWords,
    legal_basis: Part<&'a String>,
    approvals: Part<String>,
    tables: Part<Table>,
    total: Table,
    summaries: Vec<Summary<'a>>,
    summaries_left: usize,
    residual: Part<Residual<'a>>,
}

/// What became of a table's listed rows.
#[derive(Serialize)]
struct Table {
    name: String,
    selected: Sum,
    counts: Option<Counts>,
}

#[derive(Serialize)]
struct Counts {
    deleted: Sum,
    changed: Sum,
    referenced: Sum,
    absent: Sum,
}

/// A copy that the deletion did not reach.
#[derive(Serialize)]
struct Residual<'a> {
    kind: Words,
    stated: &'a ResidualCopy,
}

/// How a list divides: as bars and as numbers.
#[derive(Serialize)]
struct Summary<'a> {
    by: &'a str,
    table: String,
    groups: Part<&'a StatedGroup>,
    /// Rows of the groups that are not shown as numbers.
    others: Sum,
    rows: Sum,
    /// One chart for each language.
    charts: Charts,
}

/// A chart, in both languages: SVG that is safe to be put into the page.
#[derive(Serialize)]
struct Charts {
    vi: String,
    en: String,
}

impl<'a> Purge<'a> {
    pub(super) fn of(stated: &'a StatedPurge) -> Self {
        let summaries = Part::at_most(EACH_MAX, &stated.summary);
        let summaries_left = summaries.left;
        let numbered = summaries.shown.into_iter().enumerate();
        let residual = stated.residual_copies.iter();
        let residual =
            residual.map(|stated| Residual { kind: words::residual_copy(stated.kind), stated });
        Self {
            stated,
            state: words::purge_state(stated.state),
            legal_basis: Part::at_most(EACH_MAX, &stated.legal_basis),
            approvals: Part::at_most(EACH_MAX, stated.approvals.iter().map(ToString::to_string)),
            tables: Part::at_most(
                EACH_MAX,
                stated.tables.iter().map(|table| Table {
                    name: table.name.to_string(),
                    selected: Sum(u128::from(table.selected.0)),
                    counts: table.counts.map(|counts| Counts::of(&[counts])),
                }),
            ),
            total: total(stated),
            summaries: numbered
                .map(|(number, summary)| {
                    Summary::of(summary, &format!("purge{}-{number}", stated.number))
                })
                .collect(),
            summaries_left,
            residual: Part::at_most(EACH_MAX, residual),
        }
    }
}

/// All tables together. What became of the rows is known only if it is of every table.
fn total(purge: &StatedPurge) -> Table {
    let counts: Option<Vec<StatedCounts>> = purge.tables.iter().map(|table| table.counts).collect();
    Table {
        name: String::new(),
        selected: purge.tables.iter().map(|table| table.selected.0).sum(),
        counts: counts.map(|counts| Counts::of(&counts)),
    }
}

impl Counts {
    fn of(counts: &[StatedCounts]) -> Self {
        Self {
            deleted: counts.iter().map(|one| one.deleted).sum(),
            changed: counts.iter().map(|one| one.changed).sum(),
            referenced: counts.iter().map(|one| one.referenced).sum(),
            absent: counts.iter().map(|one| one.absent).sum(),
        }
    }
}

impl<'a> Summary<'a> {
    fn of(stated: &'a StatedSummary, id: &str) -> Self {
        let mut groups: Vec<&StatedGroup> = stated.groups.iter().collect();
        groups.sort_by_key(|group| (Reverse(group.rows), &group.group));
        let chart = |language: Language| {
            let title = language.pick("Số bản ghi theo", "Rows by");
            let title = format!("{title} {}", stated.by);
            let description = language.pick(
                "Biểu đồ cột ngang; các số liệu này có trong bảng bên dưới.",
                "Bar chart; the same numbers are in the table below.",
            );
            let id = format!("{}-{id}", language.tag());
            chart(&bars(&groups, language), &id, (&title, description), language)
        };
        let others = groups.iter().skip(GROUPS_MAX).map(|group| group.rows.0).sum();
        let [vi, en] = Language::ALL.map(chart);
        Self {
            by: &stated.by,
            table: stated.table.to_string(),
            others,
            rows: groups.iter().map(|group| group.rows.0).sum(),
            groups: Part::at_most(GROUPS_MAX, groups),
            charts: Charts { vi, en },
        }
    }
}

/// The largest groups, and the others together.
fn bars(groups: &[&StatedGroup], language: Language) -> Vec<Bar> {
    let mut bars: Vec<Bar> = groups
        .iter()
        .take(BARS_MAX)
        .map(|group| {
            let nameless = || language.pick("(không ghi)", "(none)").to_owned();
            let name = group.group.clone().unwrap_or_else(nameless);
            Bar { name, value: u128::from(group.rows.0), rest: false }
        })
        .collect();
    let others = groups.get(BARS_MAX..).unwrap_or(&[]);
    if !others.is_empty() {
        let count = language.number(&others.len().to_string());
        let name = language.pick("Các nhóm khác", "Others");
        let value = others.iter().map(|group| u128::from(group.rows.0)).sum();
        bars.push(Bar { name: format!("{name} ({count})"), value, rest: true });
    }
    bars
}
