//! Judging a set: its sums against each other, and a number that a database gave.

use super::report::{FigureVerdict, RelationReport, RelationResult};
use super::{Allowed, Figure, FigureSet, Relation};

/// Judges every relation of a set, in the set's order.
///
/// Only of a set that was checked; a figure that is not there counts as nothing.
pub fn judge_relations(set: &FigureSet) -> Vec<RelationReport> {
    set.relations.iter().map(|relation| judge_relation(set, relation)).collect()
}

/// Judges the number that a query gave.
pub fn judge_value(figure: &Figure, value: i64) -> FigureVerdict {
    let value = i128::from(value);
    if value == i128::from(figure.value) {
        FigureVerdict::Same
    } else if figure.allowed().has(value) {
        FigureVerdict::Rounded
    } else {
        FigureVerdict::Differs
    }
}

fn judge_relation(set: &FigureSet, relation: &Relation) -> RelationReport {
    let figures =
        |ids: &[String]| -> Vec<&Figure> { ids.iter().filter_map(|id| set.figure(id)).collect() };
    let reported = |figures: &[&Figure]| -> i128 {
        figures.iter().map(|figure| i128::from(figure.value)).sum()
    };
    let allowed = |figures: &[&Figure]| {
        let none = Allowed { low: 0, high: 0 };
        figures.iter().fold(none, |sum, figure| sum.plus(figure.allowed()))
    };
    let total = figures(std::slice::from_ref(&relation.total));
    let (parts, less) = (figures(&relation.parts), figures(&relation.less));
    let sum = reported(&parts) - reported(&less);
    // How far the parts are above the total, at least and at most.
    let above = allowed(&parts).minus(allowed(&less)).minus(allowed(&total));
    let (result, fails_by) = judge(above, relation.rest);
    RelationReport {
        label_vi: relation.label_vi.clone(),
        label_en: relation.label_en.clone(),
        unit: total.first().or(parts.first()).map(|figure| figure.unit),
        total: relation.total.clone(),
        parts: relation.parts.clone(),
        less: relation.less.clone(),
        rest: relation.rest,
        result,
        reported: reported(&total),
        sum,
        difference: sum - reported(&total),
        fails_by,
    }
}

