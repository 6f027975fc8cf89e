//! Attestations of many tables, with names as long as PostgreSQL lets them be.

use std::fs;
use std::time::{Duration, Instant};

use handover_schemas::signing::dsse::ENVELOPE_MAX;
use handover_testkit::sqlite;

use crate::attest_made::{AttestMade, FIRST};
use crate::purge_made::{Engine, PurgeMade};

/// Tables.
const TABLES: usize = 10_000;

/// A name of 63 characters, all but the number Vietnamese letters of three bytes.
fn name(number: usize) -> String {
    let number = format!("{number:05}");
    let letters = ['ế', 'ộ', 'ữ', 'ặ', 'ẩ', 'ờ'];
    let rest = letters.iter().cycle().take(63 - number.len());
    rest.collect::<String>() + &number
}

/// 10,000 tables, as a ledger has them: copied by the program into SQLite.
#[test]
fn ten_thousand_tables_with_long_names() {
    let source = PurgeMade::empty(Engine::Sqlite);
    let tables: Vec<String> = (0..TABLES)
        .map(|number| format!("create table \"{}\" (i integer primary key);", name(number)))
        .collect();
    sqlite(&source.file(), &format!("begin;{}commit;", tables.concat()));
    let made = AttestMade { source, target: PurgeMade::empty(Engine::Sqlite) };
    let begun = Instant::now();
    made.copy();
    println!("copied in {:?}", begun.elapsed());

    let begun = Instant::now();
    let limit = Duration::from_secs(600);
    made.attest(&["--key", "ministry.pem"]).limit(limit).go().expect(0);
    println!("attested in {:?}", begun.elapsed());
    made.sign("vendor.pem", FIRST).expect(0);
    let size = fs::metadata(made.file(FIRST)).unwrap().len();
    println!("the envelope has {size} bytes");
    // Half of what is read at most.
    assert!(size < ENVELOPE_MAX as u64 * 3 / 4, "{size}");

    let stated = made.stated();
    let copy = stated.copy.unwrap();
    assert_eq!((copy.tables.len(), copy.settled), (TABLES, true));
    assert_eq!(copy.tables[TABLES - 1].name.name, name(TABLES - 1));
    assert!(stated.findings.is_empty());
    let begun = Instant::now();
    made.ledger(&[]).expect(0);
    let outcome = made.attestation(&[]);
    println!("checked in {:?}", begun.elapsed());
    let said = "target: 0 rows of 10000 tables are, chunk by chunk, what was copied";
    assert!(outcome.expect(0).stdout.contains(said), "{}", outcome.stdout);
}
