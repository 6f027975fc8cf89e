//! The queries of the shipped figure sets, asked of the rehearsal's platform in both engines.

use std::collections::BTreeMap;
use std::time::Duration;

use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_migrate::rehearse::platform;
use handover_schemas::figures::Document;
use handover_schemas::figures::report::{EndFigure, FigureVerdict, FiguresReport, FiguresVerdict};
use handover_testkit::{Database, Run};
use handover_verify::figures::{
    FiguresRequest, LoadedSet, all_shipped, check_sets, parse_set, shipped_set, to_toml,
};

fn checked(sets: Vec<LoadedSet>, source: &str, target: &str) -> FiguresReport {
    let request = FiguresRequest {
        sets,
        source: Some(source.parse::<Endpoint>().unwrap()),
        target: Some(target.parse::<Endpoint>().unwrap()),
        timeout: Duration::from_mins(1),
    };
    check_sets(&request, &Interrupt::default(), &Progress::silent()).unwrap()
}

/// The numbers an end gives, by set and figure.
fn numbers(
    report: &FiguresReport,
    end: fn(&handover_schemas::figures::report::FigureReport) -> &Option<EndFigure>,
) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for set in &report.sets {
        for figure in &set.figures {
            let answer = end(figure).as_ref().unwrap();
            assert_ne!(answer.verdict, FigureVerdict::Unverified, "{}: {answer:?}", figure.id);
            assert_eq!(answer.value.is_none(), figure.no_query_en.is_some(), "{}", figure.id);
            out.extend(answer.value.map(|value| (format!("{}/{}", set.id, figure.id), value)));
        }
    }
    out
}

#[test]
fn both_engines_give_what_the_platform_has() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let summary = platform::build(&file("platform.db"), &file("photos"), 20_000, 7).unwrap();
    let source = format!("sqlite:{}", file("platform.db").display());
    let postgres = Database::create();
    let copy = Run::new("handover-migrate").args(["copy", "--quiet", "--source", &source]);
    let copy = copy.args(["--target", &postgres.url(), "--handover"]).arg(file("handover")).go();
    copy.expect(0);

    let report = checked(all_shipped().unwrap(), &source, &postgres.url());
    let given = numbers(&report, |figure| &figure.source);
    assert_eq!(given, numbers(&report, |figure| &figure.target));
    assert_eq!(given.len(), 18 + 3 + 5 + 3);
    let number = |name: &str| u64::try_from(given[name]).unwrap();
    for (name, expected) in [
        ("2022-04-08/on_platform_subjects", summary.subjects),
        ("2022-04-08/on_platform_doses", summary.doses),
        ("2022-04-08/not_sent_subjects", summary.not_sent),
        ("2022-04-08/not_verifiable_subjects", summary.not_verifiable),
        ("2022-04-08/not_verifiable_doses", summary.doses_not_verifiable),
        ("2022-04-26/on_platform_doses", summary.doses),
        (
            "2022-04-26/with_number_subjects",
            summary.subjects - summary.without_identity_number - summary.malformed_identity_number,
        ),
        ("2022-09-20/no_number_subjects", summary.without_identity_number),
        ("2022-09-20/wrong_format_subjects", summary.malformed_identity_number),
    ] {
        assert_eq!(number(name), expected, "{name}");
    }
    for (name, least) in [("entered_doses", 100), ("signed_doses", 10), ("signed_subjects", 5)] {
        assert!(number(&format!("2022-09-thai-nguyen/{name}")) >= least, "{name}");
    }

    // A report of this platform's own: all its sums hold, and both ends give its numbers.
    let document = Document {
        title_vi: "Số liệu của nền tảng diễn tập".to_owned(),
        title_en: "Figures of the rehearsal's platform".to_owned(),
        number: None,
        date: "2022-04-05".parse().unwrap(),
        from_vi: None,
        from_en: None,
        to_vi: None,
        to_en: None,
    };
    let shipped = shipped_set("2022-04-08").unwrap().set;
    let own = shipped.measured("rehearsal", document, |figure| {
        given.get(&format!("2022-04-08/{figure}")).and_then(|value| u64::try_from(*value).ok())
    });
    let own = parse_set(to_toml(&own).unwrap().as_bytes()).unwrap();
    assert_eq!((own.set.figures.len(), own.set.relations.len()), (18, 8));
    let report = checked(vec![own], &source, &postgres.url());
    let set = &report.sets[0];
    let holds = Some(FiguresVerdict::Holds);
    assert_eq!((set.itself, set.source, set.target), (holds, holds, holds));
    assert_eq!(report.verdict, FiguresVerdict::Holds);
}
