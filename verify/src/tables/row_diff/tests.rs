use super::*;

fn key(text: &str) -> RowKey {
    text.split(' ').map(|part| Some(part.to_owned())).collect()
}

fn keys(texts: &[&str]) -> Vec<RowKey> {
    texts.iter().map(|text| key(text)).collect()
}

/// Lines with `|` for TAB.
fn text(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{}\n", line.replace('|', "\t")).into_bytes()).collect()
}

fn compare(source: &[&str], target: &[&str]) -> RangeDiff {
    compare_keyed(&[0], &[], &text(source), &text(target))
}

fn causes(diff: &RangeDiff) -> Vec<(&str, &[usize], Cause)> {
    diff.differing
        .iter()
        .map(|d| (d.key[0].as_deref().unwrap(), d.columns.as_slice(), d.cause))
        .collect()
}

#[test]
fn equal_ranges_do_not_differ() {
    assert!(compare(&["1|a", "2|b"], &["1|a", "2|b"]).is_empty());
    assert!(compare(&["1|a", "2|b"], &["2|b", "1|a"]).is_empty());
    assert!(compare(&[], &[]).is_empty());
    assert!(compare_keyed(&[0], &[], b"1\ta", b"1\ta\n").is_empty());
}

#[test]
fn rows_are_missing_extra_and_doubled() {
    let diff = compare(&["1|a", "2|b", "3|c", "5|e"], &["1|a", "3|c", "3|c", "4|d", "5|e"]);
    assert_eq!(diff.missing, keys(&["2"]));
    assert_eq!(diff.extra, keys(&["4"]));
    assert_eq!(diff.doubled, keys(&["3"]));
    assert_eq!(diff.differing, []);
    assert_eq!(compare(&[], &["1|a"]).extra, keys(&["1"]));
    assert_eq!(compare(&["1|a"], &[]).missing, keys(&["1"]));
    assert_eq!(compare_keyed(&[0], &[], b"", b"\n").extra, keys(&[""]));
}

#[test]
fn a_doubled_row_at_either_end_is_not_extra() {
    assert_eq!(compare(&["1|a", "2|b"], &["1|a", "1|a", "2|b"]).doubled, keys(&["1"]));
    assert_eq!(compare(&["1|a", "2|b"], &["1|a", "2|b", "2|b"]).doubled, keys(&["2"]));
    assert_eq!(compare(&["1|a", "2|b"], &["1|a", "2|b", "1|a"]).doubled, keys(&["1"]));
    let diff = compare(&["1|a", "2|b"], &["1|a", "1|x", "2|b"]);
    assert_eq!((diff.doubled, diff.differing_rows), (keys(&["1"]), 0));
    let diff = compare(&["1|a"], &["1|x", "1|y"]);
    assert_eq!((diff.doubled, diff.differing_rows), (keys(&["1"]), 1));
}

#[test]
fn a_row_names_its_columns_by_cause() {
    let diff = compare(
        &["1|a |10:00:00.5|x|\\N|b ", "2|same|10:00:00|y|z|b"],
        &["1|a|10:00:00|x||b", "2|same|10:00:00|y|z|b"],
    );
    assert_eq!(
        causes(&diff),
        [
            ("1", &[1, 5][..], Cause::TrailingBlanks),
            ("1", &[2], Cause::MicrosecondsLost),
            ("1", &[4], Cause::NullBecameEmpty),
        ]
    );
    assert_eq!(diff.differing_rows, 1);
}

#[test]
fn values_are_unescaped_before_they_are_judged() {
    let diff = compare(&["1|a\\r\\nb|\\\\x00ff"], &["1|a\\nb|\\\\x00fe"]);
    assert_eq!(
        causes(&diff),
        [("1", &[1][..], Cause::LineEndings), ("1", &[2], Cause::BitFlipped)]
    );
    assert_eq!(compare(&["a\\tb"], &[]).missing, [vec![Some("a\tb".to_owned())]]);
    assert_eq!(compare(&["\\N|x"], &[]).missing, [vec![None]]);
    assert_eq!(compare_keyed(&[0], &[], b"\xff\n", b"").missing, keys(&["\u{fffd}"]));
    // Not canonical: neither lost nor a reason to stop.
    assert_eq!(compare(&["\\q|1"], &["\\q|7"]).differing.len(), 1);
}

#[test]
fn keys_may_have_several_columns_anywhere() {
    let source = text(&["a|1|x", "a|2|x", "b|1|x"]);
    let target = text(&["a|1|x", "b|1|y", "a|3|x"]);
    let diff = compare_keyed(&[1, 0], &[], &source, &target);
    assert_eq!(diff.missing, keys(&["2 a"]));
    assert_eq!(diff.extra, keys(&["3 a"]));
    assert_eq!(diff.differing[0].key, key("1 b"));
    // ("a", "bc") is not ("ab", "c").
    let diff = compare_keyed(&[0, 1], &[], &text(&["a|bc"]), &text(&["ab|c"]));
    assert_eq!((diff.missing.len(), diff.extra.len()), (1, 1));
}

