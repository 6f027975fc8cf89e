//! What a database error may say.
//!
//! A message about a value (`invalid input syntax for type date: "…"`) quotes the value, and the
//! values here are people's. Errors of the classes that do are told by code and place only.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// The server refused one statement; the session goes on.
#[derive(Debug, thiserror::Error)]
#[error("{text} (SQLSTATE {code})")]
pub struct Refused {
    /// The SQLSTATE code.
    pub code: String,
    text: String,
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
    let sqlx::Error::Database(refused) = error else {
        return match error {
            sqlx::Error::Io(error) => ConnectionLost(error).into(),
            other => anyhow::Error::new(other),
        };
    };
    let code = refused.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
    let postgres = refused.try_downcast_ref::<PgDatabaseError>();
    let is_fatal = postgres
        .is_some_and(|refused| matches!(refused.severity(), PgSeverity::Fatal | PgSeverity::Panic));
    let text = match code.get(..2) {
        // Data exceptions and integrity violations quote values.
        Some("22" | "23") => {
            let mut text = value_error(&code).to_owned();
            if let Some(table) = refused.table() {
                text.push_str(&format!(", table {table}"));
            }
            if let Some(column) = postgres.and_then(|refused| copied_column(refused.r#where()?)) {
                text.push_str(&format!(", column {column}"));
            }
            if let Some(constraint) = refused.constraint() {
                text.push_str(&format!(", constraint {constraint}"));
            }
            text.push_str("; the server's log has the value");
            text
        }
        _ => refused.message().to_owned(),
    };
    Refused { code, text, is_fatal }.into()
}

/// The column in which `COPY … FROM` met a value that it refuses, from the error's context:
/// `COPY t, line 3, column c: "…"`. What follows the name is the value, and stays out.
fn copied_column(context: &str) -> Option<&str> {
    let (_copy, rest) = context.strip_prefix("COPY ")?.split_once(", line ")?;
    let (_line, rest) = rest.split_once(", column ")?;
    let name = rest.split_once(": \"").or_else(|| rest.split_once(": null input"));
    Some(name.map_or_else(|| rest.lines().next().unwrap_or_default(), |(name, _)| name))
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
        "22007" | "22008" | "22015" => "a date, time or interval is not valid here",
        "22021" => "a text has bytes that are no text in the encoding",
        "22P05" => "a text has a character that the other encoding lacks",
        "22P02" | "22P03" => "a value does not have its column's format",
        "23502" => "a NULL in a NOT NULL column",
        "23503" => "a row refers to a row that does not exist",
        "23505" => "two rows have the same unique key",
        "23514" => "a row violates a check",
        _ => "a value was refused",
    }
}

#[cfg(test)]
mod tests {
    use super::copied_column;

    #[test]
    fn the_column_of_a_refused_value_without_the_value() {
        for (context, column) in [
            ("COPY people, line 3, column born: \"1899-02-30\"", Some("born")),
            ("COPY people, line 3, column a: b: \"x\"", Some("a: b")),
            ("COPY people, line 3, column born: null input", Some("born")),
            ("COPY people, line 3, column born", Some("born")),
            ("COPY people, line 3: \"x\\ty\"", None),
            ("SQL function \"f\" statement 1", None),
        ] {
            assert_eq!(copied_column(context), column, "{context}");
        }
    }
}
