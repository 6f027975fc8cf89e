//! Virtual tables, and the tables in which they keep what they hold.
//!
//! A table is a virtual table's own if the definition of the virtual table makes it, whatever it is
//! called: `notes_content` is an ordinary table beside `fts5(…, content='notes_content')`. Which
//! tables a definition makes, SQLite tells when it runs in an empty database.

use handover_schemas::name::TableName;
use rusqlite::Connection;

use super::schema_statement::{ObjectKind, SchemaStatement};
use super::tokens::{Token, TokenKind, tokens};
use crate::sql::ident;

/// A virtual table.
#[derive(Clone, Debug)]
pub struct VirtualTable {
    /// The table.
    pub name: TableName,
    /// What computes it, in lower case: `fts5`, `rtree`.
    pub module: String,
    /// The tables that its definition makes; empty where that cannot be told, because the module (or
    /// a part of it) is the application's own.
    pub own_tables: Vec<String>,
    /// Where its rows are.
    pub rows: VirtualRows,
}

/// Where the rows of a virtual table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VirtualRows {
    /// In a table of its own, row for row.
    OwnTable(String),
    /// In an ordinary table or view of the file, of which it is an index.
    OtherTable(String),
    /// Computed from other tables.
    Computed,
    /// Nowhere else, so many.
    Itself(Option<u64>),
    /// It cannot be told whether there are any.
    Unknown,
}

impl VirtualTable {
    /// Describes a virtual table by the statement that made it.
    pub(super) fn describe(connection: &Connection, name: TableName, sql: &str) -> Self {
        let definition = Definition::parse(sql);
        let own_tables = definition.made_tables(&name.name, sql);
        let rows = match (definition.module.as_str(), &own_tables) {
            (_, None) => VirtualRows::Unknown,
            ("fts3" | "fts4" | "fts5", Some(own)) => {
                let content = format!("{}_content", name.name);
                if own.iter().any(|table| table.eq_ignore_ascii_case(&content)) {
                    VirtualRows::OwnTable(content)
                } else {
                    match definition.content() {
                        Some(other) => VirtualRows::OtherTable(other),
                        None => VirtualRows::Itself(count(connection, &name.name)),
                    }
                }
            }
            (_, Some(own)) if own.is_empty() => VirtualRows::Computed,
            (_, Some(_)) => VirtualRows::Itself(count(connection, &name.name)),
        };
        let own_tables = own_tables.unwrap_or_default();
        Self { name, module: definition.module, own_tables, rows }
    }

    /// Its own tables that hold nothing but the index it makes of its rows.
    pub fn index_tables(&self) -> impl Iterator<Item = &str> {
        let is_index = |table: &&String| match &self.rows {
            VirtualRows::OwnTable(rows) => !table.eq_ignore_ascii_case(rows),
            _ => true,
        };
        self.own_tables.iter().filter(is_index).map(String::as_str)
    }

    /// What becomes of it in a database that has no such tables.
    pub fn elsewhere(&self) -> String {
        let module = &self.module;
        let rows = match &self.rows {
            VirtualRows::OwnTable(table) => format!("its rows are those of main.{table}"),
            VirtualRows::OtherTable(table) => {
                format!("it is an index of main.{table}, whose rows are looked at by themselves")
            }
            VirtualRows::Computed => "its rows are computed from other tables".to_owned(),
            VirtualRows::Itself(Some(count)) => format!(
                "its {count} row(s) are nowhere else; put them into an ordinary table at the source"
            ),
            VirtualRows::Itself(None) => {
                "its rows are nowhere else; put them into an ordinary table at the source"
                    .to_owned()
            }
            VirtualRows::Unknown => format!(
                "only the application has all of {module}, so whether it holds rows cannot be told; \
                 every ordinary table of the file is looked at by itself"
            ),
        };
        format!("a virtual table ({module}): {rows}")
    }

    /// Whether its rows are looked at as those of ordinary tables.
    pub fn has_rows_elsewhere(&self) -> bool {
        match self.rows {
            VirtualRows::OwnTable(_) | VirtualRows::OtherTable(_) | VirtualRows::Computed => true,
            VirtualRows::Itself(_) | VirtualRows::Unknown => false,
        }
    }
}

/// Rows that a virtual table has, where its module can say so.
fn count(connection: &Connection, table: &str) -> Option<u64> {
    let sql = format!("SELECT count(*) FROM main.{}", ident(table));
    let rows: Result<i64, rusqlite::Error> = connection.query_row(&sql, [], |row| row.get(0));
    rows.ok().and_then(|rows| u64::try_from(rows).ok())
}

/// `CREATE VIRTUAL TABLE name USING module (argument, …)`, taken apart.
struct Definition<'s> {
    module: String,
    arguments: Vec<Vec<Token<'s>>>,
}

