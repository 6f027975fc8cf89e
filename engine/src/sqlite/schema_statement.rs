//! Statements of a file's schema, run elsewhere: in the target, or in a scratch database.
//!
//! Whoever can write the file can write any text into its schema (`PRAGMA writable_schema`). SQLite reads
//! the first statement of each text and does not execute it; we do. So a text is run as exactly one
//! statement, under an authorizer (`c3ref/set_authorizer.html`) that lets it make the one object whose name
//! stands beside it in the schema, and nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Batch, Connection};

/// What a statement of a schema makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A virtual table, with the tables that it keeps for itself.
    VirtualTable,
    /// An index.
    Index,
    /// A view.
    View,
    /// A trigger.
    Trigger,
}

impl ObjectKind {
    /// The kind of a row of `sqlite_schema`, by its `type`.
    pub fn parse(word: &str) -> Option<Self> {
        let kinds = [Self::Table, Self::Index, Self::View, Self::Trigger];
        kinds.into_iter().find(|kind| kind.as_str() == word)
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::VirtualTable => "virtual table",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

/// A statement of a schema.
#[derive(Clone, Copy, Debug)]
pub struct SchemaStatement<'a> {
    /// What it makes.
    pub kind: ObjectKind,
    /// The name of that.
    pub name: &'a str,
    /// Its text.
    pub sql: &'a str,
}

/// Why a statement was not run, or what became of it.
#[derive(Debug, thiserror::Error)]
pub enum SchemaStatementError {
    /// There is something after its end.
    #[error("its text in the schema is more than one statement, of which none was run")]
    SeveralStatements,
    /// It is no statement, or one that makes something else.
    #[error("its text in the schema does not make the {kind} {name}, and was not run")]
    MakesSomethingElse {
        /// What it should make.
        kind: &'static str,
        /// The name of that.
        name: String,
    },
    /// It would do what no statement of its kind does.
    #[error("its text in the schema would do more than make it ({0}), and was not run")]
    DoesMore(String),
    /// SQLite's own.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl SchemaStatement<'_> {
    /// Runs it on a database, whose authorizer it takes away at the end.
    pub fn run(&self, connection: &mut Connection) -> Result<(), SchemaStatementError> {
        self.under_authorizer(connection, |mut statement| statement.raw_execute().map(drop))
    }

    /// Looks whether it would be run, as far as SQLite tells before it runs it.
    pub fn check(&self, connection: &mut Connection) -> Result<(), SchemaStatementError> {
        self.under_authorizer(connection, |_statement| Ok(()))
    }

