//! A restore is of the people who were asked for: nobody else's rows change hands or come along.

use std::fs;

use handover_schemas::purge::restore::RestoreReport;
use serde_json::Value;

use crate::purge_broken::ENGINES;
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::says_nothing_of;

const SUBJECT: [&str; 3] = ["--person", "--table", "public.subjects"];

/// The report of a restore, told or done.
#[track_caller]
fn report(made: &PurgeMade, arguments: &[&str], apply: bool, code: i32) -> RestoreReport {
    let run = made.archived("restore", &["--json", "--quiet"]).args(arguments);
    let apply = if apply {
        &["--apply", "--key", "operator.pem", "--reason", "Khiếu nại 3/2027"][..]
    } else {
        &[]
    };
    serde_json::from_str(&run.args(apply).go().expect(code).stdout).unwrap()
}

/// Lines of a findings file.
#[track_caller]
fn lines(made: &PurgeMade, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(made.dir().join("findings").join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn dose(made: &PurgeMade, number: u32, subject: u32) -> String {
    let over = if made.engine() == Engine::Postgres { "overriding system value" } else { "" };
    format!("insert into doses {over} values ({number}, {subject}, '2026-12-01', 'AZ', 1);")
}

/// The number of person 9 was given to somebody else, who has a dose.
#[test]
fn a_row_that_others_refer_to_does_not_give_way() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        made.sql(&format!(
            "insert into subjects (number, name, status) values (9, 'Lý Văn Khác', 'new'); {}",
            dose(&made, 500, 9)
        ));
        let now = made.everything();
        fs::write(made.at("over.jsonl"), r#"{"table":"public.subjects","key":["9"]}"#).unwrap();
        let over = [&SUBJECT[..], &["--record-key", "9", "--overwrite", "over.jsonl"]].concat();
        let refused = report(&made, &over, true, 1);
        assert!(refused.written.is_none());
        assert_eq!(refused.tables[0].conflict, 1);
        assert_eq!(made.everything(), now);
        let why = lines(&made, "restore.jsonl")[0]["why"].as_str().unwrap().to_owned();
        assert_eq!(why, "rows that were not chosen refer to the row that would give way");
        // Nobody refers to it any more: then it may give way.
        made.sql("delete from doses where number = 500");
        let done = report(&made, &over, true, 0);
        assert_eq!((done.tables[0].replace, done.tables[1].insert), (1, 2));
        // What of the person itself is there is no reason to stop.
        made.sql("update subjects set phone = '+84 2' where number = 9");
        assert_eq!(report(&made, &over, true, 0).tables[0].replace, 1);
    }
}

/// Person 3 was registered anew, with the same identity number.
#[test]
fn a_taken_value_names_its_column_and_both_rows() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        made.sql(
            "insert into subjects (number, name, identity_number, status) \
             values (770077, 'Đặng Quốc Cường', '001000000003', 'new')",
        );
        let told = report(&made, &[&SUBJECT[..], &["--record-key", "3"]].concat(), false, 1);
        assert_eq!(told.tables[0].taken[0].columns, ["identity_number"]);
        assert_eq!(told.tables[0].taken[0].rows, 1);
        let line = lines(&made, "restore.jsonl").remove(0);
        assert_eq!((&line["key"][0], &line["holder"][0]), (&"3".into(), &"770077".into()));
        let run = made.archived("restore", &["--quiet", "--record-key", "3"]).args(SUBJECT);
        let told = run.go();
        let said = &told.expect(1).stdout;
        assert!(said.contains("a value of identity_number that another row has"), "{said}");
        assert!(said.contains("registered anew") && said.contains("Then restore again"), "{said}");
        says_nothing_of(&told, &["001000000003", "Cường", "770077"]);
    }
}

/// A table about two people.
fn with_guardians(engine: Engine) -> PurgeMade {
    let made = PurgeMade::begin(engine);
    made.sql(
        "create table guardians (number bigint not null primary key, \
         child bigint not null references subjects, adult bigint not null references subjects); \
         create table papers (number bigint not null primary key, \
         guardian bigint not null references guardians)",
    );
    made.fill();
    made.sql(
        "insert into guardians values (1, 1, 3), (2, 3, 5), (3, 7, 8);
         insert into papers values (10, 1), (20, 2), (30, 3)",
    );
    let file = made.dir().join("handover.toml");
    let config = fs::read_to_string(&file).unwrap();
    let follow = "\"public.cards\", \"public.guardians\", \"public.papers\"";
    fs::write(&file, config.replace("\"public.cards\"", follow)).unwrap();
    made.go_on(Until::Certified);
    made
}

#[test]
fn a_row_about_two_people_takes_nobody_along() {
    for engine in ENGINES {
        let made = with_guardians(engine);
        let person = |number| [&SUBJECT[..], &["--record-key", number]].concat();
        let told = report(&made, &person("3"), true, 1);
        assert_eq!(told.people, Some(1));
        assert_eq!(made.sql("select number from subjects where number % 2 = 1 order by 1"), "3");
        assert_eq!(made.count("doses", "subject = 3"), 2);
        // Both rows about two people wait, with what refers to them.
        assert_eq!(made.count("guardians", "true") + made.count("papers", "true"), 0);
        let chosen = lines(&made, "restore-chosen.jsonl");
        let people: Vec<_> = chosen
            .iter()
            .filter(|row| row["table"].as_str().unwrap().ends_with(".subjects"))
            .collect();
        assert_eq!(people.len(), 1);
        assert_eq!(people[0]["key"][0], "3");
        // The other one of them, and the row about both.
        let told = report(&made, &person("1"), true, 0);
        assert_eq!(told.people, Some(1));
        assert_eq!(made.sql("select number from guardians"), "1");
        assert_eq!(made.sql("select number from papers"), "10");
        // Somebody who was never deleted is there.
        report(&made, &person("7"), true, 0);
        assert_eq!(made.count("guardians", "number = 3"), 1);
        // A row about two people is of both.
        let row = ["--person", "--table", "public.guardians", "--record-key", "2"];
        assert_eq!(report(&made, &row, true, 0).people, Some(2));
        assert_eq!(
            made.sql("select number from subjects where number % 2 = 1 order by 1"),
            "1\n3\n5\n7"
        );
    }
}
