//! Errors of sessions: what the server refused, and connections that are gone. What of a message may
//! be told, [`ServerMessage`] knows.

use std::error::Error as _;
use std::io;

use handover_cli_kit::withheld::Told;
use tokio_postgres::error::{DbError, ErrorPosition, Severity};

use super::own_function::without_ours;
use super::server_message::ServerMessage;
use super::wire::Refusal;

/// The server refused one statement; the session goes on.
#[derive(Debug, thiserror::Error)]
#[error("{told} (SQLSTATE {code})")]
pub struct Refused {
    /// The SQLSTATE code.
    pub code: String,
    told: Told,
    is_fatal: bool,
    is_of_several: bool,
}

/// The connection ended, and the server's last word did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectionLost(pub(super) String);

impl Refused {
    /// The server ended the session with it.
    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    /// The text was to be one statement, and is several (`exec_parse_message` in `postgres.c`).
    pub fn is_of_several_statements(&self) -> bool {
        self.is_of_several
    }

    /// The account lacks a right (`insufficient_privilege`).
    pub fn is_missing_right(&self) -> bool {
        self.code == "42501"
    }
}

/// Turns a driver error into one that may be shown.
///
/// `sent` is what the server was sent, if it matters.
pub(super) fn database_error(error: tokio_postgres::Error, sent: &str) -> anyhow::Error {
    if let Some(refused) = error.as_db_error() {
        return of_server(refused, sent).into();
    }
    if error.is_closed() {
        return ConnectionLost("the connection was closed".to_owned()).into();
    }
    let failed = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match failed.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref::<Refusal>()) {
        Some(refusal) => refusal.clone().into(),
        None => error.into(),
    }
}

fn of_server(refused: &DbError, sent: &str) -> Refused {
    let position = refused.position();
    let message = ServerMessage {
        code: refused.code().code(),
        text: refused.message(),
        detail: refused.detail(),
        hint: refused.hint(),
        context: refused.where_(),
        has_position: matches!(position, Some(ErrorPosition::Original(_))),
        internal_query: match position {
            Some(ErrorPosition::Internal { query, .. }) => Some(query),
            _ => None,
        },
        schema: refused.schema(),
        table: refused.table(),
        column: refused.column(),
        constraint: refused.constraint(),
        file: refused.file(),
        routine: refused.routine(),
    };
    Refused {
        code: refused.code().code().to_owned(),
        is_of_several: refused.code().code() == "42601"
            && refused.routine() == Some("exec_parse_message"),
        told: without_ours(message, sent).told(),
        is_fatal: matches!(refused.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
    }
}

/// Turns an error while connecting into one that says what to do.
pub(super) fn connect_error(error: tokio_postgres::Error) -> anyhow::Error {
    let error = database_error(error, "");
    match error.downcast_ref::<Refused>().and_then(Refused::connect_remedy) {
        Some(remedy) => anyhow::anyhow!("{error}; {remedy}"),
        None => error,
    }
}

/// A server that is not where it is said to be.
pub(super) fn unreachable(error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "{error}; check the host, the port, that the server runs there, and that it takes \
         connections from here"
    )
}

impl Refused {
    fn connect_remedy(&self) -> Option<&'static str> {
        match self.code.as_str() {
            "28P01" => Some("put the right password into PGPASSWORD, .pgpass or PGPASSFILE"),
            "28000" => Some("the server's pg_hba.conf has to let this account in from here"),
            "3D000" => Some("check the database's name, or create it"),
            "53300" => Some("use fewer --jobs, or end other connections"),
            _ => None,
        }
    }
}
