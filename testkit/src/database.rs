//! A database for one test, and roles that may only read it.

use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::Server;

/// How a database orders text by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// `C`: bytes.
    C,
    /// `C.UTF-8`: code points. What databases get unless told otherwise.
    CUtf8,
    /// ICU's root locale, `und`: "a" before "B", and diacritics come second. PostgreSQL 15 and
    /// later.
    Icu,
}

impl Collation {
    fn clauses(self) -> &'static str {
        match self {
            Self::C => "lc_collate 'C' lc_ctype 'C'",
            Self::CUtf8 => "lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'",
            Self::Icu => {
                "locale_provider icu icu_locale 'und' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"
            }
        }
    }
}

/// How a database is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    collation: Collation,
    encoding: &'static str,
    odd_settings: bool,
}

impl Options {
    /// The order of text.
    #[must_use]
    pub fn collation(mut self, collation: Collation) -> Self {
        self.collation = collation;
        self
    }

    /// Another encoding than UTF8; text is ordered by its bytes, since other orders need UTF8.
    #[must_use]
    pub fn encoding(mut self, encoding: &'static str) -> Self {
        self.encoding = encoding;
        self.collation = Collation::C;
        self
    }

    /// Gives new sessions settings under which bare values print differently: dates day first,
    /// Hanoi time, verbose intervals, bytea escaped, few float digits, schema `pg_temp` first. A
    /// session that pins its settings notices nothing.
    #[must_use]
    pub fn odd_settings(mut self) -> Self {
        self.odd_settings = true;
        self
    }

    /// Makes the database on the cluster of `./test`.
    #[track_caller]
    pub fn create(self) -> Database {
        self.create_on(&Server::shared())
    }

    /// Makes the database on another server.
    #[track_caller]
    pub fn create_on(self, server: &Server) -> Database {
        let clauses = self.collation.clauses();
        let encoding = self.encoding;
        let database =
            Database::make(server, &format!("template template0 encoding '{encoding}' {clauses}"));
        if self.odd_settings {
            for setting in ODD_SETTINGS {
                let name = &database.name;
                server.sql("postgres", &format!("alter database {name} set {setting}"));
            }
        }
        database
    }
}

const ODD_SETTINGS: [&str; 8] = [
    "datestyle = 'SQL, DMY'",
    "timezone = 'Asia/Ho_Chi_Minh'",
    "intervalstyle = 'postgres_verbose'",
    "bytea_output = 'escape'",
    "extra_float_digits = -5",
    "xmlbinary = 'hex'",
    "search_path = 'pg_temp', 'public', 'pg_catalog'",
    "default_transaction_isolation = 'serializable'",
];

/// A fresh database, dropped with everything in it when this value is.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
    roles: Mutex<Vec<String>>,
}

impl Database {
    /// An empty database on the cluster of `./test`.
    #[track_caller]
    pub fn create() -> Self {
        Self::options().create()
    }

    /// An empty database that is not quite the usual one.
    pub fn options() -> Options {
        Options { collation: Collation::CUtf8, encoding: "UTF8", odd_settings: false }
    }

    /// Another database that begins with everything this one has. Nobody may be connected to this
    /// one meanwhile.
    #[track_caller]
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::make(&self.server, &format!("template {}", self.name))
    }

    #[track_caller]
    fn make(server: &Server, clauses: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A test process that was killed may have left a database of this name.
        server.sql("postgres", &format!("drop database if exists {name} with (force)"));
        server.sql("postgres", &format!("create database {name} {clauses}"));
        Self { server: server.clone(), name, roles: Mutex::new(Vec::new()) }
    }

    /// Its name; needs no quotes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, as superuser.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL as a role made by [`Database::role`], without the password.
    pub fn url_as(&self, role: &Role) -> String {
        self.server.url_as(&role.name, &self.name)
    }

    /// Runs statements; see [`Server::sql`].
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        self.server.sql(&self.name, sql);
    }

    /// What statements print; see [`Server::query`].
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        self.server.query(&self.name, sql)
    }

    /// A role that may log in with this password and SELECT from every table and view that exists
    /// now, and nothing else: no sequence, no later table. It is dropped with the database.
    ///
    /// Roles belong to the cluster, so the role's real name is not just `name`.
    #[track_caller]
    pub fn role(&self, name: &str, password: &str) -> Role {
        let real = format!("{}_{name}", self.name);
        self.server.sql("postgres", &format!("drop role if exists \"{real}\""));
        let quoted = password.replace('\'', "''");
        self.sql(&format!(
            "create role \"{real}\" login password '{quoted}';
            grant connect on database {database} to \"{real}\";
            do $$ declare s text; begin
                for s in select nspname from pg_namespace
                    where nspname !~ '^pg_' and nspname <> 'information_schema'
                loop
                    execute format('grant usage on schema %I to %I', s, '{real}');
                    execute format('grant select on all tables in schema %I to %I', s, '{real}');
                end loop;
            end $$",
            database = self.name,
        ));
        self.roles.lock().expect("no test panicked while making a role").push(real.clone());
        Role { name: real, password: password.into() }
    }
}

