//! Merkle trees as RFC 6962 section 2.1 defines them, over SHA-256.
//!
//! A leaf and an inner node are hashed with different first bytes, so neither can be passed off
//! as the other. A list of *n* leaves is split at the largest power of two smaller than *n*;
//! nothing is ever duplicated to fill a level up.

use std::ops::Range;

use crate::digest::Digest;

/// The hash of a leaf: `SHA-256(0x00 ‖ leaf)` (RFC 6962 section 2.1).
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of_parts(&[&[0x00], leaf])
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 section 2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[0x01], left.as_bytes(), right.as_bytes()])
}

/// The Merkle tree hash of a list of leaf hashes (RFC 6962 section 2.1); of an empty list, the
/// SHA-256 of nothing.
pub fn root(leaf_hashes: &[Digest]) -> Digest {
    let mut builder = TreeBuilder::new();
    for leaf in leaf_hashes {
        builder.push(*leaf);
    }
    builder.root()
}

/// Builds a tree leaf by leaf and keeps one digest per level.
#[derive(Clone, Debug, Default)]
pub struct TreeBuilder {
    size: u64,
    /// Roots of the perfect subtrees that the leaves so far fall into, the largest (leftmost)
    /// first: one for every bit that is set in `size`.
    subtrees: Vec<Digest>,
}

impl TreeBuilder {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf_hash: Digest) {
        let mut subtree = leaf_hash;
        // Each bit that the addition carries over joins two subtrees of equal size.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                subtree = node_hash(&left, &subtree);
            }
        }
        self.subtrees.push(subtree);
        self.size += 1;
    }

    /// Number of leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash of the leaves so far (RFC 6962 section 2.1).
    pub fn root(&self) -> Digest {
        let smallest_first = self.subtrees.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or(Digest::EMPTY)
    }
}

