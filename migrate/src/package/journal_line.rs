//! A row of the journal as a line of `contents.jsonl`.

use anyhow::{Context, Result};
use handover_schemas::package::contents::{
    Entry as Line, FileEntry, NotStoredReason, OriginalName,
};
use rusqlite::Row;

/// A row as a line; the inner error is a journal that nobody wrote.
pub(super) fn line_of(row: &Row<'_>) -> rusqlite::Result<Result<Line>> {
    let deliverable: String = row.get(0)?;
    let path: Vec<u8> = row.get(1)?;
    let kind: String = row.get(2)?;
    let name = OriginalName::of(&path);
    let mode = format!("{:04o}", row.get::<_, u32>(6)?);
    let modified: Option<String> = row.get(7)?;
    Ok(match kind.as_str() {
        "file" => {
            let sha256: String = row.get(5)?;
            let (stored, size) = (row.get(3)?, row.get::<_, i64>(4)?.cast_unsigned());
            sha256.parse().context("the journal has a digest that is none").map(|sha256| {
                Line::File(FileEntry { stored, deliverable, name, size, sha256, mode, modified })
            })
        }
        "directory" => {
            Ok(Line::Directory { deliverable, name, mode, modified: modified.unwrap_or_default() })
        }
        "symlink" => {
            let target = OriginalName::of(&row.get::<_, Vec<u8>>(8)?);
            Ok(Line::Symlink { deliverable, name, target })
        }
        _not_stored => {
            let word: String = row.get(9)?;
            NotStoredReason::parse(&word)
                .context("the journal has a reason that is none")
                .map(|reason| Line::NotStored { deliverable, name, reason })
        }
    })
}