fn judge(above: Allowed, rest: bool) -> (RelationResult, i128) {
    let Allowed { low, high } = above;
    let always = if rest { high <= 0 } else { (low, high) == (0, 0) };
    if always {
        (RelationResult::Holds, 0)
    } else if low > 0 {
        (RelationResult::Fails, low)
    } else if high < 0 && !rest {
        (RelationResult::Fails, -high)
    } else {
        (RelationResult::Rounded, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Query, RoundedAs, Rounding, Unit};
    use super::*;

    fn figure(id: &str, value: u64) -> Figure {
        Figure::exact(id, ("Số", "Number"), Unit::Dose, value, Query::common("select 1"))
    }

    fn rounded(id: &str, value: u64, rounded_as: RoundedAs, step: u64) -> Figure {
        Figure { rounding: Some(Rounding { rounded_as, step }), ..figure(id, value) }
    }

    /// Result, difference, and by how much it fails, of "t = a + b - l".
    fn judged(figures: [Figure; 4], rest: bool) -> (RelationResult, i128, i128) {
        let relation = Relation {
            less: vec!["l".to_owned()],
            rest,
            ..Relation::sum(("Tổng", "Sum"), "t", &["a", "b"])
        };
        let set = FigureSet {
            id: "x".to_owned(),
            as_of: "2022-04".parse().unwrap(),
            document: crate::figures::Document {
                title_vi: "Báo cáo".to_owned(),
                title_en: "Report".to_owned(),
                number: None,
                date: "2022-04-08".parse().unwrap(),
                from_vi: None,
                from_en: None,
                to_vi: None,
                to_en: None,
            },
            figures: figures.into(),
            relations: vec![relation],
        };
        set.check().unwrap();
        let report = judge_relations(&set).pop().unwrap();
        assert_eq!(report.sum - report.reported, report.difference);
        (report.result, report.difference, report.fails_by)
    }

    #[test]
    fn exact_sums_hold_or_fail_by_so_many() {
        let of = |total| {
            judged([figure("t", total), figure("a", 70), figure("b", 40), figure("l", 10)], false)
        };
        assert_eq!(of(100), (RelationResult::Holds, 0, 0));
        assert_eq!(of(99), (RelationResult::Fails, 1, 1));
        assert_eq!(of(103), (RelationResult::Fails, -3, 3));
    }

    #[test]
    fn rounded_members_allow_as_much_as_they_say() {
        let of = |total| {
            let about = rounded("a", 70, RoundedAs::About, 10);
            judged([total, about, figure("b", 40), figure("l", 10)], false)
        };
        // 65 to 75, and 30: 95 to 105.
        assert_eq!(of(figure("t", 105)), (RelationResult::Rounded, -5, 0));
        assert_eq!(of(figure("t", 106)), (RelationResult::Fails, -6, 1));
        assert_eq!(of(figure("t", 95)), (RelationResult::Rounded, 5, 0));
        assert_eq!(of(figure("t", 93)), (RelationResult::Fails, 7, 2));
        // Nothing exact is claimed, so nothing exact holds.
        assert_eq!(of(figure("t", 100)), (RelationResult::Rounded, 0, 0));
        assert_eq!(of(rounded("t", 90, RoundedAs::Over, 10)), (RelationResult::Rounded, 10, 0));
        assert_eq!(of(rounded("t", 90, RoundedAs::Over, 5)), (RelationResult::Fails, 10, 1));
    }

    #[test]
    fn what_is_taken_away_may_be_rounded_too() {
        let of = |total| {
            let nearly = rounded("l", 10, RoundedAs::Nearly, 10);
            judged([figure("t", total), figure("a", 70), figure("b", 40), nearly], false)
        };
        // 110 without 1 to 10.
        assert_eq!(of(100).0, RelationResult::Rounded);
        assert_eq!(of(109).0, RelationResult::Rounded);
        assert_eq!(of(110), (RelationResult::Fails, -10, 1));
        assert_eq!(of(99), (RelationResult::Fails, 1, 1));
    }

    #[test]
    fn parts_that_are_not_all_must_not_be_more() {
        let of = |total| judged([total, figure("a", 70), figure("b", 40), figure("l", 10)], true);
        assert_eq!(of(figure("t", 100)), (RelationResult::Holds, 0, 0));
        assert_eq!(of(figure("t", 1000)), (RelationResult::Holds, -900, 0));
        assert_eq!(of(figure("t", 98)), (RelationResult::Fails, 2, 2));
        assert_eq!(of(rounded("t", 98, RoundedAs::Over, 10)), (RelationResult::Rounded, 2, 0));
    }

    #[test]
    fn the_greatest_numbers_can_be_added() {
        let most = i64::MAX.unsigned_abs();
        let figures = [figure("t", 1), figure("a", most), figure("b", most), figure("l", 1)];
        let by = i128::from(most) * 2 - 2;
        assert_eq!(judged(figures, false), (RelationResult::Fails, by, by));
    }

    #[test]
    fn a_number_of_a_database_is_the_same_or_rounded_or_another() {
        let exact = figure("a", 100);
        assert_eq!(judge_value(&exact, 100), FigureVerdict::Same);
        assert_eq!(judge_value(&exact, 101), FigureVerdict::Differs);
        assert_eq!(judge_value(&exact, -1), FigureVerdict::Differs);
        let over = rounded("a", 100, RoundedAs::Over, 100);
        assert_eq!(judge_value(&over, 100), FigureVerdict::Same);
        assert_eq!(judge_value(&over, 199), FigureVerdict::Rounded);
        assert_eq!(judge_value(&over, 200), FigureVerdict::Differs);
        assert_eq!(judge_value(&over, 99), FigureVerdict::Differs);
    }
}
