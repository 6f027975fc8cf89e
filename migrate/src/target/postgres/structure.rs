//! Everything but rows between PostgreSQLs: `pg_dump`'s sections, run piece by piece.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use handover_schemas::name::TableName;
use handover_verify::endpoint::PostgresEndpoint;
use handover_verify::postgres::{LEDGER_SCHEMA, Session};
use handover_verify::sql::{ident, qualified};

use super::psql::run;

/// A schema-only `pg_dump` archive of the source.
pub struct Archive<'a> {
    source: &'a PostgresEndpoint,
    path: PathBuf,
    list: Vec<TocEntry>,
    /// What `--restrict-key` needs where the programs know it, so that their output is the same
    /// each time.
    restrict_key: bool,
}

/// One line of `pg_restore --list`.
#[derive(Clone, Debug)]
struct TocEntry {
    line: String,
    /// Catalog and object, e.g. `pg_class` and a table's oid.
    catalog: (String, String),
}

/// Catalog oids that `pg_dump` writes into its table of contents.
const PG_CLASS: &str = "1259";
const PG_CONSTRAINT: &str = "2606";

impl<'a> Archive<'a> {
    /// Runs `pg_dump` under the snapshot, without the tables named.
    pub fn dump(
        source: &'a PostgresEndpoint,
        snapshot: &str,
        without: &[TableName],
        path: PathBuf,
    ) -> Result<Self> {
        let mut command = Command::new("pg_dump");
        command.args(["--schema-only", "--format=custom", "--no-owner", "--no-privileges"]);
        command.args(["--no-publications", "--no-subscriptions", "--lock-wait-timeout=60s"]);
        command.arg(format!("--snapshot={snapshot}"));
        command.arg(format!("--exclude-schema={LEDGER_SCHEMA}"));
        for table in without {
            let pattern = format!("{}.{}", pattern(&table.schema), pattern(&table.name));
            command.arg(format!("--exclude-table={pattern}"));
        }
        command.arg(format!("--dbname={}", source.url()));
        let dumped = run(source, command, "")?.map_err(|message| {
            anyhow::anyhow!("pg_dump cannot read the source's schema: {message}")
        })?;
        std::io::Write::write_all(
            &mut handover_verify::handover_dir::private_file(&path)?,
            &dumped,
        )
        .with_context(|| format!("cannot write {}", path.display()))?;
        let mut archive = Self { source, path, list: Vec::new(), restrict_key: false };
        archive.restrict_key = archive.knows_restrict_key()?;
        archive.list = archive.read_list()?;
        Ok(archive)
    }

    fn knows_restrict_key(&self) -> Result<bool> {
        let mut command = Command::new("pg_restore");
        command.arg("--help");
        let help = run(self.source, command, "")?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&help).contains("--restrict-key"))
    }

    fn read_list(&self) -> Result<Vec<TocEntry>> {
        let mut command = Command::new("pg_restore");
        command.arg("--list").arg(&self.path);
        let list = run(self.source, command, "")?
            .map_err(|message| anyhow::anyhow!("pg_restore cannot list the schema: {message}"))?;
        let list = String::from_utf8_lossy(&list);
        Ok(list
            .lines()
            .filter(|line| !line.starts_with(';') && !line.is_empty())
            .map(|line| {
                let mut words = line.split(' ').skip(1);
                let catalog = (
                    words.next().unwrap_or_default().to_owned(),
                    words.next().unwrap_or_default().to_owned(),
                );
                TocEntry { line: line.to_owned(), catalog }
            })
            .collect())
    }

    /// SQL of one section, for the entries kept.
    fn section(&self, section: &str, lines: &[&str], dir: &Path) -> Result<String> {
        let list = dir.join("toc.list");
        std::fs::write(&list, lines.join("\n") + "\n")
            .with_context(|| format!("cannot write {}", list.display()))?;
        let mut command = Command::new("pg_restore");
        command.args(["--no-owner", "--no-privileges", "-f", "-"]);
        command.arg(format!("--section={section}"));
        if self.restrict_key {
            command.arg("--restrict-key=handover");
        }
        command.arg("-L").arg(&list).arg(&self.path);
        let sql = run(self.source, command, "")?
            .map_err(|message| anyhow::anyhow!("pg_restore cannot write SQL: {message}"))?;
        String::from_utf8(sql).context("the schema's SQL is not valid UTF-8")
    }

    /// Types, functions, tables, views: what has to exist before rows. Objects given by their
    /// oids in `pg_class` are left out.
    pub fn pre_data(&self, without: &BTreeSet<String>, dir: &Path) -> Result<String> {
        let lines: Vec<&str> = self
            .list
            .iter()
            .filter(|entry| !(entry.catalog.0 == PG_CLASS && without.contains(&entry.catalog.1)))
            .map(|entry| entry.line.as_str())
            .collect();
        self.section("pre-data", &lines, dir)
    }

    /// Indexes, constraints, triggers and the rest: one entry each, in order. Constraints given by
    /// their oids are left out.
    pub fn post_data(
        &self,
        keys: &[&KeyIndex],
        without: &BTreeSet<String>,
        dir: &Path,
    ) -> Result<Vec<PostDataEntry>> {
        let built: BTreeSet<(&str, &str)> = keys
            .iter()
            .map(|key| match &key.constraint {
                Some(constraint) => (PG_CONSTRAINT, constraint.oid.as_str()),
                None => (PG_CLASS, key.index_oid.as_str()),
            })
            .collect();
        let mut entries = Vec::new();
        for entry in &self.list {
            let (catalog, oid) = (entry.catalog.0.as_str(), entry.catalog.1.as_str());
            let is_without = catalog == PG_CONSTRAINT && without.contains(oid);
            if is_without || built.contains(&(catalog, oid)) {
                continue;
            }
            let sql = self.section("post-data", &[&entry.line], dir)?;
            if statements_of(&sql) {
                let name = entry.line.split_once("; ").map_or("", |(_, rest)| rest);
                // Numbers of the archive and the catalog change; what they stand for does not.
                let name = name.splitn(3, ' ').nth(2).unwrap_or(name).to_owned();
                entries.push(PostDataEntry { step: format!("post-data {name} {oid}"), name, sql });
            }
        }
        Ok(entries)
    }
}

