//! Which releases of `pg_dump` and `pg_restore` are used.
//!
//! Before the releases of 14 August 2025 (CVE-2025-8714 and CVE-2025-8715 in PostgreSQL's release notes) what they write
//! lets a hostile server's names become commands for `psql`. We do not give it to `psql`, but somebody may.

use std::process::Command;

use anyhow::{Context, Result, bail};
use handover_engine::endpoint::PostgresEndpoint;

/// First minor release of each major one that keeps names and commands apart. Later major releases all do.
const FIRST_MINOR: [(u32, u32); 5] = [(13, 22), (14, 19), (15, 14), (16, 10), (17, 6)];

/// First major release whose libpq refuses a server that asks for a password in clear text, if it is told so
/// (`PGREQUIREAUTH`; release notes of 16).
const REFUSES_CLEAR_TEXT: u32 = 16;

/// Major and minor number of a release.
pub(super) type Release = (u32, u32);

/// Refuses a client program of an earlier release; gives its own.
pub(super) fn refuse_early(program: &str) -> Result<Release> {
    let output = Command::new(program).arg("--version").output().with_context(|| {
        format!("cannot run {program}; install PostgreSQL's client programs (postgresql-client)")
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (major, minor) = release(&text).with_context(|| {
        format!("{program} --version says nothing that is known: {}", text.trim())
    })?;
    let first = FIRST_MINOR.iter().find(|(known, _)| *known == major);
    match first {
        Some((_, first)) if minor >= *first => Ok((major, minor)),
        None if FIRST_MINOR.iter().all(|(known, _)| *known < major) => Ok((major, minor)),
        _ => bail!(
            "{program} is of release {major}.{minor}, which lets names of the source's objects become commands in what it \
             writes; install {} or later",
            first.map_or("15.14".to_owned(), |(major, minor)| format!("{major}.{minor}"))
        ),
    }
}

/// Refuses to run a `pg_dump` that would give a password in clear text to whoever answers. That our own session met an
/// honest server before says nothing: it is another connection.
pub(super) fn refuse_to_tell_strangers(
    endpoint: &PostgresEndpoint,
    (major, minor): Release,
) -> Result<()> {
    if major < REFUSES_CLEAR_TEXT && endpoint.proves_password_to_strangers()? {
        bail!(
            "pg_dump of release {major}.{minor} is not run on the connection to {}: it would give the password in clear \
             text to whoever asks for it there, since the server's certificate is not verified. Choose \
             sslmode=verify-full with sslrootcert, or install the client programs of release {REFUSES_CLEAR_TEXT} or later",
            endpoint.url()
        );
    }
    Ok(())
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `pg_dump (PostgreSQL) 19rc1`
fn release(text: &str) -> Option<Release> {
    let number = text.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let (major, rest) =
        number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
    let minor = rest.strip_prefix('.').unwrap_or("0");
    let minor = minor.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_apart() {
        assert_eq!(
            release("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some((15, 18))
        );
        assert_eq!(release("pg_restore (PostgreSQL) 19rc1 (Debian 19~rc1-1)"), Some((19, 0)));
        assert_eq!(release("pg_dump (PostgreSQL) 16.14"), Some((16, 14)));
        assert_eq!(release("pg_dump (Other) 16.14"), None);
    }
}
