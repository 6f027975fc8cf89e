//! Which rows may be replaced by archived ones: a file that people make of the lines of
//! `findings/restore.jsonl`, once they looked at each.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use handover_verify::archive::ArchiveReader;
use serde::Deserialize;

use super::find::find;
use super::plan::Overwrites;
use super::wanted::Wanted;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverwriteLine {
    table: String,
    key: Vec<String>,
    /// What the findings file says of the row; of no use here.
    #[serde(rename = "why", default)]
    _why: Option<String>,
    #[serde(rename = "columns", default)]
    _columns: Option<Vec<String>>,
    #[serde(rename = "holder", default)]
    _holder: Option<Vec<String>>,
}

/// Reads the file, and finds the archived row of each line.
pub(super) fn overwrites(archive: &ArchiveReader, file: &Path) -> Result<Overwrites> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut found = Overwrites::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{}: line {number}", file.display());
        // What serde says could quote the line.
        let line: OverwriteLine = serde_json::from_str(line)
            .map_err(|error| anyhow!("column {}", error.column()))
            .with_context(|| {
                format!("{} is not {{\"table\": \"schema.name\", \"key\": [\"…\"]}}", place())
            })?;
        let wanted = Wanted::Key { table: line.table, key: line.key };
        let rows = find(archive, &wanted, true).with_context(place)?;
        let [row] = rows.as_slice() else {
            bail!("{} names a row that the archive does not have", place());
        };
        let table = usize::from(row.location.table);
        let archived = archive.manifest().tables.get(table);
        let position = row.salt.as_ref().zip(archived);
        let position = position.and_then(|(salt, table)| salt.index.checked_sub(table.first_index));
        let places = found.entry(table).or_default();
        places.push(position.with_context(|| format!("{}: the row has no place", place()))?);
        places.sort_unstable();
        places.dedup();
    }
    Ok(found)
}
