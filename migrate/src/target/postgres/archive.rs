//! Everything but rows between PostgreSQLs: what `pg_dump` knows of the source, entry by entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::sqlite::ObjectKind;
use handover_schemas::digest::Digest;
use handover_schemas::name::TableName;

use super::client_program::run;
use super::client_release::{refuse_early, refuse_to_tell_strangers};
use super::dump_text::{DumpedEntry, split};

/// Oids of catalogs, as `pg_dump` writes them into its list.
pub const PG_CLASS: u32 = 1259;
/// The catalog of constraints.
pub const PG_CONSTRAINT: u32 = 2606;

/// The entries of a schema-only archive.
pub struct Archive {
    /// Types, functions, tables, views: what has to exist before rows.
    pub pre_data: Vec<SchemaEntry>,
    /// Indexes, constraints, triggers and the rest.
    pub post_data: Vec<SchemaEntry>,
    /// Digest of the archive's file.
    pub digest: Digest,
}

/// Something to be made in the target.
#[derive(Clone, Debug, Default)]
pub struct SchemaEntry {
    /// Name of its step in the ledger.
    pub step: String,
    /// Kind and name, for people.
    pub name: String,
    /// Its SQL.
    pub sql: String,
    /// Kind, e.g. `TABLE`.
    pub kind: String,
    /// What a statement of a SQLite source's own makes, and its name; its SQL is that statement alone.
    pub of_file: Option<(ObjectKind, String)>,
    /// Schema and name of a table.
    pub table: Option<TableName>,
    /// Catalog and oid at the source.
    pub object: (u32, u32),
    /// Tablespace, as a name in SQL.
    pub tablespace: Option<String>,
    number: u32,
    needs: Vec<u32>,
    access_method: Option<String>,
}

impl SchemaEntry {
    /// An entry that no archive has, to be made after the rows.
    pub fn new(kind: &str, name: &str, sql: String) -> Self {
        let name = format!("{kind} {name}");
        let step = format!("post-data {name}");
        Self { step, name, sql, kind: kind.to_owned(), ..Self::default() }
    }

    /// What is written into a SQLite file after the rows.
    pub fn of_file(name: String, sql: String) -> Self {
        Self { step: format!("post-data {name}"), name, sql, ..Self::default() }
    }

    /// An object of a SQLite source, to be made after the rows by its own statement.
    pub fn of_file_object(kind: ObjectKind, name: String, sql: String) -> Self {
        Self { of_file: Some((kind, name.clone())), ..Self::of_file(name, sql) }
    }

    /// A table of a SQLite source, to be made by its own statement.
    pub fn of_file_table(table: TableName, sql: String) -> Self {
        Self {
            of_file: Some((ObjectKind::Table, table.name.clone())),
            ..Self::of_table(table, sql)
        }
    }

    /// A table that no archive has.
    pub fn of_table(table: TableName, sql: String) -> Self {
        let name = format!("TABLE {table}");
        let step = format!("pre-data {name}");
        Self { step, name, sql, kind: "TABLE".to_owned(), table: Some(table), ..Self::default() }
    }

    /// Its SQL for a transaction in which everything else goes to the database's own tablespace.
    pub fn statements(&self) -> String {
        let settings = [
            ("default_tablespace", &self.tablespace, "''"),
            ("default_table_access_method", &self.access_method, "heap"),
        ];
        let chosen = || {
            settings.iter().filter_map(|(name, value, usual)| Some((name, value.as_ref()?, usual)))
        };
        let mut sql = String::new();
        for (name, value, _) in chosen() {
            sql.push_str(&format!("SET LOCAL {name} = {value};\n"));
        }
        sql.push_str(self.sql.trim());
        for (name, _, usual) in chosen() {
            sql.push_str(&format!("\nSET LOCAL {name} = {usual};"));
        }
        sql
    }

    /// Its number in the archive, if it comes from there.
    pub fn number(&self) -> Option<u32> {
        (self.number != 0).then_some(self.number)
    }

    /// Numbers of the entries that have to be there before it.
    pub fn needs(&self) -> impl Iterator<Item = u32> + '_ {
        self.needs.iter().copied()
    }

    /// The same entry, which needs another one.
    #[must_use]
    pub fn needing(mut self, other: Option<&Self>) -> Self {
        self.needs.extend(other.and_then(Self::number));
        self
    }

    /// Whether it makes a function, procedure or aggregate.
    pub fn is_routine(&self) -> bool {
        matches!(self.kind.as_str(), "FUNCTION" | "PROCEDURE" | "AGGREGATE")
    }

    /// Whether it takes no longer if there are more rows.
    pub fn is_quick(&self) -> bool {
        !matches!(
            self.kind.as_str(),
            "INDEX"
                | "CONSTRAINT"
                | "CHECK CONSTRAINT"
                | "FK CONSTRAINT"
                | "MATERIALIZED VIEW DATA"
                | "IDENTITY"
        )
    }

    /// Whether it says something of another object, and is nothing without it.
    fn is_part(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "COMMENT"
                | "SECURITY LABEL"
                | "SEQUENCE OWNED BY"
                | "INDEX"
                | "INDEX ATTACH"
                | "RULE"
                | "TRIGGER"
                | "STATISTICS"
                | "CONSTRAINT"
                | "POLICY"
                | "ROW SECURITY"
        )
    }

    /// Whether it may take rights that only the account has, and runs nothing: not when it is made, and not later, as
    /// a cast or an event trigger would in the middle of our own statements.
    pub fn may_need_account(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "EXTENSION" | "COMMENT" | "SECURITY LABEL" | "PROCEDURAL LANGUAGE"
        )
    }

    /// Whether it acts on what is made after it.
    pub fn is_event_trigger(&self) -> bool {
        self.kind == "EVENT TRIGGER" || self.name.starts_with("COMMENT ON EVENT TRIGGER ")
    }
}

