//! A figure's query, asked of PostgreSQL.
//!
//! It becomes the query of a cursor: the server takes nothing but one SELECT there, and no data
//! that it would change. The transaction is read-only, so that functions cannot write either, and
//! what a query changes of the session's settings is rolled back with its savepoint.

use std::time::Duration;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::figures::Query;

use super::{Access, NoAnswer, Refused, Session, TypedRows};
use crate::endpoint::PostgresEndpoint;
use crate::figures::{Answer, FigureSource, ONE_SELECT, no_query_for};

/// How much longer than the server's own limit to wait for its answer.
const GRACE: Duration = Duration::from_secs(10);

/// Types of whole numbers; a `numeric` is one if its text is.
const NUMBER_TYPES: [&str; 4] = ["int2", "int4", "int8", "numeric"];

/// A database, read under one snapshot.
pub(crate) struct PostgresFigures {
    endpoint: PostgresEndpoint,
    timeout: Duration,
    interrupt: Interrupt,
    session: Session,
}

impl PostgresFigures {
    pub(crate) fn open(
        endpoint: &PostgresEndpoint,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint.clone(),
            timeout,
            interrupt: interrupt.clone(),
            session: begin(endpoint, timeout, interrupt)?,
        })
    }

    fn answer(&mut self, sql: &str) -> Result<Answer> {
        if !self.session.is_usable() {
            self.session = begin(&self.endpoint, self.timeout, &self.interrupt)?;
        }
        self.session.execute("SAVEPOINT figure")?;
        let cursor = format!("DECLARE figure NO SCROLL CURSOR FOR\n{sql}");
        let limit = self.timeout.saturating_add(GRACE);
        let answer = match self.session.execute_one(&cursor, limit) {
            Err(error) => Err(self.reason(error)?),
            Ok(()) => match self.session.query_typed("FETCH 2 FROM figure", limit) {
                Err(error) => Err(self.reason(error)?),
                Ok(rows) => whole_number(&rows),
            },
        };
        if self.session.is_usable() {
            self.session.execute("ROLLBACK TO SAVEPOINT figure")?;
        }
        Ok(answer)
    }

    /// Why a query gives no number, without a value of any row.
    fn reason(&self, error: anyhow::Error) -> Result<String> {
        let seconds = self.timeout.as_secs();
        let too_long = format!(
            "it had not ended after {seconds} s and was stopped; --timeout gives it longer"
        );
        if error.chain().any(|cause| cause.is::<NoAnswer>()) {
            return Ok(too_long);
        }
        let Some(refused) = error.chain().find_map(|cause| cause.downcast_ref::<Refused>()) else {
            return Err(error);
        };
        let code = refused.code.as_str();
        Ok(match (code, code.get(..2)) {
            ("57014", _) => too_long,
            ("25006", _) => "it writes, and was refused (SQLSTATE 25006)".to_owned(),
            ("42501", _) => {
                format!("the account may not read what it asks for; PostgreSQL says: {refused}")
            }
            ("42601" | "42P11" | "0A000", _) => {
                format!("{ONE_SELECT}; PostgreSQL says: {refused}")
            }
            (_, Some("42")) => format!("PostgreSQL says: {refused}"),
            _ => format!("PostgreSQL stopped it: {refused}"),
        })
    }
}

impl FigureSource for PostgresFigures {
    fn ask(&mut self, query: &Query) -> Result<Answer> {
        match query.for_postgres() {
            Some(sql) => self.answer(sql),
            None => Ok(no_query_for("PostgreSQL")),
        }
    }
}

fn begin(endpoint: &PostgresEndpoint, timeout: Duration, interrupt: &Interrupt) -> Result<Session> {
    let mut session = Session::open(endpoint, Access::ReadOnly, interrupt)?;
    // The planner may choose again: the session's own settings are for reading whole tables.
    session.execute(&format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
        SET LOCAL statement_timeout = {};
        SET LOCAL search_path = pg_catalog, public;
        SET LOCAL enable_seqscan = on;
        SET LOCAL enable_bitmapscan = on;
        SET LOCAL cursor_tuple_fraction = 1;",
        // 0 would be no limit at all.
        timeout.as_millis().clamp(1, 1_000_000_000)
    ))?;
    Ok(session)
}

fn whole_number((types, rows): &TypedRows) -> Answer {
    let [row] = rows.as_slice() else {
        return Err(if rows.is_empty() {
            "it gives no row".to_owned()
        } else {
            "it gives several rows".to_owned()
        });
    };
    let ([name], [value]) = (types.as_slice(), row.as_slice()) else {
        return Err(format!("it gives {} columns, not one", row.len()));
    };
    let Some(text) = value else { return Err("it gives NULL".to_owned()) };
    let number = if NUMBER_TYPES.contains(&name.as_str()) { text.parse().ok() } else { None };
    number.ok_or_else(|| {
        // SQLite writes its types so, and both say the same.
        let name = name.to_uppercase();
        format!("it gives a value of type {name} that is no whole number of 64 bits")
    })
}
