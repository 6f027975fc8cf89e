//! Floats with `extra_float_digits = 1`: the shortest digits that read back to the same float, as
//! PostgreSQL prints them (src/common/d2s.c and f2s.c; layout from `double_to_shortest_decimal`).
//!
//! PostgreSQL's Ryu asks for digits strictly *inside* the rounding interval, whereas the `ryu`
//! crate also takes a decimal that lies exactly on its edge when the mantissa is even, because
//! round-half-to-even still reads it back. 1e23 is such a decimal: PostgreSQL prints
//! 9.999999999999999e+22. So the crate's digits are taken unless they lie on the edge, which only
//! happens for even mantissas and is decided with exact integers; then the next longer correctly
//! rounded digits that lie inside are taken.

use std::io::Write as _;

use super::digits::push_int;

/// Most digits that `{:e}` is asked for; 17 always suffice for a double.
const DIGITS_MAX: usize = 17;

/// A finite float other than zero as the codec needs it.
trait Float: Copy + PartialEq + std::str::FromStr + std::fmt::LowerExp {
    /// Decimal exponents from which on the exponent form is used.
    const EXPONENT_FORM_FROM: i32;
    /// Mantissa and binary exponent: the magnitude is `mantissa · 2^exponent`.
    fn parts(self) -> (u64, i32);
}

impl Float for f64 {
    const EXPONENT_FORM_FROM: i32 = 15;

    fn parts(self) -> (u64, i32) {
        let bits = self.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        match i32::try_from((bits >> 52) & 0x7ff) {
            Ok(exponent @ 1..) => (fraction | (1 << 52), exponent - 1_075),
            _ => (fraction, -1_074),
        }
    }
}

impl Float for f32 {
    const EXPONENT_FORM_FROM: i32 = 6;

    fn parts(self) -> (u64, i32) {
        let bits = self.to_bits();
        let fraction = u64::from(bits & ((1 << 23) - 1));
        match i32::try_from((bits >> 23) & 0xff) {
            Ok(exponent @ 1..) => (fraction | (1 << 23), exponent - 150),
            _ => (fraction, -149),
        }
    }
}

/// Appends a `double precision`.
pub(super) fn push_f64(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() && value != 0.0 {
        push_finite(value, ryu::Buffer::new().format_finite(value), out);
    } else {
        push_special(value.is_nan(), value.is_infinite(), value.is_sign_negative(), out);
    }
}

/// Appends a `real`.
pub(super) fn push_f32(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() && value != 0.0 {
        push_finite(value, ryu::Buffer::new().format_finite(value), out);
    } else {
        push_special(value.is_nan(), value.is_infinite(), value.is_sign_negative(), out);
    }
}

fn push_special(is_nan: bool, is_infinite: bool, is_negative: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(match (is_nan, is_infinite, is_negative) {
        (true, _, _) => b"NaN",
        (_, true, false) => b"Infinity",
        (_, true, true) => b"-Infinity",
        (_, _, false) => b"0",
        (_, _, true) => b"-0",
    });
}

fn push_finite<F: Float>(value: F, shortest: &str, out: &mut Vec<u8>) {
    let mut decimal = Decimal::read(shortest.as_bytes());
    if decimal.is_on_edge_of(value) {
        decimal = inside(value, decimal);
    }
    decimal.render(F::EXPONENT_FORM_FROM, out);
}

/// The shortest correctly rounded digits, more than `edge` has, that lie inside the rounding
/// interval.
#[cold]
fn inside<F: Float>(value: F, edge: Decimal) -> Decimal {
    // `{:.n$e}` prints n + 1 digits.
    for places in edge.len..DIGITS_MAX {
        let mut text = Vec::with_capacity(32);
        if write!(text, "{value:.places$e}").is_err() {
            break;
        }
        let candidate = Decimal::read(&text);
        let reads_back =
            std::str::from_utf8(&text).is_ok_and(|t| t.parse::<F>().is_ok_and(|v| v == value));
        if reads_back && !candidate.is_on_edge_of(value) {
            return candidate;
        }
    }
    edge
}

/// `±d.ddd… × 10^exponent`
#[derive(Clone, Copy)]
struct Decimal {
    is_negative: bool,
    digits: [u8; 24],
    len: usize,
    exponent: i32,
}

