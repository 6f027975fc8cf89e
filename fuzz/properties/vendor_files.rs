//! What holds for a file that a vendor delivers, whatever is in it. Each is looked at as a checksum
//! file, as a file that may hold secrets, and as an archive.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use handover_cli_kit::interrupt::Interrupt;
use handover_migrate::deliverable::members::{
    Allowance, Limits, Listing, Member, MemberKind, Seen, list_members,
};
use handover_migrate::deliverable::secrets::{Found, Scanner, by_name};
use handover_migrate::deliverable::vendor_checksums;
use handover_schemas::digest::Digest;

/// So little that a bomb of some bytes reaches them.
const LIMITS: Limits = Limits { bytes: 1 << 20, members: 1000 };

/// Bytes of a header of tar, and where its checksum is.
const HEADER: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

pub(crate) fn check(bytes: &[u8]) {
    check_checksums(bytes);
    check_secrets(bytes);
    check_archive(bytes);
    let repaired = with_right_checksums(bytes);
    if repaired != bytes {
        check_archive(&repaired);
    }
}

/// No name in a checksum file leads out of its folder.
fn check_checksums(bytes: &[u8]) {
    let Ok(listed) = vendor_checksums::parse(bytes) else { return };
    for one in listed {
        assert_eq!(one.checksum.len(), one.algorithm.checksum_len());
        let path = Path::new(OsStr::from_bytes(&one.name));
        assert!(!one.name.is_empty() && !one.name.contains(&0));
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        assert!(path.components().all(inside));
    }
}

/// What is found does not depend on the blocks in which a file is read.
fn check_secrets(bytes: &[u8]) {
    by_name(bytes);
    let whole = scanned([bytes]);
    let lines = bytes.split(|&byte| byte == b'\n').count() as u64;
    assert!(whole.secrets.len() <= Scanner::MOST);
    assert!(whole.secrets.iter().all(|secret| (1..=lines).contains(&secret.line)));
    assert!(whole.secrets.is_sorted_by_key(|secret| secret.line), "{whole:?}");
    for (at, secret) in whole.secrets.iter().enumerate() {
        assert!(!whole.secrets.iter().skip(at + 1).any(|later| later == secret), "{whole:?}");
    }
    assert_eq!(scanned(bytes.chunks(1)), whole);
    assert_eq!(scanned(blocks(bytes)), whole);
}

fn scanned<'a>(blocks: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let mut scanner = Scanner::new();
    blocks.into_iter().for_each(|block| scanner.feed(block));
    scanner.finish()
}

/// The bytes in blocks of many sizes, the same ones for the same bytes.
fn blocks(mut bytes: &[u8]) -> Vec<&[u8]> {
    let sizes = *Digest::of(bytes).as_bytes();
    let mut blocks = Vec::new();
    for size in sizes.iter().cycle() {
        let Some((block, rest)) = bytes.split_at_checked(usize::from(*size) * 7) else { break };
        blocks.push(block);
        bytes = rest;
    }
    blocks.push(bytes);
    blocks
}

/// What is wrong with an archive is no error, limits hold, and what is told of members is true.
fn check_archive(bytes: &[u8]) {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("the temporary file takes the bytes");
    let (listing, told) = listed(&mut file);
    assert!(told.bytes <= LIMITS.bytes);
    assert!(told.members <= LIMITS.members);
    match listing {
        Listing::Listed { members, bytes, .. } => {
            assert_eq!((members, bytes), (told.members, told.sizes));
        }
        Listing::NotAnArchive => assert_eq!((told.members, told.bytes), (0, 0)),
        Listing::Broken { reason, .. } => assert!(!reason.is_empty()),
        Listing::TooLarge { .. } | Listing::NotRead { .. } => {}
    }
}

#[derive(Default)]
struct Told {
    members: u64,
    sizes: u64,
    bytes: u64,
    /// Of the member that comes next.
    contents: Vec<u8>,
}

fn listed(file: &mut File) -> (Listing, Told) {
    let mut told = Told::default();
    let each: &mut dyn FnMut(Seen<'_>) -> anyhow::Result<()> = &mut |seen| {
        match seen {
            Seen::Contents { block, .. } => {
                assert!(block.len() <= 64 << 10);
                told.bytes += block.len() as u64;
                told.contents.extend_from_slice(block);
            }
            Seen::Member(member) => {
                check_member(&member, &told.contents);
                told.contents.clear();
                told.members += 1;
                told.sizes = told.sizes.saturating_add(member.size);
            }
            Seen::Remark { what, .. } => assert!(!what.is_empty()),
        }
        Ok(())
    };
    let listing =
        list_members(file, "file", &LIMITS, &Allowance::new(u64::MAX), &Interrupt::default(), each)
            .expect("what is wrong with an archive is no error");
    (listing, told)
}

fn check_member(member: &Member, contents: &[u8]) {
    if let Some(sha256) = member.sha256 {
        assert_eq!(sha256, Digest::of(contents));
        assert_eq!(member.size, contents.len() as u64);
    }
    if member.kind == MemberKind::File {
        assert!(member.sha256.is_some() != member.unread.is_some(), "{member:?}");
    } else {
        assert_eq!(member.sha256, None);
    }
}

/// The same bytes, with the checksum that each header of tar should have. A change anywhere in a
/// header would otherwise end the reading there.
fn with_right_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut repaired = bytes.to_vec();
    for block in repaired.chunks_exact_mut(HEADER) {
        if block.get(257..262) != Some(b"ustar") {
            continue;
        }
        let field = block.get_mut(CHECKSUM).expect("it is within the block");
        field.copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        let field = block.get_mut(CHECKSUM).expect("it is within the block");
        field.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    repaired
}
