//! Answers of result files that contradict each other, stand there twice, or speak of nobody: counted,
//! shown to those who sign, and never a reason to delete somebody whom another line calls verified.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use handover_schemas::signing::dsse::Envelope;
use serde_json::{Value, json};

use crate::purge_broken::{CERTIFY, ENGINES, EXECUTE, edit_file, verify};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{prints, says};

const NOBODY: &str = "cannot be verified";

/// A platform whose rule rests on the evidence `answers`; `more` is what the rule says of it besides.
#[track_caller]
fn resting(engine: Engine, more: &str) -> PurgeMade {
    let made = PurgeMade::until(engine, Until::Made);
    edit_file(
        &made.dir().join("handover.toml"),
        "where = \"status = 'unverified'\"\n",
        &format!(
            "where = \"evidence.result = '{NOBODY}'\"\nevidence = {{ name = \"answers\", \
             on = \"evidence.number = CAST(subjects.number AS text)\"{more} }}\n"
        ),
    );
    made
}

/// Loads lines of number, result and day under a name.
#[track_caller]
fn load(made: &PurgeMade, name: &str, lines: &[(&str, &str, &str)]) {
    let mut text = String::from("number,result,answered\n");
    for (number, result, day) in lines {
        text.push_str(&format!("{number},{result},{day}\n"));
    }
    let file = made.at(&format!("{name}.csv"));
    fs::write(&file, text).unwrap();
    let load = made.migrate("evidence").args(["--quiet", "--name", name, "--handover"]);
    load.arg(made.dir()).arg("--file").arg(file).go().expect(0);
}

/// The numbers that are on the list.
#[track_caller]
fn listed(made: &PurgeMade) -> String {
    let table = match made.engine() {
        Engine::Postgres => "handover.purge_list_1_0",
        Engine::Sqlite => "handover_purge_list_1_0",
    };
    made.sql(&format!("select handover_key_1 from {table} order by handover_key_1"))
        .replace('\n', " ")
}

