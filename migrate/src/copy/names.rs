//! Names of the source that the ledger needs in the target.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::Session;
use handover_engine::sqlite::sqlite_error;
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::name::TableName;
use handover_verify::ledger::own::{OwnObjects, is_ledger_name};
use rusqlite::Connection;

use super::source::Source;

/// Refuses a source that holds a ledger itself, or has names that the ledger needs in this target,
/// other than those of the tables that are left out.
pub(super) fn refuse_ledger_names(
    source: &mut Source<'_>,
    target: &Endpoint,
    left_out: &[&TableName],
) -> Result<()> {
    let own = match source {
        Source::Postgres(_, holder) => OwnObjects::of(holder.session())?,
        Source::Sqlite(_, connection) => OwnObjects::of(connection)?,
    };
    let ledger: Vec<String> =
        own.tables().filter(|table| !left_out.contains(table)).map(ToString::to_string).collect();
    if !ledger.is_empty() {
        bail!(
            "the source is itself a target of a hand-over: it has the ledger's tables {}; use the \
             vendor's database, or name these tables in leave_out of {CONFIG_FILE} (nothing was made)",
            ledger.join(", ")
        );
    }
    let names = match (source, target) {
        (Source::Postgres(_, holder), Endpoint::Postgres(_)) => {
            names_in_schema(holder.session(), left_out)?
        }
        (Source::Sqlite(_, connection), Endpoint::Sqlite(_)) => {
            names_in_file(connection, left_out)?
        }
        // Tables of a file come into another schema than the ledger.
        _ => return Ok(()),
    };
    if names.is_empty() {
        return Ok(());
    }
    bail!(
        "the source has names that the ledger needs in the target: {}; have them renamed at the \
         source, or name the tables in leave_out of {CONFIG_FILE} (nothing was made)",
        names.into_iter().collect::<Vec<_>>().join(", ")
    )
}

/// Relations, types and functions of schema `handover`.
fn names_in_schema(session: &mut Session, left_out: &[&TableName]) -> Result<BTreeSet<String>> {
    // The indexes, sequences and row types of tables that are left out go with them.
    let rows = session.query(
        "SELECT c.relname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') \
         UNION SELECT c.relname, t.relname FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_index i ON i.indexrelid = c.oid \
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid \
              AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') \
         LEFT JOIN pg_class t ON t.oid = coalesce(i.indrelid, d.refobjid) \
         WHERE n.nspname = 'handover' AND c.relkind IN ('i', 'I', 'S') \
         UNION SELECT t.typname, NULL FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE n.nspname = 'handover' AND t.typtype IN ('d', 'e', 'r') ORDER BY 1, 2",
    )?;
    let mut names = BTreeSet::new();
    for row in rows {
        let [Some(name), table] = row.as_slice() else { continue };
        let goes = table.as_ref().is_some_and(|table| {
            left_out.iter().any(|left_out| left_out.schema == "handover" && left_out.name == *table)
        });
        if is_relation_of_ledger(name) && !goes {
            names.insert(format!("handover.{name}"));
        }
    }
    let functions = session.query(
        "SELECT coalesce(p.prosrc, '') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname = 'handover' AND p.proname = 'identity_number_class' \
           AND oidvectortypes(p.proargtypes) = 'text'",
    )?;
    // An earlier hand-over may have left ours.
    let is_ours = |body: &String| POSTGRES_FUNCTION.contains(body.as_str());
    if functions.iter().flatten().flatten().any(|body| !is_ours(body)) {
        names.insert("handover.identity_number_class(text)".to_owned());
    }
    Ok(names)
}

/// Whether a table, an index or a sequence of the ledger has, or may come to have, a name.
fn is_relation_of_ledger(name: &str) -> bool {
    let of_table = ["_pkey", "_digest_key", "_schema_name_table_name_key", "_run_no_seq"];
    is_ledger_name(name)
        || of_table.iter().any(|end| name.strip_suffix(end).is_some_and(is_ledger_name))
}

/// Tables, indexes, views and triggers with the ledger's prefix, in whatever case.
fn names_in_file(connection: &Connection, left_out: &[&TableName]) -> Result<BTreeSet<String>> {
    let mut statement = connection
        .prepare("SELECT lower(name), tbl_name FROM main.sqlite_master")
        .map_err(sqlite_error)?;
    let found: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    let is_left_out = |table: &str| left_out.iter().any(|left_out| left_out.name == table);
    Ok(found
        .into_iter()
        .filter(|(name, table)| {
            name.strip_prefix("handover_").is_some_and(is_ledger_name) && !is_left_out(table)
        })
        .map(|(name, _)| name)
        .collect())
}
