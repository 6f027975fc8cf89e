//! The codecs against PostgreSQL itself, in both directions: what we encode the server must take
//! and print as we print it, what the server sends we must print as it does and encode again to
//! the same bytes, and the lines we print must restore, by `COPY FROM`, to the same bytes.
//!
//! Values are drawn by proptest from a fixed seed, thousands to one call of `psql`. The server is
//! the private cluster of `./test`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

mod check;
mod floats;
mod order;
mod server;
mod server_made;
mod typmod;
mod values;

use handover_schemas::pg_type::PgType;
use proptest::prelude::*;

use check::{Case, Restore};
use values::{Wire, array, sample};

#[test]
fn booleans_and_integers() {
    Case::new("boolean", PgType::Bool).holds(&sample(values::boolean(), 20));
    Case::new("smallint", PgType::Int2).holds(&sample(values::int2(), 3_000));
    Case::new("integer", PgType::Int4).holds(&sample(values::int4(), 3_000));
    Case::new("bigint", PgType::Int8).holds(&sample(values::int8(), 3_000));
}

#[test]
fn numerics() {
    Case::new("numeric", PgType::Numeric).holds(&sample(values::numeric(), 10_000));
}

/// Zero digits at the ends and a sign on zero are taken by the server, and dropped.
#[test]
fn numerics_that_are_not_normal() {
    Case::new("numeric", PgType::Numeric)
        .server_normalises()
        .holds(&sample(values::numeric_not_normal(), 5_000));
}

#[test]
fn texts() {
    Case::new("text", PgType::Text).holds(&sample(values::text(), 5_000));
    Case::new("varchar", PgType::Text).holds(&sample(values::text(), 1_000));
    Case::new("bytea", PgType::Bytea).holds(&sample(values::bytea(), 3_000));
    Case::new("uuid", PgType::Uuid).holds(&sample(values::uuid(), 3_000));
}

/// `char(n)` by the canonical expression, which strips the padding that a bare column prints.
#[test]
fn padded_texts() {
    Case::new("char(10)", PgType::Char)
        .printed_as("v::text")
        .holds(&sample(values::char_of_10(), 5_000));
}

#[test]
fn dates_and_times() {
    Case::new("date", PgType::Date).holds(&sample(values::date(), 20_000));
    Case::new("time", PgType::Time).holds(&sample(values::time(), 5_000));
    Case::new("timestamp", PgType::Timestamp).holds(&sample(values::timestamp(), 20_000));
    Case::new("timestamptz", PgType::TimestampTz).holds(&sample(values::timestamp(), 20_000));
}

/// Every day of eight centuries, leap centuries included.
#[test]
fn consecutive_dates() {
    let days = (-250_000..50_000_i32).map(|day| Some(day.to_be_bytes().to_vec()));
    Case::new("date", PgType::Date).holds(&days.collect::<Vec<_>>());
}

#[test]
fn intervals() {
    Case::new("interval", PgType::Interval).holds(&sample(values::interval(), 20_000));
}

#[test]
fn extreme_intervals() {
    Case::new("interval", PgType::Interval).holds(&sample(values::interval_extreme(), 10_000));
}

/// The least count of microseconds is printed but not read: PostgreSQL refuses its own output.
#[test]
fn an_interval_that_no_line_restores() {
    let least = [i64::MIN.to_be_bytes(), [0; 8]].concat();
    Case::new("interval", PgType::Interval).restores(Restore::Unchecked).holds(&[Some(least)]);
    let database = handover_testkit::Database::create();
    database.sql("create table t (v interval)");
    let line = b"-2562047788:00:54.775808\n";
    let refusal = server::try_copy_in(&database, "copy t from stdin", line);
    assert!(refusal.is_err_and(|message| message.contains("-2562047788:00:54.775808")));
}

/// The bits that are infinite since PostgreSQL 17 were a finite interval before.
#[test]
fn intervals_at_both_ends() {
    let database = handover_testkit::Database::create();
    let version: u32 = database.query("show server_version_num").parse().unwrap();
    let wires = [[0x7f_u8, 0xff], [0x80, 0x00]].map(|[first, rest]| {
        let count = |len: usize| [vec![first], vec![rest; len - 1]].concat();
        Some([count(8), count(4), count(4)].concat())
    });
    let sent = PgType::Interval.sent_by(version);
    let case = Case::new("interval", sent).on(database);
    // An older server refuses the least interval that it prints itself.
    let case = if version < 170_000 { case.restores(Restore::Unchecked) } else { case };
    case.holds(&wires);
}

/// One form, whatever the version prints.
#[test]
fn positions_in_the_log() {
    let written = "regexp_replace(v::text, '/0{1,7}(?=[0-9A-F])', '/')";
    let positions = [0, 1, 0x1a2b, 0xffff_ffff, 0x1_0000_0000, 0x16_b374_d848, u64::MAX];
    let wires: Vec<Wire> =
        positions.into_iter().map(|at: u64| Some(at.to_be_bytes().to_vec())).collect();
    Case::new("pg_lsn", PgType::PgLsn).printed_as(written).holds(&wires);
}