#[test]
fn columns_that_have_each_others_values() {
    let diff = compare(&["1|Hà|Nội|x|1"], &["1|Nội|Hà|x|2"]);
    assert_eq!(
        causes(&diff),
        [("1", &[1, 2][..], Cause::ColumnsExchanged), ("1", &[4], Cause::ValueChanged)]
    );
    // Two flags are told only where nothing else differs.
    let diff = compare(&["1|t|f|aa"], &["1|f|t|zz"]);
    assert_eq!(causes(&diff), [("1", &[1, 2, 3][..], Cause::ValueChanged)]);
    assert_eq!(
        causes(&compare(&["1|t|f"], &["1|f|t"])),
        [("1", &[1, 2][..], Cause::ColumnsExchanged)]
    );
}

#[test]
fn rows_that_have_each_others_values() {
    let source = ["1|An|1990|x", "2|Bình|1985|x", "3|Chi|1970|x"];
    let diff = compare(&source, &["1|Bình|1985|x", "2|An|1990|x", "3|Chi|1970|x"]);
    let expected = [("1", &[1, 2][..], Cause::RowsExchanged), ("2", &[1, 2], Cause::RowsExchanged)];
    assert_eq!(causes(&diff), expected);
    // Three in a ring have not exchanged anything.
    let diff = compare(&source, &["1|Bình|1985|x", "2|Chi|1970|x", "3|An|1990|x"]);
    assert!(diff.differing.iter().all(|d| d.cause != Cause::RowsExchanged));
    // Nor have rows of which two pairs could have.
    let diff = compare(
        &["1|active", "2|closed", "3|active", "4|closed"],
        &["1|closed", "2|active", "3|closed", "4|active"],
    );
    assert!(diff.differing.iter().all(|d| d.cause == Cause::ValueChanged));
}

#[test]
fn a_damaged_key_is_recognised() {
    let source = ["AN |some content", "B|other content", "C|third content"];
    let diff = compare(&source, &["AN|some content", "B|other content", "D|third content"]);
    assert_eq!(causes(&diff), [("AN ", &[0][..], Cause::TrailingBlanks)]);
    assert_eq!((diff.missing, diff.extra), (keys(&["C"]), keys(&["D"])));
    // Whose is the content that two rows have?
    let diff = compare(&["a |some content", "b|some content"], &["a|some content"]);
    assert_eq!((diff.missing.len(), diff.extra.len()), (2, 1));
}

#[test]
fn lists_add_up_whatever_the_rows_are() {
    let mut state = 7_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..2000 {
        let mut side = || -> Vec<String> {
            (0..random(6)).map(|_| format!("{}|{}", random(5), random(2))).collect()
        };
        let (mut source, target) = (side(), side());
        source.sort();
        source.dedup_by_key(|line| line.chars().next());
        let lines =
            |side: &[String]| side.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let of = |side: &[String]| text(&side.iter().map(String::as_str).collect::<Vec<_>>());
        let diff = compare_keyed(&[0], &[], &of(&source), &of(&target));
        assert_eq!(
            source.len() + diff.extra.len() + diff.doubled.len(),
            target.len() + diff.missing.len(),
            "{}\n\n{}\n{diff:?}",
            lines(&source),
            lines(&target)
        );
        let mut sorted = (source.clone(), target.clone());
        sorted.0.sort();
        sorted.1.sort();
        assert_eq!(diff.is_empty(), sorted.0 == sorted.1);
        let keyless = compare_keyless(&[], &of(&sorted.0), &of(&sorted.1));
        let count = |n: usize| u64::try_from(n).unwrap();
        assert_eq!(
            count(source.len()) + keyless.extra.count + keyless.doubled.count,
            count(target.len()) + keyless.missing.count + keyless.repeats_lost.count
        );
        assert_eq!(keyless.is_empty(), sorted.0 == sorted.1);
    }
}

#[test]
fn without_a_key_rows_are_counted_and_paired() {
    let source =
        text(&["An|1990-01-01|x|1", "Bình|1985-01-01|y|2", "Chi|1970|z|3", "d|d|d|d", "d|d|d|d"]);
    let target = text(&[
        "An|1990-01-02|x|1",
        "Bình|1985-01-01|y|2",
        "Bình|1985-01-01|y|2",
        "d|d|d|d",
        "e|e|e|e",
    ]);
    let diff = compare_keyless(&[], &source, &target);
    assert_eq!(diff.missing, RowSample { count: 1, rows: keys(&["Chi 1970 z 3"]) });
    assert_eq!(diff.extra, RowSample { count: 1, rows: keys(&["e e e e"]) });
    assert_eq!(diff.doubled, RowSample { count: 1, rows: keys(&["Bình 1985-01-01 y 2"]) });
    assert_eq!(diff.repeats_lost, RowSample { count: 1, rows: keys(&["d d d d"]) });
    assert_eq!(diff.differing_rows, 1);
    let found = &diff.differing[0];
    assert_eq!((found.columns.as_slice(), found.cause), (&[1][..], Cause::DayShifted));
    assert_eq!(found.key, key("An 1990-01-01 x 1"));
}

