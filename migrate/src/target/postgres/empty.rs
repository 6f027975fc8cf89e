//! Whether a database is empty, as a new target has to be.

use anyhow::Result;
use handover_verify::postgres::Session;

/// The name of a table, view, sequence, function or type that does not belong to the server itself, if there is one. Nothing of
/// somebody else's is ever written over or dropped. Extensions and empty schemas may be there: the
/// ministry's administrators prepare them where the copying account may not. So may the seals of
/// packages and the evidence files that were received before the copy, and our own function.
pub fn foreign_object(session: &mut Session) -> Result<Option<String>> {
    session.query_value(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT (n.nspname = 'handover' AND c.relname ~ \
             '^((package|inventory|identity|attestation|event|evidence|evidence_[a-z0-9_]{1,40})(_pkey)?|event_digest_key)$') \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
           AND NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_depend d ON d.objid = i.indrelid \
                           WHERE i.indexrelid = c.oid AND d.classid = 'pg_class'::regclass \
                             AND d.deptype = 'e') \
         UNION ALL \
         SELECT n.nspname || '.' || p.proname || '()' FROM pg_proc p \
         JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT (n.nspname = 'handover' AND p.proname = 'identity_number_class') \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') \
         UNION ALL \
         SELECT 'type ' || n.nspname || '.' || t.typname FROM pg_type t \
         JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.typtype IN ('d', 'e', 'r') \
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e') \
         ORDER BY 1 LIMIT 1",
    )
}
