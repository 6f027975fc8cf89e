//! Sort keys against the server's order.

use handover_schemas::copy_binary::Fields;
use handover_schemas::pg_type::PgType;
use handover_schemas::sort_key;
use handover_schemas::value::{decode, parse, unescape};
use handover_testkit::Database;
use proptest::prelude::*;

use crate::floats;
use crate::server::{copy_in, copy_out, split_lines, stream, tuples};
use crate::values::{self, Wire, sample};

/// Reads values back in the server's order and compares neighbours by their sort keys, which must
/// agree with the server on what is less and what is equal. `order` is what the server sorts by.
fn agrees(sql_type: &str, ty: &PgType, order: &str, strategy: impl Strategy<Value = Wire>) {
    let database = Database::create();
    database.sql(&format!("create table t (id bigint, v {sql_type})"));
    let mut wires: Vec<Wire> = sample(strategy, 3_000).into_iter().flatten().map(Some).collect();
    wires.extend_from_within(..wires.len().min(50));
    copy_in(&database, "copy t from stdin (format binary)", &stream(&wires));

    let equal = format!("coalesce({order} = lag({order}) over (order by {order}, id), false)");
    let select = format!("select {equal}, v from t order by {order}, id");
    let binary = copy_out(&database, &format!("copy ({select}) to stdout (format binary)"));
    let printed = if *ty == PgType::Char { "v::text" } else { "v" };
    let text = copy_out(
        &database,
        &format!("copy (select id, {printed} as canonical from t order by {order}, id) to stdout"),
    );
    let mut last: Option<Vec<u8>> = None;
    for (tuple, line) in tuples(&binary).into_iter().zip(split_lines(&text)) {
        let fields: Vec<_> = Fields::of(tuple).unwrap().map(Result::unwrap).collect();
        let mut key = Vec::new();
        sort_key::push(&decode(ty, fields[1].unwrap()).unwrap(), &mut key).unwrap();
        if let Some(last) = last {
            let is_equal = fields[0] == Some(&[1]);
            assert!(last <= key, "{sql_type}: {}", String::from_utf8_lossy(line));
            assert_eq!(last == key, is_equal, "{sql_type}: {}", String::from_utf8_lossy(line));
        }
        let canonical = line.strip_suffix(b"\n").unwrap().split(|&b| b == b'\t').nth(1).unwrap();
        let canonical = String::from_utf8(unescape(canonical).unwrap().unwrap()).unwrap();
        let mut from_text = Vec::new();
        sort_key::push(&parse::cell(ty, &canonical).unwrap().as_cell(), &mut from_text).unwrap();
        assert_eq!(from_text, key, "{sql_type}: a boundary of {canonical} sorts elsewhere");
        last = Some(key);
    }
}

#[test]
fn native_orders() {
    agrees("boolean", &PgType::Bool, "v", values::boolean());
    agrees("smallint", &PgType::Int2, "v", values::int2());
    agrees("integer", &PgType::Int4, "v", values::int4());
    agrees("bigint", &PgType::Int8, "v", values::int8());
    agrees("numeric", &PgType::Numeric, "v", values::numeric());
    agrees("date", &PgType::Date, "v", values::date());
    agrees("time", &PgType::Time, "v", values::time());
    agrees("timestamp", &PgType::Timestamp, "v", values::timestamp());
    agrees("timestamptz", &PgType::TimestampTz, "v", values::timestamp());
    agrees("uuid", &PgType::Uuid, "v", values::uuid());
    agrees("bytea", &PgType::Bytea, "v", values::bytea());
}

#[test]
fn orders_by_text() {
    let text = r#"(v::text collate "C")"#;
    agrees("text", &PgType::Text, text, values::text());
    agrees("char(10)", &PgType::Char, text, values::char_of_10());
    agrees("real", &PgType::Float4, text, floats::single());
    agrees("double precision", &PgType::Float8, text, floats::double());
    agrees("interval", &PgType::Interval, text, values::interval());
    agrees("jsonb", &PgType::Jsonb, text, values::jsonb());
    let words = PgType::Array(Box::new(PgType::Text));
    agrees("text[]", &words, text, values::array(25, values::text()));
}
