//! What a role that owns the platform's objects must be, and must not be: code of the vendor's runs as it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use handover_engine::postgres::{Session, TextRow};
use handover_engine::sql::{ident, literal};

use super::owner::Owner;

/// Attributes that give a role more than its own objects: the column of `pg_roles`, the word that takes it away.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("rolcanlogin", "NOLOGIN"),
    ("rolsuper", "NOSUPERUSER"),
    ("rolcreaterole", "NOCREATEROLE"),
    ("rolcreatedb", "NOCREATEDB"),
    ("rolreplication", "NOREPLICATION"),
    ("rolbypassrls", "NOBYPASSRLS"),
];

/// Refuses a role that cannot make the platform's objects, or that could reach the ledger. `schemas` are those that the
/// platform has tables in.
pub fn refuse_unfit_owner(
    session: &mut Session,
    owner: &Owner,
    schemas: &BTreeSet<String>,
) -> Result<()> {
    let Owner::Role(role) = owner else { return Ok(()) };
    let asked = Asked::new(session, role)?;
    let mut problems = asked.attributes(session)?;
    problems.extend(asked.of_others(session)?);
    problems.extend(asked.lacks(session)?);
    problems.extend(asked.schemas(session, schemas)?);
    problems.extend(asked.reaches_ledger(session)?);
    refuse(role, problems)
}

/// Refuses a ledger, just made in this transaction, that the role could reach: default privileges may give it rights.
pub fn refuse_owner_in_ledger(session: &mut Session, owner: &Owner) -> Result<()> {
    let Owner::Role(role) = owner else { return Ok(()) };
    let problems = Asked::new(session, role)?.reaches_ledger(session)?;
    refuse(role, problems)
}

fn refuse(role: &str, problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let (said, remedies): (Vec<String>, Vec<String>) = problems.into_iter().unzip();
    bail!(
        "the role {role} cannot be the owner of the platform's objects in the target: {}. As the database's owner, or \
         whoever makes roles there: {} This run made nothing in the target",
        said.join("; "),
        remedies.join(" ")
    )
}

/// What is the matter, and the SQL that puts it right.
type Problem = (String, String);

struct Asked<'a> {
    role: &'a str,
    account: String,
}

impl<'a> Asked<'a> {
    fn new(session: &mut Session, role: &'a str) -> Result<Self> {
        let account = session.query_value("SELECT current_user")?.unwrap_or_default();
        Ok(Self { role, account })
    }

    fn attributes(&self, session: &mut Session) -> Result<Vec<Problem>> {
        let columns: Vec<&str> = ATTRIBUTES.iter().map(|(column, _)| *column).collect();
        let sql = format!(
            "SELECT {} FROM pg_catalog.pg_roles WHERE rolname = {}",
            columns.join(", "),
            literal(self.role)
        );
        let (role, account) = (ident(self.role), ident(&self.account));
        let Some(row) = session.query(&sql)?.into_iter().next() else {
            let database = database(session)?;
            bail!(
                "the target has no role {}, which is to own the platform's objects. Whoever makes roles there: CREATE \
                 ROLE {role} NOLOGIN; GRANT {role} TO {account}; GRANT CREATE ON DATABASE {database} TO {role}; GRANT \
                 CREATE ON SCHEMA public TO {role}; This run made nothing in the target",
                self.role
            );
        };
        let too_much =
            ATTRIBUTES.iter().zip(&row).filter(|(_, value)| value.as_deref() == Some("t"));
        Ok(too_much
            .map(|((_, word), _)| {
                (format!("it is not {word}"), format!("ALTER ROLE {role} {word};"))
            })
            .collect())
    }

    /// It acts with its own rights alone.
    fn of_others(&self, session: &mut Session) -> Result<Vec<Problem>> {
        if self.role == self.account {
            return Ok(vec![(
                "it is the account itself, whose ledger it could write".to_owned(),
                "CREATE ROLE … NOLOGIN; and name that one.".to_owned(),
            )]);
        }
        let sql = format!(
            "SELECT g.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid \
             JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolname = {} ORDER BY 1",
            literal(self.role)
        );
        Ok(session
            .query(&sql)?
            .into_iter()
            .filter_map(first)
            .map(|group| {
                let revoke = format!("REVOKE {} FROM {};", ident(&group), ident(self.role));
                (format!("it is a member of {group}, and has that role's rights"), revoke)
            })
            .collect())
    }

