//! Files as people's programs write them, files as they should not be, and the reader of the crate
//! `csv` as an oracle.

use super::*;

/// All rows with their lines, header included.
fn read(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Malformed> {
    let mut reader = CsvReader::new(bytes).unwrap();
    let mut row = Row::default();
    let mut rows = Vec::new();
    loop {
        match reader.next(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(error) => return Err(*error.downcast_ref::<Malformed>().unwrap()),
        }
        let fields = row.fields().map(|field| str::from_utf8(field).unwrap().to_owned());
        rows.push((row.line, fields.collect()));
    }
}

fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
    (line, fields.iter().map(|field| (*field).to_owned()).collect())
}

#[test]
fn comma_and_semicolon_with_and_without_mark_and_either_end_of_line() {
    let expected = [row(1, &["Họ tên", "Số"]), row(2, &["An, Nguyễn; B", ""]), row(3, &["", "2"])];
    for (separator, end, mark) in
        [(',', "\n", ""), (';', "\n", "\u{feff}"), (',', "\r\n", "\u{feff}"), (';', "\r\n", "")]
    {
        for (last, blank) in [("", ""), (end, ""), (end, end)] {
            let text = format!(
                "{mark}\"Họ tên\"{separator}Số{end}\"An, Nguyễn; B\"{separator}{end}{separator}2{last}{blank}"
            );
            assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }
}

#[test]
fn quoted_fields_hold_quotes_and_lines() {
    let rows = read(b"a,b\n\"x\"\"y\n\nz\",\"\"\n\"\"\"\",1\n").unwrap();
    assert_eq!(rows, [row(1, &["a", "b"]), row(2, &["x\"y\n\nz", ""]), row(5, &["\"", "1"])]);
}

#[test]
fn one_column() {
    assert_eq!(read(b"a\n1\n\"\"\n").unwrap(), [row(1, &["a"]), row(2, &["1"]), row(3, &[""])]);
    // Too many fields, whichever separator was meant.
    assert_eq!(read(b"a\n1,2\n3;4").unwrap()[1..], [row(2, &["1", "2"]), row(3, &["3", "4"])]);
    assert_eq!(read(b"").unwrap(), []);
    assert_eq!(read("\u{feff}".as_bytes()).unwrap(), []);
}

#[test]
fn the_other_separator_is_text() {
    assert_eq!(read(b"a;b\n1,5;2,5\n").unwrap()[1], row(2, &["1,5", "2,5"]));
    assert_eq!(read(b"a,b\n1;5,2;5\n").unwrap()[1], row(2, &["1;5", "2;5"]));
    assert_eq!(read(b"\"a,b\";c\n1;2\n").unwrap()[0], row(1, &["a,b", "c"]));
}

#[test]
fn malformed_files_are_refused_with_the_line() {
    for (text, line, problem) in [
        (&b"a,b\n1,\0\n"[..], 2, Problem::Nul),
        (b"a,b\n1,\"\0\"\n", 2, Problem::Nul),
        (b"a,b\n1,\xff\n", 2, Problem::NotUtf8),
        // The two halves of one character on both sides of a separator.
        (b"a,b\n1,2\n\xc4,\x91\n", 3, Problem::NotUtf8),
        (b"\xff\xfea\0,\0", 1, Problem::Nul),
        (b"a,b\n1\"2,3\n", 2, Problem::QuoteInside),
        (b"a,b\n \"1\",3\n", 2, Problem::QuoteInside),
        (b"a,b\n\"1\" ,3\n", 2, Problem::BehindQuote),
        (b"a,b\n\"1\"2,3\n", 2, Problem::BehindQuote),
        (b"a,b\n1,2\n3,\"4\n5,6\n", 3, Problem::Unclosed),
        (b"a,b\n1,\"", 2, Problem::Unclosed),
        (b"a,b\r1,2\r", 1, Problem::CarriageReturn),
        (b"a,b\n1,2\r", 2, Problem::CarriageReturn),
        (b"a,b\n1,2\n\n\r\n3,4\n", 3, Problem::Empty),
        (b"\na,b\n", 1, Problem::Empty),
        (b"a\n1\n\n2", 3, Problem::Empty),
        (b"a,b;c\n", 1, Problem::TwoSeparators),
    ] {
        assert_eq!(read(text), Err(Malformed { line, problem }), "{:?}", text.escape_ascii());
    }
    let long = [b"a,b\n1,2\n3,\"".to_vec(), vec![b'x'; ROW_MAX + 1024 * 1024]].concat();
    assert_eq!(read(&long), Err(Malformed { line: 3, problem: Problem::TooLong }));
}

/// What is well-formed is read as the crate `csv` reads it, byte for byte, over all short files of a
/// small alphabet.
#[test]
fn well_formed_files_are_read_as_others_read_them() {
    let alphabet = b"a\",\n\r;";
    let (mut well_formed, mut malformed) = (0, 0);
    for length in 0..=6 {
        for number in 0..alphabet.len().pow(length) {
            let mut rest = number;
            let mut text = b"h,i\n".to_vec();
            for _ in 0..length {
                text.push(alphabet[rest % alphabet.len()]);
                rest /= alphabet.len();
            }
            let Ok(rows) = read(&text) else {
                malformed += 1;
                continue;
            };
            well_formed += 1;
            let mut oracle = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_slice());
            let expected: Vec<Vec<String>> = oracle
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, fields)| fields).collect();
            assert_eq!(rows, expected, "{:?}", text.escape_ascii());
        }
    }
    assert!(well_formed > 1_000 && malformed > 1_000, "{well_formed} {malformed}");
}
