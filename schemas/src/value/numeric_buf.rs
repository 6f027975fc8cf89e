//! Owned `numeric` values, for those that come from text or integers rather than from the wire.

use super::numeric::{INFINITY, NAN, NEG_INFINITY, NEGATIVE, Numeric, POSITIVE, SCALE_MAX};

/// An owned `numeric`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumericBuf {
    weight: i16,
    sign: u16,
    scale: u16,
    digits: Vec<u8>,
}

impl NumericBuf {
    /// Reads text that is exactly what PostgreSQL prints for some `numeric`: `1.50`, `-0.001`,
    /// `NaN`, `Infinity`, but not `1.`, `.5`, `01`, `-0`, `+1` or `1e3`.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "NaN" => return Some(Self::special(NAN)),
            "Infinity" => return Some(Self::special(INFINITY)),
            "-Infinity" => return Some(Self::special(NEG_INFINITY)),
            _ => {}
        }
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (NEGATIVE, rest),
            None => (POSITIVE, text),
        };
        let (whole, places) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, places)) => (whole, places),
            None => (unsigned, ""),
        };
        let is_padded = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || is_padded || !is_decimal(whole) || !is_decimal(places) {
            return None;
        }
        let scale = u16::try_from(places.len()).ok().filter(|&scale| scale <= SCALE_MAX)?;
        let (first, rest) = whole.as_bytes().split_at(whole.len() % 4);
        let weight = i16::try_from(whole.len().div_ceil(4) - 1).ok()?;
        let groups = (!first.is_empty())
            .then_some(first)
            .into_iter()
            .chain(rest.chunks(4))
            .map(|group| decimal(group, group.len()))
            .chain(places.as_bytes().chunks(4).map(|group| decimal(group, 4)));
        let value = Self::normal(weight, sign, scale, groups.collect());
        // The server prints no minus sign before zero.
        (value.sign == sign).then_some(value)
    }

    /// An integer, shown without decimal places.
    pub fn from_i64(value: i64) -> Self {
        let sign = if value < 0 { NEGATIVE } else { POSITIVE };
        let mut rest = value.unsigned_abs();
        let mut groups = [0_u16; 5];
        for group in groups.iter_mut().rev() {
            *group = u16::try_from(rest % 10_000).unwrap_or(0);
            rest /= 10_000;
        }
        Self::normal(4, sign, 0, groups.to_vec())
    }

    /// A copy of a borrowed value.
    pub(super) fn from_numeric(value: &Numeric<'_>) -> Self {
        Self {
            weight: value.weight(),
            sign: value.sign(),
            scale: value.scale(),
            digits: value.digits().to_vec(),
        }
    }

    fn special(sign: u16) -> Self {
        Self { weight: 0, sign, scale: 0, digits: Vec::new() }
    }

    /// As PostgreSQL stores a finite value: no zero group at either end, zero without weight and
    /// sign (`make_result`).
    fn normal(mut weight: i16, sign: u16, scale: u16, mut groups: Vec<u16>) -> Self {
        while groups.last() == Some(&0) {
            groups.pop();
        }
        if groups.is_empty() {
            return Self { weight: 0, sign: POSITIVE, scale, digits: Vec::new() };
        }
        let mut digits = Vec::with_capacity(2 * groups.len());
        for group in groups {
            if group == 0 && digits.is_empty() {
                weight -= 1;
            } else {
                digits.extend_from_slice(&group.to_be_bytes());
            }
        }
        Self { weight, sign, scale, digits }
    }

    /// The value, borrowed.
    pub fn as_numeric(&self) -> Numeric<'_> {
        Numeric::from_parts(self.weight, self.sign, self.scale, &self.digits)
    }

    /// Decimal places it is shown with.
    pub fn scale(&self) -> u16 {
        self.scale
    }

    /// Whether a column `numeric(precision, scale)` holds this number exactly. NaN fits every
    /// column, an infinity none (`apply_typmod_special`).
    pub fn fits(&self, precision: u16, scale: u16) -> bool {
        let value = self.as_numeric();
        if !value.is_finite() {
            return self.sign == NAN;
        }
        value.least_scale() <= i64::from(scale)
            && value.whole_digits() <= i64::from(precision) - i64::from(scale)
    }

    /// The same number shown with so many decimal places, as a column of that scale stores it:
    /// zeros are added or dropped. `None` where a digit that is not zero would be lost. NaN and
    /// the infinities have no decimal places and stay as they are.
    pub fn with_scale(&self, scale: u16) -> Option<Self> {
        let value = self.as_numeric();
        if !value.is_finite() {
            return Some(self.clone());
        }
        (scale <= SCALE_MAX && value.least_scale() <= i64::from(scale))
            .then(|| Self { scale, ..self.clone() })
    }
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Up to four decimal digits as a number, as if zeros followed up to `width`.
fn decimal(group: &[u8], width: usize) -> u16 {
    (0..width).fold(0, |value, i| {
        10 * value + group.get(i).map_or(0, |digit| u16::from(digit.wrapping_sub(b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &NumericBuf) -> String {
        let mut out = Vec::new();
        value.as_numeric().render(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn canonical_text_comes_back() {
        let long = format!("-{}.{}", "9".repeat(400), "0".repeat(300) + "1");
        for case in [
            "0",
            "0.00",
            "1",
            "10000",
            "12345.6780",
            "-0.001",
            "0.00000001",
            "100000000",
            "99999999.00010",
            "NaN",
            "Infinity",
            "-Infinity",
            &long,
        ] {
            assert_eq!(text(&NumericBuf::from_text(case).unwrap()), case);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for case in [
            "", "-", ".", "1.", ".5", "+1", "01", "00", "-0", "-0.00", "1e3", " 1", "1 ", "1_000",
            "nan", "inf", "--1", "1.-2", "1.2.3", "١",
        ] {
            assert_eq!(NumericBuf::from_text(case), None, "{case}");
        }
        assert_eq!(NumericBuf::from_text(&format!("0.{}", "0".repeat(16_384))), None);
        assert!(NumericBuf::from_text(&format!("0.{}", "0".repeat(16_383))).is_some());
        assert!(NumericBuf::from_text(&"9".repeat(131_072)).is_some());
        assert_eq!(NumericBuf::from_text(&"9".repeat(131_073)), None);
    }

    #[test]
    fn integers() {
        for value in [0, 1, -1, 9_999, 10_000, -100_000_000, i64::MAX, i64::MIN] {
            let built = NumericBuf::from_i64(value);
            assert_eq!(text(&built), value.to_string());
            assert_eq!(NumericBuf::from_text(&value.to_string()), Some(built));
        }
    }

    #[test]
    fn columns_it_fits() {
        let fits = |text: &str, precision, scale| {
            NumericBuf::from_text(text).unwrap().fits(precision, scale)
        };
        assert!(fits("12345678.90", 10, 2));
        assert!(fits("12345678.900", 10, 2));
        assert!(!fits("12345678.901", 10, 2));
        assert!(!fits("123456789", 10, 2));
        assert!(fits("0.00", 2, 2));
        assert!(fits("0.99", 2, 2));
        assert!(!fits("1", 2, 2));
        assert!(fits("0.001", 2, 3));
        assert!(!fits("0.1", 2, 3));
        assert!(fits("NaN", 1, 0));
        assert!(!fits("Infinity", 1_000, 0));
    }

    #[test]
    fn scale_is_padded_and_never_cuts_a_digit() {
        let scaled = |from: &str, scale| {
            NumericBuf::from_text(from).unwrap().with_scale(scale).as_ref().map(text)
        };
        assert_eq!(scaled("1.5", 2).as_deref(), Some("1.50"));
        assert_eq!(scaled("1.500", 2).as_deref(), Some("1.50"));
        assert_eq!(scaled("1.505", 2), None);
        assert_eq!(scaled("12", 0).as_deref(), Some("12"));
        assert_eq!(scaled("0", 3).as_deref(), Some("0.000"));
        assert_eq!(scaled("NaN", 3).as_deref(), Some("NaN"));
        assert_eq!(scaled("1", 16_384), None);
    }
}
