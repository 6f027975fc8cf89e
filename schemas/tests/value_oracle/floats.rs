//! Floats: where two printers of shortest digits could differ.

use handover_schemas::pg_type::PgType;
use proptest::prelude::*;

use crate::check::{Case, Restore};
use crate::values::{Wire, sample};

fn doubles_hold(restore: Restore, values: impl Iterator<Item = f64>) {
    let wires: Vec<Wire> = values.map(|value| Some(value.to_be_bytes().to_vec())).collect();
    Case::new("double precision", PgType::Float8).restores(restore).holds(&wires);
}

fn singles_hold(restore: Restore, values: impl Iterator<Item = f32>) {
    let wires: Vec<Wire> = values.map(|value| Some(value.to_be_bytes().to_vec())).collect();
    Case::new("real", PgType::Float4).restores(restore).holds(&wires);
}

/// The float and its neighbours on both sides, which on a power of two differ in distance.
fn around_double(value: f64) -> impl Iterator<Item = f64> {
    let bits = value.to_bits();
    [bits.saturating_sub(1), bits, bits + 1].into_iter().map(f64::from_bits)
}

fn around_single(value: f32) -> impl Iterator<Item = f32> {
    let bits = value.to_bits();
    [bits.saturating_sub(1), bits, bits + 1].into_iter().map(f32::from_bits)
}

/// Doubles next to which a short decimal lies exactly half-way to a neighbour, on the mantissa's
/// even side: `odd · 5^power · 2^twos` has 54 bits and the float is one half unit below or above.
fn half_way_double() -> impl Strategy<Value = f64> + Clone {
    (1..23_u32, any::<u64>(), -24..60_i32, any::<bool>()).prop_map(|(power, seed, twos, above)| {
        let fives = 5_u64.pow(power);
        let (least, most) = ((1 << 53) / fives, ((1 << 54) - 1) / fives);
        let odd = (least + 1 + seed % (most - least).max(1)) | 1;
        let mantissa = if above { odd * fives / 2 + 1 } else { odd * fives / 2 };
        // A mantissa of 53 bits is exact, and so is a product with a power of two.
        let mantissa: f64 = mantissa.to_string().parse().expect("an integer");
        mantissa * 2_f64.powi(twos)
    })
}

fn half_way_single() -> impl Strategy<Value = f32> + Clone {
    (1..10_u32, any::<u32>(), -12..40_i32, any::<bool>()).prop_map(|(power, seed, twos, above)| {
        let fives = 5_u32.pow(power);
        let (least, most) = ((1 << 24) / fives, ((1 << 25) - 1) / fives);
        let odd = (least + 1 + seed % (most - least).max(1)) | 1;
        let mantissa = if above { odd * fives / 2 + 1 } else { odd * fives / 2 };
        let mantissa: f32 = mantissa.to_string().parse().expect("an integer");
        mantissa * 2_f32.powi(twos)
    })
}

/// Any double, its bits drawn at random or its digits.
pub(crate) fn double() -> impl Strategy<Value = Wire> + Clone {
    let bits =
        any::<u64>().prop_map(f64::from_bits).prop_filter("NaN has one text", |f| !f.is_nan());
    let digits = (any::<i64>(), 0..63_u32, -330..310)
        .prop_map(|(n, by, e)| format!("{}e{e}", n >> by).parse().expect("a float"));
    let money = (-100_000_000..100_000_000_i32).prop_map(|n| f64::from(n) / 100.0);
    let tiny = (0..100_000_u64).prop_map(f64::from_bits);
    let special = prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY]);
    prop::option::weighted(
        0.99,
        prop_oneof![
            8 => bits, 8 => digits, 2 => money, 1 => tiny, 1 => special, 8 => half_way_double()
        ]
        .prop_map(|f: f64| f.to_be_bytes().to_vec()),
    )
}

/// Any single.
pub(crate) fn single() -> impl Strategy<Value = Wire> + Clone {
    let bits =
        any::<u32>().prop_map(f32::from_bits).prop_filter("NaN has one text", |f| !f.is_nan());
    let digits = (any::<i32>(), 0..31_u32, -50..40)
        .prop_map(|(n, by, e)| format!("{}e{e}", n >> by).parse().expect("a float"));
    let tiny = (0..100_000_u32).prop_map(f32::from_bits);
    let special = prop::sample::select(vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY]);
    prop::option::weighted(
        0.99,
        prop_oneof![8 => bits, 8 => digits, 1 => tiny, 1 => special, 8 => half_way_single()]
            .prop_map(|f: f32| f.to_be_bytes().to_vec()),
    )
}

#[test]
fn doubles() {
    Case::new("double precision", PgType::Float8).holds(&sample(double(), 60_000));
}

#[test]
fn singles() {
    Case::new("real", PgType::Float4).holds(&sample(single(), 60_000));
}

#[test]
fn powers_of_two_and_ten() {
    let twos = (1..0x7ff_u64).map(|exponent| f64::from_bits(exponent << 52));
    let subnormal = (0..52).map(|bit| f64::from_bits(1 << bit));
    let tens = (-323..309).map(|e| format!("1e{e}").parse().unwrap());
    doubles_hold(Restore::Exact, twos.chain(subnormal).chain(tens).flat_map(around_double));

    let twos = (1..0xff_u32).map(|exponent| f32::from_bits(exponent << 23));
    let subnormal = (0..23).map(|bit| f32::from_bits(1 << bit));
    let tens = (-45..39).map(|e| format!("1e{e}").parse().unwrap());
    singles_hold(Restore::Exact, twos.chain(subnormal).chain(tens).flat_map(around_single));
}

/// Where the text changes its layout.
#[test]
fn thresholds_of_the_exponent_form() {
    let texts: Vec<String> = (-8..20)
        .flat_map(|e| {
            ["1", "9.99", "1.25", "9.999999999999999", "-1", "-9.99"]
                .map(|digits| format!("{digits}e{e}"))
        })
        .collect();
    doubles_hold(Restore::Exact, texts.iter().map(|text| text.parse().unwrap()));
    singles_hold(Restore::Exact, texts.iter().map(|text| text.parse().unwrap()));
}

/// All NaNs print alike; their bits pass through the binary wire all the same.
#[test]
fn nan_has_one_text_and_many_bits() {
    let doubles = (0..500_u64).map(|n| f64::from_bits(0x7ff8_0000_0000_0000 | n << 40 | n));
    doubles_hold(Restore::Lines, doubles.chain([-f64::NAN]));
    let singles = (0..500_u32).map(|n| f32::from_bits(0xffc0_0000 | n << 8 | n));
    singles_hold(Restore::Lines, singles);
}
