//! Attestations of many tables, with names as long as PostgreSQL lets them be.

use std::fs;
use std::time::Instant;

use handover_schemas::signing::dsse::ENVELOPE_MAX;
use handover_testkit::Run;

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

/// Statements for `sqlite3`, which are too long for its arguments.
fn run_script(made: &PurgeMade, statements: &str) {
    let script = made.at("script.sql");
    fs::write(&script, format!("begin;\n{statements}commit;\n")).unwrap();
    let run = Run::program("sqlite3").args(["-bail"]).arg(made.file());
    run.stdin(fs::File::open(script).unwrap()).go().expect(0);
}

/// A copy of one table, and 9,999 more that are there at both ends and stand in the ledger as copied:
/// copying so many is not what is tested here.
fn many_tables() -> AttestMade {
    let create =
        |number: usize| format!("create table \"{}\" (i integer primary key);\n", name(number));
    let source = PurgeMade::empty(Engine::Sqlite);
    run_script(&source, &create(0));
    let made = AttestMade { source, target: PurgeMade::empty(Engine::Sqlite) };
    made.copy();
    let tables: String = (1..TABLES).map(create).collect();
    run_script(&made.source, &tables);
    let (first, mut rows) = (name(0), String::new());
    for number in 1..TABLES {
        let other = name(number);
        rows.push_str(&format!(
            "insert into handover_plan_table (table_no, schema_name, table_name, shape) \
             select {number}, schema_name, '{other}', replace(shape, '{first}', '{other}') \
             from handover_plan_table where table_no = 0;\n\
             insert into handover_chunk select {number}, CHUNK from handover_chunk \
             where table_no = 0;\n",
        ));
    }
    let columns = made.target.sql(
        "select group_concat(name) from pragma_table_info('handover_chunk') where name <> 'table_no'",
    );
    run_script(&made.target, &(tables + &rows.replace("CHUNK", &columns)));
    made
}

#[test]
fn ten_thousand_tables_with_long_names() {
    let made = many_tables();
    let begun = Instant::now();
    made.attest(&["--key", "ministry.pem"]).go().expect(0);
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
