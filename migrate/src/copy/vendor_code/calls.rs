//! What a piece of SQL calls, by its words.
//!
//! `pg_dump` writes names with their schemas, so that a name can stand for one thing only; and keywords in capitals.

use std::collections::BTreeSet;

use handover_engine::postgres::lexer::{Kind, Lexer, Token};

use crate::target::postgres::SchemaEntry;

/// A schema and a name in it.
type Name = (String, String);

/// What leads to code of the vendor's.
pub(super) struct Known {
    /// Routines, and views, types, domains and operators that call some.
    names: BTreeSet<Name>,
    /// Schemas with operators of the vendor's.
    operators: BTreeSet<String>,
    /// Functions of the server and of extensions that do more than compute.
    volatile: BTreeSet<String>,
}

/// What an entry calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// When the entry is made, or rows come in.
    pub(super) evaluated: Vec<String>,
    /// By defaults of columns, which a copy gives no occasion.
    pub(super) by_default: Vec<String>,
}

impl Known {
    /// All that these entries define.
    pub(super) fn of(entries: &[&SchemaEntry], volatile: impl IntoIterator<Item = String>) -> Self {
        let mut known = Self {
            names: BTreeSet::new(),
            operators: BTreeSet::new(),
            volatile: volatile.into_iter().collect(),
        };
        for entry in entries.iter().filter(|entry| entry.is_routine()) {
            known.names.extend(first_name(&entry.sql));
        }
        for entry in entries.iter().filter(|entry| entry.kind == "OPERATOR") {
            known.operators.extend(operator_schema(&entry.sql));
        }
        // What is behind a view or a type may itself be used by others.
        loop {
            let carriers: Vec<Name> = entries
                .iter()
                .filter(|entry| carries(entry))
                .filter_map(|entry| Some((first_name(&entry.sql)?, entry)))
                .filter(|(name, _)| !known.names.contains(name))
                .filter(|(_, entry)| !known.calls(&entry.sql).evaluated.is_empty())
                .map(|(name, _)| name)
                .collect();
            if carriers.is_empty() {
                return known;
            }
            known.names.extend(carriers);
        }
    }

    /// What a statement calls, each once, in its order.
    pub(super) fn calls(&self, sql: &str) -> Calls {
        let tokens: Vec<Token<'_>> = Lexer::new(sql).filter(|token| !is_blank(token)).collect();
        let own = first_name(sql);
        let mut calls = Calls::default();
        let mut in_default = false;
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map_or("", |t| t.text);
            let after = |steps: usize| tokens.get(at + steps).map_or("", |token| token.text);
            in_default = match token.text {
                "DEFAULT" => true,
                "CHECK" | "GENERATED" | "PARTITION" | "CONSTRAINT" | "," | ";" => false,
                _ => in_default,
            };
            let called = if before == "." {
                None
            } else if let ("OPERATOR", "(") = (token.text, after(1)) {
                let schema = tokens.get(at + 2).and_then(Token::name);
                schema
                    .filter(|schema| self.operators.contains(schema))
                    .map(|s| format!("an operator of {s}"))
            } else if after(1) == "." {
                self.qualified(token, tokens.get(at + 2), after(3), own.as_ref())
            } else if after(1) == "(" {
                self.builtin(token).filter(|_| !in_default)
            } else {
                None
            };
            let Some(called) = called else { continue };
            let list = if in_default { &mut calls.by_default } else { &mut calls.evaluated };
            if !list.contains(&called) {
                list.push(called);
            }
        }
        calls
    }

    fn qualified(
        &self,
        schema: &Token<'_>,
        name: Option<&Token<'_>>,
        after: &str,
        own: Option<&Name>,
    ) -> Option<String> {
        let name = (schema.name()?, name?.name()?);
        if after == "(" && self.volatile.contains(&name.1) {
            return Some(name.1);
        }
        (self.names.contains(&name) && Some(&name) != own).then(|| format!("{}.{}", name.0, name.1))
    }

    fn builtin(&self, token: &Token<'_>) -> Option<String> {
        let name = token.name()?;
        self.volatile.contains(&name).then_some(name)
    }
}

