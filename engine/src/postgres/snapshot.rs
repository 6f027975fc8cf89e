//! One moment for all readers.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;

use super::session::{Access, Session};
use crate::endpoint::PostgresEndpoint;
use crate::sql::literal;

/// An exported snapshot, by which other sessions see the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Name to import it by, while its holder lives.
    exported: String,
    /// `pg_current_snapshot()`: two equal texts of one cluster stand for the same visible rows.
    pub visible: String,
}

/// Keeps an exported snapshot alive; dropping it releases the source.
pub struct SnapshotHolder {
    session: Session,
    snapshot: Snapshot,
}

impl SnapshotHolder {
    /// Opens a session, begins a read-only transaction and exports its snapshot.
    pub fn open(endpoint: &PostgresEndpoint, interrupt: &Interrupt) -> Result<Self> {
        let mut session = Session::open(endpoint, Access::ReadOnly, interrupt)?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let row = session
            .query("SELECT pg_export_snapshot()::text, pg_current_snapshot()::text")
            .context("the server does not export a snapshot")?;
        let mut values = row.into_iter().next().unwrap_or_default().into_iter().flatten();
        let (Some(exported), Some(visible)) = (values.next(), values.next()) else {
            anyhow::bail!("the server exported no snapshot");
        };
        // It becomes an argument of another program. `ExportSnapshot` in snapmgr.c makes it of numbers.
        if exported.is_empty() || !exported.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            anyhow::bail!("the server exported a snapshot of a name that no server gives one");
        }
        Ok(Self { session, snapshot: Snapshot { exported, visible } })
    }

    /// The holder's own session, in the snapshot.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// What other sessions import.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Name for `pg_dump --snapshot`.
    pub fn exported_name(&self) -> &str {
        &self.snapshot.exported
    }
}

impl Snapshot {
    /// Opens another session that sees this moment.
    pub fn open_session(
        &self,
        endpoint: &PostgresEndpoint,
        interrupt: &Interrupt,
    ) -> Result<Session> {
        let mut session = Session::open(endpoint, Access::ReadOnly, interrupt)?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        session.execute(&format!("SET TRANSACTION SNAPSHOT {}", literal(&self.exported))).context(
            "the snapshot cannot be shared between sessions: the session that holds it has ended, \
             or a pooler or load balancer stands in front of the server; connect to the server \
             itself",
        )?;
        session.mark_moment()?;
        Ok(session)
    }
}
