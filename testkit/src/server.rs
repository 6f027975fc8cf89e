//! A PostgreSQL server as seen from outside: its URLs, and SQL through `psql`.

use std::env;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Where a PostgreSQL server is.
#[derive(Clone, Debug)]
pub struct Server {
    /// Who the superuser is: `postgres`, or `postgres:password`.
    superuser: String,
    /// Host, with its port if it has one.
    host: String,
    /// What follows the `?`: for a socket, the folder it is in.
    query: String,
}

impl Server {
    /// The cluster that `./test` started.
    #[track_caller]
    pub fn shared() -> Self {
        let url = from_environment("HANDOVER_TEST_POSTGRES");
        Self::parse(&url).unwrap_or_else(|| panic!("HANDOVER_TEST_POSTGRES is no URL of a server"))
    }

    fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("postgres://").or(url.strip_prefix("postgresql://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, _database) = rest.split_once('/').unwrap_or((rest, ""));
        let (superuser, host) = authority.rsplit_once('@')?;
        Some(Self { superuser: superuser.into(), host: host.into(), query: query.into() })
    }

    /// A server that listens on a socket in `folder`, at another port than the usual one maybe.
    pub(crate) fn in_folder(folder: &str, port: Option<u16>) -> Self {
        // Not `postgres://postgres@/…`: a URL with a user and no host is refused by URL parsers.
        Self {
            superuser: "postgres".into(),
            host: "localhost".into(),
            query: port.map_or_else(
                || format!("host={folder}"),
                |port| format!("host={folder}&port={port}"),
            ),
        }
    }

    /// The folder that its socket is in.
    pub(crate) fn socket_folder(&self) -> PathBuf {
        let folder = self.query.strip_prefix("host=").expect("a server on a socket");
        PathBuf::from(folder)
    }

    /// URL of a database, as superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as(&self.superuser, database)
    }

    /// URL of a database as another role; the password, if any, comes from elsewhere.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        let mut url = format!("postgres://{role}@{}/{database}", self.host);
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query);
        }
        url
    }

    /// Runs statements in a database, as superuser. They may contain `COPY … FROM STDIN` with its
    /// data.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) {
        let output = psql(&self.url(database), &["-q"], sql);
        assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What statements print: a line for each row, `|` between columns, nothing for NULL. Without
    /// the last newline.
    #[track_caller]
    pub fn query(&self, database: &str, sql: &str) -> String {
        let output = psql(&self.url(database), &["-q", "-A", "-t"], sql);
        assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
        let mut text = String::from_utf8(output.stdout).expect("psql prints UTF-8");
        if text.ends_with('\n') {
            text.pop();
        }
        text
    }

    /// Runs statements and does not care whether that worked.
    pub(crate) fn try_sql(&self, database: &str, sql: &str) -> bool {
        psql(&self.url(database), &["-q"], sql).status.success()
    }

    /// Version as PostgreSQL counts: 150004 for 15.4.
    #[track_caller]
    pub fn version(&self) -> u32 {
        self.query("postgres", "show server_version_num").parse().expect("a number")
    }
}

/// An environment variable that `./test` sets.
#[track_caller]
pub(crate) fn from_environment(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests need a PostgreSQL of their own, run ./test")
    })
}

/// Path of a PostgreSQL program.
#[track_caller]
pub(crate) fn pg_program(name: &str) -> PathBuf {
    PathBuf::from(from_environment("HANDOVER_TEST_PGBIN")).join(name)
}

/// Folder of the programs of another PostgreSQL that `./test` installs: 14 (a server alone) or 18
/// (its clients too).
#[track_caller]
pub fn programs_of(version: u32) -> PathBuf {
    PathBuf::from(from_environment(&format!("HANDOVER_TEST_PGBIN_{version}")))
}

/// Removes what the caller's environment says about PostgreSQL.
pub(crate) fn forget_postgres_settings(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
}

#[track_caller]
fn psql(url: &str, flags: &[&str], sql: &str) -> Output {
    // From a file, not a pipe: psql may print before it has read everything.
    let mut script = tempfile::tempfile().expect("a temporary file");
    script.write_all(sql.as_bytes()).and_then(|()| script.rewind()).expect("a script is written");
    let mut command = Command::new(pg_program("psql"));
    command.args(["-X", "-v", "ON_ERROR_STOP=1"]).args(flags).args(["-d", url]);
    forget_postgres_settings(&mut command);
    command.env("PGCLIENTENCODING", "UTF8").stdin(Stdio::from(script));
    command.output().expect("psql runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_its_server_and_changes_its_database() {
        let server = Server::parse("postgres://postgres@localhost/postgres?host=/tmp/x").unwrap();
        assert_eq!(server.url("t"), "postgres://postgres@localhost/t?host=/tmp/x");
        assert_eq!(server.url_as("reader", "t"), "postgres://reader@localhost/t?host=/tmp/x");
        let server = Server::parse("postgresql://me:secret@127.0.0.1:5433/postgres").unwrap();
        assert_eq!(server.url("t"), "postgres://me:secret@127.0.0.1:5433/t");
        assert_eq!(server.url_as("reader", "t"), "postgres://reader@127.0.0.1:5433/t");
        assert!(Server::parse("mysql://x@localhost/t").is_none());
    }
}
