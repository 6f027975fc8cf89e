//! The binary send form of one value, as the server's receive functions take it.

use super::decode::JSONB_VERSION;
use super::{Cell, Numeric, ValueError};

/// Appends a value's binary form, without the length that COPY puts before it. NULL has none and
/// is an error.
pub fn encode(cell: &Cell<'_>, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match *cell {
        Cell::Null => return Err(ValueError::Null),
        Cell::Bool(value) => out.push(u8::from(value)),
        Cell::Int2(value) => out.extend_from_slice(&value.to_be_bytes()),
        Cell::Int4(value) | Cell::Date(value) => out.extend_from_slice(&value.to_be_bytes()),
        Cell::Int8(value)
        | Cell::Time(value)
        | Cell::Timestamp(value)
        | Cell::TimestampTz(value) => out.extend_from_slice(&value.to_be_bytes()),
        Cell::Float4(value) => out.extend_from_slice(&value.to_be_bytes()),
        Cell::Float8(value) => out.extend_from_slice(&value.to_be_bytes()),
        Cell::Numeric(value) => encode_numeric(&value, out)?,
        Cell::Text(bytes)
        | Cell::Char(bytes)
        | Cell::Bytea(bytes)
        | Cell::Json(bytes)
        | Cell::Enum(bytes) => out.extend_from_slice(bytes),
        Cell::SingleChar(byte) => out.push(byte),
        Cell::PgLsn(position) => out.extend_from_slice(&position.to_be_bytes()),
        Cell::Interval(value) | Cell::FiniteInterval(value) => {
            out.extend_from_slice(&value.micros.to_be_bytes());
            out.extend_from_slice(&value.days.to_be_bytes());
            out.extend_from_slice(&value.months.to_be_bytes());
        }
        Cell::Uuid(bytes) => out.extend_from_slice(&bytes),
        Cell::Jsonb(text) => {
            out.push(JSONB_VERSION);
            out.extend_from_slice(text);
        }
        Cell::Array(array) => out.extend_from_slice(array.wire()),
    }
    Ok(())
}

fn encode_numeric(value: &Numeric<'_>, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let Ok(count) = i16::try_from(value.digits().len() / 2) else {
        return Err(ValueError::Invalid { type_name: "numeric", problem: "too many digits" });
    };
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&value.weight().to_be_bytes());
    out.extend_from_slice(&value.sign().to_be_bytes());
    out.extend_from_slice(&value.scale().to_be_bytes());
    out.extend_from_slice(value.digits());
    Ok(())
}
