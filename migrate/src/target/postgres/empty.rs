//! Whether a database is empty, as a new target has to be.

use anyhow::Result;
use handover_engine::postgres::Session;
use handover_engine::sql::literal;
use handover_verify::ledger::own::OwnObjects;

/// The name of a table, view, sequence, function or type that does not belong to the server itself, if there is one. Nothing of
/// somebody else's is ever written over or dropped. Extensions and empty schemas may be there: the
/// ministry's administrators prepare them where the copying account may not. So may the seals of
/// packages and the evidence files that were received before the copy, and our own function.
pub fn foreign_object(session: &mut Session, own: &OwnObjects) -> Result<Option<String>> {
    let mut names: Vec<String> = own.tables().map(|table| literal(&table.name)).collect();
    names.push("''".to_owned());
    let function = if own.has_function("identity_number_class(text)") {
        "n.nspname = 'handover' AND p.proname = 'identity_number_class'"
    } else {
        "false"
    };
    session.query_value(&format!(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_index i ON i.indexrelid = c.oid \
         LEFT JOIN pg_class t ON t.oid = coalesce(i.indrelid, c.oid) \
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT (n.nspname = 'handover' AND t.relname IN ({names})) \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
           AND NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_depend d ON d.objid = i.indrelid \
                           WHERE i.indexrelid = c.oid AND d.classid = 'pg_class'::regclass \
                             AND d.deptype = 'e') \
         UNION ALL \
         SELECT n.nspname || '.' || p.proname || '()' FROM pg_proc p \
         JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT ({function}) \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
         UNION ALL \
         SELECT 'type ' || n.nspname || '.' || t.typname FROM pg_type t \
         JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.typtype IN ('d', 'e', 'r') \
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e') \
         ORDER BY 1 LIMIT 1",
        names = names.join(", "),
    ))
}
