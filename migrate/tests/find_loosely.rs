//! People whose numbers and dates were changed on their way are found, and it is told how; who cannot be
//! found is counted before anybody signs.

use handover_schemas::archive::loose::Looser;
use handover_schemas::purge::find::FindReport;

use crate::purge_broken::{ENGINES, verify_with_key};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{prints, says, says_nothing_of};

/// A platform whose birth dates are texts, on which statements were run before its rows were selected.
#[track_caller]
fn stored(engine: Engine, sql: &str, until: Until) -> PurgeMade {
    let made = PurgeMade::until(engine, Until::Made);
    if engine == Engine::Postgres {
        made.sql("alter table subjects alter birth_date type text");
    }
    made.sql(sql);
    made.go_on(until);
    made
}

/// Sets columns of people, by their numbers.
fn set(column: &str, values: &[(u8, &str)]) -> String {
    let update = |(number, value): &(u8, &str)| {
        format!("update subjects set {column} = '{value}' where number = {number};")
    };
    values.iter().map(update).collect::<Vec<_>>().concat()
}

/// The people who are found, by what they are called in the archive's first column, and how.
#[track_caller]
fn found(made: &PurgeMade, arguments: &[&str], typed: &str) -> Vec<(String, Option<Looser>)> {
    let run = made.archived("find", &["--json", "--show-row"]).args(arguments);
    let outcome = made.typed(run, typed);
    let report: FindReport = serde_json::from_str(&outcome.expect(0).stdout).unwrap();
    let rows = report.archives.into_iter().flat_map(|archive| archive.rows);
    rows.map(|row| {
        let number = row.values.unwrap().remove(0).value.unwrap();
        (number, row.looser)
    })
    .collect()
}

fn person(number: &str, looser: Looser) -> (String, Option<Looser>) {
    (number.to_owned(), Some(looser))
}

#[test]
fn numbers_that_lost_digits_are_found() {
    let numbers = [
        (1, "79090001234"),
        (3, "7.909E+10"),
        (5, "68000000.0"),
        (7, "068000000"),
        (9, "123456789"),
    ];
    for engine in ENGINES {
        let made = stored(engine, &set("identity_number", &numbers), Until::Certified);
        let by_number = ["--identity-number", "-"];
        assert_eq!(
            found(&made, &by_number, "079090001234\n"),
            [person("1", Looser::LeadingZero), person("3", Looser::Rounded)]
        );
        // Exactly the one, and one that lost its zero on the way.
        assert_eq!(
            found(&made, &by_number, "068000000\n"),
            [person("5", Looser::Spreadsheet), ("7".to_owned(), None)]
        );
        // The number of now, and that of before.
        let both = ["--identity-number", "-", "--identity-number", "-"];
        assert_eq!(found(&made, &both, "001190009999\n123456789\n"), [("9".to_owned(), None)]);
        // What is put back or proved is exactly what is named.
        let run = made.archived("restore", &by_number);
        let restore = made.typed(run, "079090001234\n");
        prints(restore.expect(1), &["not found in this archive"]);
        let told = made.typed(made.archived("find", &by_number), "079090001234\n");
        prints(told.expect(0), &["LIKE       the number without", "may be somebody else's"]);
        says_nothing_of(&told, &["79090001234"]);
        let none = made.typed(made.archived("find", &by_number), "079190001235\n");
        prints(
            none.expect(1),
            &["not found in this archive", "Every row was compared", "9 digits before"],
        );
    }
}

#[test]
fn telephone_numbers_without_their_zero_are_found() {
    for engine in ENGINES {
        let made = stored(engine, &set("phone", &[(1, "912345678")]), Until::BackedUp);
        let by_phone = found(&made, &["--phone", "-"], "0912 345 678\n");
        assert_eq!(by_phone, [person("1", Looser::LeadingZero)]);
    }
}

#[test]
fn people_whose_birth_dates_nobody_could_read_are_found() {
    let dates = [(1, "1/1/1950 00:00:00"), (3, "19600102"), (5, "12/1960"), (7, "1961"), (9, "")];
    for engine in ENGINES {
        let made = stored(engine, &set("birth_date", &dates), Until::Certified);
        for (name, born, number, looser) in [
            ("Nguyễn Thị Ánh", "01/01/1950", "1", Looser::DateWritten),
            ("Nguyễn Thị Ánh", "17/05/1950", "1", Looser::FirstOfJanuary),
            ("Đặng Quốc Cường", "02/01/1960", "3", Looser::DateWritten),
            ("Đặng Quốc Cường", "01/02/1960", "3", Looser::DayAndMonth),
            ("Phạm Thị Giang", "24/12/1960", "5", Looser::DatePart),
            ("Bùi Đức Khôi", "24/12/1961", "7", Looser::DatePart),
            ("Hồ Ngọc Mai", "24/12/1961", "9", Looser::NoDate),
            ("ho ngoc mai", "1961", "9", Looser::NoDate),
        ] {
            let by_name = ["--name", "-", "--birth-date", "-"];
            let found = found(&made, &by_name, &format!("{name}\n{born}\n"));
            assert_eq!(found, [person(number, looser)], "{name} {born}");
        }
        let by_name = ["--name", "-", "--birth-date", "-"];
        for other in ["Hồ Ngọc Mai 2\n1961\n", "Phạm Thị Giang\n24/11/1960\n"] {
            made.typed(made.archived("find", &by_name), other).expect(1);
        }
    }
}

#[test]
fn who_cannot_be_found_is_counted_before_anybody_signs() {
    let sql = [
        set("identity_number", &[(1, ""), (3, "-")]),
        set("phone", &[(1, ""), (5, "không có")]),
        set("birth_date", &[(1, "19600102"), (3, ""), (9, "12/1960")]),
    ]
    .concat();
    for engine in ENGINES {
        let made = stored(engine, &sql, Until::Selected);
        let backed_up = made.purge(&["backup", "--identity", "escrow.age"]).go();
        let table = if engine == Engine::Postgres { "public.subjects" } else { "main.subjects" };
        let english = [
            format!("{table}: 1 of 5 rows are in the index by their key alone"),
            "2 without an identity number".to_owned(),
            "2 without a telephone number".to_owned(),
            "1 without a birth date".to_owned(),
            "2 with a birth date that cannot be read".to_owned(),
        ];
        let english: Vec<&str> = english.iter().map(String::as_str).collect();
        prints(backed_up.expect(0), &english);
        let shown = made.purge(&["approve", "--show"]).go();
        prints(shown.expect(0), &english);
        prints(&shown, &["2 không có số định danh", "2 có ngày sinh không đọc được"]);
        made.go_on_from(Until::BackedUp, Until::Certified);
        prints(verify_with_key(&made).expect(0), &["1 of its rows are found by their key alone"]);

        // Other counts than those that were signed are found, whoever wrote them.
        let purges = if engine == Engine::Postgres { "handover.purge" } else { "handover_purge" };
        made.sql(&format!(
            "update {purges} set backup = replace(backup, '\"unreachable\":\"1\"', '\"unreachable\":\"0\"')"
        ));
        let outcome = verify_with_key(&made);
        prints(
            outcome.expect(1),
            &["other counts of rows that no search reaches", "the approval has other counts"],
        );
        assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
    }
    let made = PurgeMade::until(Engine::Sqlite, Until::BackedUp);
    says(
        made.archived("find", &["--name", "x", "--birth-date", "soon"]).go().expect(2),
        &["a birth date is"],
    );
}
