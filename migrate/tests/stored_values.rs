//! SQLite values as applications write them, whatever their columns are declared as: between files
//! they stay what they are, and PostgreSQL gets the values that they mean.

use std::fs;

use handover_migrate::copy::report::CopyReport;
use handover_schemas::report::TablesReport;
use handover_testkit::{Database, sqlite};
use serde_json::{Value, json};

use crate::json_schemas::check_report;
use crate::purge_broken::{holds, verify, verify_with_key};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{
    Handover, commands_give_digests, expect_copied, json as document, messages, says, table,
};

/// Every storage class in columns of every kind, in ordinary tables and as keys.
const ANYTHING: &str = "
    create table s (k text primary key, v);
    insert into s values ('integer', 1), ('real', 1.0), ('text', '1'), ('blob', x'31'), ('none', null);
    create table declared (id integer primary key, flag boolean, whole integer, price decimal(6, 2),
        name varchar(3), day date, clock time, at datetime, instant timestamptz, token uuid, raw json,
        bytes blob);
    insert into declared (id) values (1);
    insert into declared values
        (2, 1, 7, 1.5, 'An', '2021-03-08', '07:00:00', '2021-03-08 07:00:00', '2021-03-08 00:00:00+00',
            '5a0b3a4e-0000-4000-8000-000000000003', '{}', x'00'),
        (3, 'true', 'seven', 1.005, 'Bình Minh', '08/03/2021', '7:00', '2021-03-08 07:00:00.050000',
            '2021-03-08T07:00:00Z', 'ABCDEF00-0000-0000-0000-000000000000', '{bad', 'text'),
        (4, 2, 1.5, 1e300, 12, 20210308, 25200, 1615161600, 1615161600000, x'00112233445566778899aabbccddeeff',
            x'7b7d', 12),
        (5, x'01', x'37', 'twelve', x'ff', 2459281.5, 0.5, '', 2459281.79, 'not one', 1.5, 1.5),
        (6, '', '', 1e18, cast(x'ff' as text), x'00', x'00', x'00', 'a' || char(0, 9, 10) || '\\', '', '', '');
    create table numbers (id integer primary key, n numeric);
    insert into numbers values (1, 1000000000000000000), (2, 1e19), (3, 1.5), (4, '1.5x'), (5, 9e999);
    create table any_key (k primary key not null, n int) without rowid;
    insert into any_key values (1, 1), ('1', 2), (x'31', 3), (1.5, 4);
    create table days (at datetime not null primary key, n int);
    insert into days values ('2021-03-08 07:00:00.050000', 1), ('2021-03-08T07:00:00', 2), ('soon', 3);
    create table tokens (id uuid not null primary key, n int);
    insert into tokens values ('ABCDEF00-0000-0000-0000-000000000000', 1), ('abcdef00-0000-0000-0000-000000000001', 2);
    create table bag (what, at datetime);
    insert into bag values (1, 1), (1.0, 1.0), ('1', '1'), ('1', '1'), (x'31', x'31');
";

#[test]
fn between_files_every_value_stays_what_it_is() {
    let handover = Handover::sqlite(ANYTHING);
    let report = handover.copied();
    assert!(report["tables"].as_array().unwrap().iter().all(|table| table["rows"] != 0));
    let all = "select k, quote(v) from s union all select id, quote(flag) || quote(whole) || quote(price)
            || quote(name) || quote(day) || quote(clock) || quote(at) || hex(instant) || quote(token)
            || quote(raw) || quote(bytes) from declared where id < 6
        union all select id, hex(name) || hex(instant) || quote(price) from declared
        union all select id, quote(n) || typeof(n) from numbers
        union all select quote(k), n from any_key union all select at, n from days
        union all select id, n from tokens union all select quote(what), quote(at) from bag";
    assert_eq!(sqlite(&handover.source_file(), all), sqlite(&handover.target_file(), all));

    let report = document(handover.verify().arg("--explain").go().expect(0));
    assert_eq!(report["verdict"], "equal");
    let (ran, reasons) = commands_give_digests(&report);
    assert_eq!(ran, 2 * 5, "{reasons:#?}");
    assert!(reasons.iter().all(|reason| {
        ["main.declared: ", "main.numbers: "].iter().any(|table| reason.starts_with(table))
    }));
}

