//! What somebody searches an archive for.

use anyhow::{Context, Result, bail};
use handover_schemas::archive::manifest::{ArchiveManifest, ArchivedTable};
use handover_schemas::archive::normal;
use handover_schemas::archive::search::{IndexKey, Tag};
use handover_schemas::config::SearchColumns;
use handover_schemas::name::TableName;

use super::fields::{borrowed, text, texts};

/// An archive has no rows of a table: it is no place to look for one.
#[derive(Debug, thiserror::Error)]
#[error("the archive has no table {written:?}; it has {names}")]
pub struct NoSuchTable {
    written: String,
    names: String,
}

/// What is searched for. It is never shown: it may be a person's number or name.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The row of a table with this key.
    Key {
        /// The table, `schema.name`.
        table: String,
        /// The canonical text of each column of the key, in the key's order.
        key: Vec<String>,
    },
    /// Rows with this identity number.
    IdentityNumber(String),
    /// Rows with this telephone number.
    Phone(String),
    /// Rows with this name and this birth date.
    NameAndBirth {
        /// The name, with or without marks.
        name: String,
        /// The birth date, or its year.
        birth_date: String,
    },
}

impl Wanted {
    /// What stands for it in the index.
    pub(super) fn tag(&self, key: &IndexKey, manifest: &ArchiveManifest) -> Result<Tag> {
        match self {
            Self::Key { table, key: values } => {
                let (_, table) = archived_table(manifest, table)?;
                check_key(table, values)?;
                Ok(key.key(&table.name, &borrowed(values)))
            }
            Self::IdentityNumber(number) => {
                key.identity(number).context("an identity number has letters or digits")
            }
            Self::Phone(number) => key.phone(number).context("a telephone number has digits"),
            Self::NameAndBirth { name, birth_date } => {
                key.name_and_birth(name, birth_date).context(
                    "a name has letters, and a birth date is YYYY-MM-DD, DD/MM/YYYY or a year",
                )
            }
        }
    }

    /// Whether a row is what is searched for: a tag has few bytes, the row itself decides.
    pub(super) fn is(
        &self,
        manifest: &ArchiveManifest,
        table: &ArchivedTable,
        line: &[u8],
    ) -> Result<bool> {
        let column = |column: &Option<String>| -> Result<Option<String>> {
            let at = column.as_ref().and_then(|name| table.column(name));
            Ok(at.map(|at| text(line, at)).transpose()?.flatten())
        };
        let mut by = manifest.search.iter().filter(|one| is_named(&table.name, &one.table));
        let mut any = |holds: &dyn Fn(&SearchColumns) -> Result<bool>| {
            by.try_fold(false, |found, one| Ok(found || holds(one)?))
        };
        let same = |form: fn(&str) -> Option<String>, found: Option<String>, wanted: &str| {
            let found = found.and_then(|found| form(&found));
            found.is_some() && found == form(wanted)
        };
        match self {
            Self::Key { table: name, key } => Ok(is_named(&table.name, name)
                && texts(line, &table.key)?.is_some_and(|found| found == *key)),
            Self::IdentityNumber(number) => any(&|one: &SearchColumns| {
                Ok(same(normal::identity_number, column(&one.identity_number)?, number))
            }),
            Self::Phone(number) => {
                any(&|one: &SearchColumns| Ok(same(normal::phone, column(&one.phone)?, number)))
            }
            Self::NameAndBirth { name, birth_date } => any(&|one: &SearchColumns| {
                Ok(same(normal::name, column(&one.name)?, name)
                    && same(normal::birth_date, column(&one.birth_date)?, birth_date))
            }),
        }
    }
}

/// The table of an archive that is written so. `public` of PostgreSQL and `main` of SQLite are the
/// same place.
pub(super) fn archived_table<'m>(
    manifest: &'m ArchiveManifest,
    written: &str,
) -> Result<(usize, &'m ArchivedTable)> {
    let found = manifest.tables.iter().enumerate().find(|(_, one)| is_named(&one.name, written));
    let names = || manifest.tables.iter().map(|table| table.name.to_string()).collect::<Vec<_>>();
    Ok(found.ok_or_else(|| NoSuchTable { written: written.into(), names: names().join(", ") })?)
}

fn is_named(name: &TableName, written: &str) -> bool {
    let logical = |schema: &str| if schema == "main" { "public".to_owned() } else { schema.into() };
    written.split_once('.').is_some_and(|(schema, table)| {
        logical(schema) == logical(&name.schema) && table == name.name
    })
}

fn check_key(table: &ArchivedTable, values: &[String]) -> Result<()> {
    if table.key.len() == values.len() {
        return Ok(());
    }
    let columns = table.key.iter().filter_map(|at| table.columns.get(*at));
    let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    bail!(
        "the key of {} is {}; give a value for each of these columns, in this order, and no more",
        table.name,
        names.join(", ")
    );
}
