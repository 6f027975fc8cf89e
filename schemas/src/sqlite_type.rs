//! The written table of types: what a column declared in SQLite becomes in PostgreSQL.
//!
//! SQLite takes any words as a type and enforces none of them; the declared type is what the
//! vendor meant. A value that its mapped type cannot give back stops the table, so a row of this
//! table that is wrong for some column is found out, never papered over; the operator then names
//! the type (`--map-type table.column=type`). Upper and lower case and the amount of white space
//! make no difference.
//!
//! | declared in SQLite | PostgreSQL |
//! |---|---|
//! | `BOOLEAN`, `BOOL` | `boolean` |
//! | any name with `INT` in it | `bigint` |
//! | `NUMERIC(p,s)`, `DECIMAL(p,s)`; `(p)` | `numeric(p,s)`; `numeric(p,0)` |
//! | `NUMERIC`, `DECIMAL` | `numeric` |
//! | `REAL`, `FLOAT`, `DOUBLE`, `DOUBLE PRECISION` | `double precision` |
//! | `VARCHAR(n)`, `NVARCHAR(n)`, `CHAR(n)`, `NCHAR(n)`, `CHARACTER(n)`, `CHARACTER VARYING(n)`, `VARYING CHARACTER(n)`, `NATIVE CHARACTER(n)` | `character varying(n)` |
//! | the same without `(n)`; `TEXT`, `CLOB`, `STRING` | `text` |
//! | `BLOB`, `BINARY`, `VARBINARY`, `BYTEA` | `bytea` |
//! | `DATE` | `date` |
//! | `TIME`, `TIME WITHOUT TIME ZONE` | `time without time zone` |
//! | `DATETIME`, `TIMESTAMP`, `TIMESTAMP WITHOUT TIME ZONE` | `timestamp without time zone`; `timestamp with time zone` if its first value says a zone |
//! | `TIMESTAMPTZ`, `TIMESTAMP WITH TIME ZONE` | `timestamp with time zone` |
//! | `UUID`, `GUID` | `uuid` |
//! | `JSON`, `JSONB` | `json` |
//! | nothing, or anything else | decided by the caller from what the column holds |
//!
//! - `INT` is SQLite's own rule for integer columns (datatype3.html section 3.1), and its integers
//!   have 64 bits. The rule also takes `POINT` and `INTERVAL`, as SQLite does; a column of those
//!   that holds no integers has to be named by the operator.
//! - `CHAR(n)` is not padded by SQLite, and PostgreSQL's `char(n)` would lose its trailing blanks.
//! - `JSON` keeps its text; `jsonb` would not.
//! - A number in parentheses that PostgreSQL has no use for is dropped where that can lose nothing:
//!   `TEXT(50)`, `BINARY(16)`, `FLOAT(24)`, `TIMESTAMP(6)` (PostgreSQL keeps microseconds anyway).

use std::borrow::Cow;

use crate::pg_type::PgType;

/// Largest precision that PostgreSQL takes in `numeric(p,s)`.
const NUMERIC_PRECISION_MAX: u32 = 1000;
/// Largest length that PostgreSQL takes in `character varying(n)`.
const VARCHAR_LENGTH_MAX: u32 = 10_485_760;

/// The type a SQLite column is mapped to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedType {
    /// As PostgreSQL's `format_type` prints it.
    pub type_name: String,
    /// Codec for its values.
    pub ty: PgType,
}

impl MappedType {
    fn new(type_name: impl Into<String>, ty: PgType) -> Self {
        Self { type_name: type_name.into(), ty }
    }

    fn varchar(length: u32) -> Option<Self> {
        (1..=VARCHAR_LENGTH_MAX)
            .contains(&length)
            .then(|| Self::new(format!("character varying({length})"), PgType::Text))
    }

    fn numeric(precision: u32, scale: u32) -> Option<Self> {
        ((1..=NUMERIC_PRECISION_MAX).contains(&precision) && scale <= precision)
            .then(|| Self::new(format!("numeric({precision},{scale})"), PgType::Numeric))
    }

    /// What the type's modifiers allow.
    pub fn limit(&self) -> Option<TypeLimit> {
        limit_of(&self.type_name)
    }
}

/// What a type's modifiers allow. Whoever renders a value for the type has to keep to it: the
/// target would refuse the value or round it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeLimit {
    /// `character varying(n)`: at most so many characters (Unicode scalar values, not bytes).
    Characters(u32),
    /// `numeric(p,s)`: at most `precision - scale` digits before the decimal point; exactly
    /// `scale` after it are printed, so a value with more would be rounded.
    Digits {
        /// Digits in all.
        precision: u32,
        /// Digits after the decimal point.
        scale: u32,
    },
}