/// Lines of the private file, with what they say.
#[track_caller]
fn named(made: &PurgeMade) -> Vec<Value> {
    let file = made.dir().join("findings/purge-answers.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Selecting is refused with this, no number of a person is said, and no row or list is touched.
#[track_caller]
fn refused(made: &PurgeMade, said: &[&str]) {
    let before = made.everything();
    let outcome = made.purge(&["select"]).go();
    says(outcome.expect(2), said);
    assert!(outcome.stderr.contains("findings/purge-answers.jsonl"), "{}", outcome.stderr);
    assert_eq!(made.everything(), before);
    let purges =
        if made.engine() == Engine::Postgres { "handover.purge" } else { "handover_purge" };
    assert_eq!(made.count(purges, "true"), 0);
}

const CONTRADICTED: [(&str, &str, &str); 5] = [
    ("2", NOBODY, "2022-03-01"),
    ("4", "verified", "2022-03-01"),
    ("2", "verified", "2022-09-20"),
    ("6", NOBODY, "2022-03-01"),
    ("8", NOBODY, "20/09/2022"),
];

#[test]
fn nobody_is_selected_whom_another_line_calls_verified() {
    for engine in ENGINES {
        let made = resting(engine, "");
        load(&made, "answers", &CONTRADICTED);
        refused(
            &made,
            &["for 1 row of", "contradict each other", "Nothing was selected", "wins = { file"],
        );
        assert_eq!(
            named(&made),
            [
                json!({ "evidence": "answers", "line": 2, "why": "contradicted", "key": ["2"],
                        "deletes": true }),
                json!({ "evidence": "answers", "line": 4, "why": "contradicted", "key": ["2"],
                        "deletes": false }),
            ]
        );
    }
}

#[test]
fn the_latest_day_wins_if_the_rule_says_so() {
    for engine in ENGINES {
        let made = resting(engine, ", wins = { latest = \"answered\" }");
        let more = [("10", "verified", "20/01/2022"), ("10", NOBODY, "2022-02-01 08:00:00")];
        load(&made, "answers", &[CONTRADICTED.as_slice(), &more].concat());
        let selected = made.purge(&["select"]).go();
        prints(
            selected.expect(0),
            &["2 with answers that contradict each other", "1 selected among them"],
        );
        assert_eq!(listed(&made), "6 8 10");
        assert_eq!(named(&made).len(), 4);
    }
}

#[test]
fn a_day_that_decides_nothing_is_refused() {
    for (engine, day) in ENGINES.into_iter().flat_map(|engine| {
        ["2022-03-01", "01/03/2022", "2022-03-01T23:59:59", "soon", "", "03/20/2022", "2022-13-01"]
            .map(|day| (engine, day))
    }) {
        let made = resting(engine, ", wins = { latest = \"answered\" }");
        load(&made, "answers", &[("2", NOBODY, "2022-03-01"), ("2", "verified", day)]);
        refused(&made, &["does not decide", "of one day, or a day is missing"]);
    }
}

#[test]
fn another_file_can_save_somebody_and_nobody_is_selected_for_it_alone() {
    let communes = [("2", "verified", ""), ("3", NOBODY, ""), ("6", NOBODY, "")];
    let answers = [("2", NOBODY, ""), ("6", NOBODY, ""), ("8", NOBODY, "")];
    for engine in ENGINES {
        let made = resting(engine, ", also = [\"communes\"]");
        load(&made, "answers", &answers);
        says(made.purge(&["select"]).go().expect(2), &["\"communes\", which is not loaded"]);
        load(&made, "communes", &communes);
        refused(&made, &["for 1 row of"]);
        let config = made.dir().join("handover.toml");
        edit_file(
            &config,
            "also = [\"communes\"]",
            "also = [\"communes\"], wins = { file = \"communes\" }",
        );
        made.purge(&["select"]).go().expect(0);
        assert_eq!(listed(&made), "6 8");

        let made = resting(engine, ", also = [\"communes\"], wins = { file = \"answers\" }");
        load(&made, "answers", &answers);
        load(&made, "communes", &communes);
        made.purge(&["select"]).go().expect(0);
        assert_eq!(listed(&made), "2 6 8");
    }
}

/// Of two lines for one person one is written so that it finds no row: nobody is deleted for the other.
#[test]
fn a_line_that_would_save_somebody_but_for_how_it_is_written_stops_the_selection() {
    let otherwise = |number: &str| match number {
        "blank" => " 2",
        "no-break" => "2\u{a0}",
        "hidden" => "\u{200b}2",
        "zeros" => "002",
        "apostrophe" => "'2",
        _ => "2.0",
    };
    for engine in ENGINES {
        for how in ["blank", "no-break", "hidden", "zeros", "apostrophe", "fraction"] {
            let made = resting(engine, "");
            let saved = (otherwise(how), "verified", "");
            load(&made, "answers", &[("4", NOBODY, ""), ("2", NOBODY, ""), saved]);
            refused(&made, &["1 line of the evidence would contradict", "Nothing was selected"]);
            let named = named(&made);
            let why = "contradicted but for how it is written";
            let expected = json!({ "evidence": "answers", "line": 4, "why": why, "key": ["2"],
                                   "deletes": false });
            assert!(named.contains(&expected), "{how}: {named:?}");
        }
    }
}

/// A line that says the same, one for somebody else, and one for nobody who is selected stop nothing.
#[test]
fn lines_that_would_contradict_nothing_stop_nothing() {
    for engine in ENGINES {
        let made = resting(engine, "");
        let lines = [
            ("2", NOBODY, ""),
            (" 2", NOBODY, ""),
            ("20", "verified", ""),
            ("4", "verified", ""),
            ("04", "verified", ""),
            ("", "verified", ""),
            (" ", "verified", ""),
        ];
        load(&made, "answers", &lines);
        made.purge(&["select"]).go().expect(0);
        assert_eq!(listed(&made), "2");
    }
}

/// What the rule says of contradictions counts for these lines, too.
#[test]
fn the_rule_can_put_lines_behind_that_are_written_otherwise() {
    for engine in ENGINES {
        let latest = ", wins = { latest = \"answered\" }";
        for (day, stops) in
            [("2022-03-01", false), ("2022-03-02", true), ("2022-09-20", true), ("soon", true)]
        {
            let made = resting(engine, latest);
            load(&made, "answers", &[("2", NOBODY, "2022-03-02"), (" 2", "verified", day)]);
            if stops {
                refused(&made, &["1 line of the evidence would contradict"]);
            } else {
                made.purge(&["select"]).go().expect(0);
                assert_eq!(listed(&made), "2");
            }
        }

        let made = resting(engine, ", also = [\"communes\"]");
        load(&made, "answers", &[("2", NOBODY, ""), (" 2", "verified", ""), ("6", NOBODY, "")]);
        load(&made, "communes", &[("2", NOBODY, ""), ("06", "verified", "")]);
        refused(&made, &["2 lines of the evidence would contradict"]);
        let config = made.dir().join("handover.toml");
        edit_file(
            &config,
            "also = [\"communes\"]",
            "also = [\"communes\"], wins = { file = \"communes\" }",
        );
        refused(&made, &["1 line of the evidence would contradict"]);
        load(&made, "later", &[("2", NOBODY, ""), ("6", NOBODY, "")]);
        edit_file(&config, "also = [\"communes\"]", "also = [\"communes\", \"later\"]");
        edit_file(&config, "file = \"communes\"", "file = \"later\"");
        made.purge(&["select"]).go().expect(0);
        assert_eq!(listed(&made), "2 6");
    }
}

/// Both signers and whoever reads the certificate have the counts.
#[test]
fn what_answers_for_nobody_is_counted_and_signed() {
    for engine in ENGINES {
        let made = resting(engine, "");
        load(
            &made,
            "answers",
            &[
                ("2", NOBODY, ""),
                ("2", NOBODY, ""),
                ("4", "verified", ""),
                (" 6", NOBODY, ""),
                ("6\u{a0}", NOBODY, ""),
                ("3.8E+10", NOBODY, ""),
                ("79090001234", NOBODY, ""),
                ("", NOBODY, ""),
                ("99", NOBODY, ""),
            ],
        );
        let selected = made.purge(&["select"]).go();
        prints(selected.expect(0), &["6 lines that answer for no row", "answers: with blanks"]);
        assert_eq!(listed(&made), "2");
        let forms = ["blanks", "blanks", "spreadsheet", "lost_zero", "empty", "other"];
        let named = named(&made);
        for ((line, form), one) in (5..).zip(forms).zip(&named) {
            let expected =
                json!({ "evidence": "answers", "line": line, "why": "meets no row", "form": form });
            assert_eq!(*one, expected);
        }
        assert_eq!(named.len(), forms.len());

        made.go_on_from(Until::Selected, Until::BackedUp);
        let shown = made.purge(&["approve", "--show"]).go();
        prints(
            shown.expect(0),
            &[
                "8 without an answer",
                "1 with several answers that agree",
                "0 with answers that contradict each other",
                "6 lines that answer for no row",
                "6 dòng kết quả không ứng với hồ sơ nào",
                "answers: để trống",
            ],
        );
        made.go_on_from(Until::BackedUp, Until::Approved);
        made.purge(&EXECUTE).go().expect(0);
        made.purge(&CERTIFY).go().expect(0);
        let envelope = Envelope::parse(&fs::read(made.statement("certificate.dsse.json")).unwrap());
        let statement: Value = serde_json::from_slice(envelope.unwrap().body()).unwrap();
        let answers = &statement["predicate"]["binding"]["evidence"]["answers"];
        assert_eq!(answers["unanswered"], "8");
        assert_eq!(answers["unmatched"].as_array().unwrap().len(), 5);
        let line = "of 10 rows 8 have no answer, 1 several that agree, 0 several that contradict";
        prints(verify(&made).go().expect(0), &[line, "6 for none"]);
    }
}

/// One line that stands for two people deletes both of them: that is counted.
#[test]
fn lines_that_answer_for_several_people_are_counted() {
    for engine in ENGINES {
        let made = resting(engine, "");
        let config = made.dir().join("handover.toml");
        edit_file(&config, "CAST(subjects.number AS text)", "substr(subjects.phone, 1, 4)");
        // The line answers for everybody.
        edit_file(&config, "follow = [", "share_max = 100\nfollow = [");
        load(&made, "answers", &[("+84 ", "verified", "")]);
        says(made.purge(&["select"]).go().expect(2), &["selects no row"]);
        load(&made, "others", &[("\"+84 \"", NOBODY, "")]);
        edit_file(&config, "name = \"answers\"", "name = \"others\"");
        let selected = made.purge(&["select"]).go();
        prints(selected.expect(0), &["1 lines that answer for several rows each"]);
    }
}

/// Figures in the ledger that cannot be those of its list are found.
#[test]
fn figures_of_answers_that_were_changed_are_found() {
    for engine in ENGINES {
        let made = resting(engine, "");
        load(&made, "answers", &[("2", NOBODY, ""), ("4", NOBODY, "")]);
        made.purge(&["select"]).go().expect(0);
        let purges = if engine == Engine::Postgres { "handover.purge" } else { "handover_purge" };
        made.sql(&format!(
            "update {purges} set selection = replace(selection, '\"unanswered\":\"8\"', '\"unanswered\":\"9\"')"
        ));
        let outcome = verify(&made).go();
        prints(outcome.expect(1), &["cannot be those of this list"]);
    }
}
