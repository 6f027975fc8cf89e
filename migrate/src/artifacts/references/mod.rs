//! Files that rows point to: every reference has its file, every file its reference.
//!
//! A reference that is a delivered file's path as it stands is met, and so is one that is so by the
//! readings that `handover.toml` declares. Of any other it is said what it is; nothing is guessed.

mod column;
mod files;
mod notes;
mod otherwise;
mod reading;
mod rows;
mod text;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_schemas::config::FileReference;

use self::column::Column;
use self::files::{DeliveredFile, Files, Found, NamedBy};
use self::notes::Notes;
use self::otherwise::{Ambiguous, Otherwise, PATH_MAX, Reads};
use self::text::Text;
use super::finding::{ArtifactFindingKind as Kind, Place};
use crate::package::Journal;

/// Files of one deliverable, which rows name, and what is found about the rows.
pub(super) struct References {
    files: Files,
    notes: Notes,
}

impl References {
    /// The files of a deliverable, from the journal of its package.
    pub(super) fn new(journal: &Journal, deliverable: &str) -> Result<Self> {
        Ok(Self { files: Files::of(journal, deliverable)?, notes: Notes::default() })
    }

    /// Holds what the rows of a column name against the files, row by row.
    pub(super) fn add(
        &mut self,
        reference: &FileReference,
        end: &Endpoint,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let column = Column::of(reference);
        rows::read(reference, end, interrupt, &mut |text, digest| {
            let digest = digest.map(|digest| String::from_utf8_lossy(digest).trim().to_lowercase());
            self.row(&column, text, digest.as_deref())?;
            interrupt.check()
        })
    }

    /// What was found, and what is to be said of the files.
    pub(super) fn check(mut self, findings: &mut Vec<(Kind, Place)>) -> Result<()> {
        self.files.check(&mut self.notes)?;
        findings.extend(self.notes.finish());
        Ok(())
    }

    fn row(&mut self, column: &Column, text: &[u8], digest: Option<&str>) -> Result<()> {
        let rest = column.without_prefix(text).0;
        let found = match self.files.exact(rest)? {
            Some(file) => Found::One(file),
            None if column.read_as.is_empty() => Found::None,
            None => self.files.find(&column.read(text, &column.read_as).text, &column.read_as)?,
        };
        match found {
            Found::One(file) => self.met(column, &file, digest),
            Found::Several(files) => {
                self.ambiguous(column, &Ambiguous { files, readings: column.read_as.clone() })
            }
            Found::None => self.unmet(column, text, digest),
        }
    }

    fn met(&mut self, column: &Column, file: &DeliveredFile, digest: Option<&str>) -> Result<()> {
        self.files.mark(file, NamedBy::Row)?;
        if file.size > 0 && digest.is_some_and(|digest| digest != file.sha256) {
            self.notes.add(Kind::ReferenceDigestDiffers, None, Some(&file.path), &column.name);
        }
        Ok(())
    }

    fn ambiguous(&mut self, column: &Column, found: &Ambiguous) -> Result<()> {
        for file in &found.files {
            self.files.mark(file, NamedBy::RowReadOtherwise)?;
        }
        let cause = format!(
            "their names are the same by {}; ask the vendor which is meant",
            reading::listed(&found.readings)
        );
        let path = found.files.iter().map(|file| file.path.as_slice()).min();
        self.notes.add(Kind::ReferenceAmbiguous, Some(&cause), path, &column.name);
        Ok(())
    }

    fn read_otherwise(&mut self, column: &Column, found: &Otherwise) -> Result<()> {
        match found {
            Otherwise::Ambiguous(found) => self.ambiguous(column, found),
            Otherwise::One(read) => {
                self.files.mark(&read.file, NamedBy::RowReadOtherwise)?;
                let (cause, what) = (read.cause(column), read.what(column));
                let path = Some(read.file.path.as_slice());
                self.notes.add(Kind::ReferenceReadOtherwise, Some(&cause), path, &what);
                Ok(())
            }
        }
    }

    /// Says of a text that names no file what it is.
    fn unmet(&mut self, column: &Column, text: &[u8], digest: Option<&str>) -> Result<()> {
        let rest = column.without_prefix(text).0;
        let what = Text::of(rest);
        match &what {
            Text::Nothing(how) => {
                self.notes.add(Kind::ReferenceEmpty, Some(how), None, &column.name);
                return Ok(());
            }
            Text::Content => {
                let cause =
                    "as a data: URI; it was copied with the row, and was not looked at here";
                self.notes.add(Kind::ReferenceHoldsContent, Some(cause), None, &column.name);
                return Ok(());
            }
            Text::List { .. } | Text::Path | Text::Elsewhere(_) => {}
        }
        // What is no SHA-256 says nothing about a file.
        let digest = digest.filter(|digest| digest.len() == 64);
        let reads = Reads::of(column, text);
        if let Some(found) = reads.whole(&self.files, digest)? {
            return self.read_otherwise(column, &found);
        }
        if let Text::List { how, paths } = &what {
            return self.list(column, how, paths);
        }
        if let Some(found) = reads.behind_prefix(&self.files, digest)? {
            return self.read_otherwise(column, &found);
        }
        match what {
            Text::Elsewhere(place) => {
                let place = self.notes.place(place);
                let cause = format!("{place}; ask the vendor for what lies there");
                self.notes.add(Kind::ReferenceOutside, Some(&cause), None, &column.name);
                Ok(())
            }
            _ => self.no_file(column, rest, digest),
        }
    }

    /// A list of paths. Files that it names are not files that no row names.
    fn list(&mut self, column: &Column, how: &str, paths: &[Vec<u8>]) -> Result<()> {
        for path in paths {
            if let Some(file) = self.files.exact(column.without_prefix(path).0)? {
                self.files.mark(&file, NamedBy::RowReadOtherwise)?;
            }
        }
        let cause = format!(
            "{how}; whether its files are there was not checked: ask the vendor for a table with \
             one path in each row"
        );
        self.notes.add(Kind::ReferenceList, Some(&cause), None, &column.name);
        Ok(())
    }

    fn no_file(&mut self, column: &Column, path: &[u8], digest: Option<&str>) -> Result<()> {
        // What is longer than a path is content, which no list of findings is to have.
        let told = (path.len() <= PATH_MAX).then_some(text::without_query_values(path));
        let cause = match digest {
            _ if told.is_none() => Some("the text is longer than a path can be"),
            Some(digest) if self.files.has_digest(digest)? => Some(
                "a file with the row's digest was delivered under another name; ask the vendor for \
                 the names that the rows have",
            ),
            _ => None,
        };
        self.notes.add(Kind::ReferenceWithoutFile, cause, told, &column.name);
        Ok(())
    }
}
