//! Order of keys as order of bytes.
//!
//! The bytes of a key's columns, one after another, compare (`memcmp`) as the keys do in canonical
//! order: numbers, dates, times and booleans as PostgreSQL's default btree operator classes order
//! them, uuid and bytea by their bytes, every other type by the bytes of its canonical text. Each
//! column delimits itself, so a shorter value never runs into the next column.
//!
//! Equal values have equal bytes even where their text differs: numeric `1.5` and `1.50`. The
//! bytes are for comparing within one run; they are neither hashed nor kept.

use crate::value::{Cell, Numeric, NumericClass, ValueError, render, without_padding};

/// Ends text, bytes and the digits of a number; less than anything that can go on.
const END: [u8; 2] = [0, 0];
/// Stands for a zero byte within text or bytes.
const ZERO: [u8; 2] = [0, 0xff];

/// Appends the bytes of one key column's value. Key columns hold no NULL, so NULL is an error.
pub fn push(cell: &Cell<'_>, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match *cell {
        Cell::Null => return Err(ValueError::Null),
        Cell::Bool(value) => out.push(u8::from(value)),
        // Integers of all widths alike: the two sides of a copy may declare different ones.
        Cell::Int2(value) => push_i64(i64::from(value), out),
        Cell::Int4(value) | Cell::Date(value) => push_i64(i64::from(value), out),
        Cell::Int8(value)
        | Cell::Time(value)
        | Cell::Timestamp(value)
        | Cell::TimestampTz(value) => push_i64(value, out),
        Cell::Numeric(value) => push_numeric(&value, out),
        Cell::Uuid(bytes) => out.extend_from_slice(&bytes),
        Cell::Bytea(bytes)
        | Cell::Text(bytes)
        | Cell::Json(bytes)
        | Cell::Jsonb(bytes)
        | Cell::Enum(bytes) => push_bytes(bytes, out),
        Cell::Char(text) => push_bytes(without_padding(text), out),
        Cell::Float4(_)
        | Cell::Float8(_)
        | Cell::Interval(_)
        | Cell::FiniteInterval(_)
        | Cell::SingleChar(_)
        | Cell::PgLsn(_)
        | Cell::Array(_) => {
            let mut text = Vec::new();
            render(cell, &mut text);
            push_bytes(&text, out);
        }
    }
    Ok(())
}

/// Big-endian with the sign bit turned over: negative numbers come first, infinities, which are
/// the extreme integers, come out at the ends.
fn push_i64(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.cast_unsigned() ^ (1 << 63)).to_be_bytes());
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for run in bytes.split_inclusive(|&b| b == 0) {
        match run {
            [plain @ .., 0] => {
                out.extend_from_slice(plain);
                out.extend_from_slice(&ZERO);
            }
            plain => out.extend_from_slice(plain),
        }
    }
    out.extend_from_slice(&END);
}

/// A byte for the kind of number, in ascending order with NaN last; for a finite number other than
/// zero then its magnitude, turned over if it is negative.
fn push_numeric(value: &Numeric<'_>, out: &mut Vec<u8>) {
    match value.class() {
        NumericClass::NegInfinity => out.push(0),
        NumericClass::Negative => {
            out.push(1);
            let start = out.len();
            push_magnitude(value, out);
            for byte in out.iter_mut().skip(start) {
                *byte = !*byte;
            }
        }
        NumericClass::Zero => out.push(2),
        NumericClass::Positive => {
            out.push(3);
            push_magnitude(value, out);
        }
        NumericClass::Infinity => out.push(4),
        NumericClass::Nan => out.push(5),
    }
}

