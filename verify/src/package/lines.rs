//! Files of lines, read line by line however long they are.

use std::io::{self, BufRead};

use handover_schemas::package::contents::LINE_MAX;

/// Bytes after which nobody looks for the end of a line any more.
const SKIPPED_MAX: usize = 64 * 1024 * 1024;

/// The lines of a file, each with its number, from 1.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
    line: Vec<u8>,
    ended: bool,
}

/// What comes next.
pub(super) enum Line<'a> {
    /// A line without its line feed.
    Whole(u64, &'a [u8]),
    /// Something that is not ended by a line feed, or too long to be a line.
    Broken(u64),
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, line: Vec::new(), ended: false }
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        if self.ended {
            return Ok(None);
        }
        let mut limited = io::Read::take(&mut self.reader, LINE_MAX as u64);
        if limited.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.pop() == Some(b'\n') {
            return Ok(Some(Line::Whole(self.number, &self.line)));
        }
        self.skip_to_line_feed()?;
        Ok(Some(Line::Broken(self.number)))
    }

    /// Goes on after a line that is too long; what has no line feed for so long has no more lines.
    fn skip_to_line_feed(&mut self) -> io::Result<()> {
        let mut skipped = 0;
        loop {
            if skipped > SKIPPED_MAX {
                self.ended = true;
                return Ok(());
            }
            let block = self.reader.fill_buf()?;
            if block.is_empty() {
                return Ok(());
            }
            let (length, found) = match memchr::memchr(b'\n', block) {
                Some(at) => (at + 1, true),
                None => (block.len(), false),
            };
            self.reader.consume(length);
            skipped += length;
            if found {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_or_said_to_be_broken() {
        let long = "x".repeat(LINE_MAX + 5);
        let text = format!("a\n\n{long}\nb\nend");
        let mut lines = Lines::new(text.as_bytes());
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            seen.push(match line {
                Line::Whole(number, line) => format!("{number} {}", str::from_utf8(line).unwrap()),
                Line::Broken(number) => format!("{number} broken"),
            });
        }
        assert_eq!(seen, ["1 a", "2 ", "3 broken", "4 b", "5 broken"]);
    }
}
