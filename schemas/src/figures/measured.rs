//! A set with the numbers that a database gave, in place of reported ones.

use super::{Document, FigureSet};

impl FigureSet {
    /// The same figures and sums with other numbers: those that `value` has, exact, with the
    /// figure's query. Figures without a number or a query are left out, and so are the sums that
    /// name them.
    ///
    /// It is how a platform's own report is made, whose sums must hold and whose numbers the copy
    /// must give.
    #[must_use]
    pub fn measured(
        &self,
        id: &str,
        document: Document,
        mut value: impl FnMut(&str) -> Option<u64>,
    ) -> Self {
        let figures: Vec<_> = self
            .figures
            .iter()
            .filter(|figure| figure.query.is_some())
            .filter_map(|figure| {
                let mut figure = figure.clone();
                figure.value = value(&figure.id)?;
                figure.rounding = None;
                figure.as_of = None;
                Some(figure)
            })
            .collect();
        let has = |id: &String| figures.iter().any(|figure| figure.id == *id);
        let relations = self
            .relations
            .iter()
            .filter(|one| has(&one.total) && one.parts.iter().chain(&one.less).all(has))
            .cloned()
            .collect();
        let as_of = document.date.clone();
        Self { id: id.to_owned(), as_of, document, figures, relations }
    }
}
