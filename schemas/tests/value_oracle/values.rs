//! Values by their binary form, edges more often than chance would have them.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// A value's binary form; `None` is NULL.
pub(crate) type Wire = Option<Vec<u8>>;

/// So many values, the same in every run.
pub(crate) fn sample<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
}

/// Now and then NULL.
fn or_null(bytes: impl Strategy<Value = Vec<u8>> + Clone) -> impl Strategy<Value = Wire> + Clone {
    prop::option::weighted(0.97, bytes)
}

pub(crate) fn boolean() -> impl Strategy<Value = Wire> + Clone {
    or_null((0..2_u8).prop_map(|b| vec![b]))
}

pub(crate) fn int2() -> impl Strategy<Value = Wire> + Clone {
    let edges = prop::sample::select(vec![0, -1, i16::MIN, i16::MAX]);
    or_null(prop_oneof![edges, -20..20_i16, any::<i16>()].prop_map(|n| n.to_be_bytes().to_vec()))
}

pub(crate) fn int4() -> impl Strategy<Value = Wire> + Clone {
    let edges = prop::sample::select(vec![0, -1, i32::MIN, i32::MAX]);
    or_null(prop_oneof![edges, -20..20, any::<i32>()].prop_map(|n| n.to_be_bytes().to_vec()))
}

pub(crate) fn int8() -> impl Strategy<Value = Wire> + Clone {
    let edges = prop::sample::select(vec![0, -1, i64::MIN, i64::MAX]);
    let shifted = (any::<i64>(), 0..64).prop_map(|(n, by)| n >> by);
    or_null(prop_oneof![edges, shifted].prop_map(|n| n.to_be_bytes().to_vec()))
}

fn numeric_wire(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
    let count = u16::try_from(groups.len()).expect("few digits");
    let words = [count, weight.cast_unsigned(), sign, scale];
    words.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
}

/// Base-10000 digits, often such that zeros matter.
fn groups(most: usize) -> impl Strategy<Value = Vec<u16>> + Clone {
    let group = prop_oneof![
        prop::sample::select(vec![0, 1, 9, 10, 99, 100, 999, 1_000, 9_000, 9_990, 9_999]),
        0..10_000_u16
    ];
    prop_oneof![
        3 => prop::collection::vec(group.clone(), 0..6),
        1 => prop::collection::vec(group, 0..most)
    ]
}

/// Decimal places that the digits need.
fn least_scale(weight: i16, groups: &[u16]) -> u16 {
    let Some(last) = groups.iter().rposition(|&g| g != 0) else { return 0 };
    let zeros = (1..4).take_while(|&n| groups[last].is_multiple_of(10_u16.pow(n))).count();
    let places = 4 * (i64::try_from(last).expect("few digits") - i64::from(weight));
    u16::try_from((places - i64::try_from(zeros).expect("three at most")).max(0)).expect("few")
}

pub(crate) fn numeric() -> impl Strategy<Value = Wire> + Clone {
    let sign = prop::sample::select(vec![0_u16, 0x4000]);
    let weight = prop_oneof![4 => -4..5_i16, 1 => -120..120_i16];
    let padding = prop_oneof![2 => Just(0_u16), 1 => 0..12_u16, 1 => 0..600_u16];
    let finite =
        (weight, sign, padding, groups(150)).prop_map(|(weight, sign, padding, mut groups)| {
            while groups.first() == Some(&0) {
                groups.remove(0);
            }
            while groups.last() == Some(&0) {
                groups.pop();
            }
            let scale = least_scale(weight, &groups) + padding;
            let (weight, sign) = if groups.is_empty() { (0, 0) } else { (weight, sign) };
            numeric_wire(weight, sign, scale, &groups)
        });
    let special = prop::sample::select(vec![
        numeric_wire(0, 0xc000, 0, &[]),
        numeric_wire(0, 0xd000, 0x20, &[]),
        numeric_wire(0, 0xf000, 0x20, &[]),
        numeric_wire(0, 0, 16_383, &[]),
        numeric_wire(0, 0, 16_383, &[1]),
        numeric_wire(32_767, 0, 0, &[9_999]),
        numeric_wire(-4_095, 0x4000, 16_383, &[1_230]),
    ]);
    or_null(prop_oneof![100 => finite, 1 => special])
}

