//! Whether a file is whole, as far as SQLite itself can tell: `PRAGMA integrity_check`
//! (`pragma.html#pragma_integrity_check`).
//!
//! Reading does not tell. A damaged page can give fewer rows, or others, without any error. The check reads
//! every page, holds every row against every index, and takes about as long as reading the file for each
//! index it has. `quick_check` leaves out the indexes, and with them rows that only an index still knows.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::ledger::SourceCheck;
use handover_schemas::report::{Finding, FindingKind};
use rusqlite::{Connection, ErrorCode};

use super::open::sqlite_error;
use super::stand_ins::{Missing, StandIns};
use crate::sql::literal;

/// Problems after which SQLite stops looking for more, as it does by itself.
const PROBLEMS_MAX: usize = 100;

/// Problems that people are shown.
const SHOWN: usize = 3;

/// Instructions of SQLite's between two looks at the interrupt.
const STEPS_BETWEEN_LOOKS: std::ffi::c_int = 10_000;

/// What SQLite's own check says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integrity {
    /// What is not as it should be, in SQLite's words: names of tables and indexes, numbers of pages and
    /// which row of a table it is; no value of a row, and no key.
    pub problems: Vec<String>,
    /// What could not be checked without what only the application has.
    pub not_checked: Vec<String>,
}

impl Integrity {
    /// The answer in a word, as the ledger keeps it.
    pub fn answer(&self) -> SourceCheck {
        match (self.problems.is_empty(), self.not_checked.is_empty()) {
            (true, true) => SourceCheck::Whole,
            (true, false) => SourceCheck::InPart,
            (false, _) => SourceCheck::Damaged,
        }
    }

    /// The finding about a file that is not whole; `end` is "source" or "target".
    pub fn finding(&self, end: &str) -> Option<Finding> {
        let count = self.problems.len();
        let at_least = if count >= PROBLEMS_MAX { "at least " } else { "" };
        let mut shown = self.problems.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>();
        if count > SHOWN {
            shown.push("…");
        }
        (count > 0).then(|| Finding {
            count: Some(count as u64),
            ..Finding::new(
                FindingKind::FileDamaged,
                format!(
                    "the {end}'s file fails SQLite's own integrity check in {at_least}{count} \
                     place(s): {}; what can be read of it need not be what it held: ask for the file \
                     anew, with its digest (PRAGMA integrity_check of sqlite3 says the same)",
                    shown.join("; ")
                ),
            )
        })
    }
}

/// Checks a file, and says that it does: a large one takes long.
pub fn check_integrity(
    connection: &mut Connection,
    path: &Path,
    (progress, interrupt): (&Progress, &Interrupt),
) -> Result<Integrity> {
    let megabytes = std::fs::metadata(path).map_or(0, |file| file.len() / 1_000_000);
    progress.phase(&format!(
        "checking every page and index of {} ({megabytes} MB) with SQLite's integrity check",
        path.display()
    ));
    let asked = interrupt.clone();
    connection
        .progress_handler(STEPS_BETWEEN_LOOKS, Some(move || asked.is_raised()))
        .map_err(sqlite_error)?;
    let checked = check(connection);
    connection.progress_handler(0, None::<fn() -> bool>).map_err(sqlite_error)?;
    interrupt.check()?;
    checked
}

fn check(connection: &Connection) -> Result<Integrity> {
    match answer(connection, &format!("PRAGMA main.integrity_check({PROBLEMS_MAX})")) {
        Ok(problems) => without_what_is_computed(connection, problems),
        Err(error) => match damage(&error) {
            Some(problem) => Ok(Integrity { problems: vec![problem], not_checked: Vec::new() }),
            None => table_by_table(connection),
        },
    }
}

/// Takes out what is said of indexes whose entries are computed, and of checks: that is no word about pages and rows.
///
/// Releases of SQLite do not all compute the same: since 3.53 a REAL becomes a text of 17 digits where 15 do not give
/// it back. Every index over the text of such numbers that an earlier release made fails the check then, and so does
/// what it checked. Rows are not read by these indexes, and a target makes its own.
fn without_what_is_computed(connection: &Connection, problems: Vec<String>) -> Result<Integrity> {
    let computed = computed_indexes(connection)?;
    let was_cut = problems.len() >= PROBLEMS_MAX;
    let mut found = Integrity::default();
    let mut otherwise = BTreeSet::new();
    for problem in problems {
        match what_is_computed(&problem, &computed) {
            Some(what) => {
                otherwise.insert(what);
            }
            None => found.problems.push(problem),
        }
    }
    if was_cut && !otherwise.is_empty() {
        found
            .not_checked
            .push("whether other indexes hold every row, in SQLite's check".to_owned());
        let pages = format!("PRAGMA main.quick_check({PROBLEMS_MAX})");
        let problems = answer(connection, &pages).map_err(sqlite_error)?;
        let of_pages = problems.into_iter().filter(|p| what_is_computed(p, &computed).is_none());
        found.problems.extend(of_pages);
    }
    found.not_checked.extend(otherwise.into_iter().map(|what| {
        let version = rusqlite::version();
        format!("{what}, which this release of SQLite ({version}) computes otherwise than the one that wrote the file")
    }));
    Ok(found)
}