/// The weight of the first digit that is not zero, then the digits, each raised by one so that
/// none looks like the end.
fn push_magnitude(value: &Numeric<'_>, out: &mut Vec<u8>) {
    let (weight, digits) = value.normal_digits();
    out.extend_from_slice(&(weight.cast_unsigned() ^ (1 << 31)).to_be_bytes());
    for &digit in digits {
        out.extend_from_slice(&u16::from_be_bytes(digit).saturating_add(1).to_be_bytes());
    }
    out.extend_from_slice(&END);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::cmp::Ordering;

    use super::*;
    use crate::pg_type::PgType;
    use crate::value::{NumericBuf, decode, parse};

    fn key(cells: &[Cell<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        for cell in cells {
            push(cell, &mut out).unwrap();
        }
        out
    }

    fn numeric_key(text: &str) -> Vec<u8> {
        key(&[Cell::Numeric(NumericBuf::from_text(text).unwrap().as_numeric())])
    }

    #[test]
    fn numerics_in_order() {
        let ascending = [
            "-Infinity",
            "-100000000.5",
            "-100000000",
            "-10000",
            "-9999.9999",
            "-1.50001",
            "-1.5",
            "-1",
            "-0.99999999",
            "-0.0001",
            "-0.00000001",
            "0",
            "0.00000001",
            "0.0001",
            "0.00010001",
            "0.1",
            "0.9999",
            "1",
            "1.0000000000001",
            "1.5",
            "2",
            "9999",
            "10000",
            "10000.0001",
            "99999999",
            "100000000",
            "Infinity",
            "NaN",
        ];
        for pair in ascending.windows(2) {
            assert!(numeric_key(pair[0]) < numeric_key(pair[1]), "{pair:?}");
        }
        assert_eq!(numeric_key("1.5"), numeric_key("1.5000000"));
        assert_eq!(numeric_key("0"), numeric_key("0.000"));
        assert_eq!(numeric_key("-20000"), numeric_key("-20000.0"));
    }

    /// Zero digits at the ends, which no server sends but the wire could carry.
    #[test]
    fn numeric_digits_are_normalised() {
        let plain = [0, 1, 0, 0, 0, 0, 0, 0, 0, 5];
        let padded = [0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0];
        let [a, b] =
            [&plain[..], &padded].map(|wire| key(&[decode(&PgType::Numeric, wire).unwrap()]));
        assert_eq!(a, b);
    }

    #[test]
    fn null_is_no_key() {
        assert_eq!(push(&Cell::Null, &mut Vec::new()), Err(ValueError::Null));
    }

    #[test]
    fn types_without_native_order_go_by_their_text() {
        assert_eq!(key(&[Cell::Float8(1.5)]), key(&[Cell::Text(b"1.5")]));
        assert_eq!(key(&[Cell::Char(b"a  ")]), key(&[Cell::Text(b"a")]));
        assert!(key(&[Cell::Float8(10.0)]) < key(&[Cell::Float8(9.0)]));
    }

    /// Two numbers and how they compare: digits as integers scaled to the same places.
    fn number() -> impl Strategy<Value = (i64, u32)> {
        (prop_oneof![-200_i64..200, -200_000..200_000_i64, any::<i64>()], 0_u32..12)
    }

    fn number_text((digits, places): (i64, u32)) -> String {
        let places = usize::try_from(places).unwrap();
        let magnitude = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
        let (whole, fraction) = magnitude.split_at(magnitude.len() - places);
        let sign = if digits < 0 { "-" } else { "" };
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn compare_numbers(a: (i64, u32), b: (i64, u32)) -> Ordering {
        let scaled = |(digits, places): (i64, u32)| i128::from(digits) * 10_i128.pow(12 - places);
        scaled(a).cmp(&scaled(b))
    }

    proptest! {
        #[test]
        fn numeric_order_is_value_order(a in number(), b in number()) {
            let order = numeric_key(&number_text(a)).cmp(&numeric_key(&number_text(b)));
            prop_assert_eq!(order, compare_numbers(a, b));
        }

        #[test]
        fn integers_order(a: i64, b: i64, c: i32, d: i32) {
            prop_assert_eq!(key(&[Cell::Int8(a)]).cmp(&key(&[Cell::Int8(b)])), a.cmp(&b));
            prop_assert_eq!(key(&[Cell::Date(c)]).cmp(&key(&[Cell::Date(d)])), c.cmp(&d));
            prop_assert_eq!(key(&[Cell::Int4(c)]), key(&[Cell::Int8(i64::from(c))]));
        }

        /// Columns compare one by one, however long the first is and whatever bytes it holds.
        #[test]
        fn composite_keys_order_column_by_column(
            a in (prop::collection::vec(0_u8..3, 0..5), -2_i64..2, "[a\\x00]{0,3}"),
            b in (prop::collection::vec(0_u8..3, 0..5), -2_i64..2, "[a\\x00]{0,3}"),
        ) {
            fn cells((bytes, number, text): &(Vec<u8>, i64, String)) -> [Cell<'_>; 3] {
                [Cell::Bytea(bytes), Cell::Int8(*number), Cell::Text(text.as_bytes())]
            }
            prop_assert_eq!(key(&cells(&a)).cmp(&key(&cells(&b))), a.cmp(&b));
        }

        #[test]
        fn composite_numbers_order_column_by_column(
            a in (number(), number()),
            b in (number(), number()),
        ) {
            let keys = [a, b].map(|(x, y)| {
                [numeric_key(&number_text(x)), numeric_key(&number_text(y))].concat()
            });
            let expected = compare_numbers(a.0, b.0).then(compare_numbers(a.1, b.1));
            prop_assert_eq!(keys[0].cmp(&keys[1]), expected);
        }

        /// A boundary that went through its canonical text sorts as the value itself.
        #[test]
        fn boundaries_read_from_text_sort_as_their_values(
            micros in -63_000_000_000_000_000_i64..9_000_000_000_000_000_000, days in -700_000_i32..2_000_000, bytes: [u8; 16],
        ) {
            let cases = [
                (PgType::Timestamp, Cell::Timestamp(micros)),
                (PgType::TimestampTz, Cell::TimestampTz(micros)),
                (PgType::Date, Cell::Date(days)),
                (PgType::Time, Cell::Time(micros.rem_euclid(86_400_000_000))),
                (PgType::Uuid, Cell::Uuid(bytes)),
                (PgType::Bytea, Cell::Bytea(&bytes)),
                (PgType::Int8, Cell::Int8(micros)),
                (PgType::Int4, Cell::Int4(days)),
                (PgType::Bool, Cell::Bool(days > 0)),
                (PgType::Float8, Cell::Float8(f64::from_bits(micros.unsigned_abs()))),
            ];
            for (ty, cell) in cases {
                let mut text = Vec::new();
                render(&cell, &mut text);
                let back = parse::cell(&ty, std::str::from_utf8(&text).unwrap()).unwrap();
                prop_assert_eq!(key(&[back.as_cell()]), key(&[cell]));
            }
        }
    }
}