#[test]
fn single_bytes() {
    // PostgreSQL 14 prints a bare byte and reads only the first of what is written here.
    if handover_testkit::Server::shared().version() >= 150_000 {
        let wires: Vec<Wire> = (0..=u8::MAX).map(|byte| Some(vec![byte])).collect();
        Case::new("\"char\"", PgType::SingleChar).holds(&wires);
    }
}

#[test]
fn json_as_written() {
    Case::new("json", PgType::Json).holds(&sample(values::json(), 3_000));
}

/// The server sorts and rewrites what it takes as jsonb, so only its own output is compared.
#[test]
fn json_as_stored() {
    Case::new("jsonb", PgType::Jsonb).server_normalises().holds(&sample(values::jsonb(), 3_000));
}

#[test]
fn enumerations() {
    let labels = ["", "a", "b c", "NULL", "\\N", "tab\t", "quote\"", "ngủ", "{}", "back\\slash"];
    let quoted: Vec<String> = labels.iter().map(|label| format!("'{label}'")).collect();
    let setup = format!("create type mood as enum ({})", quoted.join(","));
    let label = prop::option::weighted(
        0.9,
        prop::sample::select(labels.to_vec()).prop_map(|label| label.as_bytes().to_vec()),
    );
    Case::new("mood", PgType::Enum).after(&setup).holds(&sample(label.clone(), 500));

    let database = handover_testkit::Database::create();
    database.sql(&setup);
    let oid = database.query("select 'mood'::regtype::oid").parse().expect("an OID");
    Case::new("mood[]", PgType::Array(Box::new(PgType::Enum)))
        .on(database)
        .holds(&sample(array(oid, label), 2_000));
}

#[test]
fn arrays() {
    fn holds(name: &str, element: PgType, elements: &[Wire]) {
        Case::new(name, PgType::Array(Box::new(element))).holds(elements);
    }
    holds("boolean[]", PgType::Bool, &sample(array(16, values::boolean()), 500));
    holds("bytea[]", PgType::Bytea, &sample(array(17, values::bytea()), 1_000));
    holds("bigint[]", PgType::Int8, &sample(array(20, values::int8()), 1_000));
    holds("smallint[]", PgType::Int2, &sample(array(21, values::int2()), 500));
    holds("integer[]", PgType::Int4, &sample(array(23, values::int4()), 2_000));
    holds("text[]", PgType::Text, &sample(array(25, values::text()), 3_000));
    holds("json[]", PgType::Json, &sample(array(114, values::json()), 1_000));
    holds("real[]", PgType::Float4, &sample(array(700, floats::single()), 1_000));
    holds("float8[]", PgType::Float8, &sample(array(701, floats::double()), 1_000));
    holds("varchar[]", PgType::Text, &sample(array(1043, values::text()), 500));
    holds("date[]", PgType::Date, &sample(array(1082, values::date()), 1_000));
    holds("time[]", PgType::Time, &sample(array(1083, values::time()), 500));
    holds("timestamp[]", PgType::Timestamp, &sample(array(1114, values::timestamp()), 500));
    holds("timestamptz[]", PgType::TimestampTz, &sample(array(1184, values::timestamp()), 1_000));
    holds("interval[]", PgType::Interval, &sample(array(1186, values::interval()), 1_000));
    holds("numeric[]", PgType::Numeric, &sample(array(1700, values::numeric()), 1_000));
    holds("uuid[]", PgType::Uuid, &sample(array(2950, values::uuid()), 500));
}

#[test]
fn arrays_of_jsonb() {
    Case::new("jsonb[]", PgType::Array(Box::new(PgType::Jsonb)))
        .server_normalises()
        .holds(&sample(array(3802, values::jsonb()), 1_000));
}

/// Inside an array `char(n)` keeps its padding: the cast to text strips a column, not elements.
#[test]
fn arrays_of_padded_texts() {
    Case::new("char(10)[]", PgType::Array(Box::new(PgType::Char)))
        .printed_as("v::text")
        .holds(&sample(array(1042, values::char_of_10()), 2_000));
}

/// An array whose element type is a domain over an array: arrays in arrays.
#[test]
fn arrays_of_arrays() {
    let database = handover_testkit::Database::create();
    database.sql("create domain words as text[]");
    let oid = database.query("select 'words'::regtype::oid").parse().expect("an OID");
    let words = PgType::Array(Box::new(PgType::Text));
    Case::new("words[]", PgType::Array(Box::new(words)))
        .on(database)
        .holds(&sample(array(oid, array(25, values::text())), 1_000));
}

/// Arrays carry the OID of their element type, which for an enumeration differs from database to
/// database. Since PostgreSQL 15 the server takes a foreign one; before, such arrays cannot pass
/// from one database to another as they are.
#[test]
fn foreign_element_oids() {
    let database = handover_testkit::Database::create();
    database.sql("create type mood as enum ('a'); create table t (id bigint, v mood[])");
    let element = Just(Some(b"a".to_vec()));
    let stream = server::stream(&sample(array(4_000_000, element), 50));
    let result = server::try_copy_in(&database, "copy t from stdin (format binary)", &stream);
    let version: u32 = database.query("show server_version_num").parse().expect("a number");
    if let Err(message) = result {
        assert!(version < 150_000 && message.contains("element type"), "{message}");
    }
}
