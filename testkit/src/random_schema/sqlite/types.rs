//! Declared types of columns, each with an expression that gives the value of row `i`.

/// A declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) declared: &'static str,
    pub(super) value: &'static str,
    /// Whether no value comes twice, so that it can be a key.
    pub(super) distinct: bool,
    /// Whether a STRICT table may have it.
    pub(super) strict: bool,
}

const fn of(declared: &'static str, value: &'static str, distinct: bool, strict: bool) -> Type {
    Type { declared, value, distinct, strict }
}

/// What fits its declaration.
pub(super) const FITTING: [Type; 20] = [
    of("INTEGER", "i * 7 - 100", true, true),
    of("INT", "i % 50", false, true),
    of("BIGINT", "i * 1000003", true, false),
    of("TEXT", "'Văn bản ' || i", true, true),
    of("TEXT", "char(65 + i % 58) || char(9) || '\\n' || i", true, true),
    of("VARCHAR(40)", "'v' || i", true, false),
    of("REAL", "i * 0.37", true, true),
    of("DOUBLE PRECISION", "i / 3.0", true, false),
    of("DECIMAL(10,2)", "i * 0.25", true, false),
    of("BOOLEAN", "i % 2", false, false),
    of("DATE", "date('2020-01-01', '+' || i || ' days')", true, false),
    of("DATETIME", "datetime('2020-01-01 07:00:00', '+' || i || ' minutes')", true, false),
    of(
        "DATETIME",
        "datetime('2020-01-01 07:00:00', '+' || i || ' minutes') || '.050000'",
        true,
        false,
    ),
    of("TIME", "time('00:00:00', '+' || (i * 7) || ' seconds')", false, false),
    of("BLOB", "cast('b' || i as blob)", true, true),
    of("UUID", "printf('%08x-0000-4000-8000-%012x', i, i)", true, false),
    of("JSON", "json_object('a', i, 'b', null)", true, false),
    of("CHAR(12)", "'c' || i", true, false),
    of("CLOB", "'dài ' || i", true, false),
    of("TIMESTAMP", "datetime('2021-03-08 07:00:00', '+' || i || ' hours')", true, false),
];

/// What SQLite holds and a column of the declared type of another engine may not.
pub(super) const ODD: [Type; 6] = [
    of("INTEGER", "case when i % 7 = 3 then 'ba' else i end", false, false),
    of(
        "",
        "case i % 4 when 0 then i when 1 then i * 0.5 when 2 then 't' || i else cast('b' || i as blob) end",
        true,
        false,
    ),
    of(
        "DATETIME",
        "case when i % 9 = 4 then '' else datetime('2020-01-01', '+' || i || ' days') end",
        false,
        false,
    ),
    of("VARCHAR(3)", "'dài hơn ' || i", true, false),
    of("NUMERIC", "i * 0.1", true, false),
    of("ANY KIND", "i || 'x'", true, false),
];