/// One value of a copy is changed to what most programs take for the same.
#[test]
fn the_verifier_tells_storage_classes_apart() {
    let handover = Handover::sqlite(ANYTHING);
    handover.copied();
    let copy = handover.target_file();
    let kept = handover.beside("kept.sqlite");
    fs::copy(&copy, &kept).unwrap();
    for (table, change) in [
        ("main.s", "update s set v = 1.0 where k = 'integer'"),
        ("main.s", "update s set v = '1' where k = 'integer'"),
        ("main.s", "update s set v = 1 where k = 'real'"),
        ("main.s", "update s set v = x'31' where k = 'text'"),
        ("main.s", "update s set v = '1' where k = 'blob'"),
        ("main.declared", "update declared set flag = 1 where id = 3"),
        ("main.declared", "update declared set at = '2021-03-08 07:00:00.05' where id = 3"),
        ("main.declared", "update declared set token = lower(token) where id = 3"),
        ("main.declared", "update declared set raw = '{}' where id = 4"),
        ("main.numbers", "update numbers set n = '1.5y' where id = 4"),
        ("main.any_key", "update any_key set k = '1.5' where k = 1.5"),
        ("main.days", "update days set at = '2021-03-08 07:00:00.05' where n = 1"),
        ("main.bag", "update bag set what = 1 where typeof(what) = 'real'"),
        ("main.bag", "delete from bag where rowid = 3"),
    ] {
        fs::copy(&kept, &copy).unwrap();
        sqlite(&copy, change);
        let report = document(handover.verify().go().expect(1));
        let different: Vec<&str> = report["tables"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|table| table["verdict"] == "different")
            .map(|table| table["table"].as_str().unwrap())
            .collect();
        assert_eq!(different, [table], "{change}");
    }
}

#[test]
fn a_type_is_not_chosen_between_files() {
    let handover = Handover::sqlite(ANYTHING);
    let chosen = ["--map-type", "declared.day=text"];
    says(handover.copy().args(chosen).go().expect(2), &["values stay exactly as they are stored"]);
    handover.copied();
    says(handover.verify().args(chosen).go().expect(2), &["leave out --map-type"]);
}

/// Archived and put back, the storage class is kept too.
#[test]
fn purged_values_come_back_as_they_were_stored() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Made);
    made.sql(
        "update doses set volume = 'half a vial', given_on = '2021-08-02 00:00:00.000000' where number = 10;
         update doses set volume = 9007199254740993, given_on = 20211101 where number = 11;
         update doses set volume = 0.125, given_on = 44409.5 where number = 30;
         update doses set volume = x'01', given_on = x'02' where number = 31;
         update cards set picture = 'a' || char(9) || '\\I1', note = '\\I1' where code = 'QR-1-a';
         update cards set picture = 1.5 where code = 'QR-3-a';
         update subjects set birth_date = '15/02/1950' where number = 1;",
    );
    let before = made.everything();
    made.go_on(Until::Certified);
    assert_eq!(made.count("doses", "subject in (1, 3)"), 0);
    holds(&made);
    let apply = ["--all", "--apply", "--key", "operator.pem", "--reason", "Khiếu nại 12/2026"];
    made.archived("restore", &["--quiet"]).args(apply).go().expect(0);
    assert_eq!(made.everything(), before);
    // Without a key nobody has read what came back.
    assert!(verify(&made).go().expect(2).stdout.contains("rows were restored since"));
    assert!(verify_with_key(&made).expect(0).stdout.ends_with("verdict: holds\n"));
}

