//! Fonts: one family with four styles, each of which has every Vietnamese letter.
//!
//! No other font takes part. A letter of another font among them would be seen by nobody who wrote
//! the program, and by everybody who reads the minutes.

use std::path::Path;

use anyhow::{Context, Result, bail};
use typst::text::{Font, FontBook, FontInfo, FontStretch, FontStyle, FontVariant, FontWeight};
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontSource};
use unicode_normalization::UnicodeNormalization;

/// Families that will do, the first that is complete is taken. The decree asks for Times New Roman,
/// whose metrics Liberation Serif has.
pub const FAMILIES: [&str; 2] = ["Liberation Serif", "Noto Serif"];

/// The styles that the minutes are set in.
const STYLES: [(&str, FontStyle, FontWeight); 4] = [
    ("Regular", FontStyle::Normal, FontWeight::REGULAR),
    ("Bold", FontStyle::Normal, FontWeight::BOLD),
    ("Italic", FontStyle::Italic, FontWeight::REGULAR),
    ("Bold Italic", FontStyle::Italic, FontWeight::BOLD),
];

/// Vowels that take a tone mark.
const VOWELS: &str = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY";

/// Letters and tones that are one character in NFC: grave, hook above, tilde, acute, dot below.
const TONES: [&str; 6] = ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"];

/// A family of fonts that was found and checked.
pub struct Fonts {
    family: &'static str,
    book: LazyHash<FontBook>,
    faces: Vec<Font>,
}

/// What a font says of itself, and where it is.
type Found = (FontPath, FontInfo);

impl Fonts {
    /// Finds a family that will do: in a folder, or else where the system keeps its fonts.
    ///
    /// An error if no family is complete, with what each lacks.
    pub fn find(folder: Option<&Path>) -> Result<Self> {
        let (mut found, place): (Vec<Found>, String) = match folder {
            Some(folder) => {
                // A folder that cannot be read would be an empty one to the search.
                std::fs::read_dir(folder)
                    .with_context(|| format!("cannot read the fonts of {}", folder.display()))?;
                (typst_kit::fonts::scan(folder).collect(), format!("in {}", folder.display()))
            }
            None => (typst_kit::fonts::system().collect(), "on this machine".to_owned()),
        };
        found.sort_by(|(a, _), (b, _)| (&a.path, a.index).cmp(&(&b.path, b.index)));
        let mut lacking = Vec::new();
        for family in FAMILIES {
            match complete(family, &found) {
                Ok(faces) => return Ok(Self::new(family, faces)),
                Err(error) => lacking.push(format!("{family}: {error:#}")),
            }
        }
        bail!(
            "no font with all Vietnamese letters in four styles {place}. {}. Install version 2 of \
             the Liberation fonts (Debian 12: apt-get install fonts-liberation2; later: \
             fonts-liberation), or say with --font-dir where LiberationSerif-Regular.ttf, -Bold, \
             -Italic and -BoldItalic are",
            lacking.join("; ")
        )
    }

    fn new(family: &'static str, faces: Vec<Font>) -> Self {
        Self { family, book: LazyHash::new(FontBook::from_fonts(&faces)), faces }
    }

    /// The family's name.
    pub fn family(&self) -> &'static str {
        self.family
    }

    /// Whether a character can be seen in every style.
    pub(crate) fn has(&self, c: char) -> bool {
        self.faces.iter().all(|face| face.info().coverage.contains(c.into()))
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(crate) fn face(&self, index: usize) -> Option<Font> {
        self.faces.get(index).cloned()
    }
}

/// The four faces of a family; an error says which is not there, or what it lacks.
fn complete(family: &str, found: &[Found]) -> Result<Vec<Font>> {
    let face = |(name, style, weight): &(&str, FontStyle, FontWeight)| {
        let variant = FontVariant::new(*style, *weight, FontStretch::NORMAL);
        let mut lacking = format!("{name} is missing");
        // Several versions may be installed; old ones lack letters.
        for (path, _) in
            found.iter().filter(|(_, info)| info.family == family && info.variant == variant)
        {
            let place = path.path.display();
            let Some(font) = path.load() else { bail!("cannot read {place}") };
            let missing: String = letters().into_iter().filter(|c| !has(&font, *c)).collect();
            if missing.is_empty() {
                return Ok(font);
            }
            lacking = format!("{place} lacks {missing}");
        }
        bail!(lacking)
    };
    STYLES.iter().map(face).collect()
}

fn has(font: &Font, c: char) -> bool {
    font.info().coverage.contains(c.into())
}

/// The letters that Vietnamese has beyond English, and the vowels that both have.
fn letters() -> Vec<char> {
    let toned = VOWELS.chars().flat_map(|vowel| {
        TONES.iter().flat_map(move |tone| std::iter::once(vowel).chain(tone.chars()).nfc())
    });
    toned.chain("đĐ".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vietnamese_letter_is_one_character() {
        let letters = letters();
        assert_eq!(letters.len(), 24 * 6 + 2);
        assert_eq!(letters.iter().filter(|c| !c.is_ascii()).count(), 134);
        for c in "ạẶếộửỹĐ".chars() {
            assert!(letters.contains(&c), "{c}");
        }
    }

    #[test]
    fn a_folder_without_fonts_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let said = Fonts::find(Some(folder.path())).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("fonts-liberation") && said.contains("Regular is missing"), "{said}");
        let missing = folder.path().join("missing");
        let said = Fonts::find(Some(&missing)).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("cannot read the fonts"), "{said}");
    }
}
