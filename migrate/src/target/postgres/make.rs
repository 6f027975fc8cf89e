//! Making schema entries. One that the server refuses is named and does not keep others from being
//! made; what failed for want of something later in the list is tried again.

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::{Access, Refused, Session};
use handover_engine::sql::literal;

use super::archive::SchemaEntry;
use super::entry_statements::is_one_statement;
use super::fence::share_work;
use super::owner::Owner;

/// What a session needs to run what `pg_dump` writes: names have their schemas, bodies of functions
/// may name what comes later, and rows are read as the planner thinks best.
pub(super) const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET check_function_bodies = off; \
    SET xmloption = content; SET default_tablespace = ''; SET default_table_access_method = heap; \
    SET client_min_messages = warning; SET enable_seqscan = on; SET enable_bitmapscan = on";

/// Opens a session on which entries are made.
pub fn making_session(endpoint: &PostgresEndpoint, interrupt: &Interrupt) -> Result<Session> {
    let mut session = Session::open(endpoint, Access::Write, interrupt)?;
    share_work(&mut session)?;
    session.execute(SETTINGS)?;
    Ok(session)
}

/// Why the server did not make an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In one line, without people's values.
    pub reason: String,
    /// Rows that are in the target do not allow it.
    pub by_rows: bool,
    /// Something of its name is there.
    pub is_there: bool,
    /// The role lacks a right.
    pub lacks_right: bool,
}

impl Refusal {
    /// The refusal of one entry; other errors end the work.
    pub fn of(error: anyhow::Error) -> Result<Self> {
        let Some(refused) = error.chain().find_map(|cause| cause.downcast_ref::<Refused>()) else {
            return Err(error);
        };
        // Classes of Appendix A of PostgreSQL's manual: connection, resources, operator
        // intervention, system error; and a server that takes no changes.
        let class = refused.code.get(..2);
        if refused.code == "25006" || matches!(class, Some("08" | "53" | "57" | "58") | None) {
            return Err(if class == Some("53") { error.context(NO_ROOM) } else { error });
        }
        let reason = refused.to_string().replace(['\n', '\r'], " ");
        let is_there = matches!(
            refused.code.as_str(),
            "42P06" | "42P07" | "42710" | "42723" // duplicate schema, table, object, function
        );
        let lacks_right = refused.is_missing_right();
        Ok(Self { reason, by_rows: matches!(class, Some("22" | "23")), is_there, lacks_right })
    }
}

const NO_ROOM: &str = "the target's server lacks room; if it names max_locks_per_transaction, raise \
                       that setting and start the server again";

/// Entries sent to the server at once, where none of them is expected to take long.
const AT_ONCE: usize = 50;

/// Makes entries within a transaction that is open. Returns the numbers of those that were refused,
/// with the reason of each.
pub fn make_within(
    session: &mut Session,
    owner: &Owner,
    entries: &[&SchemaEntry],
) -> Result<Vec<(usize, Refusal)>> {
    let all: Vec<(usize, String)> = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| (at, owner.run(&entry.statements())))
        .collect();
    let mut refused = Vec::new();
    for group in all.chunks(AT_ONCE) {
        let together: Vec<&str> = group.iter().map(|(_, sql)| sql.as_str()).collect();
        if within_savepoint(session, &together.join("\n"))?.is_some() {
            for (at, sql) in group {
                let mut refusal = within_savepoint(session, sql)?;
                if let (Some(first), Some(entry)) = (&refusal, entries.get(*at))
                    && takes_account(owner, entry, first)
                {
                    refusal = within_savepoint(session, &entry.statements())?;
                }
                refused.extend(refusal.map(|refusal| (*at, refusal)));
            }
        }
    }
    Ok(refused)
}

/// Whether an entry that its owner may not make is tried once more with the account's own rights: it runs nothing of the
/// vendor's, and is no more than one statement.
pub fn takes_account(owner: &Owner, entry: &SchemaEntry, refusal: &Refusal) -> bool {
    *owner != Owner::Account
        && refusal.lacks_right
        && entry.may_need_account()
        && is_one_statement(&entry.sql)
}

/// Makes what is open, and what was refused again, as long as that helps.
pub fn retried(
    open: Vec<usize>,
    mut make: impl FnMut(&[usize]) -> Result<Vec<(usize, Refusal)>>,
) -> Result<Vec<(usize, Refusal)>> {
    let mut open = open;
    loop {
        let refused = make(&open)?;
        if refused.is_empty() || refused.len() == open.len() {
            return Ok(refused);
        }
        open = refused.into_iter().map(|(at, _)| at).collect();
    }
}

fn within_savepoint(session: &mut Session, sql: &str) -> Result<Option<Refusal>> {
    // By itself: of a text that the server cannot parse it does nothing at all.
    session.execute("SAVEPOINT entry")?;
    let Err(error) = session.execute(&format!("{sql}\n;RELEASE SAVEPOINT entry")) else {
        return Ok(None);
    };
    let refusal = Refusal::of(error)?;
    session.execute("ROLLBACK TO SAVEPOINT entry; RELEASE SAVEPOINT entry")?;
    Ok(Some(refusal))
}

/// Makes entries, each with statements that record it, in one transaction, once the settings hold;
/// nothing of it is left if one of them is refused.
pub fn make_together(
    session: &mut Session,
    owner: &Owner,
    settings: &str,
    sql: &str,
) -> Result<Option<Refusal>> {
    let made = session.execute(&format!("BEGIN;\n{settings}"));
    let made = made.and_then(|()| session.execute(&format!("{sql}\n;{}", owner.commit(SETTINGS))));
    let Err(error) = made else { return Ok(None) };
    let refusal = Refusal::of(error)?;
    session.execute("ROLLBACK")?;
    Ok(Some(refusal))
}

/// Whether the target has already what a refused entry would have made: a schema or event trigger of
/// an administrator's, or the comment of an extension, which only its owner may set again.
pub fn is_there_already(session: &mut Session, entry: &SchemaEntry) -> Result<bool> {
    let sql = match entry.kind.as_str() {
        "SCHEMA" => format!(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE {} = \
               'CREATE SCHEMA ' || pg_catalog.quote_ident(nspname) || ';'",
            literal(entry.sql.trim())
        ),
        "COMMENT" => format!(
            "SELECT 1 FROM (SELECT 'EXTENSION ' || pg_catalog.quote_ident(extname) AS object, \
                pg_catalog.obj_description(oid, 'pg_extension') AS text \
               FROM pg_catalog.pg_extension \
             UNION ALL SELECT 'SCHEMA ' || pg_catalog.quote_ident(nspname), \
                pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace) known \
             WHERE {} = 'COMMENT ON ' || object || ' IS ' || \
                        coalesce('''' || replace(text, '''', '''''') || '''', 'NULL') || ';'",
            literal(entry.sql.trim())
        ),
        "EVENT TRIGGER" => format!(
            "SELECT 1 FROM pg_catalog.pg_event_trigger WHERE pg_catalog.starts_with({}, \
               'CREATE EVENT TRIGGER ' || pg_catalog.quote_ident(evtname) || ' ')",
            literal(entry.sql.trim())
        ),
        _ => return Ok(false),
    };
    Ok(session.query_value(&sql)?.is_some())
}
