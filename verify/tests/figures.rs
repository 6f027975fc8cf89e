//! Figure sets, held against themselves and against databases.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover_schemas::figures::report::{
    EndFigure, FigureVerdict, FiguresReport, FiguresVerdict, RelationResult,
};
use handover_testkit::{Database, Outcome, Run, sqlite, violations};
use schemars::generate::SchemaSettings;
use serde_json::Value;
use tempfile::TempDir;

const TABLES: &str = "
    create table people (id integer primary key, name varchar(40), number varchar(12));
    insert into people values (1, 'Nguyễn Văn An', '001099000001'), (2, 'Trần Thị Bình', null),
        (3, 'Lê Chi', 'x');";

/// A function of PostgreSQL whose error is a name.
const SAY_NAME: &str = "create function say_name() returns bigint language plpgsql as
    'begin raise exception ''%'', (select name from people where id = 1); end'";

/// The same tables in each engine, and a folder.
struct Both {
    folder: TempDir,
    postgres: Database,
}

impl Both {
    fn new() -> Self {
        let both = Self { folder: tempfile::tempdir().unwrap(), postgres: Database::create() };
        sqlite(&both.file("platform.db"), TABLES);
        both.postgres.sql(TABLES);
        both
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sqlite_url(&self) -> String {
        format!("sqlite:{}", self.file("platform.db").display())
    }

    /// A set whose figures all are 3, each with one of these queries.
    fn set(&self, queries: &[&str]) -> PathBuf {
        let path = self.file("set.toml");
        fs::write(&path, set_text(queries)).unwrap();
        path
    }

    /// What a database gives for these queries.
    #[track_caller]
    fn asked(&self, url: &str, queries: &[&str]) -> Vec<EndFigure> {
        let arguments = ["--source", url, "--timeout", "60"];
        let outcome = figures(&self.set(queries)).args(arguments).arg("--json").go();
        let report = report(&outcome);
        report.sets[0].figures.iter().map(|figure| figure.source.clone().unwrap()).collect()
    }

    #[track_caller]
    fn assert_unchanged(&self) {
        let people = "select count(*), sum(id) from people";
        assert_eq!(sqlite(&self.file("platform.db"), people), "3|6");
        assert_eq!(self.postgres.query(people), "3|6");
    }
}

fn set_text(queries: &[&str]) -> String {
    let mut text = "id = \"some\"\nas_of = \"2022-04-05\"\n\n[document]\ntitle_vi = \"Báo cáo\"\n\
                    title_en = \"Report\"\ndate = \"2022-04-08\"\n"
        .to_owned();
    for (number, query) in queries.iter().enumerate() {
        text.push_str(&format!(
            "\n[[figure]]\nid = \"f{number}\"\nlabel_vi = \"Số {number}\"\n\
             label_en = \"Number {number}\"\nunit = \"subject\"\nvalue = 3\nquery.sql = '''{query}'''\n"
        ));
    }
    text
}

fn figures(set: &Path) -> Run {
    Run::new("handover-verify")
        .args(["figures", "--quiet", "--handover", "/nonexistent", "--set"])
        .arg(set)
}

/// The report keeps to its schema, and has nothing that the type does not have.
#[track_caller]
fn report(outcome: &Outcome) -> FiguresReport {
    let Ok(document) = serde_json::from_str::<Value>(&outcome.stdout) else {
        panic!("no report\n--- stdout\n{}\n--- stderr\n{}", outcome.stdout, outcome.stderr);
    };
    let schema = SchemaSettings::draft2020_12().for_serialize();
    let schema = schema.into_generator().into_root_schema_for::<FiguresReport>().to_value();
    assert_eq!(violations(&schema, &document), [""; 0]);
    let report: FiguresReport = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(outcome.stdout, format!("{}\n", serde_json::to_string_pretty(&report).unwrap()));
    let code = match report.verdict {
        FiguresVerdict::Holds => 0,
        FiguresVerdict::Differs => 1,
        FiguresVerdict::Unverified => 2,
    };
    outcome.expect(code);
    report
}

/// Every query gives no number, for the reason beside it, and the one after it is answered.
#[track_caller]
fn assert_refused(both: &Both, url: &str, cases: &[(&str, &str)]) {
    let queries: Vec<&str> =
        cases.iter().flat_map(|(query, _)| [*query, "select count(*) from people"]).collect();
    let answers = both.asked(url, &queries);
    assert_eq!(answers.len(), cases.len() * 2);
    for ((query, says), pair) in cases.iter().zip(answers.chunks(2)) {
        let [refused, next] = pair else { panic!("two for each") };
        let reason = refused.reason.clone().unwrap_or_default();
        assert_eq!(refused.verdict, FigureVerdict::Unverified, "{query}");
        assert!(reason.contains(says), "{query}: {reason}");
        assert_eq!((refused.value, refused.difference), (None, None), "{query}");
        assert_eq!((next.verdict, next.value), (FigureVerdict::Same, Some(3)), "after {query}");
    }
    both.assert_unchanged();
}

#[test]
fn the_shipped_sets_say_which_sums_fail() {
    let run =
        || Run::new("handover-verify").args(["figures", "--quiet", "--handover", "/nonexistent"]);
    let outcome = run().go();
    let text = &outcome.expect(1).stdout;
    for line in [
        "  Sent, with CCCD/CMND (subjects)                                72,398,969\n",
        "  FAILS       With CCCD/CMND = verified right + verified wrong (subjects): by 270,000; the \
         parts make 72,668,969, reported is 72,398,969\n",
        "  rounded     Given nationwide = on the platform + not yet on it (doses): the parts make \
         207,674,948, reported is over 207,000,000; rounding allows the difference of 674,948\n",
        "  rounded     Given nationwide = on the platform + not yet on it (doses): the rounded \
         numbers agree\n",
        "\nverdict: does not hold (sums that hold: 13, only rounded: 2, failing: 1)\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(
        run().args(["--lang", "vi"]).go().stdout.contains("Đã chuyển, có CCCD/CMND (đối tượng)")
    );

    let report = report(&run().arg("--json").go());
    let ids: Vec<&str> = report.sets.iter().map(|set| set.id.as_str()).collect();
    let all = ["2021-09-20", "2022-04-08", "2022-04-26", "2022-09-20", "2022-09-thai-nguyen"];
    assert_eq!(ids, all);
    let itself: Vec<Option<FiguresVerdict>> = report.sets.iter().map(|set| set.itself).collect();
    let (holds, differs) = (Some(FiguresVerdict::Holds), Some(FiguresVerdict::Differs));
    assert_eq!(itself, [None, differs, holds, holds, holds]);
    for (set, code) in all.into_iter().zip([2, 1, 0, 0, 0]) {
        run().args(["--set", set]).go().expect(code);
    }
    let list = run().arg("--list").go();
    assert!(
        list.expect(0).stdout.contains("  2022-04-08           figures: 20, sums: 9; Report of 8")
    );
}

#[test]
fn a_query_that_does_anything_but_select_is_refused_by_sqlite() {
    let both = Both::new();
    let url = both.sqlite_url();
    let other = both.file("other.db");
    let attach = format!("attach '{}' as other", other.display());
    let vacuum = format!("vacuum into '{}'", other.display());
    let does = "has to be one SELECT that writes nothing";
    assert_refused(
        &both,
        &url,
        &[
            ("insert into people values (4, 'a', 'b')", does),
            ("delete from people returning id", does),
            ("update people set name = null", does),
            ("create temp table x (a)", does),
            ("drop table people", does),
            ("pragma query_only = off", does),
            ("pragma table_info(people)", does),
            (&attach, does),
            (&vacuum, does),
            ("commit", does),
            ("begin", does),
            ("select 3; delete from people", does),
            ("select 3; select 3", "has several statements"),
            ("select count(*) from peple", "no such table: peple"),
            ("selct 3", "syntax error"),
            ("select (3", "incomplete input"),
            ("-- nothing", does),
            ("select ?1", "has a parameter"),
            ("explain select 3", "columns, not one"),
        ],
    );
    assert!(!other.exists());
}

#[test]
fn a_query_that_does_anything_but_select_is_refused_by_postgres() {
    let both = Both::new();
    both.postgres.sql(
        "create table written (a int);
        create sequence numbers;
        create function write_one() returns bigint language sql as
            'insert into written values (1) returning 3::bigint'",
    );
    both.postgres.sql(SAY_NAME);
    let does = "has to be one SELECT that writes nothing";
    let writes = "it writes, and was refused (SQLSTATE 25006)";
    assert_refused(
        &both,
        &both.postgres.url(),
        &[
            ("insert into people values (4, 'a', 'b')", does),
            ("delete from people returning id", does),
            ("update people set name = null", does),
            ("with gone as (delete from people returning id) select count(*) from gone", does),
            ("create temp table x (a int)", does),
            ("drop table people", does),
            ("commit", does),
            ("select 3; delete from people", "multiple commands"),
            ("select 3; commit; delete from people", "multiple commands"),
            ("select 3; select 3", "multiple commands"),
            ("set transaction_read_only = off", does),
            ("copy people to program 'true'", does),
            ("select id into other from people", does),
            ("select id from people for update", writes),
            ("select write_one()", writes),
            ("select nextval('public.numbers')", writes),
            ("select 3 from set_config('transaction_read_only', 'off', false)", "SQLSTATE 25001"),
            ("select say_name()", "PostgreSQL stopped it: a function raised an error"),
            ("select count(*) from peple", "relation \"peple\" does not exist"),
            ("selct 3", "syntax error"),
            ("select (3", "syntax error"),
            ("explain select 3", does),
            ("-- nothing", "syntax error"),
            ("select $1::int", "PostgreSQL stopped it"),
        ],
    );
    assert_eq!(both.postgres.query("select count(*) from written"), "0");
    assert_eq!(both.postgres.query("select is_called from numbers"), "f");
}

#[test]
fn what_is_not_one_whole_number_is_no_answer() {
    let both = Both::new();
    for url in [both.sqlite_url(), both.postgres.url()] {
        assert_refused(
            &both,
            &url,
            &[
                ("select id from people where id > 3", "it gives no row"),
                ("select id from people", "it gives several rows"),
                ("select id, id from people where id = 3", "it gives 2 columns, not one"),
                ("select max(id) from people where id > 3", "it gives NULL"),
                ("select '3'", "TEXT that is no whole number"),
                ("select 3.5", "is no whole number"),
                ("select cast(3 as double precision)", "is no whole number"),
                ("select name from people where id = 1", "is no whole number"),
                ("select 9223372036854775808", "is no whole number of 64 bits"),
            ],
        );
        let answers = both.asked(
            &url,
            &[
                "select count(*) from people;",
                "select 3 -- three",
                "select sum(id) from people",
                "select -3",
                "select cast(3 as numeric)",
            ],
        );
        let values: Vec<_> = answers.iter().map(|answer| (answer.verdict, answer.value)).collect();
        let (same, differs) = (FigureVerdict::Same, FigureVerdict::Differs);
        assert_eq!(
            values,
            [
                (same, Some(3)),
                (same, Some(3)),
                (differs, Some(6)),
                (differs, Some(-3)),
                (same, Some(3))
            ]
        );
        assert_eq!(answers[3].difference, Some(-6));
    }
}

#[test]
fn an_account_that_may_not_read_is_told_so() {
    let both = Both::new();
    let role = both.postgres.role("reader", "secret");
    both.postgres.sql("create table later (a int)");
    let set = both.set(&["select count(*) from later", "select count(*) from people"]);
    let run = figures(&set).args(["--source", &both.postgres.url_as(&role), "--json"]);
    let report = report(&run.env("PGPASSWORD", "secret").go());
    let figures = &report.sets[0].figures;
    let reason = figures[0].source.as_ref().unwrap().reason.clone().unwrap();
    assert!(reason.starts_with("the account may not read what it asks for"), "{reason}");
    assert_eq!(figures[1].source.as_ref().unwrap().value, Some(3));
}

/// An error of the engine while rows are read can quote them.
#[test]
fn no_value_of_a_row_is_in_an_error() {
    let both = Both::new();
    both.postgres.sql(SAY_NAME);
    let postgres = [
        "select name::int from people where id = 1",
        "select replace(name, ' ', '_')::regclass::oid::bigint from people where id = 1",
        "select say_name()",
        "select ('{' || name)::json::text from people where id = 1",
        "select count(*) from people where name::date is null",
    ];
    let of_sqlite = [
        "select json_extract('{}', name) from people where id = 1",
        "select name from people where id = 1",
        "select json(name) from people where id = 1",
    ];
    for (url, queries) in
        [(both.postgres.url(), &postgres[..]), (both.sqlite_url(), &of_sqlite[..])]
    {
        let run =
            |extra: &[&str]| figures(&both.set(queries)).args(["--target", &url]).args(extra).go();
        for outcome in [run(&[]), run(&["--json"])] {
            outcome.expect(2);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains("stopped it"), "{said}");
            assert!(!said.to_lowercase().contains("nguy"), "{said}");
        }
    }
}

