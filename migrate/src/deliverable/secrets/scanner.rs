//! A file, block by block.

use super::assignment;
use super::credentials;
use super::key_block::{self, Begun, Next};
use super::{Found, Secret, SecretKind};

/// A file with a zero byte up to here is binary; git decides likewise.
const BINARY_WITHIN: usize = 8 * 1024;

/// What is held of one line. A longer one is looked at in parts.
const LINE_PART: usize = 64 * 1024;

/// What two parts of a line share. A secret that begins in the second half of it is told with
/// the second part, which has the whole of it.
const OVERLAP: usize = 4 * 1024;

/// No secret has fewer bytes, with the word that says what it is: files of very short lines are
/// passed over quickly.
const SHORTEST: usize = 6;

/// Looks for secrets in one file. Holds a line, or 64 KiB of one, whatever the file is.
#[derive(Default)]
pub struct Scanner {
    /// The start of the file, until it is known to be binary or not.
    start: Option<Vec<u8>>,
    started: bool,
    binary: bool,
    held: Vec<u8>,
    /// Whether the start of the line is no longer held.
    cut: bool,
    line: u64,
    on_line: Vec<SecretKind>,
    key: Option<Begun>,
    found: Found,
}

impl Scanner {
    /// Findings that are told of one file.
    pub const MOST: usize = 1000;

    /// For a file of which nothing was read yet.
    pub fn new() -> Self {
        Self { line: 1, ..Self::default() }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, block: &[u8]) {
        if self.started {
            self.lines(block);
            return;
        }
        let start = self.start.get_or_insert_default();
        start.extend_from_slice(block);
        if start.len() >= BINARY_WITHIN {
            self.begin();
        }
    }

    /// What the file has, once all of it was fed.
    pub fn finish(mut self) -> Found {
        if !self.started {
            self.begin();
        }
        self.end_of_line();
        self.found
    }

    fn begin(&mut self) {
        let start = self.start.take().unwrap_or_default();
        self.started = true;
        let within = start.get(..start.len().min(BINARY_WITHIN)).unwrap_or_default();
        self.binary = within.contains(&0);
        self.lines(&start);
    }

    fn lines(&mut self, block: &[u8]) {
        for piece in block.split_inclusive(|&byte| byte == b'\n') {
            let (text, ended) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            self.hold(text);
            if ended {
                self.end_of_line();
                self.line += 1;
            }
        }
    }

    /// Takes more of a line. Where a long one is cut depends on the line alone, not on the blocks it
    /// comes in: what is found must not change with them.
    fn hold(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            let free = LINE_PART - self.held.len();
            let (part, rest) = text.split_at(text.len().min(free));
            self.held.extend_from_slice(part);
            if self.held.len() == LINE_PART {
                self.cut_line();
            }
            text = rest;
        }
    }

    /// Looks at what is held of a long line and keeps the end of it.
    fn cut_line(&mut self) {
        let until = self.held.len() - OVERLAP / 2;
        self.look(until);
        self.held.drain(..self.held.len() - OVERLAP);
        self.cut = true;
    }

    fn end_of_line(&mut self) {
        while self.held.last() == Some(&b'\r') {
            self.held.pop();
        }
        self.look(self.held.len());
        self.held.clear();
        self.cut = false;
        self.on_line.clear();
    }

    /// Tells of secrets that begin before `until` in what is held.
    fn look(&mut self, until: usize) {
        if self.held.len() < SHORTEST && self.key.is_none() {
            return;
        }
        let text = std::mem::take(&mut self.held);
        self.look_for_key(&text);
        if !self.binary {
            let line_start = !self.cut;
            let mut tell = |at: usize, kind| {
                if at <= until {
                    self.tell(self.line, kind);
                }
            };
            credentials::find(&text, &mut tell);
            assignment::find(&text, line_start, &mut tell);
        }
        self.held = text;
    }

    fn look_for_key(&mut self, text: &[u8]) {
        if let Some(begun) = self.key.take() {
            match begun.next(text) {
                Next::Key => self.tell(begun.line, SecretKind::PrivateKey),
                Next::Wait(begun) => self.key = Some(begun),
                Next::Nothing => {}
            }
        }
        match key_block::begins(text, self.line) {
            Next::Key => self.tell(self.line, SecretKind::PrivateKey),
            Next::Wait(begun) => self.key = Some(begun),
            Next::Nothing => {}
        }
    }

    fn tell(&mut self, line: u64, kind: SecretKind) {
        if line == self.line {
            if self.on_line.contains(&kind) {
                return;
            }
            self.on_line.push(kind);
        }
        let secret = Secret { line, kind };
        let secrets = &mut self.found.secrets;
        if secrets.len() >= Self::MOST {
            self.found.more += 1;
            return;
        }
        // A key is known some lines after the one it is on, which may have been told already.
        let at = secrets.partition_point(|told| told.line <= line);
        let before = secrets.get(..at).unwrap_or_default();
        let mut on_line = before.iter().rev().take_while(|told| told.line == line);
        if !on_line.any(|told| told.kind == kind) {
            secrets.insert(at, secret);
        }
    }
}
