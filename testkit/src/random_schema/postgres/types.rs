//! Types of columns, each with an expression that gives the value of row `{i}`.

/// A type.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether no value comes twice, so that it can be a key.
    pub(super) distinct: bool,
}

impl Type {
    pub(super) fn new(name: &str, value: &str, distinct: bool) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), distinct }
    }

    /// The expression for a row of `generate_series(1, n) i`.
    pub(super) fn of_row(&self, i: &str) -> String {
        self.value.replace("{i}", i)
    }
}

/// Types that every database has.
pub(super) fn built_in() -> Vec<Type> {
    [
        ("int", "({i} * 7 - 100)", true),
        ("bigint", "({i}::bigint * 1000003 - 5)", true),
        ("smallint", "({i} % 3000 - 1000)", true),
        ("numeric", "({i} * 0.25 - 3)", true),
        ("numeric(12,3)", "({i} * 1.125)", true),
        ("real", "(sin({i}) * 1e10)::real", false),
        ("double precision", "tan({i})", false),
        ("double precision", "({i} / 8.0)::float8", true),
        ("boolean", "({i} % 3 = 0)", false),
        ("text", "('Văn bản ' || {i})", true),
        ("text", "(chr(65 + {i} % 58) || E'\\t\\\\ \\n' || {i})", true),
        ("text collate \"C\"", "(chr(65 + {i} % 58) || {i})", true),
        ("varchar(40)", "('v' || {i})", true),
        ("char(12)", "('c' || {i})", true),
        ("name", "('n' || {i})", true),
        ("bytea", "decode(md5({i}::text), 'hex')", true),
        ("date", "(date '1990-01-01' + {i})", true),
        ("time", "(time '00:00' + {i} * interval '7.5 s')", true),
        ("timestamp", "(timestamp '2021-03-08 07:00' + {i} * interval '31 h 0.000001 s')", true),
        ("timestamptz", "(timestamptz '2021-03-08 07:00+07' + {i} * interval '31 h')", true),
        ("interval", "make_interval({i} % 3, 0, 0, {i})", true),
        ("uuid", "md5({i}::text)::uuid", true),
        ("json", "json_build_object('a', {i}, 'b', null)", false),
        ("jsonb", "jsonb_build_object('a', {i} * 1.50)", true),
        ("inet", "(inet '10.0.0.0' + {i})", true),
        ("macaddr", "('08:00:2b:01:02:' || lpad(to_hex({i} % 256), 2, '0'))::macaddr", false),
        ("bit varying", "({i}::bit(16))::varbit", true),
        ("money", "({i} * 1.5)::numeric::money", true),
        ("point", "point({i}, {i} / 3.0)", false),
        ("int4range", "int4range({i}, {i} + 5)", true),
        ("tstzrange", "tstzrange('2021-03-08 00:00+00', timestamptz '2021-03-09 00:00+00' + {i} * interval '1 h')", true),
        ("int4multirange", "int4multirange(int4range({i}, {i} + 2))", true),
        ("int[]", "array[{i} % 3, {i}, null]", true),
        ("text[]", "array['a,b', null, 'x' || {i}]", true),
        ("tsvector", "to_tsvector('simple', 'từ ' || {i})", true),
        ("oid", "{i}::oid", true),
        ("pg_lsn", "(pg_lsn '0/0' + {i})", true),
        ("\"char\"", "chr(65 + {i} % 26)::\"char\"", false),
    ]
    .map(|(name, value, distinct)| Type::new(name, value, distinct))
    .to_vec()
}
