//! Which statements an entry of the source's schema may hold.
//!
//! `pg_dump` builds its statements around texts that the source's server gives: definitions of views, indexes and
//! functions. A server that lies gives texts that end a statement and begin another one. What reaches the target is
//! therefore looked at: only statements that make, change or describe objects of one database.

use anyhow::{Result, bail};
use handover_engine::postgres::lexer::{Kind, Lexer, Token};
use handover_engine::postgres::{Refused, Session};

use super::archive::SchemaEntry;

/// Refuses SQL that does anything else than to make, change or describe objects of this database. `name` is what it
/// makes.
pub fn refuse_other_statement(name: &str, sql: &str) -> Result<()> {
    let Some(word) = odd_word(sql) else { return Ok(()) };
    bail!(
        "{name}: the source's schema has a statement there that makes no object ({word} …); nothing of it was run. No \
         server writes that by itself: ask the vendor what stands between, and look at {name} at the source"
    )
}

/// Refuses a routine with a body of statements (`BEGIN ATOMIC`) that is more than one statement: where such a body ends,
/// only a server can tell.
pub fn refuse_more_than_a_routine(session: &mut Session, entry: &SchemaEntry) -> Result<()> {
    if !entry.is_routine() || !entry.sql.contains("BEGIN ATOMIC") {
        return Ok(());
    }
    // pg_dump writes one more statement behind a routine that depends on an extension.
    let depends = entry.sql.rsplit_once("\nALTER ");
    let routine = match depends {
        Some((routine, rest)) if rest.contains(" DEPENDS ON EXTENSION ") => routine,
        _ => entry.sql.as_str(),
    };
    let read = session.read_as_one_statement(routine.trim().trim_end_matches(';'));
    match read {
        Err(error) if error.downcast_ref().is_some_and(Refused::is_of_several_statements) => bail!(
            "{}: what stands there is more than one statement for the target's server; nothing of it was run. No server \
             writes that by itself: ask the vendor what stands between",
            entry.name
        ),
        // What it does not know, such as words of a newer release, it refuses as a whole later.
        Err(error) if error.is::<Refused>() => Ok(()),
        read => read,
    }
}

/// Words of a statement that are looked at.
const WORDS: usize = 6;

/// The first word of a statement that is not one of those that make objects.
///
/// Semicolons within parentheses end no statement: a rule has several actions there, and elsewhere a server refuses the
/// whole text before it runs any of it. Those in the body of a routine (`BEGIN ATOMIC`) end one of the body's.
fn odd_word(sql: &str) -> Option<String> {
    let (mut words, mut depth, mut in_body) = (Vec::new(), 0_usize, false);
    let mut before = String::new();
    for token in Lexer::new(sql) {
        match (token.kind, token.text) {
            (Kind::Other, "(") => depth += 1,
            (Kind::Other, ")") => depth = depth.saturating_sub(1),
            (Kind::Semicolon, _) if depth == 0 => {
                if !may_run(&words, in_body) {
                    return words.into_iter().next();
                }
                words.clear();
            }
            _ => {}
        }
        let Some(word) = word(&token) else { continue };
        if before == "BEGIN" && word == "ATOMIC" && is_routine(&words) {
            in_body = true;
        }
        before.clone_from(&word);
        if words.len() < WORDS {
            words.push(word);
        }
    }
    if may_run(&words, in_body) { None } else { words.into_iter().next() }
}

/// Whether nothing stands behind the first semicolon of a text. Of one with a body of statements it is not true.
pub(super) fn is_one_statement(sql: &str) -> bool {
    let mut rest = Lexer::new(sql).skip_while(|token| token.kind != Kind::Semicolon).skip(1);
    rest.all(|token| matches!(token.kind, Kind::Space | Kind::LineComment | Kind::BlockComment))
}

fn may_run(statement: &[String], in_body: bool) -> bool {
    let words: Vec<&str> = statement.iter().map(String::as_str).collect();
    match words.as_slice() {
        []
        | ["COMMENT", "ON", ..]
        | ["SECURITY", "LABEL", ..]
        | ["REFRESH", "MATERIALIZED", "VIEW", ..]
        | ["CREATE", "USER", "MAPPING", ..] => true,
        ["CREATE" | "ALTER", rest @ ..] => !is_of_the_whole_server(rest),
        [
            "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "WITH" | "VALUES" | "RETURN"
            | "END",
            ..,
        ] => in_body,
        _ => false,
    }
}

/// Objects of the server, not of one database; and what is done to rights.
fn is_of_the_whole_server(kind: &[&str]) -> bool {
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
            "CREATE USER MAPPING FOR postgres SERVER s OPTIONS (\"user\" 'x');",
            "ALTER TABLE ONLY t REPLICA IDENTITY USING INDEX i;",
            "",
        ] {
            refuse_other_statement("TABLE t", sql).unwrap();
        }
    }

    #[test]
    fn one_statement_is_told_from_several() {
        for (sql, is_one) in [
            ("CREATE EXTENSION x;", true),
            ("COMMENT ON EXTENSION x IS 'a; b';\n-- c", true),
            ("CREATE EXTENSION x; CREATE TABLE t ();", false),
            ("CREATE EXTENSION x;;", false),
        ] {
            assert_eq!(is_one_statement(sql), is_one, "{sql}");
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
            (
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COPY t TO STDOUT; END;",
                "COPY",
            ),
            ("CREATE VIEW begin AS SELECT 1 AS atomic; SELECT 1;", "SELECT"),
        ] {
            let error = refuse_other_statement("VIEW v", sql).unwrap_err().to_string();
            assert!(error.contains(&format!("({word} …)")), "{sql}: {error}");
        }
    }
}
