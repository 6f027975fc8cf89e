//! The minutes of a hand-over (biên bản bàn giao), set from a signed attestation.
//!
//! They say what the attestation says and nothing else, and carry its envelope with them. The same
//! envelope, judged alike, and the same fonts give the same bytes.

mod attested;
pub mod cli;
mod contents;
mod fonts;
mod keep;
mod pdf;
mod qr;
mod shown;
mod world;

use std::collections::BTreeMap;

use anyhow::Result;

pub use attested::Attested;
pub use fonts::{FAMILIES, Fonts};
pub use keep::{Kept, keep};

/// What minutes are made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The attestation, checked.
    pub attested: &'a Attested,
    /// The fonts they are set in.
    pub fonts: &'a Fonts,
    /// Whether an annex says it all in English, too.
    pub english: bool,
}

/// Sets the minutes: the bytes of a PDF/A-3b file with the envelope attached.
pub fn set_minutes(input: Input<'_>) -> Result<Vec<u8>> {
    let Input { attested, fonts, english } = input;
    let contents::Contents { mut document, codes } =
        contents::contents(attested, fonts.family(), english);
    shown::shown_all(&mut document, fonts);
    let mut files = BTreeMap::new();
    for (file, text) in codes {
        files.insert(file, qr::svg(&text)?.into_bytes());
    }
    files.insert("minutes.json".to_owned(), serde_json::to_vec(&document)?);
    files.insert(attested.file_name(), attested.envelope().to_vec());
    pdf::set(fonts, files, attested)
}
