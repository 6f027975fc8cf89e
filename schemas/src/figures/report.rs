//! What `handover-verify figures` says: one JSON document, the same bytes for the same data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DayOrMonth, Document, Rounding, Unit};
use crate::digest::Digest;

/// The judgement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FiguresVerdict {
    /// Everything that was asked for holds, exactly or within what rounding allows.
    Holds,
    /// Something could not be looked at though it was asked for, or there was nothing to look at.
    Unverified,
    /// A sum does not hold, or a database gives another number.
    Differs,
}

impl FiguresVerdict {
    /// Of several verdicts any "differs" decides, else any "unverified". Of none: "unverified".
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Unverified)
    }
}

/// Report of `handover-verify figures`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FiguresReport {
    /// The worst of all.
    pub verdict: FiguresVerdict,
    /// The sets, in the order in which they were asked for.
    pub sets: Vec<FigureSetReport>,
    /// What was not looked at.
    pub not_checked: Vec<String>,
}

/// One set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSetReport {
    /// Its name.
    pub id: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
    /// The day or month that its figures are about.
    pub as_of: DayOrMonth,
    /// Where they were reported.
    pub document: Document,
    /// The worst of the following three.
    pub verdict: FiguresVerdict,
    /// The set against itself: whether its sums hold. Null if it has none.
    pub itself: Option<FiguresVerdict>,
    /// The set against the source. Null if there was no source.
    pub source: Option<FiguresVerdict>,
    /// The set against the target. Null if there was no target.
    pub target: Option<FiguresVerdict>,
    /// The figures, in the set's order.
    pub figures: Vec<FigureReport>,
    /// The sums and differences, in the set's order.
    pub relations: Vec<RelationReport>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureReport {
    /// Its name within the set.
    pub id: String,
    /// What it counts, in Vietnamese.
    pub label_vi: String,
    /// What it counts, in English.
    pub label_en: String,
    /// What is counted.
    pub unit: Unit,
    /// The day or month it is about, if not the set's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub as_of: Option<DayOrMonth>,
    /// The number, as it was reported.
    pub reported: u64,
    /// How it was rounded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rounding: Option<Rounding>,
    /// Why no query gives it, in Vietnamese.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_query_vi: Option<String>,
    /// Why no query gives it, in English.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_query_en: Option<String>,
    /// What the source gives. Null if it was not asked.
    pub source: Option<EndFigure>,
    /// What the target gives. Null if it was not asked.
    pub target: Option<EndFigure>,
}

/// What a database gives for a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndFigure {
    /// How it compares with what was reported.
    pub verdict: FigureVerdict,
    /// The number; null if there is none.
    pub value: Option<i64>,
    /// The number without the reported one; null if there is none.
    pub difference: Option<i128>,
    /// Why there is no number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// How a number of a database compares with the reported one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureVerdict {
    /// It is the same.
    Same,
    /// It is another, within what the rounding of the reported one allows.
    Rounded,
    /// It is another.
    Differs,
    /// There is a query, and it gave no number.
    Unverified,
    /// The set has no query for it.
    NoQuery,
}

/// A sum or difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationReport {
    /// What it says, in Vietnamese.
    pub label_vi: String,
    /// What it says, in English.
    pub label_en: String,
    /// What is counted.
    pub unit: Option<Unit>,
    /// Figure that is the sum.
    pub total: String,
    /// Figures that are added.
    pub parts: Vec<String>,
    /// Figures that are taken away.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub less: Vec<String>,
    /// The parts are not all there is: together they must not be more than the total.
    pub rest: bool,
    /// Whether it holds.
    pub result: RelationResult,
    /// The total, as it was reported.
    pub reported: i128,
    /// The parts together, as they were reported.
    pub sum: i128,
    /// `sum` without `reported`.
    pub difference: i128,
    /// How far it is beyond what rounding allows; 0 unless it fails.
    pub fails_by: i128,
}

/// Whether a relation holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RelationResult {
    /// It holds, to the last one.
    Holds,
    /// It can hold: rounded members allow it. More cannot be said.
    Rounded,
    /// It does not hold, whatever the rounded members stand for.
    Fails,
}