/// What Django, Python's sqlite3, SQLAlchemy, Sequelize, Prisma, .NET, Go and Java write, by SQL.
const SPELLINGS: &str = "
    create table visits (id integer primary key, at datetime, instant timestamptz, day date, clock time,
        flag boolean, whole integer, price decimal(10, 2), ratio real, token uuid, raw json,
        code string);
    insert into visits (id) values (1);
    insert into visits values
        (2, '2021-03-08 07:00:00', '2021-03-08 00:00:00+00', '2021-03-08', '07:00:00', 1, 7, 1.5, 0.5,
            '5a0b3a4e-0000-4000-8000-000000000003', '{}', 'a'),
        (3, '2021-03-08 07:00:00.050000', '2021-03-08T07:00:00.050+07:00', '2021-03-08 00:00:00', '07:00:00.050000',
            'true', 8, 12.345e1, 5, '5A0B3A4E-0000-4000-8000-000000000003', 5, 912345678),
        (4, '2021-03-08T07:00:00', '2021-03-08 07:00:00.0000000+00:00', '2021-03-08T00:00:00.000', '07:00',
            'f', 9, 3, 0.1, '5a0b3a4e000040008000000000000003', 1.5, 'b'),
        (5, '2021-03-08', '2021-03-08T00:00:00Z', '2021-03-08 00:00:00.000000', '07:00:00.0', 'NO', 10, 1e2, 1e300,
            '{5a0b3a4e-0000-4000-8000-000000000003}', ' [1] ', 'c'),
        (6, '2021-03-08 07:00', '2021-03-08 07:00:00 +0700 +07', null, null, 't', 11, -0.5, -7, null, 12345678901, null);
";

#[test]
fn postgres_gets_the_values_that_other_spellings_mean() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(SPELLINGS, &target);
    let outcome = handover.copy().go();
    check_report::<CopyReport>(&outcome, 0);
    let report = expect_copied(&outcome);
    let counts = &table(&report, "main.visits")["written_another_way"];
    let expected = json!([
        { "column": "at", "rows": 4 },
        { "column": "instant", "rows": 4 },
        { "column": "day", "rows": 3 },
        { "column": "clock", "rows": 3 },
        { "column": "flag", "rows": 4 },
        { "column": "token", "rows": 3 },
        { "column": "raw", "rows": 3 },
        { "column": "code", "rows": 1 },
    ]);
    assert_eq!(*counts, expected);
    assert_eq!(
        target.query(
            "set timezone = 'UTC'; set datestyle = 'ISO';
             select at, instant, day, clock, flag, whole, price, ratio, token, raw, code from visits order by id"
        ),
        "||||||||||\n\
         2021-03-08 07:00:00|2021-03-08 00:00:00+00|2021-03-08|07:00:00|t|7|1.50|0.5|5a0b3a4e-0000-4000-8000-000000000003|{}|a\n\
         2021-03-08 07:00:00.05|2021-03-08 00:00:00.05+00|2021-03-08|07:00:00.05|t|8|123.45|5|5a0b3a4e-0000-4000-8000-000000000003|5|912345678\n\
         2021-03-08 07:00:00|2021-03-08 07:00:00+00|2021-03-08|07:00:00|f|9|3.00|0.1|5a0b3a4e-0000-4000-8000-000000000003|1.5|b\n\
         2021-03-08 00:00:00|2021-03-08 00:00:00+00|2021-03-08|07:00:00|f|10|100.00|1e+300|5a0b3a4e-0000-4000-8000-000000000003| [1] |c\n\
         2021-03-08 07:00:00|2021-03-08 00:00:00+00|||t|11|-0.50|-7||12345678901|"
    );

    // The verifier counts the same, at the end that is SQLite.
    let outcome = handover.verify().go();
    check_report::<TablesReport>(&outcome, 0);
    let verified = document(&outcome);
    assert_eq!(verified["verdict"], "equal");
    let ends = table(&verified, "main.visits");
    assert_eq!(&ends["source"]["written_another_way"], counts);
    assert_eq!(ends["target"]["written_another_way"], Value::Null);
    target.sql("update visits set at = at + interval '1 microsecond' where id = 3");
    assert_eq!(document(handover.verify().go().expect(1))["verdict"], "different");
    // And so does a copy that finds itself finished.
    let again = document(handover.copy().go().expect(0));
    assert_eq!(again["outcome"], "unchanged");
    assert_eq!(&table(&again, "main.visits")["written_another_way"], counts);
}