/// The limit that a PostgreSQL type name of this table states, if it states one.
pub fn limit_of(type_name: &str) -> Option<TypeLimit> {
    let written = Written::parse(type_name)?;
    let canonical = pg_type(&written)?;
    match (canonical.ty, written.numbers.as_slice()) {
        (PgType::Text, [length]) => Some(TypeLimit::Characters(*length)),
        (PgType::Numeric, [precision]) => {
            Some(TypeLimit::Digits { precision: *precision, scale: 0 })
        }
        (PgType::Numeric, [precision, scale]) => {
            Some(TypeLimit::Digits { precision: *precision, scale: *scale })
        }
        _ => None,
    }
}

/// The PostgreSQL type for a column declared so in SQLite; `None` where the declaration does not
/// say, and what the column holds has to decide.
pub fn mapped(declared: &str) -> Option<MappedType> {
    let written = Written::parse(declared)?;
    let numbers = written.numbers.as_slice();
    match written.name.as_str() {
        "BOOLEAN" | "BOOL" => Some(MappedType::new("boolean", PgType::Bool)),
        name if name.contains("INT") => Some(MappedType::new("bigint", PgType::Int8)),
        "NUMERIC" | "DECIMAL" => numeric(numbers),
        "REAL" | "FLOAT" | "FLOAT4" | "FLOAT8" | "DOUBLE" | "DOUBLE PRECISION" => {
            Some(MappedType::new("double precision", PgType::Float8))
        }
        "VARCHAR" | "NVARCHAR" | "CHAR" | "NCHAR" | "CHARACTER" | "CHARACTER VARYING"
        | "VARYING CHARACTER" | "NATIVE CHARACTER" => match numbers {
            [] => Some(MappedType::new("text", PgType::Text)),
            [length] => MappedType::varchar(*length),
            _ => None,
        },
        "TEXT" | "CLOB" | "STRING" => Some(MappedType::new("text", PgType::Text)),
        "BLOB" | "BINARY" | "VARBINARY" | "BYTEA" => Some(MappedType::new("bytea", PgType::Bytea)),
        "UUID" | "GUID" => Some(MappedType::new("uuid", PgType::Uuid)),
        "JSON" | "JSONB" => Some(MappedType::new("json", PgType::Json)),
        "DATETIME" => Some(MappedType::new("timestamp without time zone", PgType::Timestamp)),
        name => moment(name),
    }
}

/// `timestamp with time zone`, for a column of timestamps that say their zone.
pub fn timestamp_with_time_zone() -> MappedType {
    MappedType::new("timestamp with time zone", PgType::TimestampTz)
}

/// A PostgreSQL type as an operator writes it, with the usual aliases, for a SQLite column whose
/// declaration is not to decide. `None` for a type that a SQLite value cannot be carried in
/// unchanged (`char(n)` drops blanks, `jsonb` rewrites its text) and for names not known here.
pub fn for_pg_name(type_name: &str) -> Option<MappedType> {
    pg_type(&Written::parse(type_name)?)
}

fn pg_type(written: &Written) -> Option<MappedType> {
    let numbers = written.numbers.as_slice();
    let (type_name, ty) = match written.name.as_str() {
        "NUMERIC" | "DECIMAL" => return numeric(numbers),
        "CHARACTER VARYING" | "VARCHAR" if !numbers.is_empty() => {
            return if let [length] = numbers { MappedType::varchar(*length) } else { None };
        }
        "TIME" | "TIMESTAMP" | "TIMESTAMPTZ" if numbers.len() <= 1 => return moment(&written.name),
        name if name.ends_with(" TIME ZONE") && numbers.len() <= 1 => return moment(name),
        _ if !numbers.is_empty() => return None,
        "CHARACTER VARYING" | "VARCHAR" => ("character varying", PgType::Text),
        "BOOLEAN" | "BOOL" => ("boolean", PgType::Bool),
        "SMALLINT" | "INT2" => ("smallint", PgType::Int2),
        "INTEGER" | "INT" | "INT4" => ("integer", PgType::Int4),
        "BIGINT" | "INT8" => ("bigint", PgType::Int8),
        "REAL" | "FLOAT4" => ("real", PgType::Float4),
        "DOUBLE PRECISION" | "FLOAT8" => ("double precision", PgType::Float8),
        "TEXT" => ("text", PgType::Text),
        "BYTEA" => ("bytea", PgType::Bytea),
        "DATE" => ("date", PgType::Date),
        "INTERVAL" => ("interval", PgType::Interval),
        "UUID" => ("uuid", PgType::Uuid),
        "JSON" => ("json", PgType::Json),
        _ => return None,
    };
    Some(MappedType::new(type_name, ty))
}

