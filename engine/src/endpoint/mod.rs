//! Where a database is: the `--source` and `--target` URLs.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use handover_schemas::ledger::LesserLine;

mod connection;
mod lesser_lines;
mod parameter;
mod password_file;
mod postgres;
mod tls_policy;

pub(crate) use connection::{Connection, Host, socket_name};
pub(crate) use lesser_lines::note;
pub use lesser_lines::{UsedLine, not_checked_of_lines, used_lesser_lines};
pub use postgres::PostgresEndpoint;
pub use tls_policy::Line;
pub(crate) use tls_policy::{ChannelBinding, ClientCertificate, Roots, SslMode, TlsPolicy};

/// One end of a hand-over.
#[derive(Clone)]
pub enum Endpoint {
    /// `postgres://user@host:port/database?…`
    Postgres(PostgresEndpoint),
    /// `sqlite:path`
    Sqlite(PathBuf),
}

impl FromStr for Endpoint {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(PostgresEndpoint::parse(text)?));
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                bail!("a SQLite end needs a path: sqlite:path/to/file.db");
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        let scheme = text.split(':').next().unwrap_or_default();
        if text.contains(':') && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
            bail!(
                "{scheme}: is not supported; use postgres://user@host:port/database or sqlite:path"
            );
        }
        bail!("expected a URL such as postgres://user@host:port/database or sqlite:path")
    }
}

/// Why a URL with a password is refused: everybody on the machine sees the arguments of a program, and
/// files are copied.
pub const PASSWORD_IN_URL: &str =
    "the url has a password; passwords belong into .pgpass or PGPASSWORD";

/// Reads an endpoint from the command line. What clap prints of its own accord quotes the value,
/// password and all.
#[derive(Clone)]
pub struct EndpointParser;

impl TypedValueParser for EndpointParser {
    type Value = Endpoint;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Endpoint, clap::Error> {
        let refused = |reason: String| {
            let name = argument.map_or_else(String::new, |argument| format!("{argument}: "));
            clap::Error::raw(ErrorKind::ValueValidation, format!("{name}{reason}\n"))
                .with_cmd(command)
        };
        let text = value.to_str().ok_or_else(|| refused("this URL is not UTF-8".to_owned()))?;
        let endpoint: Endpoint = text.parse().map_err(|error| refused(format!("{error:#}")))?;
        if let Endpoint::Postgres(postgres) = &endpoint
            && postgres.password().is_some()
        {
            return Err(refused(PASSWORD_IN_URL.to_owned()));
        }
        Ok(endpoint)
    }
}

impl ValueParserFactory for Endpoint {
    type Parser = EndpointParser;

    fn value_parser() -> EndpointParser {
        EndpointParser
    }
}

impl Endpoint {
    /// What the connection to a PostgreSQL server is less than `verify-full`, as somebody chose by
    /// name.
    pub fn lesser_line(&self) -> Option<LesserLine> {
        match self {
            Self::Postgres(postgres) => postgres.line().lesser(),
            Self::Sqlite(_) => None,
        }
    }

    /// Absolute path of a SQLite file, for its identity in the ledger.
    pub fn absolute(path: &Path) -> Result<PathBuf> {
        std::path::absolute(path).with_context(|| format!("cannot resolve {}", path.display()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(postgres) => f.write_str(postgres.url()),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_out_of_sight() {
        for text in
            ["postgres://u:s3cret@h/db", "postgres://u@h/db?password=s3cret&sslmode=disable"]
        {
            let endpoint: Endpoint = text.parse().unwrap();
            assert!(!endpoint.to_string().contains("s3cret"), "{endpoint}");
            assert!(!format!("{endpoint:?}").contains("s3cret"));
            let Endpoint::Postgres(postgres) = endpoint else { panic!("not postgres") };
            assert_eq!(postgres.password(), Some("s3cret"));
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_printing_it() {
        for text in ["postgres://u:s3cret@h:port/db", "mysql://u:s3cret@h/db", "nonsense s3cret"] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(!format!("{error:#}").contains("s3cret"), "{error:#}");
        }
    }

    #[test]
    fn a_socket_folder_can_stand_in_the_query() {
        let endpoint: Endpoint = "postgres://u@/db?host=/tmp/x".parse().unwrap();
        assert_eq!(endpoint.to_string(), "postgres://u@/db?host=/tmp/x");
    }

    fn postgres(url: &str) -> PostgresEndpoint {
        match url.parse().unwrap() {
            Endpoint::Postgres(postgres) => postgres,
            Endpoint::Sqlite(_) => panic!("not postgres"),
        }
    }

    #[test]
    fn what_is_given_to_psql_names_the_mode() {
        let told = |url: &str| postgres(url).url_for_psql();
        assert_eq!(told("postgres://u@h/db"), "postgres://u@h/db?sslmode=verify-full");
        assert_eq!(
            told("postgres://u@h/db?port=1"),
            "postgres://u@h/db?port=1&sslmode=verify-full"
        );
        assert_eq!(told("postgres://u@h/db?sslmode=disable"), "postgres://u@h/db?sslmode=disable");
        assert_eq!(told("postgres://u@/db?host=/tmp/x"), "postgres://u@/db?host=/tmp/x");
    }

    #[test]
    fn parts_are_decoded_as_libpq_decodes_them() {
        let endpoint = postgres("postgres://u%40x@[::1]:5433/d%2Fb?options=-c%20a+b");
        let connection = endpoint.connection();
        assert_eq!(connection.user, "u@x");
        assert_eq!(connection.host, Host::Tcp { name: "::1".into(), address: None });
        assert_eq!((connection.port, connection.database.as_str()), (5433, "d/b"));
        assert_eq!(connection.options.as_deref(), Some("-c a+b"));
        let socket = postgres("postgres://u@%2Ftmp%2Fx/db");
        assert_eq!(socket.connection().host, Host::Socket("/tmp/x".into()));
    }
}
