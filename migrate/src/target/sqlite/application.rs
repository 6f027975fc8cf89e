//! Tables whose statements need functions or collations that only the application has.
//!
//! SQLite refuses to make a table that names a function or collation it does not know. With stand-ins
//! it makes the table, and the statement is kept word for word; the application finds what it wrote.
//! What the stand-ins would compute must not get into the file: a table whose rows cannot be written
//! without them is made without the collation, or not at all.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use anyhow::Result;
use handover_verify::sql::ident;
use handover_verify::sqlite::{sqlite_error, tokens};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Null;

/// Names that stand for what only the application has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandIns {
    functions: BTreeSet<String>,
    collations: BTreeSet<String>,
}

/// What becomes of a table.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    /// It is made by its own statement.
    AsItIs,
    /// It is made by this statement, without these collations: a key is in their order.
    Without {
        /// The statement.
        sql: String,
        /// The collations.
        collations: Vec<String>,
    },
    /// It cannot be made, for this reason.
    NotAtAll(String),
}

impl StandIns {
    /// Whether anything has to stand in.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.collations.is_empty()
    }

    /// Takes in what a `CREATE TABLE` needs, and says what becomes of the table.
    pub fn judge(&mut self, sql: &str) -> Result<Made> {
        let mut own = Self::default();
        let empty = Connection::open_in_memory().map_err(sqlite_error)?;
        if let Err(reason) = own.make(&empty, sql)? {
            return Ok(Made::NotAtAll(reason));
        }
        if own.is_empty() {
            return Ok(Made::AsItIs);
        }
        own.remove(&empty)?;
        let made = own.made(&empty, sql)?;
        if !matches!(made, Made::NotAtAll(_)) {
            self.functions.append(&mut own.functions);
            self.collations.append(&mut own.collations);
        }
        Ok(made)
    }

    /// What becomes of the one table of a database that was made with these, now that they are gone.
    fn made(&mut self, connection: &Connection, sql: &str) -> Result<Made> {
        let table = the_table(connection)?;
        if keeps_computed_values(connection, &table)?
            && let Some(Missing::Function(name)) = missing_for_rows(connection, &table)?
        {
            return Ok(Made::NotAtAll(format!(
                "a generated column is computed by the function {name}, which only the application \
                 has"
            )));
        }
        // What is computed for a virtual column is kept nowhere.
        self.add_functions(connection)?;
        Ok(match missing_for_rows(connection, &table)? {
            None => Made::AsItIs,
            Some(Missing::Collation(_)) => {
                let collations: Vec<String> =
                    std::mem::take(&mut self.collations).into_iter().collect();
                Made::Without { sql: without_collations(sql, &collations), collations }
            }
            Some(missing) => Made::NotAtAll(missing.to_string()),
        })
    }

    /// Makes a table, adding stand-ins until it can be made; the inner error is SQLite's.
    fn make(&mut self, connection: &Connection, sql: &str) -> Result<Result<(), String>> {
        loop {
            let Err(error) = connection.execute_batch(sql) else { return Ok(Ok(())) };
            match Missing::of(&error) {
                Missing::Function(name) if self.functions.insert(name.clone()) => {
                    add_function(connection, &name)?;
                }
                Missing::Collation(name) if self.collations.insert(name.clone()) => {
                    add_collation(connection, &name)?;
                }
                missing => return Ok(Err(missing.to_string())),
            }
        }
    }

    /// Puts them into a connection.
    pub fn add(&self, connection: &Connection) -> Result<()> {
        self.add_functions(connection)?;
        self.collations.iter().try_for_each(|name| add_collation(connection, name))
    }

    /// Lets rows be written into tables that need functions of the application's: for a `CHECK`, which
    /// holds where the rows come from, and for a virtual column, whose values are kept nowhere.
    pub fn add_for_rows(&self, connection: &Connection) -> Result<()> {
        if self.functions.is_empty() {
            return Ok(());
        }
        connection.execute_batch(IGNORE_CHECKS).map_err(sqlite_error)?;
        self.add_functions(connection)
    }

    fn add_functions(&self, connection: &Connection) -> Result<()> {
        self.functions.iter().try_for_each(|name| add_function(connection, name))
    }

    /// Takes them out of a connection: from here on nothing can be computed with them.
    pub fn remove(&self, connection: &Connection) -> Result<()> {
        for name in &self.functions {
            connection.remove_function(name.as_str(), ANY_NUMBER).map_err(sqlite_error)?;
        }
        for name in &self.collations {
            connection.remove_collation(name.as_str()).map_err(sqlite_error)?;
        }
        Ok(())
    }
}

/// Number of arguments of a function that takes any.
const ANY_NUMBER: std::ffi::c_int = -1;

fn add_function(connection: &Connection, name: &str) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function(name, ANY_NUMBER, flags, |_arguments| Ok(Null))
        .map_err(sqlite_error)
}

fn add_collation(connection: &Connection, name: &str) -> Result<()> {
    let by_bytes = |one: &str, other: &str| -> Ordering { one.cmp(other) };
    connection.create_collation(name, by_bytes).map_err(sqlite_error)
}