fn numeric(numbers: &[u32]) -> Option<MappedType> {
    match numbers {
        [] => Some(MappedType::new("numeric", PgType::Numeric)),
        [precision] => MappedType::numeric(*precision, 0),
        [precision, scale] => MappedType::numeric(*precision, *scale),
        _ => None,
    }
}

/// Dates and times, which both databases call the same.
fn moment(name: &str) -> Option<MappedType> {
    let (type_name, ty) = match name {
        "DATE" => ("date", PgType::Date),
        "TIME" | "TIME WITHOUT TIME ZONE" => ("time without time zone", PgType::Time),
        "TIMESTAMP" | "TIMESTAMP WITHOUT TIME ZONE" => {
            ("timestamp without time zone", PgType::Timestamp)
        }
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => {
            ("timestamp with time zone", PgType::TimestampTz)
        }
        _ => return None,
    };
    Some(MappedType::new(type_name, ty))
}

/// A type taken apart: `timestamp(6)  with time zone` has the name `TIMESTAMP WITH TIME ZONE` and
/// the number 6.
struct Written {
    /// Upper case, words one blank apart.
    name: String,
    /// The numbers in parentheses.
    numbers: Vec<u32>,
}

impl Written {
    /// `None` if there is no name, or if what stands in parentheses is not a list of numbers.
    fn parse(text: &str) -> Option<Self> {
        let (words, numbers) = match text.split_once('(') {
            None => (Cow::Borrowed(text), Vec::new()),
            Some((before, rest)) => {
                let (inside, after) = rest.split_once(')')?;
                let numbers: Option<Vec<u32>> = inside.split(',').map(number).collect();
                (Cow::Owned(format!("{before} {after}")), numbers?)
            }
        };
        let words: Vec<String> = words.split_whitespace().map(str::to_ascii_uppercase).collect();
        if words.is_empty() {
            return None;
        }
        Some(Self { name: words.join(" "), numbers })
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = text.trim();
    // `parse` would also take a leading plus sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(declared: &str) -> Option<String> {
        mapped(declared).map(|mapped| mapped.type_name)
    }

