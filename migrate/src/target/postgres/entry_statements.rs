//! Which statements an entry of the source's schema may hold.
//!
//! `pg_dump` builds its statements around texts that the source's server gives: definitions of views, indexes and
//! functions. A server that lies gives texts that end a statement and begin another one. What reaches the target is
//! therefore looked at: only statements that make, change or describe objects of one database.

use anyhow::{Result, bail};

use handover_verify::postgres::lexer::{Kind, Lexer, Token};

/// Refuses SQL that does anything else than to make, change or describe objects of this database. `name` is what it
/// makes.
pub fn refuse_other_statement(name: &str, sql: &str) -> Result<()> {
    let statements = Statements::of(sql);
    for statement in &statements.all {
        if let Some(word) = statements.odd_one(statement) {
            bail!(
                "{name}: the source's schema has a statement there that makes no object ({word} …); nothing of it was \
                 run. No server writes that by itself: ask the vendor what stands between, and look at {name} at \
                 the source"
            );
        }
    }
    Ok(())
}

/// Whether the SQL is one function with a body of statements (`BEGIN ATOMIC`), in which semicolons end nothing. Where
/// such a body ends, only a server can tell.
#[cfg(test)]
fn has_body(sql: &str) -> bool {
    Statements::of(sql).has_body
}

/// The first words of each statement, in capitals.
struct Statements {
    all: Vec<Vec<String>>,
    has_body: bool,
}

/// Words of a statement that are looked at.
const WORDS: usize = 6;

impl Statements {
    /// Semicolons within parentheses end no statement: a rule has several actions there, and elsewhere a server refuses
    /// the whole text before it runs any of it.
    fn of(sql: &str) -> Self {
        let mut all: Vec<Vec<String>> = Vec::new();
        let (mut words, mut depth) = (Vec::new(), 0_usize);
        let mut has_body = false;
        let mut before = String::new();
        for token in Lexer::new(sql) {
            match (token.kind, token.text) {
                (_, "(") => depth += 1,
                (_, ")") => depth = depth.saturating_sub(1),
                (Kind::Semicolon, _) if depth == 0 => all.push(std::mem::take(&mut words)),
                _ => {}
            }
            if let Some(word) = word(&token) {
                has_body |= before == "BEGIN" && word == "ATOMIC" && is_routine(&words);
                before.clone_from(&word);
                if words.len() < WORDS {
                    words.push(word);
                }
            }
        }
        if !words.is_empty() {
            all.push(words);
        }
        if has_body {
            all.truncate(1);
        }
        Self { all, has_body }
    }

    /// The first word of a statement that is not one of those that make objects.
    fn odd_one<'s>(&self, statement: &'s [String]) -> Option<&'s str> {
        let words: Vec<&str> = statement.iter().map(String::as_str).collect();
        let is_one = match words.as_slice() {
            ["COMMENT", "ON", ..]
            | ["SECURITY", "LABEL", ..]
            | ["REFRESH", "MATERIALIZED", "VIEW", ..] => true,
            ["CREATE" | "ALTER", rest @ ..] => !of_the_whole_server(rest),
            [] => true,
            _ => false,
        };
        (!is_one).then(|| statement.first().map_or("", String::as_str))
    }
}

/// Objects of the server, not of one database; and what reaches other servers or other rights.
fn of_the_whole_server(kind: &[&str]) -> bool {
    matches!(
        kind,
        ["SYSTEM" | "ROLE" | "USER" | "GROUP" | "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
            | ["DEFAULT", "PRIVILEGES", ..]
    )
}

fn is_routine(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE", "FUNCTION" | "PROCEDURE", ..]
            | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..]
    )
}

/// A word that is no name in quotes, in capitals; another piece of SQL stands for itself.
fn word(token: &Token<'_>) -> Option<String> {
    match token.kind {
        Kind::Word => Some(token.text.to_ascii_uppercase()),
        Kind::Space | Kind::LineComment | Kind::BlockComment | Kind::Semicolon => None,
        _ => Some("…".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_objects_may_run() {
        for sql in [
            "CREATE TABLE public.t (\n    id integer\n);\nALTER TABLE ONLY public.t ALTER COLUMN id SET STORAGE PLAIN;",
            "CREATE RULE r AS ON INSERT TO v DO INSTEAD ( INSERT INTO a VALUES (new.id);\n INSERT INTO b VALUES (1);\n);",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql\n BEGIN ATOMIC\n SELECT 1;\n SELECT 2;\nEND;",
            "COMMENT ON TABLE t IS 'x; COPY t TO STDOUT;';",
            "SECURITY LABEL FOR x ON TABLE t IS 'y';",
            "create or replace view v as select 1;",
            "ALTER TABLE ONLY t REPLICA IDENTITY USING INDEX i;",
            "",
        ] {
            refuse_other_statement("TABLE t", sql).unwrap();
        }
    }

    #[test]
    fn everything_else_is_named() {
        for (sql, word) in [
            ("CREATE VIEW v AS SELECT 1; COPY t TO STDOUT;", "COPY"),
            ("CREATE VIEW v AS SELECT ';'; DO $$ $$;", "DO"),
            ("CREATE FUNCTION begin() RETURNS int AS $$ $$; SELECT 1;", "SELECT"),
            ("CREATE TABLE t (); /* */ reset role;", "RESET"),
            ("ALTER SYSTEM SET x = 1;", "ALTER"),
            ("CREATE ROLE r;", "CREATE"),
            ("COMMENT ON TABLE t IS 'a' ; -- b\n TABLE t", "TABLE"),
            ("\"CREATE\" x;", "…"),
        ] {
            let error = refuse_other_statement("VIEW v", sql).unwrap_err().to_string();
            assert!(error.contains(&format!("({word} …)")), "{sql}: {error}");
        }
    }

    #[test]
    fn only_a_routine_has_a_body() {
        assert!(has_body("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT 1; END"));
        assert!(!has_body("CREATE VIEW begin AS SELECT atomic; CREATE FUNCTION f()"));
        assert!(!has_body("CREATE FUNCTION f() AS 'BEGIN ATOMIC'"));
    }
}