    /// Rights that making objects takes.
    fn lacks(&self, session: &mut Session) -> Result<Vec<Problem>> {
        let role = literal(self.role);
        // From 16 on, membership alone need not allow SET ROLE.
        let may_set = if session.server_version() >= 160_000 { "SET" } else { "MEMBER" };
        let sql = format!(
            "SELECT pg_catalog.pg_has_role({role}, '{may_set}') AND pg_catalog.pg_has_role({role}, 'USAGE'), \
                    pg_catalog.has_database_privilege({role}, d.oid, 'CREATE'), \
                    pg_catalog.has_database_privilege({role}, d.oid, 'TEMPORARY'), d.datdba <> r.oid \
             FROM pg_catalog.pg_database d, pg_catalog.pg_roles r \
             WHERE d.datname = pg_catalog.current_database() AND r.rolname = {role}"
        );
        let row = session.query(&sql)?.into_iter().next().context("the database is not listed")?;
        let (role, account, database) =
            (ident(self.role), ident(&self.account), database(session)?);
        let all = [
            (format!("{} may not act as it", self.account), format!("GRANT {role} TO {account};")),
            (
                "it may make no schemas in the database".to_owned(),
                format!("GRANT CREATE ON DATABASE {database} TO {role};"),
            ),
            (
                "it may make nothing temporary in the database".to_owned(),
                format!("GRANT TEMPORARY ON DATABASE {database} TO {role};"),
            ),
            (
                "the database belongs to it".to_owned(),
                format!("ALTER DATABASE {database} OWNER TO {account};"),
            ),
        ];
        let holds = row.into_iter().map(|value| value.as_deref() == Some("t"));
        Ok(all
            .into_iter()
            .zip(holds)
            .filter(|(_, holds)| !holds)
            .map(|(problem, _)| problem)
            .collect())
    }

    /// Schemas that are there already, and that tables are made in.
    fn schemas(&self, session: &mut Session, schemas: &BTreeSet<String>) -> Result<Vec<Problem>> {
        let names: Vec<String> = schemas.iter().map(|name| literal(name)).collect();
        let role = literal(self.role);
        let sql = format!(
            "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ({}) \
               AND NOT (pg_catalog.has_schema_privilege({role}, oid, 'CREATE') \
                        AND pg_catalog.has_schema_privilege({role}, oid, 'USAGE')) ORDER BY 1",
            names.join(", ")
        );
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let grant = |schema: String| {
            let grant = format!(
                "GRANT USAGE, CREATE ON SCHEMA {} TO {};",
                ident(&schema),
                ident(self.role)
            );
            (format!("it may make nothing in the schema {schema}"), grant)
        };
        Ok(session.query(&sql)?.into_iter().filter_map(first).map(grant).collect())
    }

    /// Rights in the ledger, if it is there.
    fn reaches_ledger(&self, session: &mut Session) -> Result<Vec<Problem>> {
        let role = literal(self.role);
        let sql = format!(
            "SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = 'handover' \
               AND (pg_catalog.has_schema_privilege({role}, n.oid, 'USAGE') \
                    OR pg_catalog.has_schema_privilege({role}, n.oid, 'CREATE') \
                    OR EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
                               WHERE c.relnamespace = n.oid AND r.rolname = {role} AND c.relkind = 'r'))"
        );
        let revoke = format!(
            "REVOKE ALL ON SCHEMA handover FROM PUBLIC, {role}; ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM \
             PUBLIC, {role};",
            role = ident(self.role)
        );
        let has_rights = session.query_value(&sql)?.is_some();
        Ok(has_rights
            .then(|| ("it has rights in the ledger, schema handover".to_owned(), revoke))
            .into_iter()
            .collect())
    }
}

fn database(session: &mut Session) -> Result<String> {
    let name = session.query_value("SELECT current_database()")?;
    Ok(ident(&name.unwrap_or_default()))
}

fn first(row: TextRow) -> Option<String> {
    row.into_iter().next().flatten()
}
