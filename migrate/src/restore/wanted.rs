//! What somebody searches an archive for.

use anyhow::{Context, Result, bail};
use handover_schemas::archive::loose::{self, Birth, Match};
use handover_schemas::archive::manifest::{ArchiveManifest, ArchivedTable};
use handover_schemas::archive::normal;
use handover_schemas::archive::search::{IndexKey, Tag};
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
    /// Rows with one of these identity numbers: those that one person has, or had.
    IdentityNumber(Vec<String>),
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
    pub(super) fn tags(&self, key: &IndexKey, manifest: &ArchiveManifest) -> Result<Vec<Tag>> {
        match self {
            Self::Key { table, key: values } => {
                let (_, table) = archived_table(manifest, table)?;
                check_key(table, values)?;
                Ok(vec![key.key(&table.name, &borrowed(values))])
            }
            Self::IdentityNumber(numbers) => numbers
                .iter()
                .map(|one| key.identity(one).context("an identity number has letters or digits"))
                .collect(),
            Self::Phone(number) => {
                Ok(vec![key.phone(number).context("a telephone number has digits")?])
            }
            Self::NameAndBirth { name, birth_date } => {
                if normal::name(name).is_none() || Birth::read(birth_date).is_none() {
                    bail!(
                        "a name has letters, and a birth date is YYYY-MM-DD, DD/MM/YYYY or a year"
                    );
                }
                Ok(key.name_and_birth(name, birth_date).into_iter().collect())
            }
        }
    }

    /// What stands in the index for it and for its looser forms, in which somebody else may be meant.
    pub(super) fn loose_tags(
        &self,
        key: &IndexKey,
        manifest: &ArchiveManifest,
    ) -> Result<Vec<Tag>> {
        let mut tags = self.tags(key, manifest)?;
        match self {
            Self::Key { .. } => {}
            Self::IdentityNumber(numbers) => {
                let forms = numbers.iter().flat_map(|number| loose::identity_number_forms(number));
                tags.extend(forms.filter_map(|form| key.identity(&form)));
            }
            Self::Phone(number) => {
                tags.extend(loose::phone_forms(number).iter().filter_map(|form| key.phone(form)));
            }
            Self::NameAndBirth { name, birth_date } => {
                let forms = Birth::read(birth_date).map(Birth::forms).unwrap_or_default();
                tags.extend(forms.iter().filter_map(|form| key.name_and_birth(name, form)));
            }
        }
        Ok(tags)
    }

    /// Whether it is searched for in the columns by which people are found.
    pub fn is_of_a_person(&self) -> bool {
        !matches!(self, Self::Key { .. })
    }

    /// How a row is what is searched for: a tag has few bytes, the row itself decides.
    pub(super) fn matches(
        &self,
        manifest: &ArchiveManifest,
        table: &ArchivedTable,
        line: &[u8],
    ) -> Result<Option<Match>> {
        if let Self::Key { table: name, key } = self {
            let is = is_named(&table.name, name)
                && texts(line, &table.key)?.is_some_and(|found| found == *key);
            return Ok(is.then_some(Match::Exact));
        }
        let column = |column: &Option<String>| -> Result<String> {
            let at = column.as_ref().and_then(|name| table.column(name));
            Ok(at.map(|at| text(line, at)).transpose()?.flatten().unwrap_or_default())
        };
        let mut best = None;
        for by in manifest.search.iter().filter(|one| is_named(&table.name, &one.table)) {
            let found = match self {
                Self::Key { .. } => None,
                Self::IdentityNumber(numbers) => {
                    let stored = column(&by.identity_number)?;
                    numbers.iter().filter_map(|one| loose::identity_number(one, &stored)).min()
                }
                Self::Phone(number) => loose::phone(number, &column(&by.phone)?),
                Self::NameAndBirth { name, birth_date } => {
                    let (stored, born) = (column(&by.name)?, column(&by.birth_date)?);
                    let same =
                        normal::name(name).is_some() && normal::name(name) == normal::name(&stored);
                    same.then(|| Birth::compare(birth_date, &born)).flatten()
                }
            };
            best = [best, found].into_iter().flatten().min();
        }
        Ok(best)
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

pub(super) fn is_named(name: &TableName, written: &str) -> bool {
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