impl Decimal {
    /// Reads what `ryu` and `{:e}` print: `-12.5`, `0.001`, `1e23`, `1.5e-7`. Not for text from
    /// outside: it checks nothing.
    #[inline]
    fn read(text: &[u8]) -> Self {
        let mut value = Self { is_negative: false, digits: [0; 24], len: 0, exponent: -1 };
        let mut after_point = false;
        let mut bytes = text.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'-' => value.is_negative = true,
                b'.' => after_point = true,
                b'e' => {
                    value.exponent += read_exponent(bytes.as_slice());
                    break;
                }
                b'0' if value.len == 0 => value.exponent -= i32::from(after_point),
                digit => {
                    if let Some(slot) = value.digits.get_mut(value.len) {
                        *slot = digit;
                        value.len += 1;
                    }
                    value.exponent += i32::from(!after_point);
                }
            }
        }
        while value.len > 1 && value.digits.get(value.len - 1) == Some(&b'0') {
            value.len -= 1;
        }
        value
    }

    #[inline]
    fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// Whether the decimal lies exactly on an edge of the float's rounding interval and yet reads
    /// back to it, which takes an even mantissa.
    ///
    /// The edges are taken to be half a unit away on both sides. Below a power of two the edge is
    /// nearer, but no shortest decimal lies on it: it is `(2^54 - 1) · 2^n` (for a single
    /// `(2^25 - 1) · 2^n`), which is odd and no multiple of five before the power of two, so it has
    /// 17 digits (8 or 9) where any has so few, and the float itself has no more.
    fn is_on_edge_of<F: Float>(&self, value: F) -> bool {
        let (mantissa, exponent) = value.parts();
        if mantissa % 2 != 0 {
            return false;
        }
        let Ok(places) = i32::try_from(self.len) else { return false };
        let digits = self.digits().iter().fold(0, |n: u64, d| n * 10 + u64::from(d - b'0'));
        let power = self.exponent + 1 - places;
        is_product(digits, power, 2 * mantissa + 1, exponent - 1)
            || is_product(digits, power, 2 * mantissa - 1, exponent - 1)
    }

    /// Appends the digits, plainly or with an exponent of at least two digits.
    #[inline]
    fn render(&self, exponent_form_from: i32, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
        let digits = self.digits();
        if self.exponent < -4 || self.exponent >= exponent_form_from {
            push_with_point(digits, 1, out);
            out.extend_from_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
            let exponent = self.exponent.unsigned_abs();
            if exponent < 10 {
                out.push(b'0');
            }
            push_int(exponent, out);
        } else if let Ok(whole) = usize::try_from(self.exponent + 1)
            && whole > 0
        {
            push_with_point(digits, whole, out);
        } else {
            let zeros = usize::try_from(-1 - self.exponent).unwrap_or(0);
            out.extend_from_slice(b"0.");
            out.resize(out.len() + zeros, b'0');
            out.extend_from_slice(digits);
        }
    }
}

/// Whether `digits · 10^power` is exactly `odd · 2^twos`. Both sides are split into their power of
/// two and their odd part.
fn is_product(digits: u64, power: i32, odd: u64, twos: i32) -> bool {
    let zeros = digits.trailing_zeros();
    // Five to a higher power exceeds both the odd part and the digits.
    if power.abs() > 27 || i32::try_from(zeros).is_ok_and(|zeros| zeros + power != twos) {
        return false;
    }
    let fives = 5_u128.pow(power.unsigned_abs());
    let digits_odd = u128::from(digits.checked_shr(zeros).unwrap_or(0));
    if power >= 0 {
        digits_odd * fives == u128::from(odd)
    } else {
        digits_odd == u128::from(odd) * fives
    }
}

/// Appends digits with a point after the first `whole`, padded with zeros up to there.
fn push_with_point(digits: &[u8], whole: usize, out: &mut Vec<u8>) {
    if let Some((before, after)) = digits.split_at_checked(whole) {
        out.extend_from_slice(before);
        if !after.is_empty() {
            out.push(b'.');
            out.extend_from_slice(after);
        }
    } else {
        out.extend_from_slice(digits);
        out.resize(out.len() + whole - digits.len(), b'0');
    }
}

fn read_exponent(text: &[u8]) -> i32 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        _ => (1, text),
    };
    sign * digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let mut out = Vec::new();
        push_f64(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn single(value: f32) -> String {
        let mut out = Vec::new();
        push_f32(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (999_999_999_999_999.9, "999999999999999.9"),
            (1_234_567_890_123_456.0, "1.234567890123456e+15"),
            (1e-4, "0.0001"),
            (0.000_12, "0.00012"),
            (1e-5, "1e-05"),
            (1.5e-5, "1.5e-05"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::NAN, "NaN"),
            (-f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(double(value), expected);
        }
    }

    /// Where the `ryu` crate stops on the edge of the interval.
    #[test]
    fn edges_are_excluded() {
        assert_eq!(ryu::Buffer::new().format_finite(1e23), "1e23");
        assert_eq!(double(1e23), "9.999999999999999e+22");
        assert_eq!(double(-1e23), "-9.999999999999999e+22");
        assert_eq!(double(9.5e-323), "9.4e-323");
    }

    #[test]
    fn singles() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (100_000.5, "100000.5"),
            (999_999.9, "999999.9"),
            (123_456.0, "123456"),
            (1e6, "1e+06"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1e-45, "1e-45"),
            (f32::MAX, "3.4028235e+38"),
            (16_777_216.0, "1.6777216e+07"),
            (f32::NAN, "NaN"),
            (f32::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(single(value), expected);
        }
    }

    #[test]
    fn text_reads_back() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = f64::from_bits(bits.rotate_left(17));
            if value.is_finite() {
                assert_eq!(double(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
            }
        }
    }
}
