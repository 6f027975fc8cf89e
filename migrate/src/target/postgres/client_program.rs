//! Running `pg_dump` and `pg_restore`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use handover_cli_kit::withheld::Told;
use handover_engine::endpoint::PostgresEndpoint;

use super::program_message;

/// Settings for which the database may have other defaults. Literals in what `pg_dump` writes are
/// taken apart as the standard has them.
const PGOPTIONS: &str = "-c default_transaction_isolation=read\\ committed \
                         -c standard_conforming_strings=on";

/// Runs a PostgreSQL client program beside a database, which its environment names. The inner error
/// is what it wrote on standard error, as far as it may be told.
pub(super) fn run(
    endpoint: &PostgresEndpoint,
    mut command: Command,
) -> Result<std::result::Result<Vec<u8>, Told>> {
    let program = command.get_program().to_string_lossy().into_owned();
    endpoint.set_environment(&mut command, PGOPTIONS);
    command.env("PGCLIENTENCODING", "UTF8");
    // Whoever looks at the sessions of the server sees which is which.
    command.env("PGAPPNAME", format!("handover {program}"));
    // Messages are matched by nobody, but people search for them in English.
    command.env("LC_MESSAGES", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().with_context(|| {
        format!("cannot run {program}; install PostgreSQL's client programs (postgresql-client)")
    })?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    let written = String::from_utf8_lossy(&output.stderr);
    Ok(Err(if written.trim().is_empty() {
        Told::openly(format!("ended with {}", output.status))
    } else {
        program_message::told(&program, &written)
    }))
}
