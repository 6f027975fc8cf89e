//! The names of an evidence file's columns.
//!
//! No message quotes a name: a file without a header line has a person's row in its place.

use anyhow::{Context, Result, bail};
use unicode_normalization::is_nfc;

use super::csv::Row;

/// Longest name: what PostgreSQL keeps of one (NAMEDATALEN of its source less the final NUL).
const NAME_MAX: usize = 63;

/// Most columns. Both engines stop somewhere above.
const COLUMNS_MAX: usize = 1000;

/// So many digits in a name, and it is taken for the number of a person or of a telephone.
const DIGITS_OF_A_NUMBER: usize = 9;

/// Names that a table has already: our own, and those of PostgreSQL's system columns.
const TAKEN: [&str; 7] = ["line_no", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// The names, as the header has them. Refuses names that cannot be columns of both engines: empty,
/// too long, twice (SQLite ignores the case of ASCII letters), taken, or with control characters.
pub(super) fn columns(header: &Row) -> Result<Vec<String>> {
    if header.len() > COLUMNS_MAX {
        bail!("the header has {} columns; at most {COLUMNS_MAX} can be loaded", header.len());
    }
    if is_separator_line(header) {
        bail!(
            "it says which separator the file has, for a spreadsheet program; the first line has to name the \
             columns: take it out"
        );
    }
    let mut columns: Vec<String> = Vec::with_capacity(header.len());
    for (number, name) in (1..).zip(header.fields()) {
        let name = str::from_utf8(name).context("the header is not UTF-8")?;
        if let Some(what) = refusal(name) {
            bail!("column {number} of the header {what}");
        }
        let same = columns.iter().position(|other| other.eq_ignore_ascii_case(name));
        if let Some(other) = same {
            bail!(
                "columns {} and {number} of the header have the same name (small and capital \
                 letters are not told apart); give one another name",
                other + 1
            );
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}

/// `sep=;`, whose own semicolon separates it from an empty field.
fn is_separator_line(header: &Row) -> bool {
    let mut fields = header.fields();
    let first = fields.next().unwrap_or_default();
    let begins = first.get(..4).is_some_and(|begins| begins.eq_ignore_ascii_case(b"sep="));
    begins && first.len() <= 5 && fields.all(<[u8]>::is_empty)
}

/// A date or a number, as rows have them and headers do not.
fn is_value(name: &str) -> bool {
    let name = name.trim();
    let parts: Vec<&str> = name.split(['-', '/', '.', ' ', ':', 'T']).collect();
    let is_digits =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().all(is_digits)
}

/// What is wrong with a name.
fn refusal(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("has no name; the first line has to name every column".to_owned());
    }
    if name.chars().any(char::is_control) {
        return Some(
            "has a control character in its name; fields are separated by comma or semicolon, not by TAB"
                .to_owned(),
        );
    }
    if name.len() > NAME_MAX {
        return Some(format!(
            "has a name of {} bytes; at most {NAME_MAX} are kept by PostgreSQL",
            name.len()
        ));
    }
    if name.chars().filter(char::is_ascii_digit).count() >= DIGITS_OF_A_NUMBER {
        return Some(format!(
            "has {DIGITS_OF_A_NUMBER} digits or more in its name, as a person's number has; the first line has to name the columns"
        ));
    }
    if is_value(name) {
        return Some(
            "is a number or a date, as a row has; the first line has to name the columns"
                .to_owned(),
        );
    }
    if !is_nfc(name) {
        return Some(
            "has letters and their marks apart (Unicode's form NFD, as some systems write them), so that no rule finds it \
             by its name; type the name anew"
                .to_owned(),
        );
    }
    let taken = TAKEN.iter().find(|taken| taken.eq_ignore_ascii_case(name))?;
    Some(format!("is named {taken}, which every such table has already; give it another name"))
}
