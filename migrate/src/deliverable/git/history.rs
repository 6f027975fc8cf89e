//! Secrets in all files of all commits.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::private_file;

use super::program::{Git, read_line};
use super::{HistorySecret, MOST};
use crate::deliverable::secrets::{Scanner, by_name};

/// How much of a file is looked through.
const HEAD_OF_FILE: u64 = 4 << 20;

/// The first line of what git-lfs leaves in place of a file (git-lfs's docs/spec.md), and the
/// length that no such file reaches.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const LFS_LEN: u64 = 1024;

/// What is in the history.
#[derive(Default)]
pub(super) struct History {
    pub(super) secrets: Vec<HistorySecret>,
    pub(super) more_secrets: u64,
    pub(super) lfs_pointers: u64,
    pub(super) unscanned: Option<String>,
}

/// Looks through every file of the history, once.
pub(super) fn scan(git: &Git<'_>, folder: &Path) -> Result<History> {
    let mut history = History::default();
    let place = || format!("cannot write in {}", folder.display());
    let list = folder.join("objects");
    let mut file = private_file::anew(&list).with_context(place)?;
    let arguments = [
        "rev-list",
        "--objects",
        "--filter=object:type=blob",
        "--filter-provided-objects",
        "--missing=allow-any",
        "--all",
    ]
    .map(OsStr::new);
    let listed = git.run(&arguments, None, &mut |output| {
        io::copy(output, &mut file).and_then(|_bytes| file.flush()).with_context(place)
    })?;
    // A line of the list is an object and a path; git gives the path back as the rest.
    let format = "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)";
    let list = File::open(&list).with_context(place)?;
    let read = git.run(&["cat-file", format].map(OsStr::new), Some(list), &mut |output| {
        let mut header = Vec::new();
        while read_line(output, &mut header)? {
            history.object(&header, output)?;
        }
        Ok(())
    })?;
    for ended in [read, listed] {
        if !ended.status.success() {
            history.unscanned = Some(ended.reason());
        }
    }
    Ok(history)
}

/// One line before an object.
struct Header<'a> {
    object: &'a [u8],
    size: u64,
    path: &'a [u8],
}

/// None if the line says that an object is missing.
fn parse(header: &[u8]) -> Option<Header<'_>> {
    let mut parts = header.splitn(4, |&byte| byte == b' ');
    let (object, _type, size) = (parts.next()?, parts.next()?, parts.next()?);
    let size = str::from_utf8(size).ok()?.parse().ok()?;
    Some(Header { object, size, path: parts.next()? })
}

impl History {
    fn object(&mut self, header: &[u8], output: &mut dyn BufRead) -> Result<()> {
        let Some(header) = parse(header) else {
            let reason = "objects are missing, see the problems";
            self.unscanned.get_or_insert_with(|| reason.to_owned());
            return Ok(());
        };
        let mut scanner = Scanner::new();
        let mut left = header.size.saturating_add(1); // and a line feed
        let mut fed = 0;
        let mut small = Vec::new();
        while left > 0 {
            let block = output.fill_buf()?;
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            if len == 0 {
                return Ok(()); // git stopped; how it ended tells why
            }
            let block = block.get(..len).unwrap_or_default();
            if header.size < LFS_LEN {
                small.extend_from_slice(block);
            }
            if fed < HEAD_OF_FILE {
                scanner.feed(block);
            }
            fed += len as u64;
            output.consume(len);
            left -= len as u64;
        }
        self.lfs_pointers += u64::from(small.starts_with(LFS_POINTER));
        self.tell(&header, scanner);
        Ok(())
    }

    fn tell(&mut self, header: &Header<'_>, scanner: Scanner) {
        let found = scanner.finish();
        self.more_secrets += found.more;
        let named = by_name(header.path).map(|kind| (kind, None));
        let lying = found.secrets.into_iter().map(|secret| (secret.kind, Some(secret.line)));
        for (kind, line) in named.into_iter().chain(lying) {
            if self.secrets.len() >= MOST {
                self.more_secrets += 1;
                continue;
            }
            self.secrets.push(HistorySecret {
                path: header.path.to_vec(),
                object: String::from_utf8_lossy(header.object).into_owned(),
                kind,
                line,
            });
        }
    }
}
