//! What an archive can be searched by, and the tags that stand for it in the archive's index.
//!
//! ```text
//! tag = first 16 bytes of HMAC-SHA-256(index key, kind ‖ for each part: its length in bytes, u32 big-endian ‖ part)
//! ```
//!
//! | kind | parts |
//! |---|---|
//! | `key` | `schema.name` of the table, then the canonical text of each key column, unescaped |
//! | `identity` | the identity number |
//! | `phone` | the telephone number |
//! | `name-birth` | the name, the birth date |
//! | `parent` | `schema.name` of the table that refers, the names of its foreign key's columns, then the canonical text of each column it refers to, in the same order, unescaped |
//!
//! Numbers, names and dates in the form that [`super::normal`] gives them. Numbers of people are so
//! few that a plain digest of one is found by trying; with a key it is not.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::normal;
use super::row_leaf::block;
use crate::name::TableName;

/// Bytes of a tag.
pub const TAG_LEN: usize = 16;

/// What somebody searches by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchKind {
    /// The key of a row.
    Key,
    /// An identity number.
    Identity,
    /// A telephone number.
    Phone,
    /// A name together with a birth date: either alone is shared by too many.
    NameAndBirth,
    /// The row that is referred to: finds what depends on it.
    Parent,
}

impl SearchKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Key, Self::Identity, Self::Phone, Self::NameAndBirth, Self::Parent];

    /// The word that is tagged with the parts. None begins another, and no length begins as a
    /// letter does (that part would have a gigabyte), so that no two kinds share a text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Identity => "identity",
            Self::Phone => "phone",
            Self::NameAndBirth => "name-birth",
            Self::Parent => "parent",
        }
    }
}

/// What stands for a value in the index. Without the key it says nothing about the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; TAG_LEN]);

/// The secret with which values become tags.
#[derive(Clone)]
pub struct IndexKey(Hmac<Sha256>);

impl IndexKey {
    /// The key with these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new(&block(key)))
    }

    /// The tag of parts as they are; values of people come through the functions below, which give
    /// them their form first.
    pub fn tag(&self, kind: SearchKind, parts: &[&str]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(kind.as_str().as_bytes());
        for part in parts {
            // No database holds a value of four gigabytes.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(part.as_bytes());
        }
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; TAG_LEN];
        for (kept, byte) in tag.iter_mut().zip(full) {
            *kept = byte;
        }
        Tag(tag)
    }

    /// The tag of a row by its table and key.
    pub fn key(&self, table: &TableName, key: &[&str]) -> Tag {
        let table = table.to_string();
        self.tag(SearchKind::Key, &[&[table.as_str()], key].concat())
    }

    /// The tag of an identity number, if the text has one.
    pub fn identity(&self, number: &str) -> Option<Tag> {
        let number = normal::identity_number(number)?;
        Some(self.tag(SearchKind::Identity, &[&number]))
    }

    /// The tag of a telephone number, if the text has one.
    pub fn phone(&self, number: &str) -> Option<Tag> {
        let number = normal::phone(number)?;
        Some(self.tag(SearchKind::Phone, &[&number]))
    }

    /// The tag of a name with a birth date, if there are both.
    pub fn name_and_birth(&self, name: &str, birth_date: &str) -> Option<Tag> {
        let (name, birth_date) = (normal::name(name)?, normal::birth_date(birth_date)?);
        Some(self.tag(SearchKind::NameAndBirth, &[&name, &birth_date]))
    }

    /// The tag of what a foreign key of `child` refers to: made of the child's row when it is
    /// archived, and of the parent's to find it. `columns` and `values` are as many, in the foreign
    /// key's order. A child with a NULL among the values refers to nothing, and has no such tag.
    pub fn parent(&self, child: &TableName, columns: &[&str], values: &[&str]) -> Tag {
        let child = child.to_string();
        self.tag(SearchKind::Parent, &[&[child.as_str()], columns, values].concat())
    }
}

/// Keys are never shown.
impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;
    use crate::digest::hex;

    fn key() -> IndexKey {
        IndexKey::new(&[0x0b; 32])
    }

    /// `printf 'identity\0\0\0\014012345678901' | openssl mac -digest SHA256 -macopt hexkey:0b0b…
    /// HMAC`, of which the first 32 digits.
    #[test]
    fn a_tag_is_what_openssl_makes() {
        let tag = key().identity(" 012 345 678 901").unwrap();
        assert_eq!(hex(&tag.0), "6b098c64761d4bb2f3a45fae5f6aa070");
    }

    #[test]
    fn one_person_has_one_tag() {
        let key = key();
        let tag = key.name_and_birth("Đặng Thị Hoà", "1990-05-01").unwrap();
        let decomposed: String = "ĐẶNG  THỊ HÒA".nfd().collect();
        assert_eq!(key.name_and_birth(&decomposed, "1/5/1990"), Some(tag));
        assert_eq!(key.name_and_birth("dang thi hoa", "01-05-1990"), Some(tag));
        assert_ne!(key.name_and_birth("dang thi hoa", "02-05-1990"), Some(tag));
        assert_eq!(key.phone("+84 912 345 678"), key.phone("0912345678"));
        assert_ne!(key.phone("0912345678"), key.phone("0912345679"));
    }

    #[test]
    fn nothing_has_no_tag() {
        let key = key();
        assert_eq!(key.identity(" - "), None);
        assert_eq!(key.phone(""), None);
        assert_eq!(key.name_and_birth("", "1990-05-01"), None);
        assert_eq!(key.name_and_birth("An", ""), None);
    }

    #[test]
    fn kinds_parts_and_keys_are_told_apart() {
        let (one, other) = (key(), IndexKey::new(&[0x0c; 32]));
        let doses = TableName::new("public", "doses");
        let mut tags = vec![
            one.tag(SearchKind::Key, &[]),
            one.tag(SearchKind::Key, &[""]),
            one.tag(SearchKind::Key, &["", ""]),
            one.key(&doses, &["1", "2"]),
            one.key(&doses, &["12"]),
            one.key(&doses, &["12", ""]),
            other.key(&doses, &["12"]),
            one.parent(&doses, &["subject_id"], &["12"]),
            one.parent(&doses, &["approved_by"], &["12"]),
        ];
        tags.extend(SearchKind::ALL.map(|kind| one.tag(kind, &["0912345678"])));
        let count = tags.len();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), count);
        assert_eq!(format!("{one:?}"), "IndexKey(…)");
    }

    #[test]
    fn no_word_of_a_kind_begins_another() {
        for kind in SearchKind::ALL {
            for other in SearchKind::ALL {
                assert!(kind == other || !other.as_str().starts_with(kind.as_str()));
            }
        }
    }
}
