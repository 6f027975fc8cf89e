//! What `pg_restore --verbose` writes for a section, taken apart into its entries.
//!
//! Every entry begins with a comment of several lines, of which the first names the entry's number,
//! catalog and oid (`_printTocEntry` in `pg_backup_archiver.c`). Names, texts and bodies are the
//! vendor's and may hold such lines too: only a comment outside every quoted text counts.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::lexer::{Kind, Lexer, Token};

use super::other_versions::without_bookkeeping;

/// One entry of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DumpedEntry {
    /// Number in the archive's list.
    pub(super) number: u32,
    /// Oid of the catalog, and of the object in it; zeros where it has none.
    pub(super) object: (u32, u32),
    /// Numbers of the entries that it depends on.
    pub(super) needs: Vec<u32>,
    /// Kind of object, e.g. `TABLE`.
    pub(super) kind: String,
    /// Schema; empty where it has none.
    pub(super) schema: String,
    /// Name, as `pg_dump` writes it for people.
    pub(super) name: String,
    /// Its statements.
    pub(super) sql: String,
    /// Tablespace in which it is, as a name in SQL, if it is not the database's own.
    pub(super) tablespace: Option<String>,
    /// Access method of its rows, as a name in SQL, if it is not `heap`.
    pub(super) access_method: Option<String>,
}

/// Takes a section apart.
///
/// Settings of the session are `pg_restore`'s own affair: those at the head are left out (a newer
/// program sets what an older server does not know), and those between entries become properties of
/// the entries behind them.
pub(super) fn split(sql: &str) -> Result<Vec<DumpedEntry>> {
    let mut section = Section::default();
    for token in Lexer::new(sql) {
        section.push(token)?;
    }
    section.finish()
}

#[derive(Default)]
struct Section {
    /// The last one is still being read; the first one is what stands before all entries.
    entries: Vec<EntryText>,
}

/// An entry while it is read.
#[derive(Default)]
struct EntryText {
    entry: DumpedEntry,
    statements: Vec<String>,
    /// The statement that has not ended yet.
    open: String,
    /// Whether the entry's comment is still being read.
    in_comment: bool,
}

impl Section {
    fn push(&mut self, token: Token<'_>) -> Result<()> {
        if self.entries.is_empty() {
            self.entries.push(EntryText::default());
        }
        if token.kind == Kind::LineComment
            && token.begins_line
            && let Some((number, object)) = entry_line(token.text)
        {
            let entry = DumpedEntry { number, object, ..DumpedEntry::default() };
            self.entries.push(EntryText { entry, in_comment: true, ..EntryText::default() });
            return Ok(());
        }
        match self.entries.last_mut() {
            Some(last) => last.push(token),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<Vec<DumpedEntry>> {
        let mut entries = self.entries.into_iter();
        check_head(entries.next().unwrap_or_default())?;
        let (mut tablespace, mut access_method) = (None, None);
        let mut found = Vec::new();
        for mut read in entries {
            read.end_statement();
            read.entry.tablespace.clone_from(&tablespace);
            read.entry.access_method.clone_from(&access_method);
            // Settings for the next entry stand behind this one.
            while let Some(last) = read.statements.last() {
                if let Some(value) = setting(last, "default_tablespace") {
                    tablespace = (value != "''").then(|| value.to_owned());
                } else if let Some(value) = setting(last, "default_table_access_method") {
                    access_method = (value != "heap").then(|| value.to_owned());
                } else {
                    break;
                }
                read.statements.pop();
            }
            let statements = read.statements.into_iter().filter_map(without_bookkeeping);
            read.entry.sql = statements.collect::<Vec<_>>().join("\n");
            found.push(read.entry);
        }
        Ok(found)
    }
}

impl EntryText {
    fn push(&mut self, token: Token<'_>) -> Result<()> {
        match token.kind {
            Kind::Unfinished => {
                bail!("a quoted text in {} has no end", self.place())
            }
            Kind::ClientCommand if is_restrict(token.text) => {}
            Kind::ClientCommand => bail!(
                "{} has a line that psql would take for a command; the client programs are out of \
                 date, or the object's name is broken",
                self.place()
            ),
            Kind::LineComment if self.in_comment => self.push_comment(token.text)?,
            // Comments are pg_restore's own, or say that there is nothing to be made.
            Kind::LineComment => {}
            Kind::Space if self.in_comment || self.open.is_empty() => {}
            _ if self.in_comment => bail!(
                "pg_restore broke the comment of {} in two; update the client programs",
                self.place()
            ),
            Kind::Semicolon => {
                self.open.push(';');
                self.end_statement();
            }
            _ => self.open.push_str(token.text),
        }
        Ok(())
    }

    fn end_statement(&mut self) {
        let statement = std::mem::take(&mut self.open);
        if !statement.trim().is_empty() {
            self.statements.push(statement);
        }
    }

    /// A further line of the entry's comment, which ends with an empty one.
    fn push_comment(&mut self, line: &str) -> Result<()> {
        if line == "--" {
            self.in_comment = false;
        } else if let Some(numbers) = line.strip_prefix("-- Dependencies: ") {
            let numbers: Result<Vec<u32>, _> = numbers.split_whitespace().map(str::parse).collect();
            self.entry.needs =
                numbers.with_context(|| format!("{} has odd dependencies", self.place()))?;
        } else if let Some(name) = line.strip_prefix("-- Name: ") {
            // The name may hold anything; what follows it has no semicolon but in odd schemas.
            let parts = name.rsplit_once("; Owner: ").and_then(|(rest, _)| {
                let (rest, schema) = rest.rsplit_once("; Schema: ")?;
                let (name, kind) = rest.rsplit_once("; Type: ")?;
                Some((name, kind, schema))
            });
            let (name, kind, schema) =
                parts.with_context(|| format!("{} has no name", self.place()))?;
            name.clone_into(&mut self.entry.name);
            kind.clone_into(&mut self.entry.kind);
            if schema != "-" {
                schema.clone_into(&mut self.entry.schema);
            }
        }
        Ok(())
    }

    fn place(&self) -> String {
        format!("entry {} of the source's schema", self.entry.number)
    }
}

/// What stands before all entries may only be settings; texts have to be written as the lexer
/// reads them.
fn check_head(mut head: EntryText) -> Result<()> {
    head.end_statement();
    let mut reads_texts = false;
    for statement in &head.statements {
        reads_texts |= setting(statement, "standard_conforming_strings") == Some("on");
        let is_setting = statement.starts_with("SET ")
            || statement.starts_with("SELECT pg_catalog.set_config('search_path', ");
        if !is_setting {
            bail!("the source's schema begins with a statement that is no setting: {statement}");
        }
    }
    if !reads_texts {
        bail!("pg_restore does not say that it writes standard-conforming strings");
    }
    Ok(())
}

/// `-- TOC entry 217 (class 1259 OID 16515)`: number, catalog and oid.
fn entry_line(line: &str) -> Option<(u32, (u32, u32))> {
    let (number, object) = line.strip_prefix("-- TOC entry ")?.split_once(" (class ")?;
    let (catalog, oid) = object.strip_suffix(')')?.split_once(" OID ")?;
    Some((number.parse().ok()?, (catalog.parse().ok()?, oid.parse().ok()?)))
}

/// The value of `SET name = value;`.
fn setting<'s>(statement: &'s str, name: &str) -> Option<&'s str> {
    let value = statement.strip_prefix("SET ")?.strip_prefix(name)?.strip_prefix(" = ")?;
    Some(value.strip_suffix(';')?.trim())
}

