//! Figures as signed statements have them. Numbers are strings there, see
//! [`u64_text`](crate::signing::statement::u64_text).

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::report::{
    EndFigure, FigureReport, FigureSetReport, FigureVerdict, FiguresVerdict, RelationReport,
    RelationResult,
};
use super::{DayOrMonth, Document, Rounding, Unit};
use crate::digest::Digest;

/// A whole number that is a string of decimal digits, with a minus sign if it is below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberText(pub i128);

impl fmt::Display for NumberText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for NumberText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NumberText {
    /// In the one spelling that is written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number: Option<i128> = text.parse().ok();
        number
            .filter(|number| number.to_string() == text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("a number is a string of decimal digits here"))
    }
}

impl JsonSchema for NumberText {
    fn schema_name() -> Cow<'static, str> {
        "NumberText".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A whole number, as a string",
            "type": "string"
        })
    }
}

/// A figure set, and how it was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedFigures {
    /// Name of the set.
    pub id: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
    /// The day or month that its figures are about.
    pub as_of: DayOrMonth,
    /// Where they were reported.
    pub document: StatedDocument,
    /// The worst of the following three.
    pub verdict: FiguresVerdict,
    /// The set against itself; absent if it has no sums.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub itself: Option<FiguresVerdict>,
    /// The set against the source; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<FiguresVerdict>,
    /// The set against the target; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<FiguresVerdict>,
    /// The figures, in the set's order.
    pub figures: Vec<StatedFigure>,
    /// The sums and differences, in the set's order.
    pub relations: Vec<StatedRelation>,
}

/// A document that reports figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedDocument {
    /// What it is called, in Vietnamese.
    pub title_vi: String,
    /// What it is called, in English.
    pub title_en: String,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<String>,
    /// Its day or month.
    pub date: DayOrMonth,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedFigure {
    /// Its name within the set.
    pub id: String,
    /// What it counts, in Vietnamese.
    pub label_vi: String,
    /// What it counts, in English.
    pub label_en: String,
    /// What is counted.
    pub unit: Unit,
    /// The number, as it was reported.
    pub reported: NumberText,
    /// How it was rounded; absent if it is exact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rounding: Option<StatedRounding>,
    /// What the source gives; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<StatedEndFigure>,
    /// What the target gives; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<StatedEndFigure>,
}

/// How a number was rounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedRounding {
    /// The word that the document has with it.
    #[serde(rename = "as")]
    pub rounded_as: super::RoundedAs,
    /// To what it was rounded.
    pub step: NumberText,
}

/// What a database gives for a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedEndFigure {
    /// How it compares with what was reported.
    pub verdict: FigureVerdict,
    /// The number; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<NumberText>,
}

/// A sum or difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedRelation {
    /// What it says, in Vietnamese.
    pub label_vi: String,
    /// What it says, in English.
    pub label_en: String,
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
    /// The parts together without the total, as they were reported.
    pub difference: NumberText,
    /// How far it is beyond what rounding allows; "0" unless it fails.
    pub fails_by: NumberText,
}

impl From<&FigureSetReport> for StatedFigures {
    fn from(set: &FigureSetReport) -> Self {
        Self {
            id: set.id.clone(),
            sha256: set.sha256,
            as_of: set.as_of.clone(),
            document: StatedDocument::from(&set.document),
            verdict: set.verdict,
            itself: set.itself,
            source: set.source,
            target: set.target,
            figures: set.figures.iter().map(StatedFigure::from).collect(),
            relations: set.relations.iter().map(StatedRelation::from).collect(),
        }
    }
}

impl From<&Document> for StatedDocument {
    fn from(document: &Document) -> Self {
        Self {
            title_vi: document.title_vi.clone(),
            title_en: document.title_en.clone(),
            number: document.number.clone(),
            date: document.date.clone(),
        }
    }
}

impl From<&FigureReport> for StatedFigure {
    fn from(figure: &FigureReport) -> Self {
        Self {
            id: figure.id.clone(),
            label_vi: figure.label_vi.clone(),
            label_en: figure.label_en.clone(),
            unit: figure.unit,
            reported: NumberText(i128::from(figure.reported)),
            rounding: figure.rounding.map(StatedRounding::from),
            source: figure.source.as_ref().map(StatedEndFigure::from),
            target: figure.target.as_ref().map(StatedEndFigure::from),
        }
    }
}

impl From<Rounding> for StatedRounding {
    fn from(rounding: Rounding) -> Self {
        Self { rounded_as: rounding.rounded_as, step: NumberText(i128::from(rounding.step)) }
    }
}

impl From<&EndFigure> for StatedEndFigure {
    fn from(end: &EndFigure) -> Self {
        let value = end.value.map(|value| NumberText(i128::from(value)));
        Self { verdict: end.verdict, value }
    }
}

impl From<&RelationReport> for StatedRelation {
    fn from(relation: &RelationReport) -> Self {
        Self {
            label_vi: relation.label_vi.clone(),
            label_en: relation.label_en.clone(),
            total: relation.total.clone(),
            parts: relation.parts.clone(),
            less: relation.less.clone(),
            rest: relation.rest,
            result: relation.result,
            difference: NumberText(relation.difference),
            fails_by: NumberText(relation.fails_by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strings_in_one_spelling() {
        for number in [0, -270_000, i128::MAX, i128::MIN] {
            let text = serde_json::to_string(&NumberText(number)).unwrap();
            assert_eq!(text, format!("\"{number}\""));
            assert_eq!(serde_json::from_str::<NumberText>(&text).unwrap(), NumberText(number));
        }
        for bad in ["7", "\"07\"", "\"+7\"", "\"-0\"", "\"7.0\"", "\"\"", "\" 7\"", "null"] {
            assert!(serde_json::from_str::<NumberText>(bad).is_err(), "{bad}");
        }
    }
}
