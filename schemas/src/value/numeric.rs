//! `numeric` on the wire and as text (src/backend/utils/adt/numeric.c, `numeric_send`,
//! `numeric_recv`, `get_str_from_var`).
//!
//! On the wire a finite value is a run of base-10000 digits, the weight of the first (its power of
//! 10000), a sign and the number of decimal places it is shown with. The places are data: `1.5`
//! and `1.50` are equal numbers and different text.

use super::digits::{four, push_int};
use super::{NumericBuf, ValueError};

/// `NUMERIC_POS`
pub(super) const POSITIVE: u16 = 0x0000;
/// `NUMERIC_NEG`
pub(super) const NEGATIVE: u16 = 0x4000;
/// `NUMERIC_NAN`
pub(super) const NAN: u16 = 0xc000;
/// `NUMERIC_PINF`
pub(super) const INFINITY: u16 = 0xd000;
/// `NUMERIC_NINF`
pub(super) const NEG_INFINITY: u16 = 0xf000;
/// `NUMERIC_DSCALE_MAX`: most decimal places a value can be shown with.
pub(super) const SCALE_MAX: u16 = 0x3fff;
/// Bytes before the digits.
const HEADER: usize = 8;

/// A `numeric`, borrowed from its binary form. Every value of this type can be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numeric<'a> {
    weight: i16,
    sign: u16,
    scale: u16,
    /// Big-endian base-10000 digits, two bytes each.
    digits: &'a [u8],
}

/// What kind of number a `numeric` is, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NumericClass {
    NegInfinity,
    Negative,
    Zero,
    Positive,
    Infinity,
    Nan,
}

impl<'a> Numeric<'a> {
    /// Checks and borrows the binary form.
    pub(super) fn decode(wire: &'a [u8]) -> Result<Self, ValueError> {
        let Some((&[n1, n2, w1, w2, s1, s2, p1, p2], digits)) = wire.split_first_chunk::<HEADER>()
        else {
            return Err(ValueError::Length {
                type_name: "numeric",
                expected: HEADER,
                found: wire.len(),
            });
        };
        let expected = 2 * usize::from(u16::from_be_bytes([n1, n2]));
        if digits.len() != expected {
            return Err(ValueError::Length {
                type_name: "numeric",
                expected: HEADER + expected,
                found: wire.len(),
            });
        }
        let value = Self {
            weight: i16::from_be_bytes([w1, w2]),
            sign: u16::from_be_bytes([s1, s2]),
            scale: u16::from_be_bytes([p1, p2]),
            digits,
        };
        value.check().map_err(|problem| ValueError::Invalid { type_name: "numeric", problem })?;
        Ok(value)
    }

    /// The value that a [`NumericBuf`] owns; its constructors keep the rules of `check`.
    pub(super) fn from_parts(weight: i16, sign: u16, scale: u16, digits: &'a [u8]) -> Self {
        Self { weight, sign, scale, digits }
    }

