//! A value of hundreds of megabytes, as a scanned file in a column is one, is in memory once: as it came.

use handover_testkit::{Database, Outcome};

use crate::support::Handover;

/// Of a value of 900 MB a test of a few seconds is a value of 40 MB.
const SIZE: u64 = 40_000_000;

/// What the programs take beside it, with 24 MB of rows that are on their way.
const PROGRAM: u64 = 64 << 20;

/// The most memory that a copy and its verification took.
fn peaks(handover: &Handover) -> [u64; 2] {
    let copied = handover.copy().go();
    copied.expect(0);
    let verified = handover.verify().go();
    verified.expect(0);
    [&copied, &verified].map(|outcome: &Outcome| outcome.peak_resident)
}

#[track_caller]
fn takes(handover: &Handover, what: &str, most: [u64; 2]) {
    for ((program, peak), most) in ["copy", "verify"].into_iter().zip(peaks(handover)).zip(most) {
        assert!(peak < most + PROGRAM, "{program} took {peak} bytes for {what}");
    }
}

#[test]
fn a_large_value_of_a_server_is_in_memory_once() {
    let text = format!("repeat(E'0123456\\t\\\\\\n', {})", SIZE / 10);
    let bytes = format!("convert_to(repeat('0123456789', {}), 'utf8')", SIZE / 10);
    for (table, value, most) in [
        ("id integer primary key, content text", &text, SIZE),
        ("id integer primary key, content bytea", &bytes, SIZE),
        // Lines of a table without a key are sorted, on the disk.
        ("id integer, content text", &text, 2 * SIZE),
    ] {
        let (source, target) = (Database::create(), Database::create());
        source.sql(&format!(
            "create table file ({table}); alter table file alter content set storage external;
             insert into file values (1, {value}), (2, 'x'), (3, null)"
        ));
        takes(&Handover::postgres(&source, &target), table, [most, most]);
    }
}

/// What SQLite gives goes to the writer as it is, and is there twice then; a file as target needs it whole.
#[test]
fn a_large_value_of_a_file_is_in_memory_twice() {
    let source = format!(
        "create table file (id integer primary key, content blob, note text);
         insert into file values (1, zeroblob({SIZE}), 'a'), (3, null, '');
         insert into file values (2, x'01', replace(hex(zeroblob({})), '00', 'a' || char(9)))",
        SIZE / 20
    );
    let target = Database::create();
    takes(&Handover::sqlite_to_postgres(&source, &target), "a server", [2 * SIZE, SIZE]);
    takes(&Handover::sqlite(&source), "a file", [4 * SIZE, SIZE]);
}
