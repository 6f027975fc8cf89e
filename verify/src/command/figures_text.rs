//! The report on figures for people.

use handover_cli_kit::output::{Lines, grouped, grouped_signed};
use handover_schemas::figures::report::{
    EndFigure, FigureReport, FigureSetReport, FigureVerdict, FiguresReport, FiguresVerdict,
    RelationReport, RelationResult,
};
use handover_schemas::figures::{RoundedAs, Rounding};

use crate::cli::LabelLanguage;

/// The report, with labels in one language.
pub(super) fn text(report: &FiguresReport, language: LabelLanguage) -> Lines {
    let mut out = Lines::new();
    for set in &report.sets {
        set_text(&mut out, set, language);
        writeln!(out);
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    let results: Vec<RelationResult> =
        report.sets.iter().flat_map(|set| &set.relations).map(|relation| relation.result).collect();
    let count = |wanted| results.iter().filter(|result| **result == wanted).count();
    writeln!(
        out,
        "verdict: {} (sums that hold: {}, only rounded: {}, failing: {})",
        word(report.verdict),
        count(RelationResult::Holds),
        count(RelationResult::Rounded),
        count(RelationResult::Fails),
    );
    out
}

fn set_text(out: &mut Lines, set: &FigureSetReport, language: LabelLanguage) {
    let title = pick(language, &set.document.title_vi, &set.document.title_en);
    writeln!(out, "{}: {title} (as of {})", set.id, set.as_of);
    figures_text(out, set, language);
    for relation in &set.relations {
        writeln!(out, "  {}", relation_text(set, relation, language));
    }
    for figure in &set.figures {
        for (name, end) in [("source", &figure.source), ("target", &figure.target)] {
            if let Some(reason) = end.as_ref().and_then(|end| end.reason.as_ref()) {
                writeln!(out, "  unverified  {} in the {name}: {reason}", figure.id);
            }
        }
    }
    let parts = [("itself", set.itself), ("source", set.source), ("target", set.target)];
    let judged: Vec<String> = parts
        .into_iter()
        .filter_map(|(name, verdict)| Some(format!("{name} {}", word(verdict?))))
        .collect();
    let judged = if judged.is_empty() { "nothing to check".to_owned() } else { judged.join(", ") };
    writeln!(out, "  judged: {judged}");
}

/// One line for each figure: label, what was reported, and what each end gives.
fn figures_text(out: &mut Lines, set: &FigureSetReport, language: LabelLanguage) {
    let rows: Vec<Vec<String>> = set
        .figures
        .iter()
        .map(|figure| {
            let label = pick(language, &figure.label_vi, &figure.label_en).to_owned();
            let ends = [("source", &figure.source), ("target", &figure.target)];
            let ends = ends.into_iter().filter_map(|(name, end)| {
                end.as_ref().map(|end| format!("{name}: {}", end_text(end)))
            });
            [label, reported(figure)].into_iter().chain(ends).collect()
        })
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..4).map_while(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // The reported numbers stand below each other.
            if column == 1 {
                line.push_str(&format!("  {cell:>width$}"));
            } else {
                line.push_str(&format!("  {cell:<width$}"));
            }
        }
        writeln!(out, "{}", line.trim_end());
    }
}

fn reported(figure: &FigureReport) -> String {
    rounded(figure.rounding, &grouped(figure.reported))
}

fn rounded(rounding: Option<Rounding>, number: &str) -> String {
    match rounding.map(|rounding| rounding.rounded_as) {
        None => number.to_owned(),
        Some(RoundedAs::Over) => format!("over {number}"),
        Some(RoundedAs::Nearly) => format!("nearly {number}"),
        Some(RoundedAs::About) => format!("about {number}"),
    }
}

fn end_text(end: &EndFigure) -> String {
    let value = end.value.map_or_else(String::new, |value| grouped_signed(i128::from(value)));
    match end.verdict {
        FigureVerdict::Same => "the same".to_owned(),
        FigureVerdict::Rounded => format!("{value}, within rounding"),
        FigureVerdict::Differs => format!("{value} DIFFERS"),
        FigureVerdict::Unverified => "UNVERIFIED".to_owned(),
        FigureVerdict::NoQuery => "no query".to_owned(),
    }
}

fn relation_text(
    set: &FigureSetReport,
    relation: &RelationReport,
    language: LabelLanguage,
) -> String {
    let label = pick(language, &relation.label_vi, &relation.label_en);
    let total = set.figures.iter().find(|figure| figure.id == relation.total);
    let total = total.map_or_else(|| grouped_signed(relation.reported), reported);
    let makes = format!("the parts make {}, reported is {total}", grouped_signed(relation.sum));
    match relation.result {
        RelationResult::Holds => format!("holds       {label}"),
        RelationResult::Rounded if relation.difference == 0 => {
            format!("rounded     {label}: the rounded numbers agree")
        }
        RelationResult::Rounded => {
            let difference = grouped_signed(relation.difference);
            format!("rounded     {label}: {makes}; rounding allows the difference of {difference}")
        }
        RelationResult::Fails => {
            let by = grouped_signed(relation.fails_by);
            let beyond = if relation.fails_by == relation.difference.abs() {
                String::new()
            } else {
                " more than rounding allows".to_owned()
            };
            format!("FAILS       {label}: by {by}{beyond}; {makes}")
        }
    }
}

fn pick<'a>(language: LabelLanguage, vi: &'a str, en: &'a str) -> &'a str {
    match language {
        LabelLanguage::Vi => vi,
        LabelLanguage::En => en,
    }
}

fn word(verdict: FiguresVerdict) -> &'static str {
    match verdict {
        FiguresVerdict::Holds => "holds",
        FiguresVerdict::Unverified => "unverified",
        FiguresVerdict::Differs => "does not hold",
    }
}