    /// The rules of the binary form. The server cuts digits beyond the scale when it receives
    /// them; here they are refused, because nothing may be cut unseen.
    fn check(&self) -> Result<(), &'static str> {
        match self.sign {
            POSITIVE | NEGATIVE => {}
            NAN | INFINITY | NEG_INFINITY if self.digits.is_empty() => {}
            NAN | INFINITY | NEG_INFINITY => return Err("digits in a value that is no number"),
            _ => return Err("unknown sign"),
        }
        if self.scale > SCALE_MAX {
            return Err("too many decimal places");
        }
        if self.pairs().iter().any(|pair| u16::from_be_bytes(*pair) > 9_999) {
            return Err("digit above 9999");
        }
        if self.least_scale() > i64::from(self.scale) {
            return Err("digits beyond its decimal places");
        }
        Ok(())
    }

    /// Power of 10000 of the first digit.
    pub fn weight(&self) -> i16 {
        self.weight
    }

    /// Sign word as on the wire.
    pub fn sign(&self) -> u16 {
        self.sign
    }

    /// Decimal places it is shown with.
    pub fn scale(&self) -> u16 {
        self.scale
    }

    /// Base-10000 digits as on the wire.
    pub fn digits(&self) -> &'a [u8] {
        self.digits
    }

    /// Whether it is neither NaN nor infinite.
    pub fn is_finite(&self) -> bool {
        matches!(self.sign, POSITIVE | NEGATIVE)
    }

    /// The same value, owned.
    pub fn to_buf(&self) -> NumericBuf {
        NumericBuf::from_numeric(self)
    }

    #[inline]
    fn pairs(&self) -> &'a [[u8; 2]] {
        self.digits.as_chunks().0
    }

    pub(crate) fn class(&self) -> NumericClass {
        match self.sign {
            NAN => NumericClass::Nan,
            INFINITY => NumericClass::Infinity,
            NEG_INFINITY => NumericClass::NegInfinity,
            _ if self.is_zero() => NumericClass::Zero,
            NEGATIVE => NumericClass::Negative,
            _ => NumericClass::Positive,
        }
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|&b| b == 0)
    }

    /// The digits without zeros on either side, and the weight of the first that is left.
    pub(crate) fn normal_digits(&self) -> (i32, &'a [[u8; 2]]) {
        let mut weight = i32::from(self.weight);
        let mut pairs = self.pairs();
        while let [[0, 0], rest @ ..] = pairs {
            pairs = rest;
            weight -= 1;
        }
        while let [rest @ .., [0, 0]] = pairs {
            pairs = rest;
        }
        (weight, pairs)
    }

    /// Decimal places that the digits need; at most zero for a whole number.
    pub(super) fn least_scale(&self) -> i64 {
        let mut pairs = self.pairs();
        while let [rest @ .., [0, 0]] = pairs {
            pairs = rest;
        }
        let (Some(last), Ok(count)) = (pairs.last(), i64::try_from(pairs.len())) else {
            return 0;
        };
        let unused = match u16::from_be_bytes(*last) {
            n if n % 1_000 == 0 => 3,
            n if n % 100 == 0 => 2,
            n if n % 10 == 0 => 1,
            _ => 0,
        };
        4 * (count - 1 - i64::from(self.weight)) - unused
    }

    /// Decimal digits before the point; at most zero where there are none.
    pub(super) fn whole_digits(&self) -> i64 {
        let (weight, pairs) = self.normal_digits();
        let Some(first) = pairs.first() else { return 0 };
        let used = match u16::from_be_bytes(*first) {
            1_000.. => 4,
            100.. => 3,
            10.. => 2,
            _ => 1,
        };
        4 * i64::from(weight) + used
    }

    /// Appends the number as `numeric_out` prints it: all its decimal places, never an exponent.
    pub(super) fn render(&self, out: &mut Vec<u8>) {
        match self.sign {
            NAN => return out.extend_from_slice(b"NaN"),
            INFINITY => return out.extend_from_slice(b"Infinity"),
            NEG_INFINITY => return out.extend_from_slice(b"-Infinity"),
            NEGATIVE if !self.is_zero() => out.push(b'-'),
            _ => {}
        }
        let pairs = self.pairs();
        let whole = usize::try_from(i32::from(self.weight) + 1).unwrap_or(0);
        push_whole(pairs, whole, out);
        if self.scale > 0 {
            out.push(b'.');
            let absent = usize::try_from(-(i32::from(self.weight) + 1)).unwrap_or(0);
            let fraction = pairs.get(whole..).unwrap_or_default();
            push_places(fraction, 4 * absent, usize::from(self.scale), out);
        }
    }
}

