//! The printed command gives the printed digest for every type that has a codec of its own, at the
//! ends of its range, as a column, within an array and as a key. Against a server of another
//! version: `HANDOVER_TEST_POSTGRES=URL cargo test -p handover-verify --test main explain_extremes`.

use handover_schemas::report::Verdict;
use handover_testkit::{Database, Server};

use crate::explain::check_all;
use crate::judged::judge;

/// Types, values of them, and whether such a value can be a key.
const TYPES: &[(&str, &[&str], bool)] = &[
    ("boolean", &["true", "false"], true),
    ("smallint", &["-32768", "32767"], true),
    ("integer", &["-2147483648", "2147483647"], true),
    ("bigint", &["-9223372036854775808", "9223372036854775807"], true),
    ("real", &["-0", "3.4028235e38", "1e-45", "NaN", "-Infinity", "1e6", "0.1"], true),
    (
        "double precision",
        &["-0", "1.7976931348623157e308", "5e-324", "1e23", "NaN", "Infinity"],
        true,
    ),
    (
        "numeric",
        &["NaN", "-1e-300", "1.50", "-0.00", "1e1000", "123456789012345678901234567890"],
        true,
    ),
    ("text", &["", "a\tb", "\\N", "\u{10ffff}", "NULL", "{\"}", " "], true),
    ("varchar(9)", &["", "  x  ", "Nguyễn"], true),
    ("char(4)", &["", "a", "ab  ", "\ta"], true),
    ("bytea", &["\\x", "\\x00ff5c0a"], true),
    ("date", &["4714-11-24 BC", "5874897-12-31", "infinity", "-infinity", "0001-01-01"], true),
    ("time", &["00:00:00", "24:00:00", "23:59:59.999999"], true),
    ("timestamp", &["4714-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity"], true),
    (
        "timestamptz",
        &["4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "-infinity"],
        true,
    ),
    (
        "interval",
        &["-1 day +02:00", "178956970 years 7 mons", "-2147483648 days", "00:00:00"],
        true,
    ),
    (
        "uuid",
        &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
        true,
    ),
    ("json", &["{ \"a\" : 1, \"a\": 2}", "\"\\u0000\"", "1e400"], false),
    ("jsonb", &["{\"b\": 1, \"aa\": [1.50, null]}", "\"\\t\\\\\"", "-0.000"], true),
    ("pg_lsn", &["0/0", "0/1A2B", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/10"], true),
    ("\"char\"", &["", "A", "\\"], true),
    ("public.mood", &["vui", "", "a b", "NULL"], true),
];

#[test]
fn every_type_with_a_codec() {
    let version = Server::shared().version();
    let database = Database::create();
    database.sql("create type public.mood as enum ('vui', '', 'a b', 'NULL')");
    for (number, (type_name, values, has_order)) in TYPES.iter().enumerate() {
        let mut values: Vec<String> = values
            .iter()
            .map(|value| format!("'{}'::{type_name}", value.replace('\'', "''")))
            .collect();
        // The extreme bits are infinite since 17, finite before, and cannot be written in 14.
        match *type_name {
            "interval" if version >= 170_000 => {
                values.extend(["'infinity'::interval", "'-infinity'::interval"].map(str::to_owned));
            }
            "interval" if version >= 150_000 => values.push(
                "'178956970 years 7 mons 2147483647 days 2562047788:00:54.775807'::interval"
                    .to_owned(),
            ),
            "\"char\"" => values.push("(-56)::\"char\"".to_owned()),
            _ => {}
        }
        let rows = |values: &[String]| -> String {
            let rows: Vec<String> =
                values.iter().enumerate().map(|(id, value)| format!("({id}, {value})")).collect();
            rows.join(", ")
        };
        database.sql(&format!(
            "create table public.columns_{number} (id int primary key, v {type_name});
             insert into public.columns_{number} values {}, (99, null);
             create table public.lists_{number} (id int primary key, v {type_name}[]);
             create table public.mixed_{number} (id int primary key, v {type_name}, net inet);
             insert into public.mixed_{number} select id, v, '10.0.0.1/8' from public.columns_{number};",
            rows(&values)
        ));
        // PostgreSQL 14 prints bytes within an array that no text may hold.
        let listed = if *type_name == "\"char\"" && version < 150_000 { 3 } else { values.len() };
        let list = values.get(..listed).unwrap().join(", ");
        database.sql(&format!(
            "insert into public.lists_{number} values (1, array[{list}, null]), (2, '{{}}'), (3, null);"
        ));
        if *has_order {
            database.sql(&format!(
                "create table public.keys_{number} (v {type_name} primary key);
                 insert into public.keys_{number} select distinct v from public.columns_{number}
                    where v is not null;"
            ));
        }
    }
    let judged = judge(&database.url(), &database.url());
    assert_eq!(judged.brief(), [""; 0]);
    assert_eq!(judged.report.verdict, Verdict::Equal);
    assert_eq!(check_all(&judged), [""; 0]);
}