/// A key is compared as the value it is, chunk by chunk, in whatever order SQLite keeps its spellings.
#[test]
fn keys_that_are_written_another_way() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        "create table people (id uuid not null primary key, n integer not null);
         create table flags (yes boolean not null, n integer not null, primary key (n, yes));
         create table events (at datetime not null primary key, n integer);
         with recursive i(n) as (values (0) union all select n + 1 from i where n < 599)
             insert into people select
                 case n % 3 when 0 then upper(id) when 1 then replace(id, '-', '') else id end, n
             from (select n, printf('f%07x-0000-4000-8000-%012x', n * 7919 % 600 * 400000 + 10, n) as id from i);
         insert into flags select case n % 4 when 0 then 0 when 2 then 'false' when 1 then 'true' else 1 end,
             n / 2 from people;
         insert into events select strftime(case n % 2 when 0 then '%Y-%m-%dT%H:%M:%S.000' else
             '%Y-%m-%d %H:%M:%S' end, 1615186800 - n * 100, 'unixepoch'), n from people;",
        &target,
    );
    expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    assert!(handover.status().per_table("read_back").values().all(|chunks| *chunks > 5));
    handover.verified();
    target.sql("update people set n = -1 where n = 17; delete from events where n = 18");
    let report = document(handover.verify().go().expect(1));
    assert!(messages(&report).contains("main.people") && messages(&report).contains("main.events"));
    assert_eq!(table(&report, "main.flags")["verdict"], "equal");
}

/// What a number or a clock means is declared, in `handover.toml` or on the command line.
#[test]
fn declared_rules_say_what_stored_values_mean() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        "create table log (id integer primary key, millis integer, secs real, julian datetime, ticks bigint,
             apple timestamp, days integer, local datetime, wall datetime, price decimal(10, 2), nanos text,
             guid blob, rfc blob);
         insert into log values
             (1, 1615161600050, 1615161600.25, 2459281.791666667, 637507584000500000, 636854400.5, 18694,
                 '2021-03-08 07:00:00', '2021-03-08 00:00:00+00:00', 2.675, '2021-03-08T00:00:00.1234565Z',
                 x'4e3a0b5a00000040800000000000000a', x'5a0b3a4e00004000800000000000000a'),
             (2, -1, -0.5, '2021-03-08 07:00:00', 0, 0, -1, '2021-03-08 07:00:00+07:00', '2021-03-08',
                 -0.005, '2021-03-08 07:00:00.9999999+07:00', null, null);",
        &target,
    );
    let rules = [
        ("millis", "timestamptz", "milliseconds since 1970-01-01"),
        ("secs", "timestamptz", "seconds since 1970-01-01"),
        ("julian", "timestamp", "julian days"),
        ("ticks", "timestamp", "ticks since 0001-01-01"),
        ("apple", "timestamptz", "seconds since 2001-01-01"),
        ("days", "date", "days since 1970-01-01"),
        ("local", "timestamptz", "+07:00"),
        ("wall", "timestamp", "+07:00"),
        ("price", "numeric(10,2)", "rounded"),
        ("nanos", "timestamptz", "rounded"),
        ("guid", "uuid", "guid bytes"),
    ];
    let mut config = String::new();
    for (column, type_name, rule) in rules {
        config.push_str(&format!(
            "[[map_type]]\ntable = \"main.log\"\ncolumn = \"{column}\"\ntype = \"{type_name}\"\nrule = \"{rule}\"\n"
        ));
    }
    fs::create_dir_all(handover.dir()).unwrap();
    fs::write(handover.dir().join("handover.toml"), config).unwrap();
    let more = ["--map-type", "log.rfc=uuid, bytes"];
    expect_copied(&handover.copy().args(more).go());
    assert_eq!(
        target.query(
            "set timezone = 'UTC'; set datestyle = 'ISO';
             select millis, secs, julian, ticks, apple, days, local, wall, price, nanos, guid, rfc from log order by id"
        ),
        "2021-03-08 00:00:00.05+00|2021-03-08 00:00:00.25+00|2021-03-08 07:00:00|2021-03-08 00:00:00.05|\
         2021-03-08 00:00:00.5+00|2021-03-08|2021-03-08 00:00:00+00|2021-03-08 07:00:00|2.68|\
         2021-03-08 00:00:00.123457+00|5a0b3a4e-0000-4000-8000-00000000000a|5a0b3a4e-0000-4000-8000-00000000000a\n\
         1969-12-31 23:59:59.999+00|1969-12-31 23:59:59.5+00|2021-03-08 07:00:00|0001-01-01 00:00:00|\
         2001-01-01 00:00:00+00|1969-12-31|2021-03-08 00:00:00+00|2021-03-08 00:00:00|-0.01|\
         2021-03-08 00:00:01+00||"
    );
    // The verifier reads the same file, and the ledger tells what was declared.
    let report = document(handover.verify().args(more).go().expect(0));
    assert_eq!(report["verdict"], "equal");
    let detail = target.query("select detail from handover.event where kind = 'plan'");
    for rule in ["log.julian=timestamp without time zone, julian days", "log.rfc=uuid, bytes"] {
        assert!(detail.contains(rule), "{detail}");
    }
    let unknown = ["--map-type", "log.unknown=text"];
    says(handover.copy().args(unknown).go().expect(2), &["log.unknown, which does not exist"]);
    // Without its rule a column is not the same plan.
    says(handover.copy().go().expect(2), &["rfc"]);
}