#[test]
fn a_query_that_never_returns_is_stopped() {
    let both = Both::new();
    let endless =
        "with recursive n(i) as (select 1 union all select 1 from n) select count(*) from n";
    let sleeping = "select 3 from (select pg_sleep(1000)) as slept";
    let unlimited =
        "select 3 from (select set_config('statement_timeout', '0', false), pg_sleep(1000)) x";
    let good = "select count(*) from people";
    let cases: [(String, &[&str]); 2] = [
        (both.sqlite_url(), &[endless, good]),
        (both.postgres.url(), &[endless, good, sleeping, good, unlimited, good, unlimited, good]),
    ];
    for (url, queries) in cases {
        let run = figures(&both.set(queries)).args(["--source", &url, "--timeout", "1", "--json"]);
        let outcome = run.limit(Duration::from_mins(1)).go();
        // The engine itself stops after a second; nobody waits for the connection to be given up.
        assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
        for (number, figure) in report(&outcome).sets[0].figures.iter().enumerate() {
            let answer = figure.source.as_ref().unwrap();
            if number % 2 == 0 {
                let reason = answer.reason.as_deref().unwrap_or_default();
                let says = "had not ended after 1 s and was stopped; --timeout gives it longer";
                assert!(reason.contains(says), "{reason}");
            } else {
                assert_eq!(answer.value, Some(3));
            }
        }
        let mut running = figures(&both.set(&[endless])).args(["--source", &url]).spawn();
        std::thread::sleep(Duration::from_millis(700));
        assert!(!running.has_ended());
        running.signal("INT");
        assert_eq!(running.wait().code, Some(130), "{url}");
    }
}

