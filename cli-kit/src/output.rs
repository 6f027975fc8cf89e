//! The one place that prints results and errors.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::visible::{as_json, visible};

/// A text for people, line by line: `writeln!(lines, …)` adds one line, whatever is in it. Names of
/// tables and files and messages of servers stand in it, and none of them makes a line of its own
/// or steers the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(String);

impl Lines {
    /// No line yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line; what `writeln!` calls.
    pub fn write_fmt(&mut self, line: fmt::Arguments<'_>) {
        let line = line.to_string();
        self.0.push_str(&visible(line.strip_suffix('\n').unwrap_or(&line)));
        self.0.push('\n');
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Lines on standard output.
pub fn print_lines(lines: &Lines) -> Result<()> {
    write_out(&lines.0)
}

/// One JSON document on standard output. Its values are exact: what must not reach a terminal is
/// written as JSON's escapes.
pub fn print_json(document: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(document).context("cannot write JSON")?;
    write_out(&as_json(&text))
}

/// A text of our own on standard output, several lines with tabs perhaps, ended by a line feed.
pub fn print_text(text: &str) -> Result<()> {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(['\n', '\t']) {
        let (end, line) = match part.strip_suffix(['\n', '\t']) {
            Some(line) => (part.get(line.len()..).unwrap_or_default(), line),
            None => ("", part),
        };
        shown.push_str(&visible(line));
        shown.push_str(end);
    }
    write_out(&shown)
}

/// A reader that went away (`| head`) is no error.
fn write_out(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { stdout.write_all(b"\n") })
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// A message for people on standard error. It begins at the edge; what follows a line feed in it
/// does not, so that nothing in it looks like another message.
#[expect(clippy::print_stderr, reason = "the one place that prints messages")]
pub fn tell(text: &str) {
    eprintln!("{}", message(text));
}

/// A message as it is printed.
pub(crate) fn message(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.trim_end().split('\n').map(visible).collect();
    lines.join("\n  | ")
}

/// An error with everything that led to it.
pub fn tell_error(error: &anyhow::Error) {
    tell(&format!("error: {error:#}"));
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// `-1234567` as `-1,234,567`.
pub fn grouped_signed(number: i128) -> String {
    let digits = grouped_digits(&number.unsigned_abs().to_string());
    if number < 0 { format!("-{digits}") } else { digits }
}

fn grouped_digits(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
