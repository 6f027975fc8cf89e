//! Queries that give one whole number, asked of a database.
//!
//! A query of a set of figures was written by people, perhaps by somebody who means harm. It runs as
//! one statement, read-only, for a limited time, and no more of it is taken than one whole number.

use std::time::Duration;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::figures::Query;

use crate::endpoint::Endpoint;
use crate::postgres::figures::PostgresFigures;
use crate::sqlite::figures::SqliteFigures;

/// What a database answered: a number, or why there is none, without a value of any row.
pub type Answer = Result<i64, String>;

/// What every refused query is told.
pub(crate) const ONE_SELECT: &str = "it has to be one SELECT that writes nothing";

/// A database that is asked for figures under one snapshot.
pub trait FigureSource {
    /// Asks for one whole number in the engine's own words.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or on an interrupt. What is wrong with the query is in the answer.
    fn ask(&mut self, query: &Query) -> Result<Answer>;
}

/// Opens a database for figures; each query may take this long.
pub fn open(
    endpoint: &Endpoint,
    timeout: Duration,
    interrupt: &Interrupt,
) -> Result<Box<dyn FigureSource>> {
    Ok(match endpoint {
        Endpoint::Postgres(endpoint) => {
            Box::new(PostgresFigures::open(endpoint, timeout, interrupt)?)
        }
        Endpoint::Sqlite(path) => Box::new(SqliteFigures::open(path, timeout, interrupt)?),
    })
}

/// The answer where a set has no query for an engine.
pub(crate) fn no_query_for(engine: &str) -> Answer {
    Err(format!("the set has no query for {engine}"))
}
