//! Where a database is: the `--source` and `--target` URLs.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// One end of a hand-over.
#[derive(Clone)]
pub enum Endpoint {
    /// `postgres://user@host:port/database?…`
    Postgres(PostgresEndpoint),
    /// `sqlite:path`
    Sqlite(PathBuf),
}

/// A PostgreSQL database and how to reach it. Never prints its password.
#[derive(Clone)]
pub struct PostgresEndpoint {
    url_without_password: String,
    password: Option<String>,
    options: PgConnectOptions,
}

impl PostgresEndpoint {
    /// The URL to print and to give to `psql` and `pg_dump`.
    pub fn url(&self) -> &str {
        &self.url_without_password
    }

    /// A password that stood in the URL; handed to child processes as `PGPASSWORD`.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// What sqlx connects with.
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    fn parse(text: &str) -> Result<Self> {
        // RFC 3986 allows `user@/db`, libpq documents it, the url crate refuses it; the host then
        // comes from `?host=` or the default.
        let with_host = text.replacen("@/", "@localhost/", 1);
        let with_host = with_host.replacen("://?", ":///?", 1);
        let mut url = Url::parse(&with_host).map_err(|error| {
            anyhow::anyhow!(
                "this is not a postgres URL ({error}); expected postgres://user@host:port/database"
            )
        })?;
        let options = PgConnectOptions::from_str(url.as_str())
            .map_err(|error| anyhow::anyhow!("this postgres URL cannot be used: {error}"))?;
        let mut password = url
            .password()
            .map(|p| percent_encoding::percent_decode_str(p).decode_utf8_lossy().into_owned());
        if url.password().is_some() && url.set_password(None).is_err() {
            bail!("this postgres URL has a password but no host; put it in PGPASSWORD instead");
        }
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter_map(|(key, value)| {
                if key == "password" {
                    password = Some(value.into_owned());
                    None
                } else {
                    Some((key.into_owned(), value.into_owned()))
                }
            })
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            let encode =
                |s: &str| percent_encoding::utf8_percent_encode(s, QUERY_ESCAPES).to_string();
            let query: Vec<String> =
                kept.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            url.set_query(Some(&query.join("&")));
        }
        let mut url_without_password = url.to_string();
        if with_host != text {
            url_without_password = url_without_password.replacen("@localhost/", "@/", 1);
        }
        Ok(Self { url_without_password, password, options })
    }
}

/// Characters escaped in query values of a printed URL: all but the unreserved and `/`.
const QUERY_ESCAPES: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

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
        text.parse().map_err(|error| refused(format!("{error:#}")))
    }
}

impl ValueParserFactory for Endpoint {
    type Parser = EndpointParser;

    fn value_parser() -> EndpointParser {
        EndpointParser
    }
}

impl Endpoint {
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
}
