//! Reported figures: whether they add up, and whether the databases give them.

mod set_file;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::figures::{self, Answer, FigureSource};
use handover_schemas::figures::report::{
    EndFigure, FigureReport, FigureSetReport, FigureVerdict, FiguresReport, FiguresVerdict,
    RelationReport, RelationResult,
};
use handover_schemas::figures::{Figure, Query, judge_relations, judge_value};

pub use set_file::{
    LoadedSet, all_shipped, configured_sets, load_set, parse_set, shipped_set, to_toml,
};

/// How long a query may take unless somebody says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// What is to be checked.
pub struct FiguresRequest {
    /// The sets, each with a name of its own.
    pub sets: Vec<LoadedSet>,
    /// The source, if the sets are to be held against it.
    pub source: Option<Endpoint>,
    /// The target, if the sets are to be held against it.
    pub target: Option<Endpoint>,
    /// How long each query may take.
    pub timeout: Duration,
}

/// Checks every set against itself, and against the databases that are given.
///
/// A query that gives no number is no error but a figure that is "unverified". Fails if two sets
/// have one name, if a database cannot be read, or when interrupted.
pub fn check_sets(
    request: &FiguresRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<FiguresReport> {
    let mut names = BTreeSet::new();
    if let Some(twice) = request.sets.iter().find(|loaded| !names.insert(&loaded.set.id)) {
        bail!("two figure sets are called {:?}; give each an id of its own", twice.set.id);
    }
    let open = |name: &'static str, endpoint: &Option<Endpoint>| {
        endpoint
            .as_ref()
            .map(|endpoint| End::open(name, endpoint, request.timeout, interrupt))
            .transpose()
    };
    let mut source = open("source", &request.source)?;
    let mut target = open("target", &request.target)?;
    let mut sets = Vec::new();
    for loaded in &request.sets {
        let in_source = answers(loaded, source.as_mut(), progress)?;
        let in_target = answers(loaded, target.as_mut(), progress)?;
        sets.push(set_report(loaded, in_source, in_target));
    }
    Ok(FiguresReport {
        verdict: FiguresVerdict::worst(sets.iter().map(|set| set.verdict)),
        not_checked: not_checked(request, &sets),
        sets,
    })
}

/// A database that is asked.
struct End {
    name: &'static str,
    database: Box<dyn FigureSource>,
}

impl End {
    fn open(
        name: &'static str,
        endpoint: &Endpoint,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let database = figures::open(endpoint, timeout, interrupt)
            .with_context(|| format!("the {name} cannot be read"))?;
        Ok(Self { name, database })
    }

    fn ask(&mut self, query: &Query) -> Result<Answer> {
        self.database.ask(query).with_context(|| format!("the {} cannot be read", self.name))
    }
}

/// What an end gives for the figures of a set, in their order; none without an end.
fn answers(
    loaded: &LoadedSet,
    end: Option<&mut End>,
    progress: &Progress,
) -> Result<Option<Vec<EndFigure>>> {
    let Some(end) = end else { return Ok(None) };
    let figures = &loaded.set.figures;
    let asked = figures.iter().filter(|figure| figure.query.is_some()).count();
    progress.note(&format!("{}: asking the {} for {asked} figures", loaded.set.id, end.name));
    let answer = |figure: &Figure| {
        Ok(match &figure.query {
            Some(query) => end_figure(figure, end.ask(query)?),
            None => EndFigure {
                verdict: FigureVerdict::NoQuery,
                value: None,
                difference: None,
                reason: None,
            },
        })
    };
    figures.iter().map(answer).collect::<Result<_>>().map(Some)
}

fn end_figure(figure: &Figure, answer: Answer) -> EndFigure {
    match answer {
        Ok(value) => EndFigure {
            verdict: judge_value(figure, value),
            value: Some(value),
            difference: Some(i128::from(value) - i128::from(figure.value)),
            reason: None,
        },
        Err(reason) => EndFigure {
            verdict: FigureVerdict::Unverified,
            value: None,
            difference: None,
            reason: Some(reason),
        },
    }
}

fn set_report(
    loaded: &LoadedSet,
    in_source: Option<Vec<EndFigure>>,
    in_target: Option<Vec<EndFigure>>,
) -> FigureSetReport {
    let relations = judge_relations(&loaded.set);
    let itself = sums_verdict(&relations);
    let source = in_source.as_deref().map(end_verdict);
    let target = in_target.as_deref().map(end_verdict);
    let mut in_source = in_source.map(Vec::into_iter);
    let mut in_target = in_target.map(Vec::into_iter);
    let figures = loaded.set.figures.iter().map(|figure| FigureReport {
        id: figure.id.clone(),
        label_vi: figure.label_vi.clone(),
        label_en: figure.label_en.clone(),
        unit: figure.unit,
        as_of: figure.as_of.clone(),
        reported: figure.value,
        rounding: figure.rounding,
        no_query_vi: figure.no_query_vi.clone(),
        no_query_en: figure.no_query_en.clone(),
        source: in_source.as_mut().and_then(Iterator::next),
        target: in_target.as_mut().and_then(Iterator::next),
    });
    FigureSetReport {
        id: loaded.set.id.clone(),
        sha256: loaded.sha256,
        as_of: loaded.set.as_of.clone(),
        document: loaded.set.document.clone(),
        verdict: FiguresVerdict::worst([itself, source, target].into_iter().flatten()),
        itself,
        source,
        target,
        figures: figures.collect(),
        relations,
    }
}

fn sums_verdict(relations: &[RelationReport]) -> Option<FiguresVerdict> {
    let worst = relations.iter().map(|relation| relation.result).max()?;
    Some(match worst {
        RelationResult::Holds | RelationResult::Rounded => FiguresVerdict::Holds,
        RelationResult::Fails => FiguresVerdict::Differs,
    })
}

/// A figure without a query does not count; if none has one, nothing was verified.
fn end_verdict(figures: &[EndFigure]) -> FiguresVerdict {
    FiguresVerdict::worst(figures.iter().filter_map(|figure| match figure.verdict {
        FigureVerdict::Same | FigureVerdict::Rounded => Some(FiguresVerdict::Holds),
        FigureVerdict::Differs => Some(FiguresVerdict::Differs),
        FigureVerdict::Unverified => Some(FiguresVerdict::Unverified),
        FigureVerdict::NoQuery => None,
    }))
}

fn not_checked(request: &FiguresRequest, sets: &[FigureSetReport]) -> Vec<String> {
    let mut out = Vec::new();
    for (end, name) in [(&request.source, "source"), (&request.target, "target")] {
        if end.is_none() {
            out.push(format!("whether the {name} gives these figures: it was not asked"));
        }
    }
    for set in sets {
        if set.itself.is_none() {
            out.push(format!("{}: the set has no sum that its figures could satisfy", set.id));
        }
        let without = set.figures.iter().filter(|figure| figure.no_query_en.is_some()).count();
        if without > 0 && (request.source.is_some() || request.target.is_some()) {
            out.push(format!("{}: no query gives {without} of its figures", set.id));
        }
    }
    out
}
