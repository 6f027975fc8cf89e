use super::*;

fn cause(source: &str, target: &str) -> Cause {
    explain("", Some(source.as_bytes()), Some(target.as_bytes())).cause
}

fn check(expected: Cause, pairs: &[(&str, &str)]) {
    for (source, target) in pairs {
        assert_eq!(cause(source, target), expected, "{source:?} {target:?}");
    }
}

#[test]
fn null_and_empty() {
    let of = |source: Option<&str>, target: Option<&str>| {
        explain("text", source.map(str::as_bytes), target.map(str::as_bytes)).cause
    };
    assert_eq!(of(None, Some("")), Cause::NullBecameEmpty);
    assert_eq!(of(Some(""), None), Cause::EmptyBecameNull);
    assert_eq!(of(Some("x"), None), Cause::BecameNull);
    assert_eq!(of(None, Some("x")), Cause::WasNull);
    assert_eq!(of(Some("x"), Some("")), Cause::BecameEmpty);
    assert_eq!(of(Some(""), Some("x")), Cause::WasEmpty);
    check(Cause::BecameEmpty, &[("\\x00", "\\x")]);
    check(Cause::WasEmpty, &[("\\x", "\\x00")]);
}

#[test]
fn white_space() {
    check(Cause::TrailingBlanks, &[("An ", "An"), ("An", "An  "), ("An\n", "An"), (" ", "  ")]);
    check(Cause::LeadingBlanks, &[(" An", "An"), ("An", "\tAn"), ("  1", "1")]);
    check(Cause::Blanks, &[(" An ", "An"), ("Văn  An", "Văn An"), ("a\tb", "a b")]);
    check(Cause::LineEndings, &[("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\r\n", "a\n")]);
    check(
        Cause::InvisibleCharacters,
        &[("a\u{a0}b", "a b"), ("\u{feff}a", "a"), ("a\u{200b}b", "ab"), ("a\u{1}", "a")],
    );
}

#[test]
fn letters() {
    check(Cause::NormalisationForm, &[("Nguy\u{1ec5}n", "Nguye\u{302}\u{303}n")]);
    check(Cause::LetterCase, &[("An", "AN"), ("ĐỖ", "đỗ")]);
    check(Cause::AccentsLost, &[("Nguyễn Đức", "Nguyen Duc"), ("Hòa", "Hoa")]);
    check(Cause::AccentsChanged, &[("Hòa", "Hoà"), ("Nguyễn", "Nguyên"), ("Duc", "Đức")]);
}

#[test]
fn encodings() {
    check(
        Cause::EncodingDamage,
        &[
            ("Nguyễn", "Nguyá»…n"),
            ("Nguyễn", "Nguy\u{e1}\u{bb}\u{85}n"),
            ("Nguyá»…n", "Nguyễn"),
            ("é", "Ã\u{192}Â©"),
            ("Nguyễn Đức", "Nguy?n ??c"),
            ("Nguyễn", "Nguy???n"),
            ("Nguyễn văn", "Nguy\u{fffd}n v\u{fffd}n"),
            ("Trần Thị", "Tr?n Th?"),
        ],
    );
    check(Cause::OneCharacter, &[("Nguyn", "Nguy?n")]);
    let latin = explain("text", Some("café".as_bytes()), Some(b"caf\xe9"));
    assert_eq!(latin.cause, Cause::EncodingDamage);
    assert_eq!(explain("", Some("caffé".as_bytes()), Some(b"caff\xc3")).cause, Cause::Truncated);
    assert_eq!(explain("", Some(b"a\xff"), Some(b"b\xfe")).cause, Cause::ValueChanged);
}

#[test]
fn slips() {
    check(Cause::Truncated, &[("Nguyễn Văn An", "Nguyễn Vă"), ("012345", "0123")]);
    check(Cause::DigitsSwapped, &[("001234", "001324"), ("HN-12", "HN-21")]);
    check(
        Cause::OneCharacter,
        &[("Hoang", "Hong"), ("An", "Ann"), ("12345", "12945"), ("ab", "xb")],
    );
    check(Cause::ValueChanged, &[("t", "f"), ("An", "Bình"), ("ab", "ba"), ("aba", "aaab")]);
}

#[test]
fn numbers() {
    check(Cause::ScaleChanged, &[("1.5", "1.50"), ("0", "0.00"), ("100000", "1e5"), ("+5", "5")]);
    check(Cause::LeadingZeros, &[("0901234567", "901234567"), ("7", "007")]);
    check(
        Cause::NumberRounded,
        &[
            ("1.2345", "1.23"),
            ("1.2355", "1.24"),
            ("99.99", "99"),
            ("9.99", "10"),
            ("-0.4", "0"),
            ("1234567.8", "1234570"),
            ("12345678901234567", "12345678901234568"),
            ("0.1", "0.10000000149011612"),
            ("123456789", "123456792"),
            ("0.30000000000000004", "0.3"),
        ],
    );
    check(Cause::SignChanged, &[("-5.0", "5"), ("12", "-12"), ("0", "-0"), ("-0", "0")]);
    check(Cause::SignChanged, &[("infinity", "-infinity"), ("-Infinity", "Infinity")]);
    check(Cause::DecimalPointMoved, &[("1.50", "150"), ("100", "1"), ("12.5", "1.25")]);
    check(Cause::OneCharacter, &[("10", "19"), ("25", "75")]);
    check(Cause::Truncated, &[("10", "1")]);
    check(Cause::ValueChanged, &[("2", "7"), ("7", "10"), ("6812", "7000"), ("NaN", "1")]);
    let long = "9".repeat(100_000);
    check(Cause::ValueChanged, &[("1", &long), (&format!("{long}e99999"), "1"), ("5", "1e999")]);
}

