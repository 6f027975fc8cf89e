//! What a database error may say.
//!
//! A message about a value (`invalid input syntax for type date: "…"`) quotes the value, and the
//! values here are people's. Errors of the classes that do are told by code and place only.

/// The server refused one statement; the session goes on.
#[derive(Debug, thiserror::Error)]
#[error("{text} (SQLSTATE {code})")]
pub struct Refused {
    /// The SQLSTATE code.
    pub code: String,
    text: String,
}

impl Refused {
    /// The account lacks a right (`insufficient_privilege`).
    pub fn is_missing_right(&self) -> bool {
        self.code == "42501"
    }
}

/// Turns a driver error into one that may be shown.
pub(crate) fn database_error(error: sqlx::Error) -> anyhow::Error {
    let sqlx::Error::Database(refused) = error else {
        return match error {
            sqlx::Error::Io(error) => {
                anyhow::Error::new(error).context("the connection to the server was lost")
            }
            other => anyhow::Error::new(other),
        };
    };
    let code = refused.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
    let text = match code.get(..2) {
        // Data exceptions and integrity violations quote values.
        Some("22" | "23") => {
            let mut text = value_error(&code).to_owned();
            if let Some(table) = refused.table() {
                text.push_str(&format!(", table {table}"));
            }
            if let Some(constraint) = refused.constraint() {
                text.push_str(&format!(", constraint {constraint}"));
            }
            text.push_str("; the server's log has the value");
            text
        }
        _ => refused.message().to_owned(),
    };
    Refused { code, text }.into()
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

/// PostgreSQL's condition names (Appendix A of its manual) for the errors met most.
fn value_error(code: &str) -> &'static str {
    match code {
        "22001" => "a value is too long for its column",
        "22003" => "a number is out of its column's range",
        "22007" | "22008" => "a date or time is not valid",
        "22021" => "a text has bytes that the database's encoding cannot hold",
        "22P02" | "22P03" => "a value does not have its column's format",
        "23502" => "a NULL in a NOT NULL column",
        "23503" => "a row refers to a row that does not exist",
        "23505" => "two rows have the same unique key",
        "23514" => "a row violates a check",
        _ => "a value was refused",
    }
}
