//! Who holds what a statement waits for.

use std::fmt;

use super::TextRow;
use super::wire::Wire;

/// A statement that waits for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The table or other relation, where the lock is one on a relation of this database.
    what: Option<String>,
    /// Those who hold it, as far as the account may see.
    holders: Vec<String>,
}

/// What the backend waits for, and who holds it: `pg_locks`, `pg_blocking_pids`,
/// `pg_stat_activity`. Names are quoted where they have to be.
const ASK: &str = "SELECT \
       (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_catalog.pg_locks l \
        JOIN pg_catalog.pg_class c ON c.oid = l.relation \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE l.pid = $pid AND l.relation IS NOT NULL \
          AND l.database = (SELECT oid FROM pg_catalog.pg_database \
                            WHERE datname = current_database()) \
        ORDER BY l.granted, l.mode LIKE '%Exclusive%' DESC LIMIT 1), \
       holder.pid::text, a.usename::text, a.application_name, a.state, \
       date_trunc('second', a.xact_start)::text \
     FROM unnest(pg_blocking_pids($pid)) AS holder(pid) \
     LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = holder.pid \
     WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = $pid AND NOT l.granted) \
     ORDER BY holder.pid";

/// Asks what a backend waits for.
pub(super) async fn ask(wire: &mut Wire, pid: i32) -> Option<Blocked> {
    let sql = ASK.replace("$pid", &pid.to_string());
    let rows = wire.query(&sql).await.ok()?;
    let what = rows.first().and_then(|row| text(row, 0));
    let holders: Vec<String> = rows.iter().filter_map(holder).collect();
    (!holders.is_empty()).then_some(Blocked { what, holders })
}

/// A session in a few words; an account may not see everything of another's.
fn holder(row: &TextRow) -> Option<String> {
    let known = [("of ", 2), ("application ", 3), ("", 4), ("transaction since ", 5)];
    let known: Vec<String> = known
        .into_iter()
        .filter_map(|(word, at)| Some(format!("{word}{}", text(row, at)?)))
        .collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    Some(format!("process {}{known}", text(row, 1)?))
}

fn text(row: &TextRow, at: usize) -> Option<String> {
    row.get(at)?.clone().filter(|text| !text.is_empty())
}

/// When the server was started.
pub(super) async fn started(wire: &mut Wire) -> Option<String> {
    let sql = "SET TimeZone = 'UTC'; SELECT date_trunc('second', pg_postmaster_start_time())::text";
    let rows = wire.query(sql).await.ok()?;
    text(rows.first()?, 0)
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Some(table) => write!(f, "waiting for a lock on {table}, which is held by ")?,
            None => write!(f, "waiting for a lock, which is held by ")?,
        }
        write!(f, "{}; the work goes on when that transaction ends", self.holders.join(", "))
    }
}