impl<'s> Definition<'s> {
    fn parse(sql: &'s str) -> Self {
        let mut rest = tokens(sql).into_iter().skip_while(|token| !token.is_word("using")).skip(1);
        let module = rest.next().map(|token| token.unquoted().to_ascii_lowercase());
        let mut arguments: Vec<Vec<Token<'s>>> = Vec::new();
        let mut depth = 0_usize;
        for token in rest {
            if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            }
            match (depth, token.is_symbol("(")) {
                (0, true) => arguments.push(Vec::new()),
                (1, false) if token.is_symbol(",") => arguments.push(Vec::new()),
                (0, false) => {}
                _ => arguments.last_mut().into_iter().for_each(|argument| argument.push(token)),
            }
            if token.is_symbol("(") {
                depth += 1;
            }
        }
        Self { module: module.unwrap_or_default(), arguments }
    }

    /// The tables that the definition makes, run in an empty database. A tokenizer that only the
    /// application has makes none, and is left out of a second attempt.
    fn made_tables(&self, name: &str, sql: &str) -> Option<Vec<String>> {
        made_by(name, sql).or_else(|| {
            let is_tokenizer = |argument: &&Vec<Token<'_>>| {
                argument.first().is_some_and(|token| {
                    token.kind == TokenKind::Word
                        && token.text.to_ascii_lowercase().starts_with("tokenize")
                })
            };
            let tokenizer = self.arguments.iter().find(is_tokenizer)?;
            let (first, last) = (tokenizer.first()?, tokenizer.last()?);
            // An option that says what it says already, in place of the tokenizer.
            let instead = if self.module == "fts5" { "detail=full" } else { "order=asc" };
            let before = sql.get(..first.at)?;
            let after = sql.get(last.end()..)?;
            made_by(name, &format!("{before}{instead}{after}"))
        })
    }

    /// The table or view named by `content=…`; none if there is no such option or it is empty. FTS5
    /// takes any beginning of the word (`fts5ConfigParseSpecial`).
    fn content(&self) -> Option<String> {
        self.arguments.iter().find_map(|argument| {
            let [name, equals, value @ ..] = argument.as_slice() else { return None };
            let word = name.text.to_ascii_lowercase();
            let is_content = name.kind == TokenKind::Word
                && match self.module.as_str() {
                    "fts5" => "content".starts_with(&word),
                    _ => word == "content",
                };
            let table = value.first().filter(|_| is_content && equals.is_symbol("="))?;
            Some(table.unquoted()).filter(|table| !table.is_empty())
        })
    }
}

/// The tables that a `CREATE VIRTUAL TABLE` makes beside the virtual one; none if it fails.
fn made_by(name: &str, sql: &str) -> Option<Vec<String>> {
    let mut empty = Connection::open_in_memory().ok()?;
    SchemaStatement { kind: ObjectKind::VirtualTable, name, sql }.run(&mut empty).ok()?;
    let mut statement = empty
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
        )
        .ok()?;
    let names = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect);
    names.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, using: &str) -> VirtualTable {
        let connection = Connection::open_in_memory().unwrap();
        let sql = format!("CREATE VIRTUAL TABLE {} USING {using}", ident(name));
        VirtualTable::describe(&connection, TableName::new("main", name), &sql)
    }

    fn own(name: &str, parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| format!("{name}_{part}")).collect()
    }

    #[test]
    fn own_tables_are_those_that_the_definition_makes() {
        let other = || VirtualRows::OtherTable("t_content".to_owned());
        let content = || VirtualRows::OwnTable("t_content".to_owned());
        let fts5 = ["config", "content", "data", "docsize", "idx"].as_slice();
        let without_content = ["config", "data", "docsize", "idx"].as_slice();
        for (using, parts, rows) in [
            ("fts5(a)", fts5, content()),
            ("\"FTS5\"(a, tokenize=\"vn_words 'x,y'\")", fts5, content()),
            ("fts5(a, columnsize = 0)", &["config", "content", "data", "idx"], content()),
            ("fts5(a, content='t_content')", without_content, other()),
            ("fts5(a, CONTENT = t_content, content_rowid=id)", without_content, other()),
            ("fts5(a, cont='t_content')", without_content, other()),
            ("fts5(a, content='', tokenize='vn')", without_content, VirtualRows::Itself(None)),
            ("fts3(a, content='x')", &["content", "segdir", "segments"], content()),
            ("fts4(a, content=\"t_content\")", &["docsize", "segdir", "segments", "stat"], other()),
            (
                "fts4(a, tokenize=icu vi_VN, b)",
                &["content", "docsize", "segdir", "segments", "stat"],
                content(),
            ),
            ("rtree(id, x0, x1, +note)", &["node", "parent", "rowid"], VirtualRows::Itself(None)),
            ("fts5vocab(s, row)", &[], VirtualRows::Computed),
            ("vec0(a float[3])", &[], VirtualRows::Unknown),
        ] {
            let found = described("t", using);
            assert_eq!(found.own_tables, own("t", parts), "{using}");
            assert_eq!(found.rows, rows, "{using}");
        }
        let odd = described("tên \"riêng\"", "fts5(a, columnsize=0, content='')");
        assert_eq!(odd.own_tables, own("tên \"riêng\"", &["config", "data", "idx"]));
    }
}
