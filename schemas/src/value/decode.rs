//! The binary send form of one value, checked and borrowed. Each arm names the server's receive
//! function whose rules it follows.

use super::datetime::{DATES, DAY, TIMESTAMPS};
use super::{Array, Cell, Interval, Numeric, ValueError};
use crate::pg_type::PgType;

/// Version byte of `jsonb_send`.
pub(super) const JSONB_VERSION: u8 = 1;

/// Decodes one field that is not NULL. Lengths, flags and ranges are checked as the server checks
/// them when it receives a value; whether text is UTF-8 is not.
#[inline(always)]
#[expect(clippy::inline_always, reason = "fuses with its neighbour: halves the time of a row")]
pub fn decode<'a>(ty: &'a PgType, wire: &'a [u8]) -> Result<Cell<'a>, ValueError> {
    Ok(match ty {
        // boolrecv takes any byte but zero for true; boolsend writes 1.
        PgType::Bool => match wire {
            [0] => Cell::Bool(false),
            [1] => Cell::Bool(true),
            [_] => return Err(invalid("boolean", "neither 0 nor 1")),
            _ => return Err(length("boolean", 1, wire)),
        },
        PgType::Int2 => Cell::Int2(i16::from_be_bytes(fixed("smallint", wire)?)),
        PgType::Int4 => Cell::Int4(i32::from_be_bytes(fixed("integer", wire)?)),
        PgType::Int8 => Cell::Int8(i64::from_be_bytes(fixed("bigint", wire)?)),
        PgType::Float4 => Cell::Float4(f32::from_be_bytes(fixed("real", wire)?)),
        PgType::Float8 => Cell::Float8(f64::from_be_bytes(fixed("double precision", wire)?)),
        PgType::Numeric => Cell::Numeric(Numeric::decode(wire)?),
        PgType::Text => Cell::Text(wire),
        PgType::Char => Cell::Char(wire),
        PgType::Bytea => Cell::Bytea(wire),
        PgType::Date => Cell::Date(date(wire)?),
        PgType::Time => Cell::Time(time(wire)?),
        PgType::Timestamp => Cell::Timestamp(timestamp("timestamp", wire)?),
        PgType::TimestampTz => Cell::TimestampTz(timestamp("timestamptz", wire)?),
        PgType::Interval => Cell::Interval(interval(wire)?),
        PgType::FiniteInterval => Cell::FiniteInterval(interval(wire)?),
        PgType::Uuid => Cell::Uuid(fixed("uuid", wire)?),
        PgType::Json => Cell::Json(wire),
        PgType::Jsonb => match wire {
            [JSONB_VERSION, text @ ..] => Cell::Jsonb(text),
            [] => return Err(length("jsonb", 1, wire)),
            _ => return Err(invalid("jsonb", "unknown version")),
        },
        // charrecv
        PgType::SingleChar => {
            let [byte] = fixed("\"char\"", wire)?;
            Cell::SingleChar(byte)
        }
        // pg_lsn_recv
        PgType::PgLsn => Cell::PgLsn(u64::from_be_bytes(fixed("pg_lsn", wire)?)),
        PgType::Enum => Cell::Enum(wire),
        PgType::Array(element) => Cell::Array(Array::decode(element, wire)?),
        PgType::Other => return Err(ValueError::NoRenderer),
    })
}

#[inline]
fn fixed<const N: usize>(type_name: &'static str, wire: &[u8]) -> Result<[u8; N], ValueError> {
    match wire.as_array::<N>() {
        Some(bytes) => Ok(*bytes),
        None => Err(length(type_name, N, wire)),
    }
}

#[cold]
fn length(type_name: &'static str, expected: usize, wire: &[u8]) -> ValueError {
    ValueError::Length { type_name, expected, found: wire.len() }
}

#[cold]
fn invalid(type_name: &'static str, problem: &'static str) -> ValueError {
    ValueError::Invalid { type_name, problem }
}

/// date_recv
#[inline]
fn date(wire: &[u8]) -> Result<i32, ValueError> {
    match i32::from_be_bytes(fixed("date", wire)?) {
        days if DATES.contains(&days) => Ok(days),
        infinite @ (i32::MIN | i32::MAX) => Ok(infinite),
        _ => Err(invalid("date", "out of range")),
    }
}

/// time_recv
#[inline]
fn time(wire: &[u8]) -> Result<i64, ValueError> {
    match i64::from_be_bytes(fixed("time", wire)?) {
        micros @ 0..=DAY => Ok(micros),
        _ => Err(invalid("time", "out of range")),
    }
}

/// timestamp_recv, timestamptz_recv
#[inline]
fn timestamp(type_name: &'static str, wire: &[u8]) -> Result<i64, ValueError> {
    match i64::from_be_bytes(fixed(type_name, wire)?) {
        micros if TIMESTAMPS.contains(&micros) => Ok(micros),
        infinite @ (i64::MIN | i64::MAX) => Ok(infinite),
        _ => Err(invalid(type_name, "out of range")),
    }
}

