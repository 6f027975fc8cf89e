//! The ledger while a copy runs code of the vendor's: nobody else writes it, and who could is known.
//!
//! What that code did to the ledger can be told only if everything else that changes there is known. Files are written by
//! one program at a time anyway, and have no rights.

use anyhow::{Result, bail};
use handover_engine::postgres::{Session, TextRow};

use super::store::Store;

/// Key of the advisory lock of a copy that such code runs in. The number is this lock's own.
const LOCK: i64 = 7_521_440_928;

/// Owners and rights of the ledger's schema and tables, its triggers and rules, rights that objects get by themselves, and
/// the memberships of and in the account's role.
const RIGHTS: &str = "
    SELECT 'schema', nspowner::pg_catalog.text, nspacl::pg_catalog.text FROM pg_catalog.pg_namespace
     WHERE nspname = 'handover'
    UNION ALL SELECT 'relation ' || c.relname, c.relowner::pg_catalog.text,
           pg_catalog.concat_ws(' ', c.relacl::pg_catalog.text, c.relkind, c.relrowsecurity,
               (SELECT pg_catalog.string_agg(a.attacl::pg_catalog.text, ' ' ORDER BY a.attnum)
                  FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL))
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'handover' AND c.relkind <> 'i'
    UNION ALL SELECT 'trigger ' || t.tgname, c.relname, pg_catalog.pg_get_triggerdef(t.oid)
      FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'handover'
    UNION ALL SELECT 'rule ' || r.rulename, c.relname, pg_catalog.pg_get_ruledef(r.oid)
      FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'handover'
    UNION ALL SELECT 'routine ' || p.proname, p.proowner::pg_catalog.text, p.prosrc
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'handover'
    UNION ALL SELECT 'default rights', d.defaclrole::pg_catalog.text,
           pg_catalog.concat_ws(' ', d.defaclnamespace, d.defaclobjtype, d.defaclacl::pg_catalog.text)
      FROM pg_catalog.pg_default_acl d
    UNION ALL SELECT 'member', m.roleid::pg_catalog.text, m.member::pg_catalog.text
      FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid IN (m.roleid, m.member)
     WHERE r.rolname = CURRENT_USER
    ORDER BY 1, 2, 3";

/// Takes the ledger for this session alone, until it ends.
pub fn keep_to_itself(session: &mut Session) -> Result<()> {
    session.execute(&format!("SELECT pg_catalog.pg_advisory_lock({LOCK})"))
}

/// Refuses to write beside a copy that took the ledger for itself.
pub fn refuse_beside_code(store: &mut dyn Store) -> Result<()> {
    let Some(session) = store.session() else { return Ok(()) };
    let free = session.query_value(&format!(
        "SELECT pg_catalog.pg_try_advisory_lock_shared({LOCK}) \
            AND pg_catalog.pg_advisory_unlock_shared({LOCK})"
    ))?;
    if free.as_deref() != Some("t") {
        bail!(
            "a copy is under way in this target in which code of the vendor's runs, and nothing else may write the ledger \
             until it has ended: nothing was recorded; run the same command again then"
        );
    }
    Ok(())
}

/// Who may write the ledger, and what acts beside it. Code that took the account's role back could open the ledger to
/// itself for later.
pub fn rights(store: &mut dyn Store) -> Result<Vec<TextRow>> {
    store.session().map_or(Ok(Vec::new()), |session| session.query(RIGHTS))
}
