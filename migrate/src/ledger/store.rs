//! The two places where a ledger can stand.

use crate::target::postgres::LEDGER_IS_FREE;
use anyhow::Result;
use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::ledger::{
    EVENTS_POSTGRES_DDL, EVENTS_SQLITE_DDL, EVIDENCE_POSTGRES_DDL, EVIDENCE_SQLITE_DDL,
    MOVES_POSTGRES_DDL, MOVES_SQLITE_DDL, PACKAGES_POSTGRES_DDL, PACKAGES_SQLITE_DDL,
    PURGE_POSTGRES_DDL, PURGE_SQLITE_DDL, SIGNED_EVIDENCE_POSTGRES_DDL, SIGNED_EVIDENCE_SQLITE_DDL,
};
use handover_verify::ledger::LedgerQuery;
use handover_verify::postgres::Session;
use rusqlite::Connection;

use crate::target::sqlite::failed;

/// SQL on the connection that also writes the rows.
pub trait Store: LedgerQuery {
    /// Statements that make the tables of packages, unless they are there.
    fn packages_ddl(&self) -> &'static str;
    /// Statements that make the tables of events and attestations, unless they are there.
    fn events_ddl(&self) -> &'static str;
    /// Statements that make the table of moves, unless it is there.
    fn moves_ddl(&self) -> &'static str;
    /// A statement that keeps others from appending events until the transaction ends.
    fn lock_events(&self) -> &'static str;
    /// A statement that begins a transaction which will write.
    fn begin(&self) -> &'static str;
    /// Statements that make the table of evidence files, unless it is there.
    fn evidence_ddl(&self) -> &'static str;
    /// Statements that make the table of their signatures, unless it is there.
    fn signed_evidence_ddl(&self) -> &'static str;
    /// The type of the key of an evidence file's table.
    fn line_number_type(&self) -> &'static str;
    /// The key of a table of one row, in SQL.
    fn only_row(&self) -> &'static str;
    /// The present moment, in SQL.
    fn now(&self) -> &'static str;
    /// Statements that make the tables of purges, unless they are there.
    fn purge_ddl(&self) -> &'static str;
    /// Statements that make the functions that rules may use, where they are not the program's own.
    fn functions_ddl(&self) -> &'static str;
    /// Bytes, given as hexadecimal digits, in SQL.
    fn bytes_literal(&self, hex: &str) -> String;
    /// A query for whether a copy wants the ledger to itself, where several programs can write at once: `f` if it does.
    fn is_free_query(&self) -> Option<&'static str> {
        None
    }
    /// A query for who may write the ledger and what acts beside it, where there are rights.
    fn rights_query(&self) -> Option<&'static str> {
        None
    }
    /// The URL of the ledger's database, if it is a server's.
    fn url(&self) -> Option<&str>;
    /// Runs statements.
    fn execute(&mut self, sql: &str) -> Result<()>;
}

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

impl Store for Session {
    fn is_free_query(&self) -> Option<&'static str> {
        Some(LEDGER_IS_FREE)
    }

    fn rights_query(&self) -> Option<&'static str> {
        Some(RIGHTS)
    }

    fn packages_ddl(&self) -> &'static str {
        PACKAGES_POSTGRES_DDL
    }

    fn events_ddl(&self) -> &'static str {
        EVENTS_POSTGRES_DDL
    }

    fn moves_ddl(&self) -> &'static str {
        MOVES_POSTGRES_DDL
    }

    fn lock_events(&self) -> &'static str {
        // Needs no right but that to add rows. The number is this chain's own.
        "SELECT pg_advisory_xact_lock(7521440927)"
    }

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_POSTGRES_DDL
    }

    fn signed_evidence_ddl(&self) -> &'static str {
        SIGNED_EVIDENCE_POSTGRES_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "bigint"
    }

    fn purge_ddl(&self) -> &'static str {
        PURGE_POSTGRES_DDL
    }

    fn functions_ddl(&self) -> &'static str {
        POSTGRES_FUNCTION
    }

    fn bytes_literal(&self, hex: &str) -> String {
        format!("'\\x{hex}'::bytea")
    }

    fn only_row(&self) -> &'static str {
        "true"
    }

    fn now(&self) -> &'static str {
        "now()"
    }

    fn url(&self) -> Option<&str> {
        Some(Session::url(self))
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        Session::execute(self, sql)
    }
}

impl Store for Connection {
    fn packages_ddl(&self) -> &'static str {
        PACKAGES_SQLITE_DDL
    }

    fn events_ddl(&self) -> &'static str {
        EVENTS_SQLITE_DDL
    }

    fn moves_ddl(&self) -> &'static str {
        MOVES_SQLITE_DDL
    }

    fn lock_events(&self) -> &'static str {
        // The transaction has the file's write lock, since it has made the tables or found them.
        ""
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_SQLITE_DDL
    }

    fn signed_evidence_ddl(&self) -> &'static str {
        SIGNED_EVIDENCE_SQLITE_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "INTEGER"
    }

    fn purge_ddl(&self) -> &'static str {
        PURGE_SQLITE_DDL
    }

    fn functions_ddl(&self) -> &'static str {
        ""
    }

    fn bytes_literal(&self, hex: &str) -> String {
        format!("x'{hex}'")
    }

    fn only_row(&self) -> &'static str {
        "1"
    }

    fn now(&self) -> &'static str {
        "CURRENT_TIMESTAMP"
    }

    fn url(&self) -> Option<&str> {
        None
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.execute_batch(sql).map_err(|error| failed(self, error))
    }
}

/// Runs work in a transaction: committed if it succeeds, rolled back if it does not.
pub fn transaction<T>(
    store: &mut dyn Store,
    work: impl FnOnce(&mut dyn Store) -> Result<T>,
) -> Result<T> {
    let begin = store.begin();
    store.execute(begin)?;
    let done = work(store);
    end_transaction(store, done)
}

/// Ends the transaction that is open: commits if its work succeeded, rolls back if it did not.
pub fn end_transaction<T>(store: &mut dyn Store, done: Result<T>) -> Result<T> {
    match done {
        Ok(done) => store.execute("COMMIT").map(|()| done),
        Err(error) => match store.execute("ROLLBACK") {
            Ok(()) => Err(error),
            Err(also) => Err(error.context(format!("and it could not be undone: {also:#}"))),
        },
    }
}
