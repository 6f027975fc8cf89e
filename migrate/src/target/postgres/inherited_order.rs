//! Tables that inherit, made with their columns in the source's order.
//!
//! `CREATE TABLE … INHERITS` puts the parents' columns first. A column that a parent was given later
//! stands behind the child's own at the source, and a value of the child's row type is a list of
//! values in that order. `pg_dump` writes no more than the server can say in one statement, so the
//! child is made here as it came to be: its own columns are added to it, inherited ones to a parent
//! of its own that goes away again once the child inherits from its real parents. What the catalog
//! says of each column (`attislocal`, `attinhcount`) comes out as it is at the source.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_engine::postgres::lexer::{Kind, Lexer, is_one_piece};
use handover_engine::sql::{ident, literal, qualified};
use serde::Deserialize;

use super::archive::{PG_CLASS, SchemaEntry};

/// The catalog of defaults.
const PG_ATTRDEF: u32 = 2604;

/// A table that inherits, as the source has it.
#[derive(Debug, Deserialize)]
pub struct Child {
    oid: u32,
    schema: String,
    name: String,
    parents: Vec<Parent>,
    columns: Vec<ChildColumn>,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    schema: String,
    name: String,
    columns: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ChildColumn {
    name: String,
    /// Declared by the table itself.
    local: bool,
    /// A parent has it too.
    inherited: bool,
    /// Type and collation.
    definition: String,
    not_null: bool,
    /// Name of the constraint that says so, where the server has such.
    not_null_name: Option<String>,
    /// Nothing, `s` or `v`.
    generated: String,
    default: Option<String>,
    default_oid: Option<u32>,
}

/// A `CHECK` that only parents declare.
#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    definition: String,
}

/// Tables of the source that inherit and whose columns `pg_dump` would give another order.
pub fn reordered_children(session: &mut Session) -> Result<Vec<Child>> {
    let rows = session.query(CHILDREN)?;
    let children = rows.into_iter().flatten().flatten();
    let children: Vec<Child> = children
        .map(|json| serde_json::from_str(&json).context("the catalog's answer about inheritance"))
        .collect::<Result<_>>()?;
    children.iter().try_for_each(Child::refuse_broken_pieces)?;
    Ok(children.into_iter().filter(Child::is_reordered).collect())
}

/// Makes these tables' entries give their columns the source's order. Gives the names of those whose
/// statement is not understood.
pub fn keep_order(entries: &mut [SchemaEntry], children: &[Child]) -> Vec<String> {
    let defaults: BTreeSet<u32> = entries
        .iter()
        .filter(|entry| entry.object.0 == PG_ATTRDEF)
        .map(|entry| entry.object.1)
        .collect();
    let mut not_understood = Vec::new();
    for entry in entries.iter_mut().filter(|entry| entry.kind == "TABLE") {
        let child = children.iter().find(|child| entry.object == (PG_CLASS, child.oid));
        let Some(child) = child else { continue };
        match child.statements(&entry.sql, &defaults) {
            Some(sql) => entry.sql = sql,
            None => not_understood.push(format!("{}.{}", child.schema, child.name)),
        }
    }
    not_understood
}

impl Child {
    /// Statements are built around what the catalog gives as SQL: none of it may end one.
    fn refuse_broken_pieces(&self) -> Result<()> {
        let of_columns = self.columns.iter();
        let mut pieces = of_columns
            .flat_map(|column| [Some(&column.definition), column.default.as_ref()])
            .flatten()
            .chain(self.checks.iter().map(|check| &check.definition));
        if pieces.all(|piece| is_one_piece(piece)) {
            return Ok(());
        }
        bail!(
            "the catalog's definitions for {}.{} are not pieces of one statement; nothing of them was run, and no server \
             gives such by itself: ask the vendor what stands between",
            self.schema,
            self.name
        )
    }

