//! The entries of an archive's index, made from its rows: when an archive is written, and once more
//! when it is checked.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_engine::sort::{Sorted, Sorter};
use handover_schemas::archive::index::{ENTRY_LEN, Entry, Location};
use handover_schemas::archive::manifest::{ArchivedColumn, ParentLink};
use handover_schemas::archive::search::{IndexKey, Tag};
use handover_schemas::config::SearchColumns;
use handover_schemas::name::TableName;
use handover_schemas::value::field_text;

/// Entries kept in memory before they are spilled.
const SORT_MEMORY: usize = 32 * 1024 * 1024;

/// What of a table's rows goes into the index, by positions of columns.
pub struct TableTags {
    name: TableName,
    /// How many columns the table has.
    columns: usize,
    key: Vec<usize>,
    identity: Option<usize>,
    phone: Option<usize>,
    name_and_birth: Option<(usize, usize)>,
    parents: Vec<(Vec<String>, Vec<usize>)>,
}

impl TableTags {
    /// Of a table with these columns, key and references; `search` are the entries about it.
    pub fn new(
        name: &TableName,
        columns: &[ArchivedColumn],
        key: &[usize],
        parents: &[ParentLink],
        search: &[SearchColumns],
    ) -> Result<Self> {
        let position = |column: &String| {
            columns
                .iter()
                .position(|known| known.name == *column)
                .with_context(|| format!("{name} has no column {column:?}, which the rule names"))
        };
        let mut tags = Self {
            name: name.clone(),
            columns: columns.len(),
            key: key.to_vec(),
            identity: None,
            phone: None,
            name_and_birth: None,
            parents: Vec::new(),
        };
        for search in search {
            let place = |column: &Option<String>| column.as_ref().map(position).transpose();
            tags.identity = place(&search.identity_number)?.or(tags.identity);
            tags.phone = place(&search.phone)?.or(tags.phone);
            let pair = place(&search.name)?.zip(place(&search.birth_date)?);
            tags.name_and_birth = pair.or(tags.name_and_birth);
        }
        for link in parents {
            let places: Result<Vec<usize>> = link.columns.iter().map(position).collect();
            tags.parents.push((link.columns.clone(), places?));
        }
        Ok(tags)
    }

    /// The tags of a row.
    fn of(&self, key: &IndexKey, line: &[u8]) -> Result<Vec<Tag>> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut fields = Vec::with_capacity(self.columns);
        fields.extend(line.split(|byte| *byte == b'\t'));
        let texts = |places: &[usize]| -> Result<Option<Vec<String>>> {
            places.iter().map(|at| text(&fields, *at)).collect()
        };
        let mut tags = Vec::new();
        let Some(own) = texts(&self.key)? else {
            bail!("a row of {} has no key", self.name);
        };
        tags.push(key.key(&self.name, &borrowed(&own)));
        if let Some(at) = self.identity
            && let Some(number) = text(&fields, at)?
        {
            tags.extend(key.identity(&number));
        }
        if let Some(at) = self.phone
            && let Some(number) = text(&fields, at)?
        {
            tags.extend(key.phone(&number));
        }
        if let Some((name, birth)) = self.name_and_birth
            && let Some((name, birth)) = text(&fields, name)?.zip(text(&fields, birth)?)
        {
            tags.extend(key.name_and_birth(&name, &birth));
        }
        for (columns, places) in &self.parents {
            if let Some(values) = texts(places)? {
                tags.push(key.parent(&self.name, &borrowed(columns), &borrowed(&values)));
            }
        }
        Ok(tags)
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The unescaped text of a field; `None` for NULL, and for what is no text (a SQLite file takes any
/// bytes), by which nobody searches.
fn text(fields: &[&[u8]], at: usize) -> Result<Option<String>> {
    let field = fields.get(at).context("a row has fewer fields than columns")?;
    Ok(field_text(field)?)
}

/// Entries as they come.
pub struct IndexEntries {
    key: IndexKey,
    sorter: Sorter,
    count: u64,
}

impl IndexEntries {
    /// None yet; they are spilled into this folder, into files without a name.
    pub fn new(key: IndexKey, spill_dir: &Path) -> Self {
        Self { key, sorter: Sorter::new(spill_dir, SORT_MEMORY), count: 0 }
    }

    /// Takes the entries of a row.
    pub fn row(&mut self, tags: &TableTags, line: &[u8], location: Location) -> Result<()> {
        for tag in tags.of(&self.key, line)? {
            let entry = Entry { tag, location }.to_bytes();
            self.sorter.push(&entry, b"").context("cannot sort the index")?;
            self.count += 1;
        }
        Ok(())
    }

    /// How many there are; a row with the same value in two columns has one of them twice.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them in order.
    pub fn sorted(self) -> Result<SortedEntries> {
        let sorted = self.sorter.finish().context("cannot sort the index")?;
        Ok(SortedEntries { sorted, last: None })
    }
}

/// Entries in the order of their bytes, none twice.
pub struct SortedEntries {
    sorted: Sorted,
    last: Option<[u8; ENTRY_LEN]>,
}

impl SortedEntries {
    /// The next one; `None` after the last.
    pub fn next_entry(&mut self) -> Result<Option<[u8; ENTRY_LEN]>> {
        while let Some((entry, _)) = self.sorted.next().context("cannot sort the index")? {
            let entry: &[u8; ENTRY_LEN] = entry.try_into().context("an index entry was cut")?;
            if self.last != Some(*entry) {
                self.last = Some(*entry);
                return Ok(self.last);
            }
        }
        Ok(None)
    }
}