impl Database {
    /// A role that cannot log in and may make schemas, and an account that is a member of it and may make schemas of its
    /// own, with this password. Both are dropped with the database.
    #[track_caller]
    pub fn owner_and_account(&self, password: &str) -> (String, Role) {
        let account = self.role("account", password);
        let owner = format!("{}_owner", self.name);
        self.server.sql("postgres", &format!("drop role if exists \"{owner}\""));
        self.sql(&format!(
            "create role \"{owner}\" nologin;
            grant \"{owner}\" to \"{account}\";
            grant create on database {database} to \"{owner}\", \"{account}\";
            grant create on schema public to \"{owner}\";",
            account = account.name,
            database = self.name,
        ));
        self.roles.lock().expect("no test panicked while making a role").push(owner.clone());
        (owner, account)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Not to fail the test: the server may be one that was killed on purpose.
        if self
            .server
            .try_sql("postgres", &format!("drop database if exists {} with (force)", self.name))
        {
            for role in self.roles.get_mut().iter().flat_map(|roles| roles.iter()) {
                self.server.try_sql("postgres", &format!("drop role if exists \"{role}\""));
            }
        }
    }
}

/// A role that may log in.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name in the cluster.
    pub name: String,
    /// Its password, to be given as `PGPASSWORD`, in a `.pgpass` or in a URL.
    pub password: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;

    #[test]
    fn a_database_is_empty_and_goes_away() {
        let database = Database::create();
        let name = database.name().to_owned();
        assert_eq!(
            database.query("select count(*) from pg_tables where schemaname = 'public'"),
            "0"
        );
        database.sql("create table t (a int);\ncopy t from stdin;\n1\n\\N\n\\.\n");
        assert_eq!(database.query("select a from t order by a"), "1\n");
        drop(database);
        let left = format!("select count(*) from pg_database where datname = '{name}'");
        assert_eq!(Server::shared().query("postgres", &left), "0");
    }

    #[test]
    fn a_copy_has_everything_and_goes_its_own_way() {
        let original = Database::create();
        original.sql("create table t (a int); insert into t values (1)");
        let copy = original.copy();
        copy.sql("insert into t values (2)");
        assert_eq!(copy.query("select sum(a) from t"), "3");
        assert_eq!(original.query("select sum(a) from t"), "1");
    }

    #[test]
    #[should_panic(expected = "relation \"missing\" does not exist")]
    fn a_failing_statement_fails_the_test() {
        Database::create().sql("select 1; select * from missing; select 2");
    }

    #[test]
    fn collations_order_text_differently() {
        let sorted = |collation| {
            let database = Database::options().collation(collation).create();
            database.query("select string_agg(x, '' order by x) from unnest('{a,B,ă,b}'::text[]) x")
        };
        assert_eq!(sorted(Collation::C), "Babă");
        assert_eq!(sorted(Collation::CUtf8), "Babă");
        if Server::shared().version() >= 150_000 {
            assert_eq!(sorted(Collation::Icu), "aăbB");
        }
    }

    #[test]
    fn odd_settings_change_what_a_bare_value_prints() {
        let odd = Database::options().odd_settings().create();
        let sql = "select date '2021-03-08', bytea '\\x00ff', 0.1::float8 + 0.2::float8";
        assert_eq!(odd.query(sql), "08/03/2021|\\000\\377|0.3");
        assert_eq!(Database::create().query(sql), "2021-03-08|\\x00ff|0.30000000000000004");
    }

    #[test]
    fn a_role_reads_and_does_nothing_else() {
        let database = Database::create();
        database.sql("create schema s; create table s.t (id serial primary key); insert into s.t default values");
        let role = database.role("reader", "it's secret");
        database.sql("create table s.later (a int)");
        let psql = |password: &str, sql: &str| {
            Run::program(crate::server::pg_program("psql"))
                .args(["-X", "-A", "-t", "-d", &database.url_as(&role), "-c", sql])
                .env("PGPASSWORD", password)
                .go()
        };
        assert_eq!(psql("it's secret", "select id from s.t").stdout, "1\n");
        for refused in [
            "delete from s.t",
            "select nextval('s.t_id_seq')",
            "select last_value from s.t_id_seq",
            "select * from s.later",
            "create table public.t (a int)",
        ] {
            assert_ne!(psql("it's secret", refused).code, Some(0), "{refused}");
        }
        assert_ne!(psql("wrong", "select id from s.t").code, Some(0), "the password counts");

        let name = role.name;
        drop(database);
        let left = format!("select count(*) from pg_roles where rolname = '{name}'");
        assert_eq!(Server::shared().query("postgres", &left), "0");
    }
}