/// Nothing is guessed: each finding names what can be declared.
#[test]
fn what_could_mean_several_values_is_a_finding_that_names_the_choices() {
    for (declared, value, reason, choice) in [
        (
            "datetime",
            "1615161600",
            "a number in a column of dates and times",
            "seconds since 1970-01-01",
        ),
        ("datetime", "2459281.5", "a number in a column of dates and times", "julian days"),
        (
            "date",
            "20210308",
            "a number in a column of dates and times",
            "milliseconds since 1970-01-01",
        ),
        (
            "date",
            "'2021-03-08T00:00:00Z'",
            "a time zone in a column whose type has none",
            "'timestamptz'",
        ),
        (
            "timestamptz",
            "'2021-03-08 00:00:00'",
            "does not say its time zone",
            "'timestamptz, utc'",
        ),
        (
            "datetime",
            "'2021-03-08 00:00:00.0000001'",
            "a fraction of a microsecond",
            "'timestamp, rounded'",
        ),
        ("date", "'2021-03-08 07:00:00'", "a time of day in a column of dates", "'timestamp'"),
        ("decimal(10, 2)", "1.005", "more decimals than the column allows", "rounded"),
        (
            "uuid",
            "x'00112233445566778899aabbccddeeff'",
            "the bytes of a uuid",
            "'uuid, guid bytes'",
        ),
        ("jsonb", "x'4c1761'", "a blob, such as JSONB, in a column of JSON texts", "'bytea'"),
        ("integer", "'n/a'", "not an integer", "'text, as stored'"),
        ("blob", "'text'", "not a blob", "'text, as stored'"),
        ("text", "x'00'", "not a text", "'text, as stored'"),
        ("varchar(2)", "'abc'", "longer than the column allows", "'text'"),
    ] {
        let target = Database::create();
        let handover = Handover::sqlite_to_postgres(
            &format!(
                "create table t (id integer primary key, v {declared});
                 insert into t values (1, null), (2, {value});"
            ),
            &target,
        );
        let report = document(handover.copy().go().expect(1));
        let finding = &table(&report, "main.t")["findings"][0];
        assert_eq!(finding["kind"], "value_does_not_fit", "{declared} {value}: {finding:#}");
        let message = finding["message"].as_str().unwrap();
        for part in [reason, choice, "[[map_type]]", "'text, as stored' takes every value"] {
            assert!(message.contains(part), "{declared} {value}: {part} is not said: {message}");
        }
        assert_eq!(finding["keys"][0][0], "2");
    }
}