#[test]
fn times() {
    check(
        Cause::MicrosecondsLost,
        &[
            ("2024-03-05 10:11:12.123456", "2024-03-05 10:11:12"),
            ("2024-03-05 10:11:12.123456+00", "2024-03-05 10:11:12.123+00"),
            ("10:11:12.5", "10:11:12"),
        ],
    );
    check(
        Cause::FractionRounded,
        &[
            ("2024-03-05 10:11:12.987654", "2024-03-05 10:11:13"),
            ("2024-12-31 23:59:59.9999", "2025-01-01 00:00:00"),
            ("2024-03-05 10:11:12.1239", "2024-03-05 10:11:12.124"),
        ],
    );
    check(Cause::FractionChanged, &[("10:11:12.5", "10:11:12.7"), ("10:11:12", "10:11:12.7")]);
    check(
        Cause::TimeOfDayLost,
        &[
            ("2024-03-05 10:11:12", "2024-03-05 00:00:00"),
            ("2024-03-05 10:11:12", "2024-03-05"),
            ("2024-03-05 07:00:00", "2024-03-05 00:00:00"),
        ],
    );
    check(Cause::MidnightAdded, &[("2024-03-05", "2024-03-05 00:00:00")]);
    check(Cause::DayShifted, &[("2024-03-01", "2024-02-29"), ("1999-12-31", "2000-01-01")]);
    check(
        Cause::DayMonthSwapped,
        &[("2024-03-05", "2024-05-03"), ("2024-03-05 10:11:12", "2024-05-03 10:11:12")],
    );
    check(Cause::ValueChanged, &[("2024-03-05 10:11:12", "2021-07-25 20:01:52")]);
    check(Cause::OneCharacter, &[("2024-13-05", "2024-14-05")]);
}

#[test]
fn shifts_of_time() {
    let shift = |source: &str, target: &str| {
        let found = explain("", Some(source.as_bytes()), Some(target.as_bytes()));
        assert_eq!(found.cause, Cause::TimeShifted, "{source} {target}");
        found.shift_minutes.unwrap()
    };
    assert_eq!(shift("2024-02-28 20:00:00.5+00", "2024-02-29 03:00:00.5+00"), 7 * 60);
    assert_eq!(shift("2023-12-31 20:11:12", "2023-12-31 13:11:12"), -7 * 60);
    assert_eq!(shift("2023-12-31 20:11:12", "2024-01-01 01:56:12"), 345);
    assert_eq!(shift("23:00:00", "06:00:00"), 7 * 60);
    assert_eq!(shift("2024-02-28 10:00:00", "2024-02-29 10:00:00"), 24 * 60);
    check(Cause::OneCharacter, &[("2024-02-28 10:00:00", "2024-02-28 10:00:01")]);
}

#[test]
fn json() {
    check(
        Cause::JsonSpacing,
        &[(r#"{"a":1,"b":[1,2]}"#, r#"{"a": 1, "b": [1, 2]}"#), ("[]", "[ ]")],
    );
    check(
        Cause::JsonKeyOrder,
        &[(r#"{"a":1,"b":{"c":2,"d":"}"}}"#, r#"{"b":{"d":"}", "c":2},"a":1}"#)],
    );
    check(Cause::OneCharacter, &[(r#"{"a":1}"#, r#"{"a":2}"#)]);
    // A number beyond a double's digits is not the same number.
    let (one, other) = ("{\"b\":1,\"a\":10000000000000001}", "{\"a\":10000000000000002,\"b\":1}");
    check(Cause::ValueChanged, &[(one, other), ("{\"a\":1} x", "{ \"a\":1}")]);
    let deep = "[".repeat(1_000_000);
    check(Cause::Truncated, &[(&format!("{deep}["), &deep)]);
}

#[test]
fn binary() {
    check(Cause::BitFlipped, &[("\\x00ff", "\\x00fe"), ("\\x80", "\\x00")]);
    check(Cause::OneCharacter, &[("\\x00ff10", "\\x000010")]);
    check(Cause::Truncated, &[("\\x001122", "\\x0011")]);
    check(Cause::LineEndings, &[("\\x610d0a62", "\\x610a62")]);
    check(Cause::EncodingDamage, &[("\\x61ff62", "\\x61efbfbd62"), ("\\x61e962", "\\x61c3a962")]);
    check(Cause::ValueChanged, &[("\\x0011", "\\xaabb"), ("\\x0011", "\\xaabbcc")]);
    // In a column that is not binary these are letters.
    let found = explain("text", Some(b"\\x00ff"), Some(b"\\x00fe"));
    assert_eq!(found.cause, Cause::OneCharacter);
}

#[test]
fn causes_serialise_in_snake_case_and_have_a_text() {
    assert_eq!(serde_json::to_string(&Cause::MicrosecondsLost).unwrap(), "\"microseconds_lost\"");
    assert_eq!(Cause::ColumnsExchanged.to_string(), "the contents of two columns are exchanged");
}