/// What SQLite does not find.
enum Missing {
    Function(String),
    Collation(String),
    Other(String),
}

impl Missing {
    /// SQLite has one code for all errors in a statement; only its message says which.
    fn of(error: &rusqlite::Error) -> Self {
        let message = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let after = |prefix: &str| message.strip_prefix(prefix).map(str::to_owned);
        if let Some(name) = after("no such collation sequence: ") {
            return Self::Collation(name);
        }
        if let Some(name) = after("no such function: ").or_else(|| after("unknown function: ")) {
            return Self::Function(name.trim_end_matches("()").to_owned());
        }
        Self::Other(message)
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function(name) => write!(f, "SQLite has no function {name}"),
            Self::Collation(name) => write!(f, "SQLite has no collation {name}"),
            Self::Other(message) => write!(f, "SQLite says: {message}"),
        }
    }
}

const IGNORE_CHECKS: &str = "PRAGMA ignore_check_constraints = ON";

/// The one table of a database.
fn the_table(connection: &Connection) -> Result<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    connection.query_row(sql, [], |row| row.get(0)).map_err(sqlite_error)
}

/// Whether a generated column is stored, or kept in the index behind a key.
fn keeps_computed_values(connection: &Connection, table: &str) -> Result<bool> {
    let (virtual_column, stored_column) = (2, 3);
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) AS c WHERE c.hidden = ?3 \
               OR (c.hidden = ?2 AND c.name IN (SELECT x.name FROM pragma_index_list(?1) AS l, \
                   pragma_index_xinfo(l.name) AS x)))";
    connection
        .query_row(sql, (table, virtual_column, stored_column), |row| row.get(0))
        .map_err(sqlite_error)
}

/// What rows of a table cannot be written without, its `CHECK`s aside: columns are computed, and the
/// index behind a key is kept in order.
fn missing_for_rows(connection: &Connection, table: &str) -> Result<Option<Missing>> {
    connection.execute_batch(IGNORE_CHECKS).map_err(sqlite_error)?;
    let sql = format!("INSERT INTO {} DEFAULT VALUES", ident(table));
    Ok(connection.prepare(&sql).err().map(|error| Missing::of(&error)))
}

/// The statement without `COLLATE` and one of these names.
fn without_collations(sql: &str, collations: &[String]) -> String {
    let mut kept = String::new();
    let mut from = 0;
    let all = tokens(sql);
    for pair in all.windows(2) {
        let [word, name] = pair else { continue };
        let named = name.unquoted();
        if word.is_word("collate")
            && collations.iter().any(|collation| collation.eq_ignore_ascii_case(&named))
        {
            kept.push_str(sql.get(from..word.at).unwrap_or_default().trim_end());
            from = name.end();
        }
    }
    kept.push_str(sql.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(sql: &str) -> (Made, StandIns) {
        let mut stand_ins = StandIns::default();
        let made = stand_ins.judge(sql).unwrap();
        (made, stand_ins)
    }

    fn names(functions: &[&str], collations: &[&str]) -> StandIns {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        StandIns { functions: set(functions), collations: set(collations) }
    }

    #[test]
    fn a_table_that_needs_nothing_while_rows_are_written_is_made_as_it_is() {
        for (sql, functions, collations) in [
            ("create table t (a int check (a > 0), b text collate nocase)", &[][..], &[][..]),
            ("create table t (a text collate vn, b int primary key)", &[], &["vn"]),
            ("create table t (a text check (ok(a) and fold(a, 1) <> ''))", &["fold", "ok"], &[]),
            ("create table t (a text, b as (fold(a)) virtual)", &["fold"], &[]),
            ("create table t (a int, b as (a + 1) stored, check (ok(a)))", &["ok"], &[]),
            ("create table t (a text default (now_vn()))", &[], &[]),
        ] {
            let (made, stand_ins) = judged(sql);
            assert_eq!(made, Made::AsItIs, "{sql}");
            assert_eq!(stand_ins, names(functions, collations), "{sql}");
        }
    }

    #[test]
    fn nothing_gets_into_a_file_that_a_stand_in_computed() {
        let keys = "create table t (a text /* collate vn */ Collate \"vn\", b text COLLATE vn unique, \
                    c text collate nocase, primary key (a collate vn desc))";
        let (made, stand_ins) = judged(keys);
        let sql = "create table t (a text /* collate vn */, b text unique, c text collate nocase, \
                   primary key (a desc))";
        let (sql, collations) = (sql.to_owned(), vec!["vn".to_owned()]);
        assert_eq!(made, Made::Without { sql, collations });
        assert!(stand_ins.is_empty());

        for column in ["b as (fold(a)) stored", "b as (fold(a)) unique"] {
            let (made, stand_ins) = judged(&format!("create table t (a text, {column})"));
            let Made::NotAtAll(reason) = made else { panic!("{made:?}") };
            assert!(
                reason.contains("the function fold, which only the application has"),
                "{reason}"
            );
            assert!(stand_ins.is_empty());
        }

        let (made, _) = judged("create table t (a text) some_new_option");
        assert!(matches!(made, Made::NotAtAll(_)), "{made:?}");
    }
}
