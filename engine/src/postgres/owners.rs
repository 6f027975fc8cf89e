//! Views and functions that row security holds because of who owns them. A copy gives everything to
//! whoever makes it, and row security does not hold the owner of a table.

use anyhow::{Result, bail};

use super::session::Session;

/// A view, materialised view, or `SECURITY DEFINER` function or procedure, whose owner row security holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldByRowSecurity {
    /// `view`, `materialized view`, `function` or `procedure`.
    pub kind: String,
    /// Qualified name, as SQL has it.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Tables with row security that it reads, or, of a function, could read.
    pub tables: String,
}

/// All of a database.
///
/// A view is one if its query names a table whose row security holds the view's owner, and it does
/// not run as whoever asks it (`security_invoker`, PostgreSQL 15 and later). What a function reads is
/// in its body, which nobody can tell for certain: one is listed if there is such a table at all.
pub fn held_by_row_security(session: &mut Session) -> Result<Vec<HeldByRowSecurity>> {
    let rows = session.query(QUERY)?;
    rows.into_iter()
        .map(|row| match <[Option<String>; 4]>::try_from(row) {
            Ok([Some(kind), Some(name), Some(owner), Some(tables)]) => {
                Ok(HeldByRowSecurity { kind, name, owner, tables })
            }
            _ => bail!("the catalog gave an incomplete row for an owner"),
        })
        .collect()
}

impl HeldByRowSecurity {
    /// What to say if the same object is not held in the target.
    pub fn no_longer(&self) -> String {
        let Self { kind, name, owner, tables } = self;
        let (reads, way_out) = match kind.as_str() {
            "view" => (
                "reads",
                ", or let it run as whoever asks (security_invoker, PostgreSQL 15 and later)",
            ),
            "materialized view" => ("reads", ""),
            _ => ("runs with its owner's rights and can read", ""),
        };
        format!(
            "{kind} {name} {reads} {tables}, whose row security holds {owner}, its owner at the source, \
             and not its owner in the target: everybody who may use it there can get every row; \
             give it there to a role that is held (OWNER TO){way_out}"
        )
    }
}

const QUERY: &str = "WITH guarded AS ( \
      SELECT t.oid, t.relowner, t.relforcerowsecurity, n.nspname || '.' || t.relname AS name \
      FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
      WHERE t.relkind IN ('r', 'p') AND t.relrowsecurity AND n.nspname !~ '^pg_'), \
    held AS ( \
      SELECT o.oid AS owner, o.rolname, g.oid AS guarded, g.name FROM pg_roles o CROSS JOIN guarded g \
      WHERE NOT o.rolsuper AND NOT o.rolbypassrls \
        AND (g.relforcerowsecurity OR NOT pg_has_role(o.oid, g.relowner, 'USAGE'))) \
    SELECT CASE v.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, \
           format('%I.%I', n.nspname, v.relname), held.rolname::text, \
           string_agg(DISTINCT held.name, ', ' ORDER BY held.name) \
    FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace \
    JOIN pg_rewrite r ON r.ev_class = v.oid \
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid \
         AND d.refclassid = 'pg_class'::regclass \
    JOIN held ON held.owner = v.relowner AND held.guarded = d.refobjid \
    WHERE v.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
      AND NOT coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(v.reloptions) o \
                        WHERE o.option_name = 'security_invoker'), false) \
    GROUP BY v.oid, v.relkind, n.nspname, v.relname, held.rolname \
    UNION ALL \
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, f.oid::regprocedure::text, \
           held.rolname::text, string_agg(DISTINCT held.name, ', ' ORDER BY held.name) \
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace \
    JOIN held ON held.owner = f.proowner \
    WHERE f.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass \
                      AND e.objid = f.oid AND e.deptype = 'e') \
    GROUP BY f.oid, f.prokind, held.rolname \
    ORDER BY 1, 2";
