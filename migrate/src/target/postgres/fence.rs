//! Keeps what a killed run left running apart from the next run.
//!
//! A killed run's sessions may outlive it: the server finishes an index for a client that is gone.
//! Every session that works on the target therefore holds a shared lock, and the next run waits until
//! nobody does:
//!
//! 1. before it looks at the target, so that it does not see it half made;
//! 2. when it records that it began. A session that is opened later finds that its own run is not
//!    the newest any more ([`crate::ledger::check_newest`]) and does nothing.

use anyhow::Result;
use handover_engine::postgres::Session;

/// Key of the advisory lock that the one run holds on its target: "handover" in ASCII.
const RUN_LOCK: i64 = 0x6861_6e64_6f76_6572;

/// Key of the advisory lock that all work of a run shares.
const WORK_LOCK: i64 = RUN_LOCK + 1;

/// Marks a session as one that works on the target.
pub fn share_work(session: &mut Session) -> Result<()> {
    session.execute(&format!("SELECT pg_advisory_lock_shared({WORK_LOCK})"))
}

/// Makes the session's run the only one. Waits a little for the server to notice that a killed run
/// is gone.
pub fn lock_run(session: &mut Session) -> Result<()> {
    session.execute("SET lock_timeout = '5s'")?;
    session.execute(&format!("SELECT pg_advisory_lock({RUN_LOCK})"))?;
    session.execute("SET lock_timeout = 0")
}

/// Whether something that a killed run left still works on the target.
pub fn is_work_left(session: &mut Session) -> Result<bool> {
    let sql =
        format!("SELECT pg_try_advisory_lock({WORK_LOCK}) AND pg_advisory_unlock({WORK_LOCK})");
    Ok(session.query_value(&sql)?.as_deref() != Some("t"))
}

/// Waits until nothing that a killed run left works on the target any more, then acts before
/// anything else may.
pub fn alone<T>(session: &mut Session, act: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    session.execute(&format!("SELECT pg_advisory_lock({WORK_LOCK})"))?;
    let done = act(session)?;
    session.execute(&format!("SELECT pg_advisory_unlock({WORK_LOCK})"))?;
    Ok(done)
}