/// The index or the check that a problem is about, if that is all it is about.
fn what_is_computed(problem: &str, computed_indexes: &[String]) -> Option<String> {
    if let Some(table) = problem.strip_prefix("CHECK constraint failed in ") {
        return Some(format!("CHECK constraints of {table}"));
    }
    let named = OF_AN_INDEX.iter().find_map(|words| Some(problem.split_once(words)?.1))?;
    computed_indexes.iter().find(|index| *index == named).map(|index| format!("the index {index}"))
}

/// How `PRAGMA integrity_check` speaks of an index (`pragma.c`), before its name.
const OF_AN_INDEX: [&str; 4] = [
    " missing from index ",
    " values differ from index ",
    "wrong # of entries in index ",
    "non-unique entry in index ",
];

/// Indexes over an expression, or of the rows that one holds for.
fn computed_indexes(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare(
            "SELECT l.name FROM main.sqlite_schema s, pragma_index_list(s.name, 'main') l \
             WHERE s.type = 'table' AND (l.partial OR EXISTS ( \
               SELECT 1 FROM pragma_index_xinfo(l.name, 'main') x WHERE x.cid = -2 OR EXISTS ( \
                 SELECT 1 FROM pragma_table_xinfo(s.name, 'main') c \
                 WHERE c.cid = x.cid AND c.hidden IN (2, 3))))",
        )
        .map_err(sqlite_error)?;
    statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(sqlite_error)
}

/// Where one table keeps SQLite from checking the file, since it needs what only the application has.
fn table_by_table(connection: &Connection) -> Result<Integrity> {
    let mut found = Integrity {
        problems: Vec::new(),
        not_checked: vec!["whether every page belongs to a table, in SQLite's check".to_owned()],
    };
    for table in tables(connection)? {
        if found.problems.len() >= PROBLEMS_MAX {
            break;
        }
        match answer(connection, &format!("PRAGMA main.integrity_check({})", literal(&table))) {
            Ok(problems) => {
                let of_table = without_what_is_computed(connection, problems)?;
                found.problems.extend(of_table.problems);
                found.not_checked.extend(of_table.not_checked);
            }
            Err(error) => match damage(&error) {
                Some(problem) => found.problems.push(problem),
                None => check_pages(connection, &table, &mut found)?,
            },
        }
    }
    found.problems.truncate(PROBLEMS_MAX);
    Ok(found)
}

/// Checks the pages of a table and of its indexes, and not what they hold.
fn check_pages(connection: &Connection, table: &str, found: &mut Integrity) -> Result<()> {
    const PLACE: &str = "in SQLite's check of main.";
    let mut stand_ins = StandIns::default();
    set_ignore_checks(connection, true)?;
    let problems = loop {
        let sql = format!("PRAGMA main.quick_check({})", literal(table));
        let Err(error) = answer(connection, &sql).map(|problems| found.problems.extend(problems))
        else {
            break Ok(());
        };
        if let Some(problem) = damage(&error) {
            found.problems.push(problem);
            break Ok(());
        }
        if let Err(missing) = stand_ins.supply(connection, Missing::of(&error))? {
            break Err(missing);
        }
    };
    stand_ins.remove(connection)?;
    set_ignore_checks(connection, false)?;
    found.not_checked.push(match problems {
        Ok(()) => format!(
            "CHECK constraints, and whether indexes hold every row, {PLACE}{table}, which needs \
             what only the application has"
        ),
        Err(missing) => format!("anything {PLACE}{table}: {missing}"),
    });
    Ok(())
}

fn set_ignore_checks(connection: &Connection, on: bool) -> Result<()> {
    let word = if on { "ON" } else { "OFF" };
    connection
        .execute_batch(&format!("PRAGMA ignore_check_constraints = {word}"))
        .map_err(sqlite_error)
}

/// Tables that have pages, those of virtual tables among them.
fn tables(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0")
        .map_err(sqlite_error)?;
    statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(sqlite_error)
}

/// The problems that a check gives; none if its answer is "ok".
fn answer(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut problems = Vec::new();
    while let Some(row) = rows.next()? {
        // A name can hold any bytes.
        let text = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned();
        let lines = text.lines().filter(|line| !line.starts_with("*** in database "));
        problems.extend(lines.filter(|line| *line != "ok").map(without_keys));
    }
    problems.truncate(PROBLEMS_MAX);
    Ok(problems)
}

/// What is wrong with the file where the check itself ends with this error.
fn damage(error: &rusqlite::Error) -> Option<String> {
    match error.sqlite_error_code()? {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Some("the check could not be ended, since pages are damaged".to_owned())
        }
        ErrorCode::SystemIoFailure => {
            Some("the check could not be ended, since pages cannot be read".to_owned())
        }
        _ => None,
    }
}

