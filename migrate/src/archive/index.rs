//! The files of an archive's search index.

use anyhow::Result;
use handover_schemas::archive::index::{Entry, ShardName, ShardSplit, shard_bits_for};
use handover_schemas::archive::manifest::IndexInfo;
use handover_verify::archive::IndexEntries;

/// Gives the files of the index, in order: name and bytes.
pub(super) fn write_index(
    entries: IndexEntries,
    mut each: impl FnMut(String, Vec<u8>) -> Result<()>,
) -> Result<IndexInfo> {
    let shard_bits = shard_bits_for(entries.count());
    let mut split = ShardSplit::new(shard_bits);
    let mut sorted = entries.sorted()?;
    let (mut current, mut bytes, mut count) = (None, Vec::new(), 0);
    while let Some(entry) = sorted.next_entry()? {
        let name = split.place(Entry::from_bytes(&entry))?;
        if current.is_some_and(|current| current != name) {
            flush(current, &mut bytes, &mut each)?;
        }
        current = Some(name);
        bytes.extend_from_slice(&entry);
        count += 1;
    }
    flush(current, &mut bytes, &mut each)?;
    Ok(IndexInfo { entries: count, shard_bits })
}

fn flush(
    name: Option<ShardName>,
    bytes: &mut Vec<u8>,
    each: &mut impl FnMut(String, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let path = name.to_string();
    let file = path.strip_prefix("index/").unwrap_or(&path).to_owned();
    each(file, std::mem::take(bytes))
}
