//! A table and its archive, side by side in the order of keys: together they have to be what the
//! table was before.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::chunking::line_sort_key;
use handover_engine::line::Line;
use handover_engine::reader::Reader;
use handover_schemas::digest::{Digest, LineDigest, LineHasher};

use super::back::{BackCounts, BackRows};
use super::database::Places;
use crate::archive::ArchiveReader;
use crate::purge::list::List;

/// What they came to.
pub(super) struct Merged {
    /// The table and the archive together; of rows that both have, the archive's.
    pub(super) with_archive: LineDigest,
    /// The table without rows that were restored.
    pub(super) without_restored: LineDigest,
    /// Rows that were deleted, are there, and were not restored.
    pub(super) deleted_present: u64,
    /// Rows that were put back.
    pub(super) back: BackCounts,
}

/// What is put together.
pub(super) struct Merging<'a> {
    pub(super) list: &'a List<'a>,
    pub(super) archive: &'a ArchiveReader,
    /// Number of the table.
    pub(super) table: usize,
    /// Places whose rows were deleted.
    pub(super) deleted: &'a Places,
    /// Places whose rows were restored.
    pub(super) restored: &'a Places,
    /// Rows that came back from archives of earlier purges, after this one was executed.
    pub(super) from_others: &'a BackRows,
}

impl Merging<'_> {
    /// Reads both to their end.
    pub(super) fn run(&self, reader: &mut Reader<'_>, interrupt: &Interrupt) -> Result<Merged> {
        let list = self.list;
        let mut rows = ArchivedRows::open(self.archive, self.table, list)?;
        let (mut with_archive, mut without_restored) = (LineHasher::new(), LineHasher::new());
        let (mut deleted_present, mut back) = (0, BackCounts::default());
        let sql = list.table_rows(reader);
        list.read(reader, &sql, interrupt, |row| {
            let key = line_sort_key(list.shape, list.key, Line::whole(row.line))?;
            while let Some(archived) = rows.next.as_ref().filter(|archived| archived.key < key) {
                with_archive.push(&archived.line);
                back.absent += u64::from(self.restored.contains(archived.place));
                rows.advance()?;
            }
            let from_other = self.from_others.get(&key);
            back.from_others_there += u64::from(from_other.is_some());
            let is_from_other = from_other.is_some_and(|line| *line == Digest::of(row.line));
            let Some(archived) = rows.next.as_ref().filter(|archived| archived.key == key) else {
                if from_other.is_none() {
                    with_archive.push(row.line);
                    without_restored.push(row.line);
                } else {
                    back.count(is_from_other);
                }
                return Ok(());
            };
            with_archive.push(&archived.line);
            let (place, is_archived) = (archived.place, archived.line == row.line);
            rows.advance()?;
            let is_restored = self.restored.contains(place);
            if is_restored || from_other.is_some() {
                back.count(is_from_other || (is_restored && is_archived));
            } else {
                without_restored.push(row.line);
                deleted_present += u64::from(self.deleted.contains(place));
            }
            Ok(())
        })?;
        while let Some(archived) = &rows.next {
            with_archive.push(&archived.line);
            back.absent += u64::from(self.restored.contains(archived.place));
            rows.advance()?;
        }
        back.absent += self.from_others.len() as u64 - back.from_others_there;
        Ok(Merged {
            back,
            with_archive: with_archive.finish(),
            without_restored: without_restored.finish(),
            deleted_present,
        })
    }
}

/// The rows of one table of an archive, one after the other.
pub(super) struct ArchivedRows<'a> {
    archive: &'a ArchiveReader,
    list: &'a List<'a>,
    table: usize,
    chunk: u32,
    lines: Vec<u8>,
    /// Where in the lines the next row begins.
    at: usize,
    place: u64,
    pub(super) next: Option<Archived>,
}

pub(super) struct Archived {
    pub(super) key: Vec<u8>,
    pub(super) line: Vec<u8>,
    pub(super) place: u64,
}

impl<'a> ArchivedRows<'a> {
    pub(super) fn open(
        archive: &'a ArchiveReader,
        table: usize,
        list: &'a List<'a>,
    ) -> Result<Self> {
        let mut rows =
            Self { archive, list, table, chunk: 0, lines: Vec::new(), at: 0, place: 0, next: None };
        rows.advance()?;
        Ok(rows)
    }

    pub(super) fn advance(&mut self) -> Result<()> {
        let table = self.archive.manifest().tables.get(self.table);
        let table = table.context("the archive lacks a table")?;
        while self.at >= self.lines.len() {
            if self.chunk >= table.chunks {
                self.next = None;
                return Ok(());
            }
            self.chunk += 1;
            (self.lines, self.at) = (self.archive.rows(table, self.chunk)?, 0);
        }
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).context("an archived row has no end")? + 1;
        let line = rest.get(..length).unwrap_or_default().to_vec();
        let key = line_sort_key(self.list.shape, self.list.key, Line::whole(&line))?;
        self.next = Some(Archived { key, line, place: self.place });
        self.at += length;
        self.place += 1;
        Ok(())
    }
}
