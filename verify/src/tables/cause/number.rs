//! Numbers that are nearly the same.

use super::Cause;

/// Rounding to so many significant digits or more is taken for rounding (a MySQL `FLOAT` prints
/// six); 7,000 for 6,812 is just another number.
const SIGNIFICANT_MIN: usize = 5;

/// A decimal number: digits, without zeros at either end, times ten to the power of the exponent.
struct Decimal {
    is_negative: bool,
    digits: Vec<u8>,
    exponent: i64,
    has_leading_zeros: bool,
    has_point: bool,
}

/// The cause, if both texts are numbers and one is recognised.
pub(super) fn cause(source: &str, target: &str) -> Option<Cause> {
    if is_infinite(source) && is_infinite(target) {
        return Some(Cause::SignChanged);
    }
    let (from, to) = (Decimal::parse(source)?, Decimal::parse(target)?);
    let has_same_digits = from.digits == to.digits;
    let has_same_sign = from.is_negative == to.is_negative;
    if has_same_digits && from.exponent == to.exponent {
        return Some(if !has_same_sign {
            Cause::SignChanged
        } else if from.has_leading_zeros != to.has_leading_zeros {
            Cause::LeadingZeros
        } else if from.has_leading_zeros {
            return None;
        } else {
            Cause::ScaleChanged
        });
    }
    if (has_same_sign || to.digits.is_empty()) && from.rounds_to(&to) {
        return Some(Cause::NumberRounded);
    }
    if is_as_float(source, target) {
        return Some(Cause::NumberRounded);
    }
    let moved = from.exponent.abs_diff(to.exponent);
    if has_same_digits
        && has_same_sign
        && (moved > 1 || from.has_point || to.has_point)
        && !from.has_leading_zeros
        && !to.has_leading_zeros
    {
        return Some(Cause::DecimalPointMoved);
    }
    None
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, i64::from(power.parse::<i16>().ok()?)),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let exponent = match significant {
            "" => 0,
            _ => power + i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()?,
        };
        Some(Self {
            is_negative: text.starts_with('-'),
            digits: significant.as_bytes().to_vec(),
            exponent,
            has_leading_zeros: whole.len() > 1 && whole.starts_with('0'),
            has_point: mantissa.contains('.'),
        })
    }

    /// Whether `to` is this number, cut off or rounded either way, with fewer decimals, or with
    /// five significant digits or more.
    fn rounds_to(&self, to: &Self) -> bool {
        let padding = usize::try_from(to.exponent.max(0)).unwrap_or(usize::MAX).min(400);
        let mut with_zeros = to.digits.clone();
        with_zeros.resize(with_zeros.len() + padding, b'0');
        self.is_cut_to(&with_zeros, to.exponent.min(0))
            || (to.digits.len() >= SIGNIFICANT_MIN && self.is_cut_to(&to.digits, to.exponent))
    }

    /// Whether this number without the digits below ten to the power of `exponent` is `digits`, or
    /// one less than that.
    fn is_cut_to(&self, digits: &[u8], exponent: i64) -> bool {
        let Ok(dropped) = usize::try_from(exponent - self.exponent) else { return false };
        if dropped == 0 {
            return false;
        }
        let kept = self.digits.len().saturating_sub(dropped);
        let kept = self.digits.get(..kept).unwrap_or_default();
        kept == digits || next(kept) == digits
    }
}

/// The digits of the next whole number.
fn next(digits: &[u8]) -> Vec<u8> {
    let mut next = digits.to_vec();
    for digit in next.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return next;
        }
    }
    next.insert(0, b'1');
    next
}

/// Numbers, dates and timestamps have infinities at both ends.
fn is_infinite(text: &str) -> bool {
    matches!(text.strip_prefix('-').unwrap_or(text), "infinity" | "Infinity")
}

/// Whether the target is the source as a `double precision` or a `real` holds it.
fn is_as_float(source: &str, target: &str) -> bool {
    let (Ok(from), Ok(to)) = (source.parse::<f64>(), target.parse::<f64>()) else { return false };
    let single = source.parse::<f32>().map(f64::from);
    let is_same = |a: f64, b: f64| a.is_finite() && a.to_bits() == b.to_bits();
    is_same(from, to) || single.is_ok_and(|single| is_same(single, to))
}