/// `pg_dump` and `pg_restore` protect `psql` from commands with these since August 2025.
fn is_restrict(line: &str) -> bool {
    line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict x1\n\n\
        -- Dumped from database version 18.1\n\nSET statement_timeout = 0;\n\
        SET transaction_timeout = 0;\nSET standard_conforming_strings = on;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\n\n";

    fn entry(number: u32, name: &str, sql: &str) -> String {
        format!(
            "--\n-- TOC entry {number} (class 1259 OID 16{number})\n-- Dependencies: 3 4\n\
             -- Name: {name}; Type: TABLE; Schema: public; Owner: -\n-- Data Pos: 0\n--\n\n{sql}\n\n\n"
        )
    }

    #[test]
    fn texts_that_look_like_entries_are_texts() {
        let fake = "--\n-- TOC entry 9 (class 1259 OID 169)\n-- Name: x; Type: TABLE; Schema: y; \
                    Owner: -\n--\n\\! touch /tmp/x\nSET default_tablespace = fast;\n";
        let statements = [
            format!("COMMENT ON TABLE t IS '\n{fake}';"),
            format!("CREATE TABLE \"\n{fake}\" (a int);"),
            format!("CREATE FUNCTION f() AS $_$\n{fake}$_$;"),
            format!("CREATE FUNCTION g() BEGIN ATOMIC\n SELECT E'\\'\n{fake}';\n SELECT 1;\nEND;"),
        ];
        let text: String = (0..)
            .zip(&statements)
            .map(|(number, sql)| entry(number, "a; Type: VIEW; Schema: b", sql))
            .collect();
        let found = split(&format!("{HEAD}{text}\\unrestrict x1\n")).unwrap();
        assert_eq!(found.len(), statements.len());
        for (entry, sql) in found.iter().zip(&statements) {
            assert_eq!(entry.sql.replace(";\nSELECT", ";\n SELECT"), *sql);
            assert_eq!((entry.kind.as_str(), entry.schema.as_str()), ("TABLE", "public"));
            assert_eq!(entry.name, "a; Type: VIEW; Schema: b");
            assert_eq!((entry.needs.as_slice(), &entry.tablespace), (&[3, 4][..], &None));
        }
    }

    #[test]
    fn settings_between_entries_belong_to_those_behind_them() {
        let text = [
            entry(1, "a", "CREATE TABLE a ();\n\n\nSET default_tablespace = \"fast\nones\";\n\nSET default_table_access_method = heap;"),
            entry(2, "b", "CREATE TABLE b ();\n\nSET default_tablespace = '';\n\nSET default_table_access_method = columnar;"),
            entry(3, "c", "-- *not* creating schema, since initdb creates it"),
        ]
        .concat();
        let found = split(&format!("{HEAD}{text}")).unwrap();
        let of = |at: usize| {
            let entry = &found[at];
            (entry.sql.as_str(), entry.tablespace.as_deref(), entry.access_method.as_deref())
        };
        assert_eq!(of(0), ("CREATE TABLE a ();", None, None));
        assert_eq!(of(1), ("CREATE TABLE b ();", Some("\"fast\nones\""), None));
        assert_eq!(of(2), ("", None, Some("columnar")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, said) in [
            (
                entry(1, "a", "CREATE TABLE a ();\n\\! touch /tmp/x"),
                "psql would take for a command",
            ),
            (entry(1, "a\nDROP TABLE b", "CREATE TABLE a ();"), "has no name"),
            (entry(1, "a", "CREATE TABLE \"a ();"), "has no end"),
            ("CREATE TABLE a ();\n".to_owned(), "no setting"),
        ] {
            let error = split(&format!("{HEAD}{text}")).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(split("SET standard_conforming_strings = off;\n").is_err());
    }
}
