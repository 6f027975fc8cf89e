//! Figure sets: the numbers that a document reports, the sums that they must satisfy, and the
//! queries that should give them. `FORMAT.md` section 34 describes the file.
//!
//! A set is judged three times, and each judgement stands on its own: against itself (do its sums
//! hold?), against the source and against the target (does the database give these numbers?).

mod check;
mod day_or_month;
mod judge;
mod measured;
pub mod report;
mod rounding;
mod shipped;
pub mod stated;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::FigureSetError;
pub use day_or_month::DayOrMonth;
pub use judge::{judge_relations, judge_value};
pub use rounding::{Allowed, RoundedAs, Rounding};
pub use shipped::{SHIPPED, ShippedSet, shipped};

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSet {
    /// Short name: lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// The day that the figures are about, or the month.
    pub as_of: DayOrMonth,
    /// Where they were reported.
    pub document: Document,
    /// The figures, in the document's order.
    #[serde(rename = "figure")]
    pub figures: Vec<Figure>,
    /// The sums and differences that they must satisfy.
    #[serde(rename = "relation", default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
}

/// A document that reports figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is called, in Vietnamese.
    pub title_vi: String,
    /// What it is called, in English.
    pub title_en: String,
    /// Its number, such as `810/BYT-CNTT`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Its day, or its month where the day is not on record.
    pub date: DayOrMonth,
    /// Who reported, in Vietnamese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_vi: Option<String>,
    /// Who reported, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_en: Option<String>,
    /// To whom, in Vietnamese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_vi: Option<String>,
    /// To whom, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_en: Option<String>,
}

/// One reported number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Short name, of its own within the set: lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// What it counts, in Vietnamese.
    pub label_vi: String,
    /// What it counts, in English.
    pub label_en: String,
    /// What is counted.
    pub unit: Unit,
    /// The number, as it was reported.
    pub value: u64,
    /// How it was rounded; absent if it is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// The day or the month that it is about, if not the set's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DayOrMonth>,
    /// The query that should give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// Why no query gives it, in Vietnamese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_query_vi: Option<String>,
    /// Why no query gives it, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_query_en: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// People who were vaccinated (đối tượng).
    Subject,
    /// Doses (mũi tiêm).
    Dose,
}

/// A query that gives one row with one whole number. Tables may be named without their schema if
/// they are in `public` (PostgreSQL) or `main` (SQLite).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// For every engine that has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// For PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// For SQLite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<String>,
}

impl Query {
    /// The same query for every engine.
    pub fn common(sql: impl Into<String>) -> Self {
        Self { sql: Some(sql.into()), ..Self::default() }
    }

    /// What PostgreSQL is asked.
    pub fn for_postgres(&self) -> Option<&str> {
        self.postgres.as_deref().or(self.sql.as_deref())
    }

    /// What SQLite is asked.
    pub fn for_sqlite(&self) -> Option<&str> {
        self.sqlite.as_deref().or(self.sql.as_deref())
    }
}

/// A sum that must hold: `total` is `parts` together, without `less`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// What it says, in Vietnamese.
    pub label_vi: String,
    /// What it says, in English.
    pub label_en: String,
    /// Figure that is the sum.
    pub total: String,
    /// Figures that are added.
    pub parts: Vec<String>,
    /// Figures that are taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub less: Vec<String>,
    /// The parts are not all there is: together they must not be more than the total.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
}

impl FigureSet {
    /// The figure with this name.
    pub fn figure(&self, id: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == id)
    }
}

impl Figure {
    /// An exact number that a query gives.
    pub fn exact(id: &str, labels: (&str, &str), unit: Unit, value: u64, query: Query) -> Self {
        let (label_vi, label_en) = labels;
        Self {
            id: id.to_owned(),
            label_vi: label_vi.to_owned(),
            label_en: label_en.to_owned(),
            unit,
            value,
            rounding: None,
            as_of: None,
            query: Some(query),
            no_query_vi: None,
            no_query_en: None,
        }
    }

    /// The numbers that the reported one may stand for.
    pub fn allowed(&self) -> Allowed {
        Allowed::of(self.value, self.rounding)
    }
}

impl Relation {
    /// A sum of these parts.
    pub fn sum(labels: (&str, &str), total: &str, parts: &[&str]) -> Self {
        let (label_vi, label_en) = labels;
        Self {
            label_vi: label_vi.to_owned(),
            label_en: label_en.to_owned(),
            total: total.to_owned(),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            less: Vec::new(),
            rest: false,
        }
    }
}