/// Whether SQL of `pg_restore` holds more than settings and comments.
fn statements_of(sql: &str) -> bool {
    sql.lines().any(|line| {
        let line = line.trim();
        !(line.is_empty()
            || line.starts_with("--")
            || line.starts_with("SET ")
            || line.starts_with('\\')
            || line.starts_with("SELECT pg_catalog.set_config("))
    })
}

/// A name as a `pg_dump` pattern that matches nothing else.
fn pattern(name: &str) -> String {
    ident(name)
}

/// One entry of the post-data section.
#[derive(Clone, Debug)]
pub struct PostDataEntry {
    /// Name of its step in the ledger.
    pub step: String,
    /// Kind and name, for people.
    pub name: String,
    /// Its SQL.
    pub sql: String,
}

impl PostDataEntry {
    /// Whether it may be made at the same time as others: indexes on tables of their own do not
    /// wait for anything else of the section.
    pub fn is_index(&self) -> bool {
        self.name.starts_with("INDEX ") && !self.name.starts_with("INDEX ATTACH")
    }
}

/// The index behind a table's key, built by itself before rows are read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIndex {
    /// Table.
    pub table: TableName,
    /// `CREATE UNIQUE INDEX …`.
    pub definition: String,
    /// The constraint that the index is attached to afterwards.
    pub constraint: Option<KeyConstraint>,
    index_oid: String,
    index_name: String,
}

/// A primary key or unique constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConstraint {
    oid: String,
    name: String,
    kind: &'static str,
    deferrable: &'static str,
}

impl KeyIndex {
    /// The key of a table that does not come from PostgreSQL.
    pub fn translated(table: TableName, name: &str, columns: &[&str], primary: bool) -> Self {
        let list: Vec<String> = columns.iter().map(|column| ident(column)).collect();
        let definition = format!(
            "CREATE UNIQUE INDEX {} ON {} ({})",
            ident(name),
            qualified(&table.schema, &table.name),
            list.join(", ")
        );
        let constraint = primary.then(|| KeyConstraint {
            oid: String::new(),
            name: name.to_owned(),
            kind: "PRIMARY KEY",
            deferrable: "",
        });
        let index_name = name.to_owned();
        Self { table, definition, constraint, index_oid: String::new(), index_name }
    }

    /// Name of the index.
    pub fn index_name(&self) -> &str {
        &self.index_name
    }

    /// Attaches the index to its constraint.
    pub fn attach_statement(&self) -> Option<String> {
        let constraint = self.constraint.as_ref()?;
        Some(format!(
            "ALTER TABLE ONLY {} ADD CONSTRAINT {} {} USING INDEX {}{};",
            qualified(&self.table.schema, &self.table.name),
            ident(&constraint.name),
            constraint.kind,
            ident(&self.index_name),
            constraint.deferrable
        ))
    }
}

/// The key indexes of the source's plain tables. Partitioned tables have theirs made by the
/// post-data section, and so do tables whose key index carries a further property, or is one that
/// no CREATE INDEX makes (WITHOUT OVERLAPS).
pub fn key_indexes(session: &mut Session) -> Result<BTreeMap<TableName, Vec<(String, KeyIndex)>>> {
    let rows = session.query(
        "SELECT n.nspname, c.relname, x.relname, x.oid::text, pg_get_indexdef(x.oid), k.oid::text, \
                k.conname, k.contype::text, k.condeferrable, k.condeferred \
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') \
         WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
           AND c.relkind = 'r' AND NOT c.relispartition AND NOT i.indisclustered \
           AND NOT i.indisreplident AND NOT i.indisexclusion AND n.nspname !~ '^pg_' \
           AND n.nspname NOT IN ('information_schema', 'handover') \
         ORDER BY 1, 2, 3",
    )?;
    let mut keys: BTreeMap<TableName, Vec<(String, KeyIndex)>> = BTreeMap::new();
    for row in rows {
        let [Some(schema), Some(table), Some(index), Some(oid), Some(definition), rest @ ..] =
            row.as_slice()
        else {
            bail!("the catalog gave an incomplete row for an index");
        };
        let constraint = match rest {
            [Some(oid), Some(name), Some(kind), deferrable, deferred] => Some(KeyConstraint {
                oid: oid.clone(),
                name: name.clone(),
                kind: if kind == "p" { "PRIMARY KEY" } else { "UNIQUE" },
                deferrable: match (deferrable.as_deref(), deferred.as_deref()) {
                    (_, Some("t")) => " DEFERRABLE INITIALLY DEFERRED",
                    (Some("t"), _) => " DEFERRABLE",
                    _ => "",
                },
            }),
            _ => None,
        };
        let table = TableName::new(schema, table);
        let key = KeyIndex {
            table: table.clone(),
            definition: definition.clone(),
            constraint,
            index_oid: oid.clone(),
            index_name: index.clone(),
        };
        keys.entry(table).or_default().push((index.clone(), key));
    }
    Ok(keys)
}