    fn under_authorizer(
        &self,
        connection: &mut Connection,
        run: impl FnOnce(rusqlite::Statement<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), SchemaStatementError> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let judge = Judge { kind: self.kind, name: self.name.to_owned(), seen: Arc::clone(&seen) };
        connection.authorizer(Some(move |context: AuthContext<'_>| judge.judge(context)))?;
        let done = self.run_alone(connection, &seen, run);
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        done.map_err(|error| match std::mem::take(&mut *locked(&seen)).denied {
            Some(action) => SchemaStatementError::DoesMore(action),
            None => error,
        })
    }

    fn run_alone(
        &self,
        connection: &Connection,
        seen: &Mutex<Seen>,
        run: impl FnOnce(rusqlite::Statement<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), SchemaStatementError> {
        let mut statements = Batch::new(connection, self.sql);
        let first = statements.next()?;
        let makes_it = std::mem::take(&mut locked(seen).makes_it);
        let Some(statement) = first.filter(|_| makes_it) else {
            let name = self.name.to_owned();
            let kind = self.kind.as_str();
            return Err(SchemaStatementError::MakesSomethingElse { kind, name });
        };
        // Whatever follows, also what SQLite cannot read.
        if !matches!(statements.next(), Ok(None)) {
            *locked(seen) = Seen::default();
            return Err(SchemaStatementError::SeveralStatements);
        }
        Ok(run(statement)?)
    }
}

/// What the authorizer was asked about.
#[derive(Default)]
struct Seen {
    /// The object whose name stands beside the statement is made.
    makes_it: bool,
    /// What was denied first.
    denied: Option<String>,
}

fn locked(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Judge {
    kind: ObjectKind,
    name: String,
    seen: Arc<Mutex<Seen>>,
}

impl Judge {
    fn judge(&self, context: AuthContext<'_>) -> Authorization {
        if self.is_its_making(context) {
            locked(&self.seen).makes_it = true;
            return Authorization::Allow;
        }
        if self.may_besides(context) {
            return Authorization::Allow;
        }
        let mut seen = locked(&self.seen);
        seen.denied.get_or_insert_with(|| in_words(context.action));
        Authorization::Deny
    }

    fn is_its_making(&self, context: AuthContext<'_>) -> bool {
        let name = match (self.kind, context.action) {
            (ObjectKind::Table, AuthAction::CreateTable { table_name })
            | (ObjectKind::VirtualTable, AuthAction::CreateVtable { table_name, .. }) => table_name,
            (ObjectKind::Index, AuthAction::CreateIndex { index_name, .. }) => index_name,
            (ObjectKind::View, AuthAction::CreateView { view_name }) => view_name,
            (ObjectKind::Trigger, AuthAction::CreateTrigger { trigger_name, .. }) => trigger_name,
            _ => return false,
        };
        context.database_name == Some("main") && self.is_named(name)
    }

    fn is_named(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.name)
    }

    /// What a statement of the kind does beside making its object.
    fn may_besides(&self, context: AuthContext<'_>) -> bool {
        match context.action {
            // Its row in the schema.
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Read { table_name, .. }
                if table_name == "sqlite_master" =>
            {
                true
            }
            // What its expressions call. Loading a library is no part of that.
            AuthAction::Function { function_name } => {
                !function_name.eq_ignore_ascii_case("load_extension")
            }
            action => match self.kind {
                ObjectKind::Table => match action {
                    // The indexes behind its keys.
                    AuthAction::CreateIndex { index_name, table_name } => {
                        index_name.starts_with("sqlite_autoindex_") && self.is_named(table_name)
                    }
                    AuthAction::CreateTable { table_name } => table_name == "sqlite_sequence",
                    // The columns that its expressions name.
                    AuthAction::Read { table_name, .. } => self.is_named(table_name),
                    _ => false,
                },
                ObjectKind::Index => match action {
                    AuthAction::Reindex { index_name } => self.is_named(index_name),
                    AuthAction::Read { .. } => true,
                    _ => false,
                },
                ObjectKind::View | ObjectKind::Trigger => false,
                ObjectKind::VirtualTable => self.may_module(action),
            },
        }
    }

    /// What a module does that makes its own tables.
    fn may_module(&self, action: AuthAction<'_>) -> bool {
        match action {
            AuthAction::CreateTable { table_name }
            | AuthAction::Insert { table_name }
            | AuthAction::Read { table_name, .. }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name }
            | AuthAction::CreateIndex { table_name, .. } => self.is_own(table_name),
            AuthAction::Select | AuthAction::Reindex { .. } => true,
            AuthAction::Pragma { pragma_value, .. } => pragma_value.is_none(),
            _ => false,
        }
    }

    /// The table itself, one that it keeps for itself, or one of SQLite's.
    fn is_own(&self, table: &str) -> bool {
        let is_beside = || {
            let (own, rest) = table.split_at_checked(self.name.len())?;
            Some(self.is_named(own) && rest.starts_with('_'))
        };
        self.is_named(table) || is_beside() == Some(true) || table.starts_with("sqlite_")
    }
}

/// What was denied, without names or values.
fn in_words(action: AuthAction<'_>) -> String {
    let word = format!("{action:?}");
    word.split([' ', '{']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: ObjectKind, name: &str, sql: &str) -> Result<(), String> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)").unwrap();
        SchemaStatement { kind, name, sql }.run(&mut connection).map_err(|error| error.to_string())
    }

