//! Running generated SQL through `psql`: what `pg_dump` writes may hold psql commands.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use handover_verify::endpoint::PostgresEndpoint;

use super::fence::share_statement;

/// SQL to run: a file, or text that must not be left in one.
#[derive(Clone, Copy)]
pub enum SqlFile<'a> {
    /// A file of the hand-over folder.
    Path(&'a Path),
    /// Text given through standard input; at most one, the last.
    Text(&'a str),
}

/// `psql` on one database.
pub struct Psql<'a> {
    endpoint: &'a PostgresEndpoint,
}

impl<'a> Psql<'a> {
    /// For the database behind the endpoint.
    pub fn new(endpoint: &'a PostgresEndpoint) -> Self {
        Self { endpoint }
    }

    /// Runs everything in one transaction: all of it happens, or nothing.
    pub fn run_in_transaction(&self, sql: &[SqlFile<'_>]) -> Result<()> {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1"]);
        command.args(["-v", "VERBOSITY=verbose", "--single-transaction", "-d"]);
        command.arg(self.endpoint.url()).args(["-c", &share_statement()]);
        let mut input = "";
        for file in sql {
            match file {
                SqlFile::Path(path) => command.arg("-f").arg(path),
                SqlFile::Text(text) => {
                    input = text;
                    command.args(["-f", "-"])
                }
            };
        }
        let done = run(self.endpoint, command, input)?;
        done.map(|_output| ()).map_err(|message| anyhow::anyhow!("psql: {}", reason(&message)))
    }
}

/// What `psql` reports, without people's values: the DETAIL of a refused row quotes its key, and
/// some messages quote a value themselves. These are told by their code.
fn reason(stderr: &str) -> String {
    let Some((_, error)) = stderr.split_once("ERROR:  ") else {
        // It got no connection, or could not read what it was given.
        return stderr.to_owned();
    };
    let line = error.lines().next().unwrap_or_default();
    let Some((code, message)) = line.split_once(": ") else { return line.to_owned() };
    match code.get(..2) {
        // Data exceptions, and what functions of the platform raise.
        Some("22" | "P0") => {
            format!("a value was refused (SQLSTATE {code}); the server's log has it")
        }
        Some("23") => format!("{message} (SQLSTATE {code}); the server's log has the row"),
        _ => format!("{message} (SQLSTATE {code})"),
    }
}

/// As for the sessions of the copy itself: the database's own default may be serializable.
const PGOPTIONS: &str = "-c default_transaction_isolation=read\\ committed";

/// Runs a PostgreSQL client program. The inner error is what it wrote on standard error.
pub(super) fn run(
    endpoint: &PostgresEndpoint,
    mut command: Command,
    input: &str,
) -> Result<std::result::Result<Vec<u8>, String>> {
    let program = command.get_program().to_string_lossy().into_owned();
    if let Some(password) = endpoint.password() {
        command.env("PGPASSWORD", password);
    }
    command.env("PGCLIENTENCODING", "UTF8");
    command.env("PGAPPNAME", "handover");
    let given = std::env::var("PGOPTIONS").unwrap_or_default();
    command.env("PGOPTIONS", format!("{given} {PGOPTIONS}"));
    // Messages are matched by nobody, but people search for them in English.
    command.env("LC_MESSAGES", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| {
        format!("cannot run {program}; install PostgreSQL's client programs (postgresql-client)")
    })?;
    let Some(mut stdin) = child.stdin.take() else { bail!("{program} has no standard input") };
    let output = std::thread::scope(|scope| {
        // A program that ends early leaves the rest unread; its exit status tells why.
        let writing = scope.spawn(move || stdin.write_all(input.as_bytes()).is_ok());
        let output = child.wait_with_output();
        (output, writing.join().unwrap_or(false))
    });
    let (output, _whole_input_read) = output;
    let output = output.with_context(|| format!("cannot wait for {program}"))?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Err(if message.is_empty() { format!("ended with {}", output.status) } else { message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_told() {
        let refused = "psql:<stdin>:2: ERROR:  23503: insert or update on table \"dose\" violates \
             foreign key constraint \"dose_fkey\"\nDETAIL:  Key (person)=(079000000002) is not present \
             in table \"person\".\nLOCATION:  ri_ReportViolation, ri_triggers.c:2612\n";
        let told = reason(refused);
        assert!(told.contains("\"dose_fkey\" (SQLSTATE 23503)"), "{told}");
        assert!(!told.contains("079") && !told.contains("LOCATION"), "{told}");
        let told = reason("ERROR:  22P02: invalid input syntax for type integer: \"079000000002\"");
        assert!(told.contains("22P02") && !told.contains("079"), "{told}");
        assert_eq!(reason("psql: error: no connection"), "psql: error: no connection");
    }
}
