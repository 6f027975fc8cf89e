//! Which delivered file a line of a checksum list means. People write names with backslashes, macOS
//! decomposes letters, Windows ignores case, `Get-FileHash` writes the whole path of another machine.
//! No file is opened by a name of the list: names of files that are there are held against it.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::Listed;

/// Folders before the delivery that are left away from a whole path.
const FOLDERS_MAX: usize = 64;

/// Names of files that are told; the rest is counted.
const TOLD: usize = 10_000;

/// Files that the list does not name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// Their paths.
    pub paths: Vec<Vec<u8>>,
    /// How many more there are.
    pub more: u64,
}

impl Unlisted {
    fn add(&mut self, path: &[u8]) {
        if self.paths.len() < TOLD {
            self.paths.push(path.to_vec());
        } else {
            self.more += 1;
        }
    }
}

/// A spelling of a listed name.
struct Spelling {
    listed: usize,
    /// How many folders were left away.
    left_away: usize,
    bytes: Vec<u8>,
}

/// A delivered file that may be meant.
struct Candidate {
    listed: usize,
    left_away: usize,
    /// 0: spelled the same; 1: the same text; 2: but for case.
    distance: u8,
    path: Vec<u8>,
}

/// Listed names that are held against files, one at a time.
pub struct Matching {
    spellings: HashMap<Vec<u8>, Vec<Spelling>>,
    candidates: Vec<Candidate>,
    listed: usize,
    unlisted: Unlisted,
}

impl Matching {
    /// `base`: the folder of the list, with `/` at its end, from which names are seen.
    pub fn new(listed: &[Listed], base: &[u8]) -> Self {
        let mut spellings: HashMap<_, Vec<_>> = HashMap::new();
        let mut add = |listed, left_away, name: &[u8]| {
            let bytes = [base, name].concat();
            spellings.entry(key(&bytes)).or_default().push(Spelling { listed, left_away, bytes });
        };
        for (at, one) in listed.iter().enumerate() {
            add(at, 0, &one.name);
            let slashed: Vec<u8> =
                one.name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
            if is_whole_path(&slashed) {
                let parts: Vec<_> = slashed.split(|byte| *byte == b'/').collect();
                for left_away in 1..parts.len().min(FOLDERS_MAX) {
                    add(at, left_away, &parts.get(left_away..).unwrap_or_default().join(&b'/'));
                }
            } else if slashed != one.name {
                add(at, 0, &slashed);
            }
        }
        Self {
            spellings,
            candidates: Vec::new(),
            listed: listed.len(),
            unlisted: Unlisted::default(),
        }
    }

    /// A file that is there.
    pub fn file(&mut self, path: &[u8]) {
        let Some(spellings) = self.spellings.get(&key(path)) else {
            return self.unlisted.add(path);
        };
        for spelling in spellings {
            let distance = match () {
                () if spelling.bytes == path => 0,
                () if composed(&spelling.bytes) == composed(path) => 1,
                () => 2,
            };
            let (listed, left_away) = (spelling.listed, spelling.left_away);
            self.candidates.push(Candidate { listed, left_away, distance, path: path.to_vec() });
        }
    }

    /// For each listed name the file that is meant, and files that nothing means.
    pub fn finish(mut self) -> (Vec<Option<Vec<u8>>>, Unlisted) {
        // All whole paths are of one delivery: as many folders are left away as fits most of them.
        let mut fits: BTreeMap<usize, usize> = BTreeMap::new();
        for one in self.candidates.iter().filter(|one| one.left_away > 0) {
            *fits.entry(one.left_away).or_default() += 1;
        }
        let left_away =
            fits.iter().rev().max_by_key(|(_, count)| **count).map(|(folders, _)| *folders);
        self.candidates.sort_by_key(|one| one.distance);
        let mut meant: Vec<Option<Vec<u8>>> = vec![None; self.listed];
        let mut used: HashMap<Vec<u8>, bool> = HashMap::new();
        for one in self.candidates {
            let fits = one.left_away == 0 || Some(one.left_away) == left_away;
            let free = meant.get_mut(one.listed).filter(|meant| fits && meant.is_none());
            let takes = free.is_some();
            if let Some(meant) = free {
                *meant = Some(one.path.clone());
            }
            *used.entry(one.path).or_default() |= takes;
        }
        let mut unused: Vec<_> =
            used.into_iter().filter(|(_, used)| !used).map(|(path, _)| path).collect();
        unused.sort();
        let before = std::mem::take(&mut self.unlisted);
        unused.extend(before.paths);
        for path in &unused {
            self.unlisted.add(path);
        }
        self.unlisted.more += before.more;
        (meant, self.unlisted)
    }
}

/// `D:/…`, `//server/share/…`.
fn is_whole_path(slashed: &[u8]) -> bool {
    slashed.starts_with(b"//")
        || matches!(slashed, [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

/// The text in NFC; bytes that are none as they are.
fn composed(bytes: &[u8]) -> Vec<u8> {
    match str::from_utf8(bytes) {
        Ok(text) => text.nfc().collect::<String>().into_bytes(),
        Err(_other) => bytes.to_vec(),
    }
}

/// What spellings of one name have in common.
fn key(bytes: &[u8]) -> Vec<u8> {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_lowercase().nfc().collect::<String>().into_bytes(),
        Err(_other) => bytes.to_vec(),
    }
}