    fn is_reordered(&self) -> bool {
        let mut made: Vec<&str> = Vec::new();
        let inherited = self.parents.iter().flat_map(|parent| &parent.columns);
        for name in inherited.chain(self.columns.iter().map(|column| &column.name)) {
            if !made.contains(&name.as_str()) {
                made.push(name);
            }
        }
        !self.columns.iter().map(|column| column.name.as_str()).eq(made)
    }

    /// What stands instead of `pg_dump`'s statements for the table. Nothing if these are not
    /// understood.
    fn statements(&self, dumped: &str, separate_defaults: &BTreeSet<u32>) -> Option<String> {
        let Dumped { head, items, tail, rest } = Dumped::of(dumped)?;
        let table = qualified(&self.schema, &self.name);
        let own = qualified(&self.schema, &format!("handover_parent_{}", self.oid));
        let mut columns: BTreeMap<String, &str> = BTreeMap::new();
        let mut constraints = Vec::new();
        for item in items {
            match column_of(item) {
                Some(name) => {
                    columns.insert(name, item);
                }
                None => constraints.push(item),
            }
        }
        let mut own_items: BTreeMap<&str, String> = BTreeMap::new();
        for column in self.columns.iter().filter(|column| column.local) {
            let item = columns.remove(&column.name)?;
            // What a column has from its parents is not in its own item.
            let extra = if column.inherited && !says_value(item) {
                column.extra(separate_defaults)
            } else {
                String::new()
            };
            own_items.insert(&column.name, format!("{item}{extra}"));
        }
        if !columns.is_empty() {
            return None;
        }
        if self.refers_to_later_columns() {
            let was_by_itself =
                self.checks.is_empty() && self.columns.iter().all(|column| column.local);
            return was_by_itself
                .then(|| self.made_by_itself((head, tail, rest), &own_items, &constraints));
        }
        let mut sql = format!("CREATE TABLE {own} ();\n{head}()\nINHERITS ({own}){tail};\n");
        for column in &self.columns {
            let name = ident(&column.name);
            if let Some(item) = own_items.get(column.name.as_str()) {
                sql.push_str(&format!("ALTER TABLE ONLY {table} ADD COLUMN {item};\n"));
            }
            if column.inherited {
                // The table's own column has its default already, and stays as it is.
                let extra = if column.local && column.generated.is_empty() {
                    String::new()
                } else {
                    column.extra(separate_defaults)
                };
                let definition = &column.definition;
                sql.push_str(&format!(
                    "ALTER TABLE {own} ADD COLUMN {name} {definition}{extra};\n"
                ));
                if column.not_null {
                    sql.push_str(&not_null(&own, &name, column.not_null_name.as_deref()));
                }
            }
        }
        for item in constraints {
            sql.push_str(&format!("ALTER TABLE {table} ADD {item};\n"));
        }
        for Check { name, definition } in &self.checks {
            let name = ident(name);
            sql.push_str(&format!("ALTER TABLE {own} ADD CONSTRAINT {name} {definition};\n"));
        }
        sql.push_str(&self.inherit());
        sql.push_str(&format!("ALTER TABLE {table} NO INHERIT {own};\nDROP TABLE {own};\n{rest}"));
        Some(sql)
    }

    /// A table that declares all its columns itself was one by itself before it was given parents.
    fn made_by_itself(
        &self,
        (head, tail, rest): (&str, &str, &str),
        items: &BTreeMap<&str, String>,
        constraints: &[&str],
    ) -> String {
        let columns = self.columns.iter().filter_map(|column| items.get(column.name.as_str()));
        let list: Vec<&str> =
            columns.map(String::as_str).chain(constraints.iter().copied()).collect();
        let mut sql = format!("{head}(\n    {}\n){tail};\n", list.join(",\n    "));
        let table = qualified(&self.schema, &self.name);
        for column in self.columns.iter().filter(|column| column.not_null) {
            let item = items.get(column.name.as_str()).map_or("", String::as_str);
            if !item.contains(" NOT NULL") {
                sql.push_str(&not_null(
                    &table,
                    &ident(&column.name),
                    column.not_null_name.as_deref(),
                ));
            }
        }
        sql + &self.inherit() + rest
    }

