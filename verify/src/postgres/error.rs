//! Errors of sessions: what the server refused, and connections that are gone. What of a message may
//! be told, [`ServerMessage`] knows.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use super::server_message::ServerMessage;
use crate::withheld::Told;

/// The server refused one statement; the session goes on.
#[derive(Debug, thiserror::Error)]
#[error("{told} (SQLSTATE {code})")]
pub struct Refused {
    /// The SQLSTATE code.
    pub code: String,
    told: Told,
    is_fatal: bool,
}

/// The connection ended, and the server's last word did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectionLost(std::io::Error);

impl Refused {
    /// The server ended the session with it.
    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal
    }

    /// The account lacks a right (`insufficient_privilege`).
    pub fn is_missing_right(&self) -> bool {
        self.code == "42501"
    }
}

/// Turns a driver error into one that may be shown.
pub(crate) fn database_error(error: sqlx::Error) -> anyhow::Error {
    match error {
        sqlx::Error::Database(refused) => of_server(refused.downcast_ref()).into(),
        sqlx::Error::Io(error) => ConnectionLost(error).into(),
        other => anyhow::Error::new(other),
    }
}

fn of_server(refused: &PgDatabaseError) -> Refused {
    let position = refused.position();
    let message = ServerMessage {
        code: refused.code(),
        text: refused.message(),
        detail: refused.detail(),
        hint: refused.hint(),
        context: refused.r#where(),
        has_position: matches!(position, Some(PgErrorPosition::Original(_))),
        internal_query: match position {
            Some(PgErrorPosition::Internal { query, .. }) => Some(query),
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
        code: refused.code().to_owned(),
        told: message.told(),
        is_fatal: matches!(refused.severity(), PgSeverity::Fatal | PgSeverity::Panic),
    }
}

/// Turns an error while connecting into one that says what to do.
pub(crate) fn connect_error(error: sqlx::Error) -> anyhow::Error {
    match error {
        sqlx::Error::Io(error) => anyhow::anyhow!(
            "{error}; check the host, the port, that the server runs there, and that it takes \
             connections from here"
        ),
        other => {
            let error = database_error(other);
            match error.downcast_ref::<Refused>().and_then(Refused::connect_remedy) {
                Some(remedy) => anyhow::anyhow!("{error}; {remedy}"),
                None => error,
            }
        }
    }
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
