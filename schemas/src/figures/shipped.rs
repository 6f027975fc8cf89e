//! The sets that come with the toolkit: the public reports of 2021 and 2022.

/// A set that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedSet {
    /// Its name.
    pub id: &'static str,
    /// Its file, TOML.
    pub toml: &'static str,
}

/// All of them, the oldest report first.
pub const SHIPPED: [ShippedSet; 5] = [
    ShippedSet { id: "2021-09-20", toml: include_str!("../../figures/2021-09-20.toml") },
    ShippedSet { id: "2022-04-08", toml: include_str!("../../figures/2022-04-08.toml") },
    ShippedSet { id: "2022-04-26", toml: include_str!("../../figures/2022-04-26.toml") },
    ShippedSet { id: "2022-09-20", toml: include_str!("../../figures/2022-09-20.toml") },
    ShippedSet {
        id: "2022-09-thai-nguyen",
        toml: include_str!("../../figures/2022-09-thai-nguyen.toml"),
    },
];

/// The shipped set with this name.
pub fn shipped(id: &str) -> Option<&'static ShippedSet> {
    SHIPPED.iter().find(|set| set.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::figures::report::RelationResult;
    use crate::figures::{FigureSet, judge_relations};

    fn set(id: &str) -> FigureSet {
        let set: FigureSet = toml::from_str(shipped(id).unwrap().toml).unwrap();
        set.check().unwrap();
        assert_eq!(set.id, id);
        set
    }

    /// Every figure: name, number, and how it was rounded.
    fn figures(id: &str) -> Vec<String> {
        let line = |figure: crate::figures::Figure| {
            let rounding = figure.rounding.map_or_else(String::new, |rounding| {
                format!(" {:?} {}", rounding.rounded_as, rounding.step)
            });
            format!("{} {}{rounding}", figure.id, figure.value)
        };
        set(id).figures.into_iter().map(line).collect()
    }

    /// Every relation: its figures, result, difference, and by how much it fails.
    fn relations(id: &str) -> Vec<String> {
        let line = |report: crate::figures::report::RelationReport| {
            let sign = if report.rest { ">=" } else { "=" };
            let (total, parts) = (report.total, report.parts.join(" + "));
            let (result, difference) = (report.result, report.difference);
            format!("{total} {sign} {parts}: {result:?} {difference} {}", report.fails_by)
        };
        judge_relations(&set(id)).into_iter().map(line).collect()
    }

    // The numbers are those of the reports. Sums were made apart from this code:
    //   56705727 + 15963242 - 72398969 = 270000
    //   198674948 + 9000000 - 207000000 = 674948

    #[test]
    fn report_of_8_april_2022() {
        assert_eq!(
            figures("2022-04-08"),
            [
                "on_platform_subjects 82957967",
                "sent_subjects 82299012",
                "with_number_subjects 72398969",
                "without_number_subjects 9900043",
                "not_sent_subjects 658955",
                "verified_right_subjects 56705727",
                "verified_wrong_subjects 15963242",
                "found_right_subjects 7838402",
                "not_verifiable_subjects 2061641",
                "on_platform_doses 198674948",
                "sent_doses 196725301",
                "with_number_doses 174585279",
                "without_number_doses 22140022",
                "not_sent_doses 1949647",
                "verified_right_doses 137449348",
                "verified_wrong_doses 37135931",
                "found_right_doses 18323416",
                "not_verifiable_doses 3816606",
                "given_doses 207000000 Over 1000000",
                "not_on_platform_doses 9000000 Nearly 1000000",
            ]
        );
        assert_eq!(
            relations("2022-04-08"),
            [
                "on_platform_subjects = sent_subjects + not_sent_subjects: Holds 0 0",
                "sent_subjects = with_number_subjects + without_number_subjects: Holds 0 0",
                "with_number_subjects = verified_right_subjects + verified_wrong_subjects: \
                 Fails 270000 270000",
                "without_number_subjects = found_right_subjects + not_verifiable_subjects: \
                 Holds 0 0",
                "on_platform_doses = sent_doses + not_sent_doses: Holds 0 0",
                "sent_doses = with_number_doses + without_number_doses: Holds 0 0",
                "with_number_doses = verified_right_doses + verified_wrong_doses: Holds 0 0",
                "without_number_doses = found_right_doses + not_verifiable_doses: Holds 0 0",
                "given_doses = on_platform_doses + not_on_platform_doses: Rounded 674948 0",
            ]
        );
    }

    #[test]
    fn conference_of_26_april_2022() {
        assert_eq!(
            figures("2022-04-26"),
            [
                "given_doses 212600000 Over 100000",
                "on_platform_doses 205000000 About 1000000",
                "not_on_platform_doses 7600000 About 100000",
                "with_number_subjects 73400000 About 100000",
                "verified_wrong_doses 43491814",
            ]
        );
        assert_eq!(
            relations("2022-04-26"),
            [
                "given_doses = on_platform_doses + not_on_platform_doses: Rounded 0 0",
                "on_platform_doses >= verified_wrong_doses: Holds -161508186 0",
            ]
        );
    }

    #[test]
    fn figures_of_20_september_2022() {
        assert_eq!(
            figures("2022-09-20"),
            [
                "given_doses 259463342",
                "on_platform_doses 241965243",
                "not_entered_doses 17498099",
                "no_number_subjects 3572879",
                "wrong_format_subjects 1113380",
                "wrong_information_subjects 14770468",
                "no_number_doses 10000000 Nearly 1000000",
                "passed_subjects 17000000 About 1000000",
                "passed_doses 37000000 Over 1000000",
                "reviewed_subjects 10729396",
            ]
        );
        assert_eq!(
            relations("2022-09-20"),
            [
                "given_doses = on_platform_doses + not_entered_doses: Holds 0 0",
                "on_platform_doses >= no_number_doses: Holds -231965243 0",
                "passed_subjects >= reviewed_subjects: Holds -6270604 0",
            ]
        );
    }

    #[test]
    fn thai_nguyen_in_september_2022() {
        assert_eq!(
            figures("2022-09-thai-nguyen"),
            [
                "given_doses 3300000 About 100000",
                "entered_doses 3100000 Over 100000",
                "signed_doses 2959248",
                "signed_subjects 1277443",
            ]
        );
        assert_eq!(
            relations("2022-09-thai-nguyen"),
            [
                "given_doses >= entered_doses: Holds -200000 0",
                "entered_doses >= signed_doses: Holds -140752 0",
            ]
        );
    }

    #[test]
    fn figure_of_20_september_2021() {
        assert_eq!(figures("2021-09-20"), ["outside_doses 2000000 About 1000000"]);
        assert_eq!(relations("2021-09-20"), [""; 0]);
    }

    /// One sum of the public reports does not hold, and two cannot be told.
    #[test]
    fn all_together() {
        let mut results = BTreeMap::new();
        for shipped in SHIPPED {
            for report in judge_relations(&set(shipped.id)) {
                *results.entry(report.result).or_insert(0) += 1;
            }
        }
        let expected =
            [(RelationResult::Holds, 13), (RelationResult::Rounded, 2), (RelationResult::Fails, 1)];
        assert_eq!(results, BTreeMap::from(expected));
    }
}
