//! The one place that prints results and errors.

use std::io::Write;

use anyhow::{Context, Result};
use serde::Serialize;

/// One JSON document on standard output.
pub fn print_json(document: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(document).context("cannot write JSON")?;
    print_text(&text)
}

/// A text for people on standard output, ended by a line feed. A reader that went away
/// (`| head`) is no error.
pub fn print_text(text: &str) -> Result<()> {
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

/// One line for people on standard error.
#[expect(clippy::print_stderr, reason = "the one place that prints messages")]
pub fn tell(text: &str) {
    eprintln!("{text}");
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