/// interval_recv
#[inline]
fn interval(wire: &[u8]) -> Result<Interval, ValueError> {
    let [t1, t2, t3, t4, t5, t6, t7, t8, d1, d2, d3, d4, m1, m2, m3, m4] = fixed("interval", wire)?;
    Ok(Interval {
        months: i32::from_be_bytes([m1, m2, m3, m4]),
        days: i32::from_be_bytes([d1, d2, d3, d4]),
        micros: i64::from_be_bytes([t1, t2, t3, t4, t5, t6, t7, t8]),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::{encode, render, render_field, unescape};

    #[test]
    fn lengths_are_exact() {
        let sizes = [
            (PgType::Bool, 1),
            (PgType::Int2, 2),
            (PgType::Int4, 4),
            (PgType::Int8, 8),
            (PgType::Float4, 4),
            (PgType::Float8, 8),
            (PgType::Date, 4),
            (PgType::Time, 8),
            (PgType::Timestamp, 8),
            (PgType::TimestampTz, 8),
            (PgType::Interval, 16),
            (PgType::FiniteInterval, 16),
            (PgType::SingleChar, 1),
            (PgType::PgLsn, 8),
            (PgType::Uuid, 16),
        ];
        for (ty, size) in &sizes {
            for len in 0..20 {
                assert_eq!(decode(ty, &vec![0; len]).is_ok(), len == *size, "{ty:?} of {len}");
            }
        }
    }

    #[test]
    fn ranges_are_the_servers() {
        let date = |days: i32| decode(&PgType::Date, &days.to_be_bytes()).is_ok();
        for ok in [i32::MIN, -2_451_545, 0, 2_145_031_948, i32::MAX] {
            assert!(date(ok));
        }
        for bad in [i32::MIN + 1, -2_451_546, 2_145_031_949, i32::MAX - 1] {
            assert!(!date(bad));
        }
        let time = |micros: i64| decode(&PgType::Time, &micros.to_be_bytes()).is_ok();
        assert!(time(0) && time(DAY) && !time(-1) && !time(DAY + 1));
        let timestamp = |micros: i64| decode(&PgType::Timestamp, &micros.to_be_bytes()).is_ok();
        for ok in [i64::MIN, *TIMESTAMPS.start(), *TIMESTAMPS.end(), i64::MAX] {
            assert!(timestamp(ok));
        }
        for bad in [i64::MIN + 1, TIMESTAMPS.start() - 1, TIMESTAMPS.end() + 1, i64::MAX - 1] {
            assert!(!timestamp(bad));
        }
    }

    #[test]
    fn flags_are_checked() {
        assert_eq!(decode(&PgType::Bool, &[1]), Ok(Cell::Bool(true)));
        assert!(decode(&PgType::Bool, &[2]).is_err());
        assert_eq!(decode(&PgType::Jsonb, b"\x01{}"), Ok(Cell::Jsonb(b"{}")));
        assert!(decode(&PgType::Jsonb, b"\x02{}").is_err());
        assert!(decode(&PgType::Jsonb, b"").is_err());
        assert_eq!(decode(&PgType::Other, b"x"), Err(ValueError::NoRenderer));
    }

    fn any_type() -> impl Strategy<Value = PgType> {
        use PgType::{
            Bool, Bytea, Char, Date, Enum, FiniteInterval, Float4, Float8, Int2, Int4, Int8,
            Interval, Json, Jsonb, Numeric, PgLsn, SingleChar, Text, Time, Timestamp, TimestampTz,
            Uuid,
        };
        let types = vec![
            Bool,
            Int2,
            Int4,
            Int8,
            Float4,
            Float8,
            Numeric,
            Text,
            Char,
            Bytea,
            Date,
            Time,
            Timestamp,
            TimestampTz,
            Interval,
            Uuid,
            Json,
            Jsonb,
            Enum,
            FiniteInterval,
            SingleChar,
            PgLsn,
        ];
        prop::sample::select(types).prop_flat_map(|ty| {
            let array = PgType::Array(Box::new(ty.clone()));
            let nested = PgType::Array(Box::new(array.clone()));
            prop::sample::select(vec![ty, array.clone(), array, nested])
        })
    }

    /// Bytes that look like small numbers, so that many get past the first check.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![12 => Just(0), 3 => 0..5_u8, 1 => Just(0xff), 1 => any::<u8>()];
        prop::collection::vec(byte, 0..64)
    }

    /// An array of one dimension around an element, with a byte perhaps changed.
    fn near_array() -> impl Strategy<Value = Vec<u8>> {
        (any_bytes(), prop::option::of((any::<usize>(), 0..4_u8))).prop_map(|(element, change)| {
            let len = u8::try_from(element.len()).unwrap();
            let header =
                [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, len];
            let mut bytes = [&header[..], &element].concat();
            if let Some((at, byte)) = change {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Whatever comes in, nothing panics, and what is accepted has one binary form.
        #[test]
        fn any_bytes_are_refused_or_encoded_again(
            ty in any_type(),
            bytes in prop_oneof![any_bytes(), near_array()],
        ) {
            if let Ok(cell) = decode(&ty, &bytes) {
                let mut again = Vec::new();
                encode(&cell, &mut again).unwrap();
                prop_assert_eq!(&again, &bytes);
                let (mut text, mut field) = (Vec::new(), Vec::new());
                render(&cell, &mut text);
                render_field(&cell, &mut field);
                prop_assert_eq!(unescape(&field), Ok(Some(text)));
            }
        }
    }
}
