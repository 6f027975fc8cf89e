//! Canonical text of a value. Each arm follows the output function of its type.

use super::Cell;
use super::datetime::{push_clock, push_date, push_timestamp};
use super::digits::{hex, push_int};
use super::escape::{escape_from, escape_into, escaped_length};
use super::float::{push_f32, push_f64};
use super::system::{push_lsn, push_single_char};

/// Appends the canonical text, unescaped. NULL has no text: nothing is appended.
#[inline]
pub fn render(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match *cell {
        Cell::Char(text) => out.extend_from_slice(without_padding(text)),
        _ => render_element(cell, out),
    }
}

/// Appends the value as one field of a line: escaped as `COPY … TO` escapes, NULL as `\N`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "fuses with its neighbour: halves the time of a row")]
pub fn render_field(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match *cell {
        Cell::Null => out.extend_from_slice(b"\\N"),
        Cell::Text(text) | Cell::Json(text) | Cell::Jsonb(text) | Cell::Enum(text) => {
            escape_into(text, out);
        }
        Cell::Char(text) => escape_into(without_padding(text), out),
        Cell::Bytea(_) => {
            out.push(b'\\');
            render_element(cell, out);
        }
        Cell::SingleChar(_) => {
            let start = out.len();
            render_element(cell, out);
            escape_from(start, out);
        }
        Cell::Array(array) => {
            let start = out.len();
            array.render(out);
            escape_from(start, out);
        }
        _ => render_element(cell, out),
    }
}

/// Bytes of a large value that are rendered at once.
const PIECE: usize = 64 * 1024;

/// The same as [`render_field`], piece by piece: of texts and bytes no more than a piece is in memory beside
/// the value itself. Other values are given whole.
pub fn render_field_in_pieces<E>(
    cell: &Cell<'_>,
    each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut out = Vec::new();
    match *cell {
        Cell::Text(text) | Cell::Json(text) | Cell::Jsonb(text) | Cell::Enum(text) => {
            escape_in_pieces(text, &mut out, each)
        }
        Cell::Char(text) => escape_in_pieces(without_padding(text), &mut out, each),
        Cell::Bytea(bytes) => {
            each(b"\\\\x")?;
            for piece in bytes.chunks(PIECE) {
                out.clear();
                push_hex(piece, &mut out);
                each(&out)?;
            }
            Ok(())
        }
        _ => {
            render_field(cell, &mut out);
            each(&out)
        }
    }
}

/// Bytes that [`render_field`] appends; of texts and bytes they are counted without rendering them.
pub fn field_length(cell: &Cell<'_>) -> u64 {
    let length = match *cell {
        Cell::Text(text) | Cell::Json(text) | Cell::Jsonb(text) | Cell::Enum(text) => {
            escaped_length(text)
        }
        Cell::Char(text) => escaped_length(without_padding(text)),
        Cell::Bytea(bytes) => b"\\\\x".len() + 2 * bytes.len(),
        _ => {
            let mut out = Vec::new();
            render_field(cell, &mut out);
            out.len()
        }
    };
    length as u64
}

/// Every byte is escaped by itself, so that a text may be cut anywhere.
fn escape_in_pieces<E>(
    text: &[u8],
    out: &mut Vec<u8>,
    each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    for piece in text.chunks(PIECE) {
        out.clear();
        escape_into(piece, out);
        each(out)?;
    }
    Ok(())
}

/// The same as [`render`] without the stripping of `char(n)`: what the output function prints, and
/// what stands in an array.
#[inline(always)]
#[expect(clippy::inline_always, reason = "fuses with its neighbour: halves the time of a row")]
pub(super) fn render_element(cell: &Cell<'_>, out: &mut Vec<u8>) {
    match *cell {
        Cell::Null => {}
        Cell::Bool(value) => out.push(if value { b't' } else { b'f' }),
        Cell::Int2(value) => push_int(value, out),
        Cell::Int4(value) => push_int(value, out),
        Cell::Int8(value) => push_int(value, out),
        Cell::Float4(value) => push_f32(value, out),
        Cell::Float8(value) => push_f64(value, out),
        Cell::Numeric(value) => value.render(out),
        Cell::Text(text)
        | Cell::Char(text)
        | Cell::Json(text)
        | Cell::Jsonb(text)
        | Cell::Enum(text) => out.extend_from_slice(text),
        Cell::Bytea(bytes) => {
            out.extend_from_slice(b"\\x");
            push_hex(bytes, out);
        }
        Cell::Date(days) => push_date(days, out),
        Cell::Time(micros) => push_clock(micros.unsigned_abs(), out),
        Cell::Timestamp(micros) => push_timestamp(micros, b"", out),
        Cell::TimestampTz(micros) => push_timestamp(micros, b"+00", out),
        Cell::Interval(value) => value.render(out),
        Cell::FiniteInterval(value) => value.render_finite(out),
        Cell::SingleChar(byte) => push_single_char(byte, out),
        Cell::PgLsn(position) => push_lsn(position, out),
        Cell::Uuid(bytes) => push_uuid(bytes, out),
        Cell::Array(array) => array.render(out),
    }
}

/// `char(n)` without its trailing U+0020; no other blank is padding.
#[inline]
pub(crate) fn without_padding(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = text {
        text = rest;
    }
    text
}

/// byteaout with `bytea_output = hex`
fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let pairs = out.get_mut(start..).unwrap_or_default().as_chunks_mut().0;
    for (pair, &byte) in pairs.iter_mut().zip(bytes) {
        *pair = hex(byte);
    }
}

/// uuid_out
#[inline]
fn push_uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    let mut text = [b'-'; 36];
    let mut places = text.iter_mut();
    for (i, byte) in bytes.into_iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            places.next();
        }
        for (digit, place) in hex(byte).into_iter().zip(places.by_ref()) {
            *place = digit;
        }
    }
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: &Cell<'_>) -> String {
        let mut out = Vec::new();
        render(cell, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn field(cell: &Cell<'_>) -> String {
        let mut out = Vec::new();
        render_field(cell, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts() {
        assert_eq!(text(&Cell::Bool(true)), "t");
        assert_eq!(text(&Cell::Int2(i16::MIN)), "-32768");
        assert_eq!(text(&Cell::Int8(i64::MIN)), "-9223372036854775808");
        assert_eq!(text(&Cell::Time(0)), "00:00:00");
        assert_eq!(text(&Cell::Time(86_399_999_990)), "23:59:59.99999");
        assert_eq!(text(&Cell::Time(86_400_000_000)), "24:00:00");
        assert_eq!(text(&Cell::Bytea(&[0, 0xff, 0x5c])), "\\x00ff5c");
        assert_eq!(text(&Cell::Char(b" a\t ")), " a\t");
        assert_eq!(text(&Cell::Char(b"   ")), "");
        assert_eq!(
            text(&Cell::Uuid(std::array::from_fn(|i| u8::try_from(i * 17).unwrap()))),
            "00112233-4455-6677-8899-aabbccddeeff"
        );
        assert_eq!(text(&Cell::Null), "");
    }

    #[test]
    fn fields() {
        assert_eq!(field(&Cell::Null), "\\N");
        assert_eq!(field(&Cell::Text(b"")), "");
        assert_eq!(field(&Cell::Text(b"\\N")), "\\\\N");
        assert_eq!(field(&Cell::Char(b"a\t \xc2\xa0  ")), "a\\t \u{a0}");
        assert_eq!(field(&Cell::Bytea(b"\x01")), "\\\\x01");
        assert_eq!(field(&Cell::Jsonb(b"{\"a\": \"\\n\"}")), "{\"a\": \"\\\\n\"}");
    }
}