    fn inherit(&self) -> String {
        let table = qualified(&self.schema, &self.name);
        let statement = |parent: &Parent| {
            let parent = qualified(&parent.schema, &parent.name);
            format!("ALTER TABLE {table} INHERIT {parent};\n")
        };
        self.parents.iter().map(statement).collect()
    }

    /// Whether a column is computed from one that stands behind it: such columns cannot be added one by one.
    fn refers_to_later_columns(&self) -> bool {
        self.columns.iter().enumerate().any(|(at, column)| {
            let later = self.columns.iter().skip(at + 1).map(|later| ident(&later.name));
            let later: BTreeSet<String> = later.collect();
            let expression = column.default.as_deref().filter(|_| !column.generated.is_empty());
            expression.is_some_and(|expression| {
                Lexer::new(expression).any(|token| match token.kind {
                    Kind::QuotedName => later.contains(token.text),
                    Kind::Word => later.contains(&ident(token.text)),
                    _ => false,
                })
            })
        })
    }
}

impl ChildColumn {
    /// What an inherited column has from its parents besides type and collation. A default that is
    /// an entry of its own is not there yet when the table is made.
    fn extra(&self, separate_defaults: &BTreeSet<u32>) -> String {
        let is_separate = self.default_oid.is_some_and(|oid| separate_defaults.contains(&oid));
        match (&self.default, self.generated.as_str()) {
            (Some(expression), "s") => format!(" GENERATED ALWAYS AS ({expression}) STORED"),
            (Some(expression), "v") => format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL"),
            (Some(expression), _) if !is_separate => format!(" DEFAULT {expression}"),
            _ => String::new(),
        }
    }
}

/// `NOT NULL` for a table and its children, under the source's name where both servers have such.
fn not_null(table: &str, column: &str, name: Option<&str>) -> String {
    let plain = format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL");
    let Some(name) = name else { return format!("{plain};\n") };
    let named = format!("ALTER TABLE {table} ADD CONSTRAINT {} NOT NULL {column}", ident(name));
    let body = format!(
        "BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE {}; \
         ELSE EXECUTE {}; END IF; END",
        literal(&named),
        literal(&plain)
    );
    format!("DO {};\n", literal(&body))
}

/// `CREATE TABLE` as `pg_dump` writes it for a table that inherits.
struct Dumped<'a> {
    /// Up to the list of columns.
    head: &'a str,
    /// What is in that list.
    items: Vec<&'a str>,
    /// What follows the parents, up to the semicolon.
    tail: &'a str,
    /// The statements behind it.
    rest: &'a str,
}

impl<'a> Dumped<'a> {
    fn of(sql: &'a str) -> Option<Self> {
        let parts = Parenthesised::of(sql);
        let (list, parents) = (parts.first()?, parts.get(1)?);
        let between = sql.get(list.end..parents.start)?;
        let head = sql.get(..list.start)?;
        let is_table = head.starts_with("CREATE ") && head.contains(" TABLE ");
        if !is_table || between.trim() != "INHERITS" {
            return None;
        }
        let semicolon = parents.end + end_of_statement(sql.get(parents.end..)?)?;
        Some(Self {
            head,
            items: items(sql.get(list.start + 1..list.end - 1)?),
            tail: sql.get(parents.end..semicolon)?,
            rest: sql.get(semicolon + 1..)?.trim_start(),
        })
    }
}

/// Where a pair of parentheses of the outermost level stands, both included.
struct Parenthesised {
    start: usize,
    end: usize,
}

impl Parenthesised {
    fn of(sql: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let (mut at, mut depth, mut start) = (0, 0_usize, 0);
        for token in Lexer::new(sql) {
            match token.text {
                "(" if token.kind == Kind::Other => {
                    if depth == 0 {
                        start = at;
                    }
                    depth += 1;
                }
                ")" if token.kind == Kind::Other => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        found.push(Self { start, end: at + 1 });
                    }
                }
                _ => {}
            }
            at += token.text.len();
        }
        found
    }
}