/// Appends the digits before the point, of which there are `count` groups; zeros where the digits
/// end before.
fn push_whole(pairs: &[[u8; 2]], count: usize, out: &mut Vec<u8>) {
    let mut groups = pairs
        .iter()
        .map(|pair| u16::from_be_bytes(*pair))
        .chain(std::iter::repeat(0))
        .take(count)
        .skip_while(|&group| group == 0);
    match groups.next() {
        Some(first) => push_int(first, out),
        None => out.push(b'0'),
    }
    for group in groups {
        out.extend_from_slice(&four(group));
    }
}

/// Appends exactly `scale` decimal places: `zeros`, then the groups, then zeros again.
fn push_places(groups: &[[u8; 2]], zeros: usize, scale: usize, out: &mut Vec<u8>) {
    let end = out.len() + scale;
    out.resize(out.len() + zeros.min(scale), b'0');
    for group in groups {
        if out.len() >= end {
            break;
        }
        out.extend_from_slice(&four(u16::from_be_bytes(*group)));
    }
    out.resize(end, b'0');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let mut out = u16::try_from(digits.len()).unwrap().to_be_bytes().to_vec();
        out.extend(weight.to_be_bytes());
        out.extend(sign.to_be_bytes());
        out.extend(scale.to_be_bytes());
        out.extend(digits.iter().flat_map(|d| d.to_be_bytes()));
        out
    }

    fn text(wire: &[u8]) -> String {
        let mut out = Vec::new();
        Numeric::decode(wire).unwrap().render(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn renders_as_numeric_out() {
        let cases: [(i16, u16, u16, &[u16], &str); 14] = [
            (0, POSITIVE, 0, &[], "0"),
            (0, POSITIVE, 2, &[], "0.00"),
            (0, NEGATIVE, 2, &[], "0.00"),
            (1, NEGATIVE, 4, &[1, 2345, 6780], "-12345.6780"),
            (1, NEGATIVE, 3, &[1, 2345, 6780], "-12345.678"),
            (-1, NEGATIVE, 3, &[10], "-0.001"),
            (-3, POSITIVE, 12, &[7], "0.000000000007"),
            (-3, POSITIVE, 14, &[7], "0.00000000000700"),
            (2, POSITIVE, 0, &[100], "10000000000"),
            (2, POSITIVE, 6, &[100], "10000000000.000000"),
            (2, POSITIVE, 0, &[0, 0, 42], "42"),
            (0, NAN, 0, &[], "NaN"),
            (0, INFINITY, 0x20, &[], "Infinity"),
            (0, NEG_INFINITY, 0x20, &[], "-Infinity"),
        ];
        for (weight, sign, scale, digits, expected) in cases {
            assert_eq!(text(&wire(weight, sign, scale, digits)), expected);
        }
    }

    #[test]
    fn refuses_what_no_server_sends() {
        let cases = [
            wire(0, POSITIVE, 0, &[10_000]),
            wire(0, 0x8000, 0, &[1]),
            wire(0, POSITIVE, SCALE_MAX + 1, &[1]),
            wire(0, NAN, 0, &[1]),
            wire(0, POSITIVE, 2, &[1, 2345]),
            wire(0, POSITIVE, 0, &[1])[..9].to_vec(),
            [wire(0, POSITIVE, 0, &[1]), vec![0]].concat(),
            vec![0; 7],
            Vec::new(),
        ];
        for case in cases {
            assert!(Numeric::decode(&case).is_err(), "{case:?}");
        }
    }

    #[test]
    fn counts_its_digits() {
        let of = |wire: &[u8]| {
            let n = Numeric::decode(wire).unwrap();
            (n.whole_digits(), n.least_scale())
        };
        assert_eq!(of(&wire(1, POSITIVE, 4, &[1, 2345, 6780])), (5, 3));
        assert_eq!(of(&wire(-1, POSITIVE, 3, &[10])), (-2, 3));
        assert_eq!(of(&wire(2, POSITIVE, 0, &[100])), (11, -10));
        assert_eq!(of(&wire(0, POSITIVE, 5, &[])), (0, 0));
    }
}
