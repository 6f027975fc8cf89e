//! Identity numbers have one class, whoever is asked: Rust, PostgreSQL or SQLite.

use handover_engine::sqlite::add_identity_number_class;
use handover_schemas::identity_number::{IdentityNumberClass, POSTGRES_FUNCTION};
use handover_testkit::{Collation, Database, Server};
use rusqlite::Connection;

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn text(&mut self, letters: &[&'static str], length: usize) -> String {
        (0..length).map(|_| letters[self.below(letters.len())]).collect()
    }
}

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

const WHITE: [&str; 6] = [" ", "\t", "\n", "\r", "\u{b}", "\u{c}"];

/// What does not belong into a number.
const OTHERS: [&str; 16] = [
    " ",
    "\t",
    "\n",
    "\r",
    "\u{a0}",
    "\u{feff}",
    ".",
    "-",
    "O",
    "đ",
    "e\u{301}",
    "٣",
    "１",
    "\\",
    "\u{1f600}",
    "\u{7f}",
];

/// Numbers as they are, as they go wrong, and texts that are nothing of the kind.
fn numbers() -> Vec<String> {
    let mut dice = Dice(20_221_122);
    let mut numbers = Vec::new();
    for length in 0..15 {
        for _ in 0..300 {
            let digits = dice.text(&DIGITS, length);
            numbers.push(digits.clone());
            let (before, behind) = digits.split_at(dice.below(length + 1));
            numbers.push(format!("{before}{}{behind}", OTHERS[dice.below(OTHERS.len())]));
            numbers.push(dice.text(&WHITE, length));
            numbers.push(dice.text(&OTHERS, length));
        }
    }
    numbers
}

fn in_rust(numbers: &[String]) -> Vec<String> {
    let class = |number: &String| IdentityNumberClass::of(Some(number.as_bytes())).as_str();
    numbers.iter().map(|number| class(number).to_owned()).collect()
}

fn in_postgres(numbers: &[String], collation: Collation) -> Vec<String> {
    let database = Database::options().collation(collation).odd_settings().create();
    // Twice: making it again is no error.
    database.sql(&format!("{POSTGRES_FUNCTION} {POSTGRES_FUNCTION}"));
    let values: Vec<String> = (0..)
        .zip(numbers)
        .map(|(at, number)| format!("({at}, '{}')", number.replace('\'', "''")))
        .collect();
    database.sql(&format!(
        "create table public.numbers (id int, number text);
         insert into public.numbers values {}",
        values.join(", ")
    ));
    let classes = database
        .query("select handover.identity_number_class(number) from public.numbers order by id");
    classes.lines().map(str::to_owned).collect()
}

fn in_sqlite(numbers: &[String]) -> Vec<String> {
    let connection = Connection::open_in_memory().unwrap();
    add_identity_number_class(&connection).unwrap();
    let mut select = connection.prepare("select handover_identity_number_class(?)").unwrap();
    numbers.iter().map(|number| select.query_row([number], |row| row.get(0)).unwrap()).collect()
}

#[test]
fn rust_postgres_and_sqlite_agree() {
    let numbers = numbers();
    let expected = in_rust(&numbers);
    for class in ["missing", "malformed", "cmnd", "cccd"] {
        let count = expected.iter().filter(|found| *found == class).count();
        assert!(count > 50, "only {count} of the numbers are {class}");
    }
    let mut answers = vec![
        ("PostgreSQL", in_postgres(&numbers, Collation::CUtf8)),
        ("SQLite", in_sqlite(&numbers)),
    ];
    if Server::shared().version() >= 150_000 {
        answers.push(("PostgreSQL with ICU", in_postgres(&numbers, Collation::Icu)));
    }
    for (who, classes) in answers {
        assert_eq!(classes.len(), numbers.len(), "{who}");
        for ((number, expected), class) in numbers.iter().zip(&expected).zip(&classes) {
            assert_eq!(class, expected, "{who} of {number:?}");
        }
    }
}

#[test]
fn values_that_are_no_text() {
    let database = Database::create();
    database.sql(POSTGRES_FUNCTION);
    assert_eq!(database.query("select handover.identity_number_class(null)"), "missing");

    let connection = Connection::open_in_memory().unwrap();
    add_identity_number_class(&connection).unwrap();
    for (value, expected) in [
        ("null", "missing"),
        ("123456789", "cmnd"),
        ("101085123456", "cccd"),
        ("1085123456", "malformed"),
        ("-12345678", "malformed"),
        ("123456789.0", "malformed"),
        ("x'303132333435363738'", "malformed"),
        ("cast(x'ff' as text)", "malformed"),
        ("'012345678' || char(0)", "malformed"),
    ] {
        let sql = format!("select handover_identity_number_class({value})");
        let class: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(class, expected, "{value}");
    }
}

/// A predicate with it may stand in an index and in a condition that is checked often.
#[test]
fn the_function_may_stand_in_an_index() {
    let database = Database::create();
    database.sql(POSTGRES_FUNCTION);
    database.sql(
        "create table subjects (id int, number text);
         create index on subjects (handover.identity_number_class(number));",
    );
    let plan = database.query(
        "explain (costs off, verbose) select handover.identity_number_class(number) from subjects",
    );
    assert!(plan.contains("CASE"), "the function is not inlined: {plan}");
}
