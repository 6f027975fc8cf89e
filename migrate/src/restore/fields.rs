//! The values of a canonical line.

use anyhow::{Context, Result};
use handover_schemas::value::field_text;

/// The field at this place, as it stands in the line.
pub(super) fn field(line: &[u8], at: usize) -> Result<&[u8]> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let field = line.split(|byte| *byte == b'\t').nth(at);
    field.context("a row of the archive has fewer fields than columns")
}

/// Its text; `None` for NULL, and for what is no text.
pub(super) fn text(line: &[u8], at: usize) -> Result<Option<String>> {
    Ok(field_text(field(line, at)?)?)
}

/// The texts at these places; `None` if one of them is NULL or no text.
pub(super) fn texts(line: &[u8], places: &[usize]) -> Result<Option<Vec<String>>> {
    places.iter().map(|at| text(line, *at)).collect()
}

/// The same texts, borrowed.
pub(super) fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
