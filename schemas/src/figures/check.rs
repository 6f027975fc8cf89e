//! Rules of a figure set that its shape cannot say.

use std::collections::BTreeSet;

use super::{Document, Figure, FigureSet, Relation};
use crate::config::{is_name, name_rule};

/// What is wrong in a set, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct FigureSetError {
    /// Which entry, such as `figure "sent"`.
    pub place: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl FigureSetError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// What TOML and SQL can count to.
const MOST: u64 = i64::MAX.unsigned_abs();

/// Longest text of one line.
const LINE_MAX: usize = 400;

impl FigureSet {
    /// Checks the rules; the first one that is broken is the error.
    pub fn check(&self) -> Result<(), FigureSetError> {
        if !is_name(&self.id) {
            return Err(FigureSetError::new("id", name_rule("id")));
        }
        self.document.check()?;
        if self.figures.is_empty() {
            return Err(FigureSetError::new("figure", "there is none; a set has at least one"));
        }
        let mut ids = BTreeSet::new();
        for figure in &self.figures {
            figure.check()?;
            if !ids.insert(&figure.id) {
                return Err(FigureSetError::new(
                    figure.place(),
                    "it stands there twice; give each figure an id of its own",
                ));
            }
        }
        (1..).zip(&self.relations).try_for_each(|(number, one)| self.check_relation(number, one))
    }

    fn check_relation(&self, number: usize, relation: &Relation) -> Result<(), FigureSetError> {
        let place = format!("relation {number}, of {:?}", relation.total);
        let wrong = |problem: String| Err(FigureSetError::new(place.clone(), problem));
        check_lines(
            &place,
            "label_vi and label_en",
            [&relation.label_vi, &relation.label_en].map(Some),
        )?;
        if relation.parts.is_empty() {
            return wrong("parts is empty; name the figures that are added".to_owned());
        }
        let mut seen = BTreeSet::new();
        let mut unit = None;
        for id in [&relation.total].into_iter().chain(&relation.parts).chain(&relation.less) {
            let Some(figure) = self.figure(id) else {
                return wrong(format!("there is no figure {id:?}"));
            };
            if !seen.insert(id) {
                return wrong(format!("{id:?} stands in it twice"));
            }
            if unit.replace(figure.unit).is_some_and(|unit| unit != figure.unit) {
                return wrong(format!(
                    "{id:?} counts something else; subjects and doses are not added"
                ));
            }
        }
        Ok(())
    }
}

impl Document {
    fn check(&self) -> Result<(), FigureSetError> {
        let titles = [&self.title_vi, &self.title_en].map(Some);
        check_lines("document", "title_vi and title_en", titles)?;
        if self.from_vi.is_some() != self.from_en.is_some()
            || self.to_vi.is_some() != self.to_en.is_some()
        {
            return Err(FigureSetError::new(
                "document",
                "from_vi and from_en go together, and so do to_vi and to_en",
            ));
        }
        let others = [&self.number, &self.from_vi, &self.from_en, &self.to_vi, &self.to_en];
        check_lines("document", "number, from and to", others.map(Option::as_ref))
    }
}

impl Figure {
    fn place(&self) -> String {
        format!("figure {:?}", self.id)
    }

    fn check(&self) -> Result<(), FigureSetError> {
        let wrong = |problem: &str| Err(FigureSetError::new(self.place(), problem));
        if !is_name(&self.id) {
            return wrong(&name_rule("id"));
        }
        let labels = [&self.label_vi, &self.label_en].map(Some);
        check_lines(&self.place(), "label_vi and label_en", labels)?;
        if self.value > MOST {
            return wrong("value is larger than a 64-bit number of a database");
        }
        if self.rounding.is_some_and(|rounding| rounding.step < 2 || rounding.step > self.value) {
            return wrong("the step of its rounding is at least 2, and not more than its value");
        }
        match (&self.query, &self.no_query_vi, &self.no_query_en) {
            (Some(query), None, None) => {
                let texts = [&query.sql, &query.postgres, &query.sqlite];
                let blank = |text: &&String| text.trim().is_empty();
                if texts.iter().all(|text| text.is_none())
                    || texts.iter().filter_map(|text| text.as_ref()).any(|text| blank(&text))
                {
                    return wrong("its query is empty; write it into sql, or postgres and sqlite");
                }
                Ok(())
            }
            (None, Some(vi), Some(en)) => {
                check_lines(&self.place(), "no_query_vi and no_query_en", [vi, en].map(Some))
            }
            _ => wrong(
                "it has either a query, or says in no_query_vi and no_query_en why none gives it",
            ),
        }
    }
}

