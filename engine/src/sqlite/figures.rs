//! A figure's query, asked of SQLite.
//!
//! The file is open read-only. Besides, SQLite asks before it does anything a statement says, and
//! is allowed to read and to compute, nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_schemas::figures::Query;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode};

use super::{open_read_only, sqlite_error};
use crate::figures::{Answer, FigureSource, ONE_SELECT, no_query_for};

/// Steps of SQLite's machine between two looks at the clock.
const STEPS_BETWEEN_LOOKS: std::ffi::c_int = 10_000;

/// A file, read in one transaction.
pub(crate) struct SqliteFigures {
    connection: Connection,
    timeout: Duration,
    interrupt: Interrupt,
}

impl SqliteFigures {
    pub(crate) fn open(path: &Path, timeout: Duration, interrupt: &Interrupt) -> Result<Self> {
        let mut connection = open_read_only(path)?;
        connection.authorizer(Some(only_reading)).map_err(sqlite_error)?;
        Ok(Self { connection, timeout, interrupt: interrupt.clone() })
    }

    fn answer(&mut self, sql: &str) -> Result<Answer> {
        let (interrupt, begun, limit) = (self.interrupt.clone(), Instant::now(), self.timeout);
        let is_over = move || interrupt.is_raised() || begun.elapsed() >= limit;
        self.connection
            .progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))
            .map_err(sqlite_error)?;
        let answer = whole_number(&self.connection, sql);
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                if self.interrupt.is_raised() {
                    bail!(Interrupted);
                }
                Ok(Err(format!(
                    "it had not ended after {} s and was stopped; --timeout gives it longer",
                    self.timeout.as_secs()
                )))
            }
            Err(error) => Ok(Err(match error.sqlite_error() {
                // The message can quote values of rows.
                Some(inner) => format!("SQLite stopped it (code {})", inner.extended_code),
                None => "SQLite stopped it".to_owned(),
            })),
        }
    }
}

impl FigureSource for SqliteFigures {
    fn ask(&mut self, query: &Query) -> Result<Answer> {
        match query.for_sqlite() {
            Some(sql) => self.answer(sql),
            None => Ok(no_query_for("SQLite")),
        }
    }
}

fn only_reading(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Recursive => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn whole_number(connection: &Connection, sql: &str) -> Result<Answer, Error> {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(error) => return Ok(Err(not_prepared(&error))),
    };
    let columns = statement.column_count();
    // VACUUM is one of those that nobody is asked about when they are prepared.
    if columns == 0 || !statement.readonly() {
        return Ok(Err(format!("{ONE_SELECT}, and does something else")));
    }
    if columns != 1 {
        return Ok(Err(format!("it gives {columns} columns, not one")));
    }
    if statement.parameter_count() > 0 {
        return Ok(Err("it has a parameter, for which there is no value".to_owned()));
    }
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(Err("it gives no row".to_owned())) };
    let kind = match row.get_ref(0)? {
        ValueRef::Integer(number) => {
            return Ok(match rows.next()? {
                None => Ok(number),
                Some(_) => Err("it gives several rows".to_owned()),
            });
        }
        ValueRef::Null => return Ok(Err("it gives NULL".to_owned())),
        ValueRef::Real(_) => "REAL",
        ValueRef::Text(_) => "TEXT",
        ValueRef::Blob(_) => "BLOB",
    };
    Ok(Err(format!("it gives a value of type {kind} that is no whole number of 64 bits")))
}

/// Why SQLite does not take a query. No row was read yet: its message is about the query.
fn not_prepared(error: &Error) -> String {
    match error {
        Error::MultipleStatement => format!("{ONE_SELECT}, and has several statements"),
        _ if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => {
            format!("{ONE_SELECT}, and does something else")
        }
        Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg)) => {
            format!("SQLite says: {msg}")
        }
        _ => format!("{ONE_SELECT}, and SQLite does not take it"),
    }
}