fn end_of_statement(sql: &str) -> Option<usize> {
    let mut at = 0;
    for token in Lexer::new(sql) {
        if token.kind == Kind::Semicolon {
            return Some(at);
        }
        at += token.text.len();
    }
    None
}

/// The items of a list, without the white space around them.
fn items(list: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut at, mut depth, mut start) = (0, 0_usize, 0);
    for token in Lexer::new(list) {
        match (token.kind, token.text) {
            (Kind::Other, "(" | "[") => depth += 1,
            (Kind::Other, ")" | "]") => depth = depth.saturating_sub(1),
            (Kind::Other, ",") if depth == 0 => {
                found.extend(list.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        at += token.text.len();
    }
    found.extend(list.get(start..));
    found.into_iter().map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Whether the item of a column says what it holds where nobody gives a value.
fn says_value(item: &str) -> bool {
    let mut tokens = Lexer::new(item);
    tokens.any(|t| t.kind == Kind::Word && matches!(t.text, "DEFAULT" | "GENERATED"))
}

/// The column that an item declares; none if it is a constraint of the table. `pg_dump` quotes
/// every name that is also a word of SQL's own.
fn column_of(item: &str) -> Option<String> {
    let first = Lexer::new(item).next()?;
    let is_constraint =
        first.kind == Kind::Word && matches!(first.text, "CONSTRAINT" | "NOT" | "CHECK");
    if is_constraint { None } else { first.name() }
}

const CHILDREN: &str = "SELECT json_build_object( \
    'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, \
    'parents', (SELECT json_agg(json_build_object('schema', pn.nspname, 'name', p.relname, \
        'columns', (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]') \
                    FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attnum > 0 \
                      AND NOT a.attisdropped)) ORDER BY h.inhseqno) \
      FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent \
      JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = c.oid), \
    'columns', (SELECT coalesce(json_agg(json_build_object('name', a.attname, \
        'local', a.attislocal, 'inherited', a.attinhcount > 0, \
        'definition', format_type(a.atttypid, a.atttypmod) || CASE \
          WHEN a.attcollation <> t.typcollation \
          THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END, \
        'not_null', a.attnotnull, 'not_null_name', (SELECT k.conname FROM pg_constraint k \
          WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum), \
        'generated', a.attgenerated, 'default', pg_get_expr(d.adbin, d.adrelid), \
        'default_oid', d.oid::int8) ORDER BY a.attnum), '[]') \
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
    'checks', (SELECT coalesce(json_agg(json_build_object('name', k.conname, \
        'definition', pg_get_constraintdef(k.oid)) ORDER BY k.conname), '[]') \
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated \
        AND k.coninhcount > 0 AND NOT k.conislocal))::text \
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
  WHERE c.relkind = 'r' AND NOT c.relispartition \
    AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_taken_apart() {
        let sql = "CREATE UNLOGGED TABLE public.\"a(b\" (\n    ward text DEFAULT ','::text,\n    \
                   \"Check\" numeric(4,2)[] NOT NULL,\n    CONSTRAINT c CHECK ((ward <> ');'::text))\n)\n\
                   INHERITS (public.person, public.q)\nWITH (fillfactor='70');\n\n\n\
                   ALTER TABLE x;";
        let dumped = Dumped::of(sql).unwrap();
        assert_eq!(dumped.head, "CREATE UNLOGGED TABLE public.\"a(b\" ");
        assert_eq!(
            dumped.items,
            [
                "ward text DEFAULT ','::text",
                "\"Check\" numeric(4,2)[] NOT NULL",
                "CONSTRAINT c CHECK ((ward <> ');'::text))"
            ]
        );
        assert_eq!(dumped.tail, "\nWITH (fillfactor='70')");
        assert_eq!(dumped.rest, "ALTER TABLE x;");
        let columns: Vec<_> = dumped.items.iter().map(|item| column_of(item)).collect();
        assert_eq!(columns, [Some("ward".to_owned()), Some("Check".to_owned()), None]);
        assert!(Dumped::of("CREATE TABLE a (b int);").is_none());
    }
}
