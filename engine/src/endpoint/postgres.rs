//! `postgres://user@host:port/database?…`

use std::process::Command;

use anyhow::{Result, bail};
use percent_encoding::percent_decode_str;
use url::Url;

use super::connection::Connection;
use super::parameter::{Parameter, Parameters};
use super::tls_policy::Line;

/// A PostgreSQL database and how to reach it. Never prints its password.
#[derive(Clone)]
pub struct PostgresEndpoint {
    url_without_password: String,
    password: Option<String>,
    connection: Connection,
}

impl PostgresEndpoint {
    /// The URL to print, and by which a hand-over knows the database.
    pub fn url(&self) -> &str {
        &self.url_without_password
    }

    /// The same for `psql`, whose default is less than ours: with the `sslmode` that holds here.
    pub fn url_for_psql(&self) -> String {
        let url = self.url();
        match self.connection.mode_to_name() {
            Some(mode) if !names_mode(url) => {
                let sign = if url.contains('?') { '&' } else { '?' };
                format!("{url}{sign}sslmode={}", mode.as_str())
            }
            _ => url.to_owned(),
        }
    }

    /// A password that stood in the URL.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// What is known of the line to the server.
    pub fn line(&self) -> Line {
        self.connection.line()
    }

    /// Whether there is a password, and a line by TCP on which nobody knows who is at the other end.
    pub fn proves_password_to_strangers(&self) -> Result<bool> {
        let nobody_is_known = matches!(self.line(), Line::Clear | Line::Unverified);
        Ok(nobody_is_known && self.connection.password()?.is_some())
    }

    /// Has `pg_dump` and the like reach this database, under the same policy, by their environment:
    /// no argument tells a place or a password. `options` are for the server, as in `PGOPTIONS`.
    pub fn set_environment(&self, command: &mut Command, options: &str) {
        self.connection.set_environment(command, self.password(), options);
    }

    /// What a session connects with.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads a URL, and what the environment says besides.
    pub(super) fn parse(text: &str) -> Result<Self> {
        // RFC 3986 allows `user@/db`, libpq documents it, the url crate refuses it; the host then
        // comes from `?host=` or the default.
        let with_host = text.replacen("@/", "@localhost/", 1);
        let with_host = with_host.replacen("://?", ":///?", 1);
        let mut url = Url::parse(&with_host).map_err(|error| {
            anyhow::anyhow!(
                "this is not a postgres URL ({error}); expected postgres://user@host:port/database"
            )
        })?;
        let names_host = !text.contains("@/");
        let mut parameters = Parameters::of_environment(std::env::vars_os())?;
        let mut password = None;
        for (parameter, part) in [
            (Parameter::Host, url.host_str().filter(|_| names_host)),
            (Parameter::User, Some(url.username())),
            (Parameter::Password, url.password()),
            (Parameter::DbName, Some(url.path().trim_start_matches('/'))),
        ] {
            let Some(part) = part.filter(|part| !part.is_empty()) else { continue };
            parameters.set(parameter, decoded(part)?);
        }
        if let Some(port) = url.port() {
            parameters.set(Parameter::Port, port.to_string());
        }
        if let Some(given) = url.password() {
            password = Some(decoded(given)?);
            if url.set_password(None).is_err() {
                bail!("this postgres URL has a password but no host; put it in PGPASSWORD instead");
            }
        }
        let mut kept = Vec::new();
        let query = url.query().unwrap_or_default().to_owned();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            parameters.set_by_name(&name, value.clone())?;
            if name == "password" {
                password = Some(value);
            } else {
                kept.push(format!("{name}={}", escaped(&value)));
            }
        }
        url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
        let mut url_without_password = url.to_string();
        if with_host != text {
            url_without_password = url_without_password.replacen("@localhost/", "@/", 1);
        }
        let connection = Connection::of(&parameters, std::env::home_dir().as_deref())?;
        Ok(Self { url_without_password, password, connection })
    }
}

/// Characters escaped in query values of a printed URL: all but the unreserved and `/`.
const QUERY_ESCAPES: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

fn escaped(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, QUERY_ESCAPES).to_string()
}

fn decoded(part: &str) -> Result<String> {
    match percent_decode_str(part).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => bail!("a part of this postgres URL is not UTF-8 ({error})"),
    }
}

fn names_mode(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.starts_with("sslmode="))
}