pub(crate) fn numeric_not_normal() -> impl Strategy<Value = Wire> + Clone {
    let sign = prop::sample::select(vec![0_u16, 0x4000]);
    let parts = (-10..10_i16, sign, 0..12_u16, groups(20), 0..3_usize, 0..3_usize);
    or_null(parts.prop_map(|(weight, sign, padding, digits, before, after)| {
        let groups = [vec![0; before], digits, vec![0; after]].concat();
        numeric_wire(weight, sign, least_scale(weight, &groups) + padding, &groups)
    }))
}

/// Text without NUL, of characters that mean something somewhere.
fn string(most: usize) -> impl Strategy<Value = String> + Clone {
    let special =
        prop::sample::select("\\\t\n\r\u{8}\u{b}\u{c}\"'{},N .xNULL".chars().collect::<Vec<_>>());
    let control = (1..0x20_u8).prop_map(char::from);
    let foreign =
        prop::sample::select("ễạđĐ\u{a0}\u{85}\u{7f}€👍\u{301}".chars().collect::<Vec<_>>());
    let any = any::<char>().prop_map(|c| if c == '\0' { '0' } else { c });
    let mixed = prop_oneof![4 => special, 1 => control, 1 => foreign, 1 => any];
    let letter = prop_oneof![30 => prop::char::range('a', 'z'), 1 => mixed.clone()];
    let of = |characters, most| {
        prop::collection::vec(characters, 0..=most).prop_map(|c: Vec<char>| c.into_iter().collect())
    };
    let words = prop::sample::select(vec!["NULL", "null", "\\N", "\\.", "", " ", "{}"]);
    prop_oneof![
        4 => of(mixed.boxed(), most.min(12)),
        4 => of(letter.boxed(), most),
        1 => words.prop_map(String::from)
    ]
    .boxed()
    .prop_map(|text: String| text)
}

pub(crate) fn text() -> impl Strategy<Value = Wire> + Clone {
    or_null(string(150).prop_map(String::into_bytes))
}

/// Ten characters, of which the last ones are blanks.
pub(crate) fn char_of_10() -> impl Strategy<Value = Wire> + Clone {
    or_null(string(10).prop_map(|text| {
        let cut: String = text.chars().take(10).collect();
        format!("{cut:<10}").into_bytes()
    }))
}

pub(crate) fn bytea() -> impl Strategy<Value = Wire> + Clone {
    or_null(prop::collection::vec(any::<u8>(), 0..80))
}

pub(crate) fn uuid() -> impl Strategy<Value = Wire> + Clone {
    or_null(any::<[u8; 16]>().prop_map(Vec::from))
}

pub(crate) fn date() -> impl Strategy<Value = Wire> + Clone {
    let edges = prop::sample::select(vec![
        i32::MIN,
        i32::MAX,
        -2_451_545,
        2_145_031_948,
        -730_119,
        -730_120,
        -730_485,
        -730_486,
        2_921_939,
        2_921_940,
        0,
    ]);
    let days = prop_oneof![
        1 => edges,
        5 => -1_500_000..4_000_000,
        5 => -2_451_545..=2_145_031_948
    ];
    or_null(days.prop_map(|days| days.to_be_bytes().to_vec()))
}

/// Microseconds that often end in zeros.
fn rounded(micros: i64, places: u32) -> i64 {
    micros - micros % 10_i64.pow(places)
}

pub(crate) fn time() -> impl Strategy<Value = Wire> + Clone {
    let edges = prop::sample::select(vec![0, 1, 86_399_999_999, 86_400_000_000]);
    let any = (0..=86_400_000_000_i64, 0..9_u32).prop_map(|(t, places)| rounded(t, places));
    or_null(prop_oneof![1 => edges, 20 => any].prop_map(|t| t.to_be_bytes().to_vec()))
}

pub(crate) fn timestamp() -> impl Strategy<Value = Wire> + Clone {
    let (first, last) = (-211_813_488_000_000_000, 9_223_371_331_199_999_999);
    let edges = prop::sample::select(vec![
        i64::MIN,
        i64::MAX,
        first,
        last,
        0,
        -1,
        -63_082_281_600_000_000,
        -63_082_281_600_000_001,
    ]);
    let any = (first..=last, 0..9_u32).prop_map(|(t, places)| rounded(t, places));
    let usual = (-200_000_000_000_000_000..250_000_000_000_000_000_i64, 0..9_u32)
        .prop_map(|(t, places)| rounded(t, places));
    or_null(prop_oneof![1 => edges, 10 => any, 10 => usual].prop_map(|t| t.to_be_bytes().to_vec()))
}

