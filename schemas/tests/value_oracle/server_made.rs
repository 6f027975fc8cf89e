//! Values that the server made from text and arithmetic, rendered from its binary form.

use handover_schemas::pg_type::PgType;
use handover_testkit::Database;

use crate::check::assert_lines;
use crate::server::{copy_out, lines, split_lines, tuples};

/// A query of one row type, printed by the server and by us.
fn agrees(select: &str, types: &[PgType]) {
    let database = Database::options().odd_settings().create();
    let text = copy_out(&database, &format!("copy ({select}) to stdout"));
    let binary = copy_out(&database, &format!("copy ({select}) to stdout (format binary)"));
    assert!(!text.is_empty());
    assert_lines(select, &lines(types, &tuples(&binary)), &split_lines(&text));
}

#[test]
fn numbers() {
    agrees(
        "select n, n::float8 / 7, (n / 3.0)::numeric(30, 7), n ^ 5.3, (n * n)::numeric / 1e30, \
            sqrt(n::numeric), exp(n::numeric / 500), -n * 1e-12::numeric, n::real / 3::real, \
            (n % 3 = 0), n::smallint, power(10::numeric, n % 80), power(10::float8, n % 300) \
         from generate_series(0::bigint, 3000) n",
        &[
            PgType::Int8,
            PgType::Float8,
            PgType::Numeric,
            PgType::Numeric,
            PgType::Numeric,
            PgType::Numeric,
            PgType::Numeric,
            PgType::Numeric,
            PgType::Float4,
            PgType::Bool,
            PgType::Int2,
            PgType::Numeric,
            PgType::Float8,
        ],
    );
}

#[test]
fn moments() {
    agrees(
        "select date '2000-01-01' + n * 97, timestamp '0001-03-01 BC' + n * interval '1 mon 1.0101 s', \
            timestamptz '1970-01-01 12:00+07' + n * interval '13:31:17.5', \
            (n * interval '17 s 250 us')::time, \
            n * interval '-1 mon 2 days -3.25 s', make_interval(mins => n) - interval '1 day', \
            age(timestamp '2024-02-29', timestamp '2024-02-29' - n * interval '31 h') \
         from generate_series(-3000, 3000) n",
        &[
            PgType::Date,
            PgType::Timestamp,
            PgType::TimestampTz,
            PgType::Time,
            PgType::Interval,
            PgType::Interval,
            PgType::Interval,
        ],
    );
}

#[test]
fn texts_and_documents() {
    agrees(
        r"select chr(n), 'a' || chr(n) || 'b', (chr(n) || 'x')::char(4)::text, convert_to(chr(n), 'UTF8'),
            md5(n::text)::uuid, to_jsonb(chr(n)), jsonb_build_object(chr(n), n, 'b', array[n / 3.0]),
            json_build_array(n, chr(n)), array[chr(n), null, n::text], array[[n, null], [1, n]],
            array_fill(n, array[2, 2], array[0, n]), array[to_jsonb(chr(n))], '{}'::text[]
         from generate_series(1, 3000) n",
        &[
            PgType::Text,
            PgType::Text,
            PgType::Text,
            PgType::Bytea,
            PgType::Uuid,
            PgType::Jsonb,
            PgType::Jsonb,
            PgType::Json,
            PgType::Array(Box::new(PgType::Text)),
            PgType::Array(Box::new(PgType::Int4)),
            PgType::Array(Box::new(PgType::Int4)),
            PgType::Array(Box::new(PgType::Jsonb)),
            PgType::Array(Box::new(PgType::Text)),
        ],
    );
}

#[test]
fn every_column_null() {
    agrees(
        "select null::int, null::text, null::numeric, null::jsonb, null::int[] from generate_series(1, 3)",
        &[
            PgType::Int4,
            PgType::Text,
            PgType::Numeric,
            PgType::Jsonb,
            PgType::Array(Box::new(PgType::Int4)),
        ],
    );
}