/// The audit path of the leaf at `index`, nearest sibling first (RFC 6962 section 2.1.1); `None`
/// if there is no such leaf.
pub fn inclusion_proof(leaf_hashes: &[Digest], index: usize) -> Option<Vec<Digest>> {
    leaf_hashes.get(index)?;
    let mut path = Vec::new();
    let (mut tree, mut index) = (leaf_hashes, index);
    while tree.len() > 1 {
        let (left, right) = tree.split_at(split_point(tree.len()));
        if index < left.len() {
            path.push(root(right));
            tree = left;
        } else {
            path.push(root(left));
            index -= left.len();
            tree = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Builds the audit path of one leaf (RFC 6962 section 2.1.1) while all leaves of the tree go by,
/// and keeps no more than one digest per level of each tree beside it.
#[derive(Clone, Debug)]
pub struct PathBuilder {
    /// Leaves so far.
    next: u64,
    size: u64,
    /// The trees beside the leaf, the nearest first.
    siblings: Vec<Sibling>,
}

/// A tree beside the path: the leaves that it has, and its root as they go by.
#[derive(Clone, Debug)]
struct Sibling {
    leaves: Range<u64>,
    tree: TreeBuilder,
}

impl PathBuilder {
    /// For the leaf at `index` of a tree of `size` leaves; `None` if there is no such leaf.
    pub fn new(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let mut siblings = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + (1 << (end - start - 1).ilog2());
            let leaves = if index < middle { middle..end } else { start..middle };
            (start, end) = if index < middle { (start, middle) } else { (middle, end) };
            siblings.push(Sibling { leaves, tree: TreeBuilder::new() });
        }
        siblings.reverse();
        Some(Self { next: 0, size, siblings })
    }

    /// Takes the hash of the next leaf.
    pub fn push(&mut self, leaf_hash: Digest) {
        let at = self.next;
        if let Some(sibling) = self.siblings.iter_mut().find(|one| one.leaves.contains(&at)) {
            sibling.tree.push(leaf_hash);
        }
        self.next += 1;
    }

    /// The path, nearest sibling first; `None` if there were not as many leaves as the tree has.
    pub fn finish(self) -> Option<Vec<Digest>> {
        let path = || self.siblings.iter().map(|sibling| sibling.tree.root()).collect();
        (self.next == self.size).then(path)
    }
}

/// The largest power of two smaller than `size`, which is at least two: *k* in RFC 6962.
fn split_point(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

/// A claim that a leaf is in a tree: what its audit path is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Hash of the leaf.
    pub leaf_hash: Digest,
    /// Its position, counted from 0.
    pub index: u64,
    /// Number of leaves in the tree.
    pub size: u64,
    /// The tree's hash.
    pub root: Digest,
}

impl Inclusion {
    /// Whether `path` proves the claim (the algorithm of RFC 9162 section 2.1.3.2, which is that
    /// of RFC 6962's trees written out).
    pub fn is_proved_by(&self, path: &[Digest]) -> bool {
        if self.index >= self.size {
            return false;
        }
        let (mut position, mut last) = (self.index, self.size - 1);
        let mut hash = self.leaf_hash;
        for sibling in path {
            if last == 0 {
                return false; // longer than any path in this tree
            }
            if position % 2 == 1 || position == last {
                hash = node_hash(sibling, &hash);
                // A rightmost node without a sibling on its level moves up as it is.
                while position % 2 == 0 && position != 0 {
                    position /= 2;
                    last /= 2;
                }
            } else {
                hash = node_hash(&hash, sibling);
            }
            position /= 2;
            last /= 2;
        }
        last == 0 && hash == self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves of the test vectors that Certificate Transparency's implementations share.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    /// The roots of the trees of the first 0 to 8 of them.
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// (index, size, audit path), from the same source.
    const PATHS: [(usize, usize, &[&str]); 5] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];

    fn leaf_hashes(size: usize) -> Vec<Digest> {
        LEAVES.iter().take(size).map(|leaf| leaf_hash(leaf)).collect()
    }

    /// The definition of RFC 6962 section 2.1, written down as it stands there.
    fn root_by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::EMPTY,
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split_point(leaves.len()));
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn roots_of_certificate_transparency() {
        for (size, expected) in ROOTS.iter().enumerate() {
            assert_eq!(root(&leaf_hashes(size)).to_string(), *expected, "{size} leaves");
        }
    }

    #[test]
    fn paths_of_certificate_transparency() {
        for (index, size, expected) in PATHS {
            let path = inclusion_proof(&leaf_hashes(size), index).unwrap();
            let path: Vec<String> = path.iter().map(Digest::to_string).collect();
            assert_eq!(path, expected, "{index} of {size}");
        }
    }

    #[test]
    fn streaming_root_is_the_defined_root() {
        let leaves: Vec<Digest> = (0..300_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut builder = TreeBuilder::new();
        for size in 0..leaves.len() {
            let expected = root_by_definition(leaves.get(..size).unwrap());
            assert_eq!(builder.root(), expected, "{size} leaves");
            assert_eq!(builder.size(), size as u64);
            assert_eq!(builder.subtrees.len(), size.count_ones() as usize);
            builder.push(leaves[size]);
        }
    }

    #[test]
    fn every_path_proves_its_leaf_and_no_other() {
        let all: Vec<Digest> = (0..20_u8).map(|i| leaf_hash(&[i])).collect();
        for size in 1..=all.len() {
            let leaves = &all[..size];
            for index in 0..size {
                let path = inclusion_proof(leaves, index).unwrap();
                let claim = Inclusion {
                    leaf_hash: leaves[index],
                    index: index as u64,
                    size: size as u64,
                    root: root(leaves),
                };
                assert!(claim.is_proved_by(&path));
                refuses_anything_else(claim, &path);
            }
        }
    }

    fn refuses_anything_else(claim: Inclusion, path: &[Digest]) {
        assert!(!Inclusion { leaf_hash: leaf_hash(b"other"), ..claim }.is_proved_by(path));
        assert!(!Inclusion { root: leaf_hash(b"other"), ..claim }.is_proved_by(path));
        assert!(!Inclusion { index: claim.size, ..claim }.is_proved_by(path));
        for index in (0..claim.size).filter(|index| *index != claim.index) {
            assert!(!Inclusion { index, ..claim }.is_proved_by(path));
        }
        let longer = [path, &[claim.root]].concat();
        assert!(!claim.is_proved_by(&longer));
        if let Some((_, shorter)) = path.split_last() {
            assert!(!claim.is_proved_by(shorter));
        }
        for at in 0..path.len() {
            let mut wrong = path.to_vec();
            wrong[at] = leaf_hash(b"other");
            assert!(!claim.is_proved_by(&wrong));
        }
    }

    #[test]
    fn the_path_made_in_passing_is_the_path() {
        let all: Vec<Digest> = (0..70_u8).map(|i| leaf_hash(&[i])).collect();
        for size in 1..=all.len() {
            let leaves = &all[..size];
            for index in 0..size {
                let mut builder = PathBuilder::new(index as u64, size as u64).unwrap();
                for leaf in leaves {
                    builder.push(*leaf);
                }
                assert_eq!(builder.finish(), inclusion_proof(leaves, index), "{index} of {size}");
            }
        }
    }

    #[test]
    fn a_path_needs_every_leaf_and_no_other() {
        assert!(PathBuilder::new(3, 3).is_none() && PathBuilder::new(0, 0).is_none());
        for leaves in [2, 4] {
            let mut builder = PathBuilder::new(1, 3).unwrap();
            for _ in 0..leaves {
                builder.push(Digest::EMPTY);
            }
            assert_eq!(builder.finish(), None, "{leaves}");
        }
    }

    #[test]
    fn no_leaf_no_proof() {
        assert_eq!(inclusion_proof(&[], 0), None);
        assert_eq!(inclusion_proof(&leaf_hashes(3), 3), None);
        let claim = Inclusion { leaf_hash: Digest::EMPTY, index: 0, size: 0, root: Digest::EMPTY };
        assert!(!claim.is_proved_by(&[]));
    }
}