/// Texts that are shown: one line each, that says something.
fn check_lines<'a>(
    place: &str,
    names: &str,
    texts: impl IntoIterator<Item = Option<&'a String>>,
) -> Result<(), FigureSetError> {
    let is_line = |text: &String| {
        !text.trim().is_empty()
            && text.chars().count() <= LINE_MAX
            && !text.chars().any(char::is_control)
    };
    if texts.into_iter().flatten().all(is_line) {
        return Ok(());
    }
    Err(FigureSetError::new(
        place,
        format!("{names} are one line of text each, of at most {LINE_MAX} characters"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "one"
as_of = "2022-04-05"

[document]
title_vi = "Báo cáo"
title_en = "Report"
number = "1/BC"
date = "2022-04"
from_vi = "Bộ Y tế"
from_en = "Ministry of Health"

[[figure]]
id = "all"
label_vi = "Tất cả"
label_en = "All"
unit = "dose"
value = 10
query.sql = "select 10"

[[figure]]
id = "some"
label_vi = "Một số"
label_en = "Some"
unit = "dose"
value = 7
rounding = { as = "about", step = 2 }
no_query_vi = "Không có"
no_query_en = "Not there"

[[figure]]
id = "people"
label_vi = "Đối tượng"
label_en = "People"
unit = "subject"
value = 9223372036854775807
query = { postgres = "select 1", sqlite = "select 2" }

[[relation]]
label_vi = "Tổng"
label_en = "Sum"
total = "all"
parts = ["some"]
rest = true
"#;

    fn error_of(text: &str) -> String {
        match toml::from_str::<FigureSet>(text) {
            Ok(set) => set.check().map_or_else(|error| error.to_string(), |()| String::new()),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn a_good_set_is_good_and_can_be_written() {
        assert_eq!(error_of(GOOD), "");
        let set: FigureSet = toml::from_str(GOOD).unwrap();
        let written = toml::to_string_pretty(&set).unwrap();
        assert_eq!(toml::from_str::<FigureSet>(&written).unwrap(), set);
        let queries = set.figure("people").unwrap().query.as_ref().unwrap();
        assert_eq!(
            (queries.for_postgres(), queries.for_sqlite()),
            (Some("select 1"), Some("select 2"))
        );
        let queries = set.figure("all").unwrap().query.as_ref().unwrap();
        assert_eq!(
            (queries.for_postgres(), queries.for_sqlite()),
            (Some("select 10"), Some("select 10"))
        );
    }

    #[test]
    fn errors_name_the_entry() {
        for (from, to, says) in [
            ("\"one\"", "\"One\"", "id: id is 1 to 40 lower-case letters"),
            ("\"Báo cáo\"", "\"\"", "document: title_vi and title_en are one line"),
            ("\"1/BC\"", "\"1\\nBC\"", "document: number, from and to are one line"),
            ("from_vi = \"Bộ Y tế\"", "", "document: from_vi and from_en go together"),
            ("\"2022-04\"", "\"4/2022\"", "a day is written YYYY-MM-DD, and a month YYYY-MM"),
            ("date =", "dated =", "unknown field `dated`"),
            ("id = \"some\"", "id = \"a b\"", "figure \"a b\": id is 1 to 40"),
            ("id = \"some\"", "id = \"all\"", "figure \"all\": it stands there twice"),
            (
                "\"Tất cả\"",
                "\"Tất\\u001bcả\"",
                "figure \"all\": label_vi and label_en are one line",
            ),
            ("value = 10", "value = -10", "invalid value: integer `-10`"),
            ("value = 10", "value = 10.5", "invalid type: floating point"),
            ("step = 2", "step = 1", "figure \"some\": the step of its rounding is at least 2"),
            ("step = 2", "step = 8", "figure \"some\": the step of its rounding is at least 2"),
            ("\"about\"", "\"at_least\"", "unknown variant `at_least`"),
            ("\"subject\"", "\"person\"", "unknown variant `person`"),
            ("query.sql = \"select 10\"", "", "figure \"all\": it has either a query, or says"),
            ("query.sql = \"select 10\"", "query = {}", "figure \"all\": its query is empty"),
            ("\"select 2\"", "\" \"", "figure \"people\": its query is empty"),
            ("query.sql", "query.mysql", "unknown field `mysql`"),
            ("no_query_vi = \"Không có\"", "", "figure \"some\": it has either a query, or says"),
            (
                "no_query_vi",
                "query.sql = \"select 1\"\nno_query_vi",
                "figure \"some\": it has either",
            ),
            (
                "total = \"all\"",
                "total = \"none\"",
                "relation 1, of \"none\": there is no figure \"none\"",
            ),
            ("[\"some\"]", "[\"none\"]", "relation 1, of \"all\": there is no figure \"none\""),
            ("[\"some\"]", "[]", "relation 1, of \"all\": parts is empty"),
            (
                "[\"some\"]",
                "[\"some\", \"all\"]",
                "relation 1, of \"all\": \"all\" stands in it twice",
            ),
            (
                "rest = true",
                "less = [\"some\"]",
                "relation 1, of \"all\": \"some\" stands in it twice",
            ),
            (
                "rest = true",
                "less = [\"people\"]",
                "relation 1, of \"all\": \"people\" counts something else",
            ),
            ("\"Sum\"", "\"\"", "relation 1, of \"all\": label_vi and label_en are one line"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let said = error_of(&GOOD.replacen(from, to, 1));
            assert!(said.starts_with(says), "{from} → {to}: {said:?}");
        }
        let none = GOOD.split("[[figure]]").next().unwrap();
        assert_eq!(error_of(none), "missing field `figure`");
        assert!(
            error_of(&none.replacen("as_of", "figure = []\nas_of", 1))
                .starts_with("figure: there is none")
        );
        let mut set: FigureSet = toml::from_str(GOOD).unwrap();
        set.figures[0].value = u64::MAX;
        assert!(
            set.check().unwrap_err().to_string().starts_with("figure \"all\": value is larger")
        );
    }
}