#[test]
fn the_most_alike_rows_are_paired() {
    let source = text(&["a|b|c|1 ", "a|b|d|2 "]);
    let target = text(&["a|b|c|1", "a|b|d|2"]);
    let diff = compare_keyless(&[], &source, &target);
    assert!(diff.differing.iter().all(|d| d.columns == [3] && d.cause == Cause::TrailingBlanks));
    assert_eq!(diff.differing_rows, 2);
}

#[test]
fn groups_are_ordered_and_show_the_first_keys() {
    let lines = |suffix: &str| -> Vec<String> {
        (100..200).map(|n| format!("{n}|Hà{n}|Nội|x{suffix}")).collect()
    };
    let exchanged: Vec<String> = (100..150).map(|n| format!("{n}|Nội|Hà{n}|x")).collect();
    let of = |lines: &[String]| text(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let first = compare_keyed(&[0], &[], &of(&lines(" ")), &of(&lines("")));
    let second = compare_keyed(&[0], &[], &of(&lines("")), &of(&exchanged));
    let groups = summarise(&[first, second]);
    let brief: Vec<_> =
        groups.iter().map(|g| (g.kind, g.columns.as_slice(), g.cause, g.count)).collect();
    assert_eq!(
        brief,
        [
            (DifferenceKind::Missing, &[][..], None, 50),
            (DifferenceKind::Differing, &[1, 2], Some(Cause::ColumnsExchanged), 50),
            (DifferenceKind::Differing, &[3], Some(Cause::TrailingBlanks), 100),
        ]
    );
    assert_eq!(groups[0].keys.len(), 20);
    assert_eq!(groups[1].keys[0], key("100"));
}

#[test]
fn many_combinations_of_columns_are_one_group() {
    let groups_of = |combinations: usize| {
        let mut diff = RangeDiff::default();
        for row in 0..combinations * 3 {
            let (columns, cause) = (vec![row % combinations, 900], Cause::TrailingBlanks);
            let key = key(&row.to_string());
            diff.differing.push(RowDifference { key, columns, cause, shift_minutes: None });
        }
        summarise(&[diff])
    };
    let few = groups_of(8);
    assert_eq!(few.len(), 8);
    assert!(few.iter().all(|group| group.count == 3 && !group.some_columns));
    let many = groups_of(100);
    assert_eq!((many.len(), many[0].count, many[0].some_columns), (1, 300, true));
    assert_eq!(many[0].columns, (0..100).chain([900]).collect::<Vec<_>>());
    assert_eq!(many[0].keys.len(), 20);
}

#[test]
fn shifts_of_time_are_told_apart() {
    let source = ["1|2024-01-01 00:00:00", "2|2024-01-02 00:30:00", "3|2024-01-03 00:30:00"];
    let target = ["1|2024-01-01 07:00:00", "2|2024-01-02 07:30:00", "3|2024-01-03 08:30:00"];
    let groups = summarise(&[compare(&source, &target)]);
    let brief: Vec<_> = groups.iter().map(|g| (g.cause, g.shift_minutes, g.count)).collect();
    let cause = Some(Cause::TimeShifted);
    assert_eq!(brief, [(cause, Some(420), 2), (cause, Some(480), 1)]);
}

#[test]
fn hundreds_of_columns() {
    let row = |n: usize, damage: Option<usize>| -> String {
        let fields = (0..300).map(|column| match damage {
            Some(damaged) if damaged == column => format!("value {n} {column} "),
            _ => format!("value {n} {column}"),
        });
        fields.collect::<Vec<_>>().join("|")
    };
    let source: Vec<String> = (0..50).map(|n| row(n, None)).collect();
    let target: Vec<String> = (0..50).map(|n| row(n, Some(n * 5 + 1))).collect();
    let of = |lines: &[String]| text(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let diff = compare_keyed(&[0], &[], &of(&source), &of(&target));
    assert_eq!(diff.differing_rows, 50);
    for (n, found) in diff.differing.iter().enumerate() {
        assert_eq!(
            (found.columns.as_slice(), found.cause),
            (&[n * 5 + 1][..], Cause::TrailingBlanks)
        );
    }
    let diff = compare_keyless(&[], &of(&source), &of(&target));
    assert_eq!((diff.differing_rows, diff.missing.count), (50, 0));
}
