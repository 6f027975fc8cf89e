//! Foreign servers and user mappings are never made in the target: they would connect it to another
//! machine, with somebody's password.

use anyhow::{Result, bail};
use handover_engine::postgres::{ForeignTable, Session, foreign_tables};
use handover_schemas::ledger::LeftOutBy;
use handover_schemas::name::TableName;

use crate::ledger::FrozenPlan;
use crate::target::postgres::SchemaEntry;

/// Whether an entry would make one.
pub(super) fn is_one(entry: &SchemaEntry) -> bool {
    matches!(entry.kind.as_str(), "SERVER" | "USER MAPPING")
}

/// What of them is not carried over, and why. A server all of whose tables are left out by name goes
/// with these.
pub(super) fn not_carried(
    session: &mut Session,
    plan: &FrozenPlan,
) -> Result<Vec<(String, String)>> {
    let tables = foreign_tables(session)?;
    let left_out: Vec<&TableName> =
        plan.left_out_by(LeftOutBy::Config).map(|table| &table.name).collect();
    let is_left_out = |table: &ForeignTable| {
        left_out.contains(&&table.name)
            || table.root.as_ref().is_some_and(|r| left_out.contains(&r))
    };
    let goes = |server: &str| {
        let mut of_server = tables.iter().filter(|table| table.server == server).peekable();
        of_server.peek().is_some() && of_server.all(is_left_out)
    };
    let mut not_carried = Vec::new();
    for row in session.query(SERVERS)? {
        let [Some(server), user] = row.as_slice() else {
            bail!("the catalog gave an incomplete row for a foreign server");
        };
        if goes(server) {
            continue;
        }
        not_carried.push(match user {
            None => (
                format!("foreign server {server}"),
                "it would connect the target to another machine".to_owned(),
            ),
            Some(user) => (
                format!("user mapping of {user} for foreign server {server}"),
                "it holds what somebody logs in to another machine with".to_owned(),
            ),
        });
    }
    Ok(not_carried)
}

/// Servers, and then their user mappings; options, which may be passwords, are not asked for.
const SERVERS: &str = "SELECT s.srvname, NULL::text FROM pg_foreign_server s \
      WHERE NOT EXISTS (SELECT 1 FROM pg_depend d \
                        WHERE d.classid = 'pg_foreign_server'::regclass AND d.objid = s.oid \
                          AND d.deptype = 'e') \
    UNION ALL SELECT m.srvname, coalesce(nullif(m.usename, ''), 'PUBLIC') FROM pg_user_mappings m \
    ORDER BY 1, 2 NULLS FIRST";