/// Leaves out entries, and what is part of them.
pub fn without(
    entries: Vec<SchemaEntry>,
    gone: &mut BTreeSet<u32>,
    is_gone: impl Fn(&SchemaEntry) -> bool,
) -> Vec<SchemaEntry> {
    let mut kept = Vec::new();
    for entry in entries {
        if is_gone(&entry)
            || (entry.is_part() && entry.needs.iter().any(|number| gone.contains(number)))
        {
            gone.insert(entry.number);
        } else {
            kept.push(entry);
        }
    }
    kept
}

/// Runs `pg_dump` under the snapshot, without the tables that fit these patterns; gives its archive.
pub fn dump(source: &PostgresEndpoint, snapshot: &str, without: &[String]) -> Result<Vec<u8>> {
    let release = refuse_early("pg_dump")?;
    refuse_to_tell_strangers(source, release)?;
    let mut command = Command::new("pg_dump");
    command.args(["--schema-only", "--format=custom", "--no-owner", "--no-privileges"]);
    command.args(["--no-publications", "--no-subscriptions", "--lock-wait-timeout=60s"]);
    command.arg(format!("--snapshot={snapshot}"));
    for pattern in without {
        command.arg(format!("--exclude-table={pattern}"));
    }
    run(source, command)?
        .map_err(|message| anyhow::anyhow!("pg_dump cannot read the source's schema: {message}"))
}

impl Archive {
    /// Reads an archive that [`dump`] gave.
    pub fn read(source: &PostgresEndpoint, path: PathBuf) -> Result<Self> {
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        refuse_early("pg_restore")?;
        let digest = Digest::of(&bytes);
        let reading = Reading { source, path };
        let mut list = reading.list()?;
        let pre_data = reading.section("pre-data", &mut list)?;
        let post_data = reading.section("post-data", &mut list)?;
        if let Some((number, listed)) = list.into_iter().next() {
            bail!(
                "pg_restore lists entry {number} of the source's schema ({}) and does not write it",
                listed.title
            );
        }
        Ok(Self { pre_data, post_data, digest })
    }
}

struct Reading<'a> {
    source: &'a PostgresEndpoint,
    path: PathBuf,
}

/// A line of `pg_restore --list`.
struct Listed {
    object: (u32, u32),
    /// Kind, schema, name and owner.
    title: String,
}

impl Reading<'_> {
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("pg_restore");
        command.args(arguments).arg(&self.path);
        let output = run(self.source, command)?
            .map_err(|message| anyhow::anyhow!("pg_restore cannot read the schema: {message}"))?;
        String::from_utf8(output).context("the schema is not valid UTF-8")
    }

    /// The entries by their numbers.
    fn list(&self) -> Result<BTreeMap<u32, Listed>> {
        let text = self.run(&["--list"])?;
        let lines = text.lines().filter(|line| !line.starts_with(';') && !line.is_empty());
        lines
            .map(|line| {
                let listed = listed(line);
                listed
                    .with_context(|| format!("pg_restore lists an entry in an unknown way: {line}"))
            })
            .collect()
    }

    /// The entries of one section that are something to be made. Each has to be in the list, and is
    /// taken off it: nothing is lost, and nothing comes in from elsewhere.
    fn section(&self, section: &str, list: &mut BTreeMap<u32, Listed>) -> Result<Vec<SchemaEntry>> {
        let section_argument = format!("--section={section}");
        let text = self.run(&[
            "--verbose",
            "--no-owner",
            "--no-privileges",
            "-f",
            "-",
            &section_argument,
        ])?;
        let mut entries = Vec::new();
        for dumped in split(&text)? {
            let number = dumped.number;
            match list.remove(&number) {
                Some(listed) if listed.object == dumped.object => {
                    if !dumped.sql.is_empty() {
                        entries.push(entry(section, dumped, &listed));
                    }
                }
                _ => bail!(
                    "pg_restore writes an entry {number} of the source's schema that it does not list"
                ),
            }
        }
        Ok(entries)
    }
}

/// `217; 1259 16515 TABLE public t postgres`
fn listed(line: &str) -> Option<(u32, Listed)> {
    let (number, rest) = line.split_once("; ")?;
    let mut words = rest.splitn(3, ' ');
    let (catalog, oid, title) = (words.next()?, words.next()?, words.next()?);
    let object = (catalog.parse().ok()?, oid.parse().ok()?);
    Some((number.parse().ok()?, Listed { object, title: title.to_owned() }))
}

fn entry(section: &str, dumped: DumpedEntry, listed: &Listed) -> SchemaEntry {
    let DumpedEntry { number, object, needs, kind, schema, name, sql, tablespace, access_method } =
        dumped;
    let table = (kind == "TABLE").then(|| TableName::new(&schema, &name));
    let shown = match kind.as_str() {
        "COMMENT" if schema.is_empty() => format!("COMMENT ON {name}"),
        "COMMENT" => format!("COMMENT ON {name} of {schema}"),
        _ if schema.is_empty() => format!("{kind} {name}"),
        _ => format!("{kind} {schema}.{name}"),
    };
    SchemaEntry {
        // Numbers of the archive change; what they stand for does not.
        step: format!("{section} {} {}", listed.title, object.1),
        name: shown,
        sql,
        kind,
        of_file: None,
        table,
        object,
        tablespace,
        number,
        needs,
        access_method,
    }
}