#[test]
fn both_ends_are_judged_apart() {
    let both = Both::new();
    sqlite(&both.file("platform.db"), "insert into people values (4, 'Phạm', null)");
    let relation = "\n[[relation]]\nlabel_vi = \"Một\"\nlabel_en = \"One\"\ntotal = \"f0\"\nparts = [\"f1\"]\n";
    let rounded = "value = 3\nrounding = { as = \"over\", step = 2 }";
    let no_query = "no_query_vi = \"Không có\"\nno_query_en = \"Not there\"\n";
    let count = "select count(*) from people";
    let text = set_text(&[count, "-"]).replace("query.sql = '''-'''\n", no_query) + relation;
    let judge = |text: &str, arguments: &[&str]| {
        fs::write(both.file("set.toml"), text).unwrap();
        let outcome = figures(&both.file("set.toml")).args(arguments).arg("--json").go();
        let report = report(&outcome);
        let set = report.sets[0].clone();
        ((set.itself.unwrap(), set.source, set.target), report)
    };
    let (holds, differs) = (FiguresVerdict::Holds, FiguresVerdict::Differs);
    let (sqlite_url, postgres_url) = (both.sqlite_url(), both.postgres.url());
    let ends = ["--source", sqlite_url.as_str(), "--target", postgres_url.as_str()];

    let (judged, report) = judge(&text, &ends);
    assert_eq!(judged, (holds, Some(differs), Some(holds)));
    let figure = &report.sets[0].figures[0];
    assert_eq!(figure.source.as_ref().unwrap().difference, Some(1));
    assert_eq!(report.sets[0].figures[1].target.as_ref().unwrap().verdict, FigureVerdict::NoQuery);
    assert_eq!(report.not_checked, ["some: no query gives 1 of its figures"]);
    let (judged, _) = judge(&text, &["--target", &postgres_url]);
    assert_eq!(judged, (holds, None, Some(holds)));

    let (judged, report) = judge(&text.replacen("value = 3", rounded, 1), &ends);
    assert_eq!(judged, (holds, Some(holds), Some(holds)));
    assert_eq!(report.sets[0].relations[0].result, RelationResult::Rounded);
    let (judged, _) = judge(&text.replacen("value = 3", "value = 4", 1), &ends);
    assert_eq!(judged, (differs, Some(holds), Some(differs)));

    // Another query for each engine, and none for one of them.
    let own = format!("query.sqlite = '{count} where id < 4'\nquery.postgres = '{count}'");
    let own = text.replacen(&format!("query.sql = '''{count}'''"), &own, 1);
    assert_eq!(judge(&own, &ends).0, (holds, Some(holds), Some(holds)));
    let (judged, report) = judge(&own.replacen("query.postgres", "#", 1), &ends);
    assert_eq!(judged, (holds, Some(holds), Some(FiguresVerdict::Unverified)));
    let answer = report.sets[0].figures[0].target.clone().unwrap();
    assert_eq!(answer.reason.as_deref(), Some("the set has no query for PostgreSQL"));
}

