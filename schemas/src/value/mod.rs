//! One value: decoded from PostgreSQL's binary wire, encoded to it, and printed as canonical text.
//!
//! The canonical text of a value is what PostgreSQL's output function prints under the settings
//! pinned in `FORMAT.md` (`DateStyle ISO`, `IntervalStyle postgres`, `TimeZone UTC`,
//! `extra_float_digits 1`, `bytea_output hex`), with these exceptions: `char(n)` loses its trailing
//! U+0020, and `pg_lsn` and `"char"` are written in one form whatever the server's version. Nothing here allocates for a value that is not an array, a `NumericBuf` or parsed text.
//!
//! Bytes from outside are checked once, in [`decode()`]; what it returns can always be rendered.

mod array;
mod datetime;
mod decode;
mod digits;
mod encode;
mod error;
mod escape;
mod float;
mod interval;
mod numeric;
mod numeric_buf;
pub mod parse;
mod plain_time;
mod render;
mod stored;
mod system;
pub mod written;

pub use array::{Array, Dimension, Elements};
pub use decode::decode;
pub use encode::encode;
pub use error::ValueError;
pub use escape::{escape_into, unescape};
pub use interval::Interval;
pub use numeric::Numeric;
pub(crate) use numeric::NumericClass;
pub use numeric_buf::NumericBuf;
pub use parse::OwnedCell;
pub(crate) use render::without_padding;
pub use render::{field_length, render, render_field, render_field_in_pieces};
pub use stored::{OwnedStored, Stored, field_text, is_tagged, push_described, push_tagged, tagged};

/// One value of one column, borrowed from the bytes it was decoded from.
///
/// Times are counted as PostgreSQL counts them: days or microseconds from 2000-01-01 (UTC), with
/// the least and the greatest integer standing for `-infinity` and `infinity`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL, whatever the column's type.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`
    Int2(i16),
    /// `integer`
    Int4(i32),
    /// `bigint`
    Int8(i64),
    /// `real`
    Float4(f32),
    /// `double precision`
    Float8(f64),
    /// `numeric`
    Numeric(Numeric<'a>),
    /// `text`, `varchar`
    Text(&'a [u8]),
    /// `char(n)`, with whatever padding it came with
    Char(&'a [u8]),
    /// `bytea`
    Bytea(&'a [u8]),
    /// `date`: days from 2000-01-01
    Date(i32),
    /// `time`: microseconds from midnight
    Time(i64),
    /// `timestamp`: microseconds from 2000-01-01 00:00:00
    Timestamp(i64),
    /// `timestamptz`: microseconds from 2000-01-01 00:00:00 UTC
    TimestampTz(i64),
    /// `interval`
    Interval(Interval),
    /// `interval` of a server before 17
    FiniteInterval(Interval),
    /// `uuid`
    Uuid([u8; 16]),
    /// `json`, as it was written
    Json(&'a [u8]),
    /// `jsonb`, as the server prints it
    Jsonb(&'a [u8]),
    /// `"char"`
    SingleChar(u8),
    /// `pg_lsn`
    PgLsn(u64),
    /// the label of an enumeration
    Enum(&'a [u8]),
    /// an array
    Array(Array<'a>),
}
