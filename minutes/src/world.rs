//! What typst sees: the template, the data, the fonts, and nothing of the machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use crate::fonts::Fonts;

/// The template, in the files it is divided into.
const TEMPLATE: [(&str, &str); 6] = [
    (MAIN, include_str!("template/minutes.typ")),
    ("layout.typ", include_str!("template/layout.typ")),
    ("words.typ", include_str!("template/words.typ")),
    ("handed-over.typ", include_str!("template/handed-over.typ")),
    ("sections.typ", include_str!("template/sections.typ")),
    ("fingerprints.typ", include_str!("template/fingerprints.typ")),
];

/// Where the template begins.
const MAIN: &str = "minutes.typ";

/// A closed world: no file of the machine, no network, no clock.
pub(crate) struct ClosedWorld<'a> {
    library: LazyHash<Library>,
    fonts: &'a Fonts,
    main: FileId,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
}

impl<'a> ClosedWorld<'a> {
    /// The template beside these files.
    pub(crate) fn new(fonts: &'a Fonts, files: BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let mut sources = BTreeMap::new();
        for (name, text) in TEMPLATE {
            sources.insert(name.to_owned(), Source::new(file_id(name)?, text.to_owned()));
        }
        let files = files.into_iter().map(|(name, bytes)| (name, Bytes::new(bytes))).collect();
        let library = LazyHash::new(Library::default());
        Ok(Self { library, fonts, main: file_id(MAIN)?, sources, files })
    }
}

fn file_id(name: &str) -> Result<FileId> {
    let path = VirtualPath::new(name).with_context(|| format!("{name:?} is no name of a file"))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// What is called so in a folder of this world; nothing is in packages.
fn looked_up<T: Clone>(folder: &BTreeMap<String, T>, id: FileId) -> FileResult<T> {
    let name = id.vpath().get_without_slash();
    let found = folder.get(name).filter(|_| *id.root() == VirtualRoot::Project);
    found.cloned().ok_or_else(|| FileError::NotFound(name.into()))
}

impl World for ClosedWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        looked_up(&self.sources, id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        looked_up(&self.files, id)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.face(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