#[test]
fn what_is_said_to_people_is_aligned() {
    let both = Both::new();
    let set = both.set(&["select count(*) from people", "select 1234567", "select null"]);
    let url = both.sqlite_url();
    let outcome = figures(&set).args(["--source", &url, "--target", &url]).go();
    assert_eq!(
        outcome.expect(1).stdout,
        "\
some: Report (as of 2022-04-05)
  Number 0  3  source: the same           target: the same
  Number 1  3  source: 1,234,567 DIFFERS  target: 1,234,567 DIFFERS
  Number 2  3  source: UNVERIFIED         target: UNVERIFIED
  unverified  f2 in the source: it gives NULL
  unverified  f2 in the target: it gives NULL
  judged: source does not hold, target does not hold

not checked: some: the set has no sum that its figures could satisfy
verdict: does not hold (sums that hold: 0, only rounded: 0, failing: 0)
"
    );
}

#[test]
fn the_sets_and_ends_of_the_hand_over_are_taken() {
    let both = Both::new();
    both.set(&["select count(*) from people"]);
    let config = |figures: &str| {
        let text = format!("[source]\nurl = \"sqlite:platform.db\"\n[figures]\n{figures}\n");
        fs::write(both.file("handover.toml"), text).unwrap();
    };
    let run = |arguments: &[&str]| {
        let run = Run::new("handover-verify").args(["figures", "--quiet", "--handover"]);
        run.arg(both.folder.path()).args(arguments).go()
    };
    config("sets = [\"set.toml\"]\nshipped = [\"2022-09-20\"]");
    let taken = report(&run(&["--json"]));
    let ids: Vec<&str> = taken.sets.iter().map(|set| set.id.as_str()).collect();
    assert_eq!(ids, ["some", "2022-09-20"]);
    assert_eq!(taken.sets[0].source, Some(FiguresVerdict::Holds));
    // The tables of the shipped set are not there.
    assert_eq!(taken.sets[1].source, Some(FiguresVerdict::Unverified));
    assert_eq!(taken.sets[1].itself, Some(FiguresVerdict::Holds));
    assert_eq!(
        report(&run(&["--json", "--itself", "--set", "2022-09-20"])).verdict,
        FiguresVerdict::Holds
    );
    assert!(run(&["--list"]).stdout.contains("of handover.toml:\n  some"));
    // Without sets of its own, a hand-over's databases are not asked for the national figures.
    config("");
    assert!(report(&run(&["--json"])).sets.iter().all(|set| set.source.is_none()));

    for (figures, says) in [
        (
            "shipped = [\"2022\"]",
            "figures, \"2022\": no set of this name is shipped; known are 2021-09-20",
        ),
        ("sets = [\"a\", \"a\"]", "figures, \"a\": it stands there twice"),
        ("sets = [\"\"]", "sets names files"),
        ("sets = [\"gone.toml\"]", "gone.toml: No such file"),
        ("set = []", "unknown key \"set\"; known are sets, shipped"),
        ("sets = [\"set.toml\", \"./set.toml\"]", "two figure sets are called \"some\""),
    ] {
        config(figures);
        let outcome = run(&[]);
        assert!(outcome.expect(2).stderr.contains(says), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn a_bad_set_is_refused_by_its_place() {
    let both = Both::new();
    let good = set_text(&["select 3"]);
    for (from, to, says) in [
        ("unit = \"subject\"", "unit = \"person\"", "line 13, column 8: unknown word \"person\""),
        ("value = 3", "value = -3", "line 14, column 9: "),
        ("value", "valeu", "line 14, column 1: unknown key \"valeu\""),
        ("query.sql", "query.mysql", "line 15, column 7: unknown key \"mysql\""),
        ("\"f0\"", "\"F\"", "figure \"F\": id is 1 to 40"),
    ] {
        fs::write(both.file("set.toml"), good.replacen(from, to, 1)).unwrap();
        let outcome = figures(&both.file("set.toml")).go();
        assert!(outcome.expect(2).stderr.contains("set.toml"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
    }
    fs::write(both.file("set.toml"), [0xff, 0xfe]).unwrap();
    let outcome = figures(&both.file("set.toml")).go();
    assert!(outcome.expect(2).stderr.contains("it is not UTF-8"), "{}", outcome.stderr);
    let outcome = figures(Path::new("/dev/zero")).go();
    assert!(outcome.expect(2).stderr.contains("larger than 4 MiB"), "{}", outcome.stderr);
    // A database that is not there is an error, not a finding.
    let outcome = figures(&both.set(&["select 3"])).args(["--source", "sqlite:/nonexistent"]).go();
    assert!(outcome.expect(2).stderr.contains("the source cannot be read"), "{}", outcome.stderr);
}