    #[test]
    fn what_real_schemas_hold_is_made() {
        for (kind, name, sql) in [
            (
                ObjectKind::Table,
                "Người",
                "CREATE TABLE \"Người\" (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL UNIQUE \
                 DEFAULT (strftime('%Y', 'now')) CHECK (length(a) > 2 AND a GLOB '*'), b REAL \
                 REFERENCES t ON DELETE CASCADE, c AS (b * 2) STORED, d COLLATE NOCASE, UNIQUE (a, d))",
            ),
            (
                ObjectKind::Table,
                "s",
                "CREATE TABLE s (a INT PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID",
            ),
            (
                ObjectKind::Table,
                "w",
                "CREATE TABLE w (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID -- as it was",
            ),
            (
                ObjectKind::Index,
                "i",
                "CREATE UNIQUE INDEX i ON t (lower(b), a DESC) WHERE b IS NOT NULL;",
            ),
            (
                ObjectKind::View,
                "v",
                "CREATE VIEW v AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                 SELECT t.*, (SELECT max(x) FROM n) FROM t JOIN other USING (a)",
            ),
            (
                ObjectKind::Trigger,
                "tr",
                "CREATE TRIGGER tr AFTER UPDATE OF b ON t WHEN new.b <> old.b BEGIN \
                 INSERT INTO log VALUES (new.a); DELETE FROM t WHERE a = 1; SELECT raise(ABORT, 'x'); END",
            ),
            (ObjectKind::VirtualTable, "f3", "CREATE VIRTUAL TABLE f3 USING fts3(a, b)"),
            (ObjectKind::VirtualTable, "f4", "CREATE VIRTUAL TABLE f4 USING fts4(content=t, b)"),
            (
                ObjectKind::VirtualTable,
                "tên 5",
                "CREATE VIRTUAL TABLE \"tên 5\" USING fts5(a, b, prefix=2)",
            ),
            (
                ObjectKind::VirtualTable,
                "r",
                "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +note)",
            ),
        ] {
            assert_eq!(run(kind, name, sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn a_text_does_nothing_but_make_the_object_beside_which_it_stands() {
        let more = "more than one statement";
        let other = "does not make the";
        let does_more = "would do more than make it";
        for (kind, name, sql, expected) in [
            (ObjectKind::Table, "u", "CREATE TABLE u (a); INSERT INTO t VALUES (1, 2)", more),
            (ObjectKind::Table, "u", "CREATE TABLE u (a); not a statement", more),
            (ObjectKind::View, "v", "CREATE VIEW v AS SELECT 1; DROP TABLE t", more),
            (ObjectKind::Table, "u", "", other),
            (ObjectKind::Table, "u", "-- nothing", other),
            (ObjectKind::Table, "u", "CREATE TABLE other (a)", does_more),
            (ObjectKind::Table, "u", "CREATE TEMP TABLE u (a)", does_more),
            (ObjectKind::Table, "u", "CREATE TABLE u AS SELECT * FROM t", does_more),
            (ObjectKind::Table, "u", "CREATE VIEW u AS SELECT 1", does_more),
            (ObjectKind::Table, "u", "ATTACH 'elsewhere.db' AS other", does_more),
            (ObjectKind::Table, "u", "VACUUM INTO 'elsewhere.db'", other),
            (ObjectKind::Table, "u", "PRAGMA writable_schema = ON", does_more),
            (ObjectKind::Table, "u", "DELETE FROM t", does_more),
            (ObjectKind::Table, "u", "UPDATE t SET a = 2", does_more),
            (ObjectKind::Table, "u", "INSERT INTO t VALUES (1, 2)", does_more),
            (ObjectKind::Table, "u", "DROP TABLE t", does_more),
            (ObjectKind::Table, "u", "ALTER TABLE t RENAME TO u", does_more),
            (ObjectKind::Table, "u", "COMMIT", does_more),
            (ObjectKind::Index, "i", "CREATE INDEX j ON t (a)", does_more),
            (
                ObjectKind::View,
                "v",
                "CREATE TRIGGER v AFTER INSERT ON t BEGIN SELECT 1; END",
                does_more,
            ),
            (
                ObjectKind::Trigger,
                "tr",
                "CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
                does_more,
            ),
            (ObjectKind::VirtualTable, "f", "CREATE TABLE f (a)", other),
            (
                ObjectKind::VirtualTable,
                "f",
                "CREATE TABLE sqlite_other (a)",
                "reserved for internal use",
            ),
        ] {
            let error = run(kind, name, sql).unwrap_err();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    }

    #[test]
    fn nothing_of_a_refused_text_is_run() {
        let mut connection = Connection::open_in_memory().unwrap();
        let statement = SchemaStatement {
            kind: ObjectKind::Table,
            name: "u",
            sql: "CREATE TABLE u (a); CREATE TABLE w (a)",
        };
        assert!(statement.run(&mut connection).is_err());
        let count = |connection: &Connection| -> i64 {
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
                .unwrap()
        };
        assert_eq!(count(&connection), 0);
        // The authorizer is gone.
        connection.execute_batch("CREATE TABLE w (a); DROP TABLE w").unwrap();
    }
}
