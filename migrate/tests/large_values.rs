//! A value of hundreds of megabytes, as a scanned file in a column is one, is in memory once: as it came.

use handover_testkit::{Database, Outcome};

use crate::support::Handover;

/// Of a value of 900 MB a test of a few seconds is a value of 40 MB.
const SIZE: u64 = 40_000_000;

/// What the programs take with the smallest database.
const PROGRAM: u64 = 40 << 20;

/// Copies and verifies a table with one large value between small ones.
fn peaks(table: &str, value: &str) -> [u64; 2] {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "create table file ({table}); alter table file alter content set storage external;
         insert into file values (1, {value}), (2, 'x'), (3, null)"
    ));
    let handover = Handover::postgres(&source, &target);
    let copied = handover.copy().go();
    copied.expect(0);
    let verified = handover.verify().go();
    verified.expect(0);
    [&copied, &verified].map(|outcome: &Outcome| outcome.peak_resident)
}

#[test]
fn a_large_value_is_in_memory_once() {
    let text = format!("repeat(E'0123456\\t\\\\\\n', {})", SIZE / 10);
    let bytes = format!("convert_to(repeat('0123456789', {}), 'utf8')", SIZE / 10);
    for (table, value, most) in [
        ("id integer primary key, content text", &text, SIZE),
        ("id integer primary key, content bytea", &bytes, SIZE),
        // Lines of a table without a key are sorted, on the disk.
        ("id integer, content text", &text, 2 * SIZE),
    ] {
        for (program, peak) in ["copy", "verify"].into_iter().zip(peaks(table, value)) {
            assert!(peak < most + PROGRAM, "{program} took {peak} bytes for {table}");
        }
    }
}