/// A problem without rowids, which are keys of rows: `checkTreePage` and the module of R-trees name them.
fn without_keys(line: &str) -> String {
    let beginnings = ["Rowid ", "Mapping (", "Found ("];
    let Some(at) = beginnings.iter().filter_map(|beginning| line.find(beginning)).min() else {
        return line.to_owned();
    };
    let (before, with_key) = line.split_at(at);
    let mut text = before.to_owned();
    let mut in_number = false;
    for character in with_key.chars() {
        let is_digit = character.is_ascii_digit();
        match (is_digit, in_number) {
            (true, false) => text.push('N'),
            (true, true) => {}
            (false, _) => text.push(character),
        }
        in_number = is_digit;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_in_a_problem() {
        for (line, expected) in [
            (
                "Tree 5 page 6 cell 3: Rowid 79123456789 out of order",
                "Tree 5 page 6 cell 3: Rowid N out of order",
            ),
            (
                "Mapping (12 -> 3) missing from %_rowid table",
                "Mapping (N -> N) missing from %_rowid table",
            ),
            ("row 3 missing from index i7", "row 3 missing from index i7"),
        ] {
            assert_eq!(without_keys(line), expected);
        }
    }

    fn checked(sql: &str) -> Integrity {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        check(&connection).unwrap()
    }

    #[test]
    fn a_whole_file_has_no_problem() {
        assert_eq!(checked(""), Integrity::default());
        let sql = "create table t (a primary key, b check (b > 0)); create index i on t (b); \
                   create virtual table f using fts5(a); insert into t values (1, 2); \
                   insert into f values ('x')";
        assert_eq!(checked(sql), Integrity::default());
    }

    #[test]
    fn an_index_that_lacks_a_row_is_a_problem() {
        // The index is declared anew over other rows than it was made of.
        let sql = "create table t (a, b); insert into t values (1, 2), (3, 4); \
                   create index i on t (a) where b = 2; pragma writable_schema = on; \
                   update sqlite_schema set sql = 'CREATE INDEX i ON t (a)' where name = 'i'; \
                   pragma writable_schema = reset";
        let problems = checked(sql).problems;
        assert!(
            problems.iter().any(|problem| problem == "row 2 missing from index i"),
            "{problems:?}"
        );
        let finding = Integrity { problems, ..Integrity::default() }.finding("source").unwrap();
        assert!(finding.message.contains("fails SQLite's own integrity check in 2 place(s): "));
    }

    /// As if another release had made it: entries that are computed otherwise.
    #[test]
    fn an_index_that_is_computed_otherwise_is_no_damage() {
        let sql = "create table t (a real, b); insert into t values (1.5, 2), (2.5, 4); \
                   create index i on t (length(a)); create index p on t (b) where a > 2; \
                   pragma writable_schema = on; \
                   update sqlite_schema set sql = 'CREATE INDEX i ON t (length(a || a))' where name = 'i'; \
                   update sqlite_schema set sql = 'CREATE INDEX p ON t (b) WHERE a > 1' where name = 'p'; \
                   pragma writable_schema = reset";
        let Integrity { problems, not_checked } = checked(sql);
        assert!(problems.is_empty(), "{problems:?}");
        let [i, p] = not_checked.as_slice() else { panic!("{not_checked:?}") };
        assert!(i.starts_with("the index i, which this release of SQLite (3."), "{i}");
        assert!(p.starts_with("the index p, "), "{p}");
    }

    #[test]
    fn what_only_the_application_has_keeps_nothing_else_from_being_checked() {
        let connection = Connection::open_in_memory().unwrap();
        let mut stand_ins = StandIns::new(["fold".to_owned()], ["vn".to_owned()]);
        stand_ins.add(&connection).unwrap();
        let sql = "create table t (a text, b text check (fold(b) is null)); \
                   create table u (a text collate vn unique); create table w (a int not null); \
                   insert into t values ('x', 'y'); insert into u values ('x'); insert into w values (1); \
                   create table broken (a); insert into broken values (null); \
                   pragma writable_schema = on; \
                   update sqlite_schema set sql = 'CREATE TABLE broken (a NOT NULL)' where name = 'broken'; \
                   pragma writable_schema = reset";
        connection.execute_batch(sql).unwrap();
        stand_ins.remove(&connection).unwrap();
        stand_ins = StandIns::default();
        assert!(stand_ins.is_empty());

        let found = check(&connection).unwrap();
        assert_eq!(found.problems, ["NULL value in broken.a"]);
        let not_checked = found.not_checked.join("\n");
        assert!(not_checked.contains("check of main.t, which needs"), "{not_checked}");
        assert!(not_checked.contains("check of main.u, which needs"), "{not_checked}");
        assert!(!not_checked.contains("main.w"), "{not_checked}");
    }
}
