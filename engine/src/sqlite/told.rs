//! What of SQLite's messages may be told.
//!
//! A message may quote people's values: that of a trigger (`RAISE(ABORT, …)` takes any expression), of
//! a function that does not like its argument (`bad JSON path: '…'`), of a full-text query. Those that
//! SQLite makes while it prepares a statement are about the statement, and those of most other codes
//! are the same words every time. The rest is told by its code, and kept for the findings folder.

use handover_cli_kit::withheld::{Message, Told};
use rusqlite::{Error, ffi};

/// What may be told of an error.
pub(super) fn told(error: &Error) -> Told {
    match error {
        // Only of statements that cannot be prepared.
        Error::SqlInputError { msg, .. } => Told::openly(msg.clone()),
        Error::SqliteFailure(code, Some(text)) if may_be_told(*code, text) => {
            Told::openly(text.clone())
        }
        Error::SqliteFailure(code, text) => {
            let text = text.as_deref().unwrap_or_default();
            without(*code, text, "SQLite refused it")
        }
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::ToSqlConversionFailure(_)
        | Error::UserFunctionError(_) => {
            let message = Message::of("SQLite", String::new(), error.to_string());
            let text = "a value is not what this program expects there; it is not shown";
            Told::instead_of(message, text.to_owned())
        }
        other => Told::openly(other.to_string()),
    }
}

/// The same for a row that a constraint or trigger refuses.
pub(super) fn told_of_row(error: &Error) -> Told {
    match error {
        Error::SqliteFailure(code, Some(text)) if names_constraint(*code) => {
            let number = code.extended_code;
            Told::openly(format!(
                "a row violates a constraint of its table: {text} (SQLite code {number})"
            ))
        }
        Error::SqliteFailure(code, text) => {
            let what = match code.extended_code {
                ffi::SQLITE_CONSTRAINT_TRIGGER => "a trigger refused a row",
                _ => "a row violates a constraint of its table",
            };
            without(*code, text.as_deref().unwrap_or_default(), what)
        }
        other => told(other),
    }
}

fn without(code: ffi::Error, text: &str, what: &str) -> Told {
    let number = code.extended_code;
    let message = Message::of("SQLite", number.to_string(), text.to_owned());
    let shown =
        format!("{what} (SQLite code {number}); its own words may quote values and are not shown");
    Told::instead_of(message, shown)
}

/// What messages begin with that name what a statement lacks, or what is there already. None of these
/// is among the messages of a function or a virtual table. (`no such column: ` is, in full-text search.)
const OF_THE_CATALOG: &[&str] = &[
    "no such table: ",
    "no such function: ",
    "no such collation sequence: ",
    "no such module: ",
    "no such index: ",
    "no such view: ",
    "unknown function: ",
    "no query solution",
    "there is already ",
    "unable to open database",
];

fn may_be_told(code: ffi::Error, text: &str) -> bool {
    match code.extended_code & 0xff {
        // The same words every time, or names of the catalog (SQLITE_AUTH).
        ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_NOMEM
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_SCHEMA
        | ffi::SQLITE_TOOBIG
        | ffi::SQLITE_MISMATCH
        | ffi::SQLITE_MISUSE
        | ffi::SQLITE_NOLFS
        | ffi::SQLITE_AUTH
        | ffi::SQLITE_RANGE => true,
        _ => OF_THE_CATALOG.iter().any(|words| text.starts_with(words)),
    }
}

/// Whether SQLite's message names the constraint, its columns or its expression, and no value.
fn names_constraint(code: ffi::Error) -> bool {
    matches!(
        code.extended_code,
        ffi::SQLITE_CONSTRAINT_CHECK
            | ffi::SQLITE_CONSTRAINT_FOREIGNKEY
            | ffi::SQLITE_CONSTRAINT_NOTNULL
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_ROWID
            | ffi::SQLITE_CONSTRAINT_DATATYPE
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    const SCHEMA: &str = "
        create table people (id integer primary key, name text not null unique check (name <> ''));
        create trigger t before insert on people when new.name like 'Nguyễn%'
            begin select raise(abort, 'no such table: Bệnh'); end;
        create trigger u before insert on people when new.name like 'Trần%'
            begin select raise(rollback, new.name || ' again'); end;
        create virtual table words using fts5(word);
        insert into people values (1, 'Lê Bệnh')";

    fn said(sql: &str) -> String {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let failed = connection.execute_batch(sql).unwrap_err();
        crate::sqlite::sqlite_error(failed).to_string()
    }

    #[test]
    fn no_value_of_a_row() {
        for (sql, expected) in [
            ("insert into people values (2, 'Nguyễn Bệnh')", "a trigger refused a row"),
            ("insert into people values (2, 'Trần Bệnh')", "a trigger refused a row"),
            ("insert into people values (2, 'Lê Bệnh')", "UNIQUE constraint failed: people.name"),
            ("insert into people values (2, null)", "NOT NULL constraint failed: people.name"),
            ("insert into people values (2, '')", "CHECK constraint failed: name <> ''"),
            ("select json_extract('{}', name) from people", "SQLite refused it (SQLite code 1)"),
            (
                "select w.word from people, words w where words match people.name || ':x'",
                "SQLite refused it (SQLite code 1)",
            ),
            ("select nme from people", "no such column: nme"),
            ("select * from peple", "no such table: peple"),
        ] {
            let said = said(sql);
            assert!(said.contains(expected) && !said.contains("Bệnh"), "{sql}: {said}");
        }
    }
}
