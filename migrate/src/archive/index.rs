//! The search index of an archive, gathered row by row.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_schemas::archive::index::{ENTRY_LEN, Entry, Location, ShardSplit, shard_bits_for};
use handover_schemas::archive::manifest::{ArchivedColumn, IndexInfo, ParentLink};
use handover_schemas::archive::search::{IndexKey, Tag};
use handover_schemas::config::SearchColumns;
use handover_schemas::name::TableName;
use handover_schemas::value::unescape;
use handover_verify::sort::Sorter;

/// Entries kept in memory before they are spilled.
const SORT_MEMORY: usize = 32 * 1024 * 1024;

/// What of a table's rows goes into the index, by positions of columns.
pub(super) struct TableTags {
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
    pub(super) fn new(
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
    Ok(unescape(field)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Entries as they come.
pub(super) struct IndexBuilder {
    key: IndexKey,
    sorter: Sorter,
    entries: u64,
}

impl IndexBuilder {
    pub(super) fn new(key: &[u8; 32], spill_dir: &Path) -> Self {
        let sorter = Sorter::new(spill_dir, SORT_MEMORY);
        Self { key: IndexKey::new(key), sorter, entries: 0 }
    }

    /// Takes a row.
    pub(super) fn row(&mut self, tags: &TableTags, line: &[u8], location: Location) -> Result<()> {
        for tag in tags.of(&self.key, line)? {
            let entry = Entry { tag, location }.to_bytes();
            self.sorter.push(&entry, b"").context("cannot sort the index")?;
            self.entries += 1;
        }
        Ok(())
    }

    /// Gives the files of the index, in order: name and bytes.
    pub(super) fn finish(
        self,
        mut each: impl FnMut(String, Vec<u8>) -> Result<()>,
    ) -> Result<IndexInfo> {
        let shard_bits = shard_bits_for(self.entries);
        let mut split = ShardSplit::new(shard_bits);
        let mut sorted = self.sorter.finish().context("cannot sort the index")?;
        let (mut current, mut bytes, mut entries) = (None, Vec::new(), 0);
        let mut last = [0; ENTRY_LEN];
        while let Some((entry, _)) = sorted.next().context("cannot sort the index")? {
            let entry: &[u8; ENTRY_LEN] = entry.try_into().context("an index entry was cut")?;
            // Two columns of a row may hold the same.
            if entries > 0 && *entry == last {
                continue;
            }
            last = *entry;
            let name = split.place(Entry::from_bytes(entry))?;
            if current.is_some_and(|current| current != name) {
                flush(current, &mut bytes, &mut each)?;
            }
            current = Some(name);
            bytes.extend_from_slice(entry);
            entries += 1;
        }
        flush(current, &mut bytes, &mut each)?;
        Ok(IndexInfo { entries, shard_bits })
    }
}

fn flush(
    name: Option<handover_schemas::archive::index::ShardName>,
    bytes: &mut Vec<u8>,
    each: &mut impl FnMut(String, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let path = name.to_string();
    let file = path.strip_prefix("index/").unwrap_or(&path).to_owned();
    each(file, std::mem::take(bytes))
}