/// Sequelize and Go write the zone into columns that are declared DATETIME.
#[test]
fn timestamps_that_say_their_zone_keep_it() {
    let target = Database::create();
    let sql = "create table t (id integer primary key, at datetime, made timestamp);
        insert into t values (1, null, '2021-03-08T00:00:00.5Z'), (2, '2021-03-08 07:00:00.050 +07:00', null),
            (3, '2021-03-08 00:00:00 +0000 UTC', '2021-03-08T07:00:00+07:00');";
    let mut handover = Handover::sqlite_to_postgres(sql, &target);
    handover.copied();
    handover.verified();
    assert_eq!(
        target.query("set timezone = 'UTC'; select at, made from t order by id"),
        "|2021-03-08 00:00:00.5+00\n2021-03-08 00:00:00.05+00|\n\
         2021-03-08 00:00:00+00|2021-03-08 00:00:00+00"
    );
    for (change, reason, choice) in [
        (
            "update t set at = '2021-03-08 00:00:00' where id = 3",
            "does not say its time zone",
            "'timestamptz, utc'",
        ),
        (
            "update t set at = '2021-03-08 00:00:00' where id = 2",
            "a time zone in a column",
            "'timestamp, utc'",
        ),
    ] {
        let target = Database::create();
        sqlite(&handover.source_file(), change);
        handover.set_target(&target.url());
        let said = messages(&document(handover.copy().go().expect(1)));
        assert!(said.contains(reason) && said.contains(choice), "{said}");
        sqlite(&handover.source_file(), "update t set at = '2021-03-08T00:00:00Z' where id = 3");
    }
}

/// The type that the finding names takes every value, and says what it was.
#[test]
fn a_column_of_every_storage_class_goes_into_a_text_that_says_which() {
    let sql = "
        create table s (k text primary key, v);
        insert into s values ('blob', x'00ff'), ('integer', 1), ('none', null), ('nul', 'a' || char(0)),
            ('real', 1.5), ('text', '1'), ('words', 'một' || char(9) || '\\n');
        create table t (id integer primary key, n integer);
        insert into t values (1, 5), (2, 'n/a');
        create table docs (id integer primary key, j jsonb);
        insert into docs values (1, x'4c1761'), (2, x'13');";
    let target = Database::create();
    let mut handover = Handover::sqlite_to_postgres(sql, &target);
    let said = messages(&document(handover.copy().go().expect(1)));
    for part in [
        "--map-type s.v=TYPE ('text, as stored' takes every value)",
        "'text, as stored'",
        "'bytea'",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let target = Database::create();
    handover.set_target(&target.url());
    let chosen = ["--map-type", "s.v=text, as stored", "--map-type", "t.n=text, as stored"];
    let chosen = [chosen.as_slice(), &["--map-type", "docs.j=bytea"]].concat();
    expect_copied(&handover.copy().args(&chosen).go());
    assert_eq!(
        target.query("select k, v from s order by k"),
        "blob|blob:00ff\ninteger|integer:1\nnone|\nnul|text-bytes:6100\nreal|real:1.5\ntext|text:1\n\
         words|text:một\t\\n"
    );
    assert_eq!(target.query("select n from t order by id"), "integer:5\ntext:n/a");
    assert_eq!(target.query("select j from docs order by id"), "\\x4c1761\n\\x13");
    let report = document(handover.verify().args(&chosen).go().expect(0));
    assert_eq!(report["verdict"], "equal");
    target.sql("update s set v = 'text:1' where k = 'integer'");
    handover.verify().args(&chosen).go().expect(1);
}