    #[test]
    fn declared_types() {
        for (declared, expected) in [
            ("BOOLEAN", "boolean"),
            ("bool", "boolean"),
            ("INT", "bigint"),
            ("integer", "bigint"),
            ("TINYINT(1)", "bigint"),
            ("BIGINT(20) UNSIGNED", "bigint"),
            ("unsigned big int", "bigint"),
            ("INT8", "bigint"),
            ("POINT", "bigint"),
            ("NUMERIC", "numeric"),
            ("decimal(10,2)", "numeric(10,2)"),
            ("DECIMAL ( 10 , 2 )", "numeric(10,2)"),
            ("NUMERIC(7)", "numeric(7,0)"),
            ("NUMERIC(1000,1000)", "numeric(1000,1000)"),
            ("REAL", "double precision"),
            ("float", "double precision"),
            ("FLOAT(24)", "double precision"),
            ("Double   Precision", "double precision"),
            ("VARCHAR(160)", "character varying(160)"),
            ("nvarchar(100)", "character varying(100)"),
            ("VARYING CHARACTER(255)", "character varying(255)"),
            ("NATIVE CHARACTER(70)", "character varying(70)"),
            ("CHARACTER VARYING (9)", "character varying(9)"),
            ("CHAR(12)", "character varying(12)"),
            ("nchar(12)", "character varying(12)"),
            ("CHARACTER(20)", "character varying(20)"),
            ("VARCHAR", "text"),
            ("CHAR", "text"),
            ("text", "text"),
            ("TEXT(50)", "text"),
            ("CLOB", "text"),
            ("STRING", "text"),
            ("BLOB", "bytea"),
            ("binary(16)", "bytea"),
            ("VARBINARY(255)", "bytea"),
            ("bytea", "bytea"),
            ("DATE", "date"),
            ("DATETIME", "timestamp without time zone"),
            ("DATETIME(6)", "timestamp without time zone"),
            ("timestamp", "timestamp without time zone"),
            ("TIMESTAMP(6)", "timestamp without time zone"),
            ("TIMESTAMP WITHOUT TIME ZONE", "timestamp without time zone"),
            ("timestamptz", "timestamp with time zone"),
            ("TIMESTAMP WITH\tTIME\n ZONE", "timestamp with time zone"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("TIME", "time without time zone"),
            ("UUID", "uuid"),
            ("GUID", "uuid"),
            ("JSON", "json"),
            ("JSONB", "json"),
        ] {
            assert_eq!(name_of(declared).as_deref(), Some(expected), "{declared}");
        }
    }

    #[test]
    fn declarations_that_do_not_say() {
        for declared in [
            "",
            "  ",
            "(10)",
            "ANY",
            "GEOMETRY",
            "TIME WITH TIME ZONE",
            "VARCHAR(0)",
            "VARCHAR(10485761)",
            "VARCHAR(99999999999)",
            "VARCHAR(MAX)",
            "VARCHAR(-1)",
            "VARCHAR(+1)",
            "VARCHAR()",
            "VARCHAR(10,2)",
            "VARCHAR(10",
            "NUMERIC(2,3)",
            "NUMERIC(0)",
            "NUMERIC(1001,2)",
            "NUMERIC(5,-2)",
            "NUMERIC(1,2,3)",
            "ENUM('a','b')",
            "văn bản",
        ] {
            assert_eq!(mapped(declared), None, "{declared}");
        }
    }

    #[test]
    fn every_mapped_type_is_named_as_postgres_names_it() {
        for declared in [
            "BOOL",
            "INT",
            "NUMERIC(10,2)",
            "NUMERIC(7)",
            "NUMERIC",
            "REAL",
            "VARCHAR(5)",
            "TEXT",
            "BLOB",
            "DATE",
            "DATETIME",
            "TIMESTAMPTZ",
            "TIME",
            "UUID",
            "JSON",
        ] {
            let mapped = mapped(declared).unwrap();
            assert_eq!(for_pg_name(&mapped.type_name), Some(mapped.clone()), "{declared}");
            assert!(mapped.ty.has_renderer(), "{declared}");
        }
    }

    #[test]
    fn names_an_operator_may_write() {
        for (written, type_name, ty) in [
            ("int2", "smallint", PgType::Int2),
            ("smallint", "smallint", PgType::Int2),
            ("int4", "integer", PgType::Int4),
            ("Integer", "integer", PgType::Int4),
            ("int8", "bigint", PgType::Int8),
            ("real", "real", PgType::Float4),
            ("float8", "double precision", PgType::Float8),
            ("varchar(20)", "character varying(20)", PgType::Text),
            ("varchar", "character varying", PgType::Text),
            ("decimal(5)", "numeric(5,0)", PgType::Numeric),
            ("timestamptz", "timestamp with time zone", PgType::TimestampTz),
            ("timestamp (3) without time zone", "timestamp without time zone", PgType::Timestamp),
            ("interval", "interval", PgType::Interval),
            ("json", "json", PgType::Json),
        ] {
            let expected = MappedType { type_name: type_name.into(), ty };
            assert_eq!(for_pg_name(written), Some(expected), "{written}");
        }
        for written in [
            "",
            "char(3)",
            "character(3)",
            "jsonb",
            "int4(3)",
            "text(3)",
            "varchar(0)",
            "datetime",
            "date(3)",
            "timestamp(1,2)",
            "numeric(2,3)",
            "xml",
            "int[]",
            "bit(3)",
            "timetz",
            "time with time zone",
        ] {
            assert_eq!(for_pg_name(written), None, "{written}");
        }
    }

    #[test]
    fn limits() {
        let digits = |precision, scale| Some(TypeLimit::Digits { precision, scale });
        assert_eq!(mapped("VARCHAR(160)").unwrap().limit(), Some(TypeLimit::Characters(160)));
        assert_eq!(mapped("DECIMAL(10,2)").unwrap().limit(), digits(10, 2));
        assert_eq!(mapped("DECIMAL(10)").unwrap().limit(), digits(10, 0));
        assert_eq!(limit_of("numeric(10)"), digits(10, 0));
        for unlimited in ["numeric", "text", "character varying", "bigint", "timestamp(3)", "xml"] {
            assert_eq!(limit_of(unlimited), None, "{unlimited}");
        }
    }
}
