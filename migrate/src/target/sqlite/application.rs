//! Tables whose statements need functions or collations that only the application has.
//!
//! SQLite refuses to make a table that names a function or collation it does not know. With stand-ins
//! it makes the table, and the statement is kept word for word; the application finds what it wrote.
//! What the stand-ins would compute must not get into the file: a table whose rows cannot be written
//! without them is made without the collation, or not at all.

use anyhow::Result;
use handover_engine::sql::ident;
use handover_engine::sqlite::{
    Missing, ObjectKind, SchemaStatement, SchemaStatementError, StandIns, sqlite_error, tokens,
};
use rusqlite::Connection;

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

/// Says what becomes of a table, and adds to `stand_ins` what its `CREATE TABLE` needs.
pub fn judge(stand_ins: &mut StandIns, name: &str, sql: &str) -> Result<Made> {
    let mut own = StandIns::default();
    let mut empty = Connection::open_in_memory().map_err(sqlite_error)?;
    if let Err(reason) = make(&mut own, &mut empty, name, sql)? {
        return Ok(Made::NotAtAll(reason));
    }
    if own.is_empty() {
        return Ok(Made::AsItIs);
    }
    own.remove(&empty)?;
    let made = made(&mut own, &empty, name, sql)?;
    if !matches!(made, Made::NotAtAll(_)) {
        stand_ins.take_in(own);
    }
    Ok(made)
}

/// Lets rows be written into tables that need functions of the application's: for a `CHECK`, which
/// holds where the rows come from, and for a virtual column, whose values are kept nowhere.
pub fn stand_in_for_rows(stand_ins: &StandIns, connection: &Connection) -> Result<()> {
    if !stand_ins.has_functions() {
        return Ok(());
    }
    connection.execute_batch(IGNORE_CHECKS).map_err(sqlite_error)?;
    stand_ins.add_functions(connection)
}

/// What becomes of a table that was made with these, now that they are gone.
fn made(stand_ins: &mut StandIns, connection: &Connection, table: &str, sql: &str) -> Result<Made> {
    if keeps_computed_values(connection, table)?
        && let Some(Missing::Function(name)) = missing_for_rows(connection, table)?
    {
        return Ok(Made::NotAtAll(format!(
            "a generated column is computed by the function {name}, which only the application \
             has"
        )));
    }
    // What is computed for a virtual column is kept nowhere.
    stand_ins.add_functions(connection)?;
    Ok(match missing_for_rows(connection, table)? {
        None => Made::AsItIs,
        Some(Missing::Collation(_)) => {
            let collations = stand_ins.take_collations();
            Made::Without { sql: without_collations(sql, &collations), collations }
        }
        Some(missing) => Made::NotAtAll(missing.to_string()),
    })
}

/// Makes a table, adding stand-ins until it can be made; the inner error is why it cannot.
fn make(
    stand_ins: &mut StandIns,
    connection: &mut Connection,
    name: &str,
    sql: &str,
) -> Result<Result<(), String>> {
    let statement = SchemaStatement { kind: ObjectKind::Table, name, sql };
    loop {
        let missing = match statement.run(connection) {
            Ok(()) => return Ok(Ok(())),
            Err(SchemaStatementError::Sqlite(error)) => Missing::of(&error),
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        if let Err(missing) = stand_ins.supply(connection, missing)? {
            return Ok(Err(missing.to_string()));
        }
    }
}

const IGNORE_CHECKS: &str = "PRAGMA ignore_check_constraints = ON";

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
        let made = judge(&mut stand_ins, "t", sql).unwrap();
        (made, stand_ins)
    }

    fn names(functions: &[&str], collations: &[&str]) -> StandIns {
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
        StandIns::new(names(functions), names(collations))
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

        for sql in ["create table t (a text) some_new_option", "create table t (a); drop table t"] {
            let (made, _) = judged(sql);
            assert!(matches!(made, Made::NotAtAll(_)), "{made:?}");
        }
    }
}