/// Whether others are evaluated with it.
fn carries(entry: &SchemaEntry) -> bool {
    matches!(
        entry.kind.as_str(),
        "VIEW"
            | "MATERIALIZED VIEW"
            | "DOMAIN"
            | "TYPE"
            | "OPERATOR CLASS"
            | "OPERATOR FAMILY"
            | "COLLATION"
    )
}

/// The first name with a schema, which is that of what a statement makes.
fn first_name(sql: &str) -> Option<Name> {
    let tokens: Vec<Token<'_>> = Lexer::new(sql).filter(|token| !is_blank(token)).collect();
    tokens.windows(3).find_map(|window| match window {
        [schema, dot, name] if dot.text == "." => Some((schema.name()?, name.name()?)),
        _ => None,
    })
}

/// The schema of `CREATE OPERATOR schema.+ (`.
fn operator_schema(sql: &str) -> Option<String> {
    let tokens: Vec<Token<'_>> = Lexer::new(sql).filter(|token| !is_blank(token)).collect();
    tokens
        .windows(2)
        .find(|window| window.get(1).is_some_and(|dot| dot.text == "."))?
        .first()
        .and_then(Token::name)
}

fn is_blank(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Space | Kind::LineComment | Kind::BlockComment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: &str, sql: &str) -> SchemaEntry {
        SchemaEntry::new(kind, "x", sql.to_owned())
    }

    fn known() -> Known {
        let entries = [
            entry("FUNCTION", "CREATE FUNCTION public.f(a text) RETURNS text AS $$ select a $$;"),
            entry("FUNCTION", "CREATE FUNCTION \"Y tế\".\"g \"\"x\"() RETURNS int AS $$ $$;"),
            entry(
                "DOMAIN",
                "CREATE DOMAIN public.d AS text CONSTRAINT c CHECK ((public.f(VALUE) = 'a'));",
            ),
            entry("VIEW", "CREATE VIEW public.w AS\n SELECT id FROM public.v;"),
            entry("VIEW", "CREATE VIEW public.v AS\n SELECT public.f(id) AS id FROM public.t;"),
            entry("OPERATOR", "CREATE OPERATOR ops.=~ (\n    FUNCTION = public.f\n);"),
        ];
        let entries: Vec<&SchemaEntry> = entries.iter().collect();
        Known::of(&entries, ["random".to_owned(), "nextval".to_owned()])
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let known = known();
        let calls = |sql: &str| known.calls(sql).evaluated;
        for (sql, called) in [
            ("CREATE INDEX i ON public.t USING btree (public.f(name));", "public.f"),
            ("CREATE TABLE public.t (a int, CHECK ((\"Y tế\".\"g \"\"x\"() > a)));", "Y tế.g \"x"),
            ("CREATE TABLE public.t (a public.d);", "public.d"),
            (
                "CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.w WITH NO DATA;",
                "public.w",
            ),
            ("CREATE INDEX i ON t USING btree ((a OPERATOR(ops.=~) b));", "an operator of ops"),
            ("CREATE TABLE public.t (a int, CHECK ((random() > 0.5)));", "random"),
            ("CREATE TABLE public.t (a int, CHECK ((pg_catalog.random() > 0.5)));", "random"),
        ] {
            assert_eq!(calls(sql), [called], "{sql}");
        }
        for sql in [
            "CREATE INDEX i ON public.t USING btree (lower(name));",
            "CREATE TABLE public.f (a text DEFAULT 'public.f(1)');",
            "COMMENT ON TABLE t IS 'public.f()';",
            "CREATE TABLE public.t (\"random\" int, a int CHECK ((a OPERATOR(pg_catalog.=) 1)));",
        ] {
            assert!(calls(sql).is_empty(), "{sql}");
        }
    }

    #[test]
    fn defaults_are_told_apart() {
        let sql = "CREATE TABLE public.t (\n    a text DEFAULT public.f('x'::text) NOT NULL,\n    \
                   b int DEFAULT nextval('s'::regclass) CONSTRAINT c CHECK ((\"Y tế\".\"g \"\"x\"() > 1))\n);";
        let calls = known().calls(sql);
        assert_eq!(calls.by_default, ["public.f"]);
        assert_eq!(calls.evaluated, ["Y tế.g \"x"]);
    }
}