fn interval_wire((months, days, micros): (i32, i32, i64)) -> Vec<u8> {
    [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
}

/// All combinations of signs and zeros, small and middling.
pub(crate) fn interval() -> impl Strategy<Value = Wire> + Clone {
    let months = prop_oneof![Just(0), -40..40, -10_000_000..10_000_000];
    let days = prop_oneof![Just(0), -3..4, -10_000_000..10_000_000];
    let micros = prop_oneof![
        Just(0),
        -3..4_i64,
        (-20_000_000..20_000_000_i64, 0..7_u32).prop_map(|(t, places)| rounded(t, places)),
        (-9_000_000_000_000_000..9_000_000_000_000_000_i64, 0..10_u32)
            .prop_map(|(t, places)| rounded(t, places)),
    ];
    or_null((months, days, micros).prop_map(interval_wire))
}

/// The whole range of the three counts, save the two intervals that are infinite since PostgreSQL
/// 17 and the one count that PostgreSQL does not read back.
pub(crate) fn interval_extreme() -> impl Strategy<Value = Wire> + Clone {
    let small = prop::sample::select(vec![0, 1, -1, i32::MIN, i32::MAX]);
    let large = prop::sample::select(vec![0, 1, -1, i64::MIN + 1, i64::MAX]);
    let all = (
        prop_oneof![small.clone(), any::<i32>()],
        prop_oneof![small, any::<i32>()],
        prop_oneof![large, any::<i64>()],
    );
    let is_finite = |&value: &(i32, i32, i64)| value != (i32::MAX, i32::MAX, i64::MAX);
    or_null(all.prop_filter("infinite", is_finite).prop_map(interval_wire))
}

/// A JSON document as text, with blanks here and there.
fn json_text() -> impl Strategy<Value = String> + Clone {
    let word = string(8).prop_map(|text| {
        let escaped: String = text
            .chars()
            .map(|c| match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
                c => c.to_string(),
            })
            .collect();
        format!("\"{escaped}\"")
    });
    let number = prop_oneof![
        any::<i32>().prop_map(|n| n.to_string()),
        (any::<i32>(), 0..999_u32, -20..20).prop_map(|(n, f, e)| format!("{n}.{f:03}e{e}")),
    ];
    let literal = prop::sample::select(vec!["null", "true", "false", "{}", "[ ]", "-0", "1.50"]);
    let leaf = prop_oneof![word.clone(), number, literal.prop_map(String::from)].boxed();
    leaf.prop_recursive(3, 20, 4, move |inner| {
        let pair = (word.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(pair, 0..4)
                .prop_map(|pairs| format!("{{{}}}", pairs.join(",\n")))
        ]
    })
}

pub(crate) fn json() -> impl Strategy<Value = Wire> + Clone {
    or_null(json_text().prop_map(String::into_bytes))
}

pub(crate) fn jsonb() -> impl Strategy<Value = Wire> + Clone {
    or_null(json_text().prop_map(|text| [&[1], text.as_bytes()].concat()))
}

/// An array of up to three dimensions whose elements have this OID.
pub(crate) fn array(
    oid: u32,
    element: impl Strategy<Value = Wire> + Clone,
) -> impl Strategy<Value = Wire> + Clone {
    let lower = prop_oneof![10 => Just(1), 1 => -2..3, 1 => any::<i32>().prop_map(|n| n / 2)];
    let bounds = prop_oneof![
        1 => Just(Vec::new()),
        6 => prop::collection::vec((1..5_i32, lower.clone()), 1),
        3 => prop::collection::vec((1..4_i32, lower), 2..4),
    ];
    or_null(bounds.prop_flat_map(move |bounds| {
        let product: i32 = bounds.iter().map(|(len, _)| len).product();
        let count = if bounds.is_empty() { 0 } else { usize::try_from(product).expect("short") };
        let elements = prop::collection::vec(element.clone(), count);
        elements.prop_map(move |elements| array_wire(oid, &bounds, &elements))
    }))
}

fn array_wire(oid: u32, bounds: &[(i32, i32)], elements: &[Wire]) -> Vec<u8> {
    let mut out = i32::try_from(bounds.len()).expect("few").to_be_bytes().to_vec();
    out.extend(i32::from(elements.contains(&None)).to_be_bytes());
    out.extend(oid.to_be_bytes());
    for (len, lower) in bounds {
        out.extend(len.to_be_bytes());
        out.extend(lower.to_be_bytes());
    }
    for element in elements {
        let len = element.as_ref().map_or(-1, |bytes| i32::try_from(bytes.len()).expect("short"));
        out.extend(len.to_be_bytes());
        out.extend(element.iter().flatten());
    }
    out
}
