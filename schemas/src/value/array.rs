//! Arrays on the wire and as text (src/backend/utils/adt/arrayfuncs.c, `array_send`,
//! `array_recv`, `array_out`).
//!
//! On the wire: the number of dimensions, a flag that is set when an element is NULL, the OID of
//! the element type, length and lower bound of each dimension, then each element with its length
//! before it (-1 is NULL). Elements print as their own type does, save that `char(n)` keeps its
//! padding inside an array: the cast that strips it is one of the column, not of its elements.

use super::digits::push_int;
use super::render::render_element;
use super::{Cell, ValueError, decode};
use crate::pg_type::PgType;

/// `MAXDIM`
const DIMENSIONS_MAX: usize = 6;
/// Bytes before the dimensions.
const HEADER: usize = 12;
/// Bytes of one dimension.
const DIMENSION: usize = 8;

/// An array, borrowed from its binary form. All its elements were decoded once, so they decode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Array<'a> {
    element: &'a PgType,
    wire: &'a [u8],
}

/// Length and lower bound of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// How many elements it has, at least one.
    pub len: i32,
    /// Subscript of the first.
    pub lower: i32,
}

impl<'a> Array<'a> {
    /// Checks and borrows the binary form. The OID of the element type is not checked: that of an
    /// enumeration differs from database to database.
    pub(super) fn decode(element: &'a PgType, wire: &'a [u8]) -> Result<Self, ValueError> {
        let (header, rest) =
            wire.split_first_chunk::<HEADER>().ok_or_else(|| invalid("header cut short"))?;
        let [n1, n2, n3, n4, f1, f2, f3, f4, ..] = *header;
        let dimensions = usize::try_from(i32::from_be_bytes([n1, n2, n3, n4]))
            .ok()
            .filter(|&n| n <= DIMENSIONS_MAX)
            .ok_or_else(|| invalid("impossible number of dimensions"))?;
        let flag = u32::from_be_bytes([f1, f2, f3, f4]);
        if flag > 1 {
            return Err(invalid("unknown flag"));
        }
        let (bounds, elements) = rest
            .split_at_checked(dimensions * DIMENSION)
            .ok_or_else(|| invalid("dimensions cut short"))?;
        let count = element_count(bounds)?;
        check_elements(element, elements, count, flag == 1)?;
        Ok(Self { element, wire })
    }

    /// Type of the elements.
    pub fn element_type(&self) -> &'a PgType {
        self.element
    }

    /// OID of the element type in the database that the array came from.
    pub fn element_oid(&self) -> u32 {
        let oid = self.wire.get(8..HEADER).and_then(|bytes| bytes.first_chunk().copied());
        u32::from_be_bytes(oid.unwrap_or_default())
    }

    /// The binary form.
    pub fn wire(&self) -> &'a [u8] {
        self.wire
    }

    /// Its dimensions, outermost first; none for an empty array.
    pub fn dimensions(&self) -> impl Iterator<Item = Dimension> + use<'a> {
        read_dimensions(self.split().0)
    }

    /// Its elements in storage order: the last subscript runs fastest.
    pub fn elements(&self) -> Elements<'a> {
        Elements { element: self.element, rest: self.split().1 }
    }

    /// Dimensions and elements, both checked by `decode`.
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let count = self.wire.get(3).map_or(0, |&n| usize::from(n));
        let rest = self.wire.get(HEADER..).unwrap_or_default();
        rest.split_at_checked(count * DIMENSION).unwrap_or_default()
    }

    /// Appends the array as `array_out` prints it.
    pub(super) fn render(&self, out: &mut Vec<u8>) {
        let mut lens = [0_i32; DIMENSIONS_MAX];
        let mut depth = 0;
        for (slot, dimension) in lens.iter_mut().zip(self.dimensions()) {
            *slot = dimension.len;
            depth += 1;
        }
        let lens = lens.get(..depth).unwrap_or_default();
        if lens.is_empty() {
            return out.extend_from_slice(b"{}");
        }
        if self.dimensions().any(|d| d.lower != 1) {
            push_bounds(self.dimensions(), out);
        }
        push_nested(lens, &mut self.elements(), out);
    }
}

/// The elements of an array, decoded as they are asked for.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    element: &'a PgType,
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (cell, rest) =
            next_element(self.element, self.rest).expect("every element was decoded before");
        self.rest = rest;
        Some(cell)
    }
}

fn invalid(problem: &'static str) -> ValueError {
    ValueError::Invalid { type_name: "array", problem }
}

fn read_dimensions(bounds: &[u8]) -> impl Iterator<Item = Dimension> {
    bounds.as_chunks::<DIMENSION>().0.iter().map(|&[l1, l2, l3, l4, b1, b2, b3, b4]| Dimension {
        len: i32::from_be_bytes([l1, l2, l3, l4]),
        lower: i32::from_be_bytes([b1, b2, b3, b4]),
    })
}

/// Number of elements, as `ArrayGetNItems` and `ArrayCheckBounds` count and check it; unlike them
/// this knows no empty dimension, which no server sends.
fn element_count(bounds: &[u8]) -> Result<u64, ValueError> {
    if bounds.is_empty() {
        return Ok(0);
    }
    read_dimensions(bounds).try_fold(1_u64, |count, dimension| {
        let len = u64::try_from(dimension.len).ok().filter(|&len| len > 0);
        let len = len.ok_or_else(|| invalid("dimension without elements"))?;
        if dimension.lower.checked_add(dimension.len).is_none() {
            return Err(invalid("upper bound out of range"));
        }
        count.checked_mul(len).ok_or_else(|| invalid("too many elements"))
    })
}

/// Decodes each element. Every element takes at least the four bytes of its length, so a false
/// count ends with the bytes.
fn check_elements<'a>(
    element: &'a PgType,
    mut rest: &'a [u8],
    count: u64,
    may_hold_null: bool,
) -> Result<(), ValueError> {
    for _ in 0..count {
        let (cell, after) = next_element(element, rest)?;
        if matches!(cell, Cell::Null) && !may_hold_null {
            return Err(invalid("NULL element in an array flagged to have none"));
        }
        rest = after;
    }
    if rest.is_empty() { Ok(()) } else { Err(invalid("bytes after the last element")) }
}

fn next_element<'a>(
    element: &'a PgType,
    bytes: &'a [u8],
) -> Result<(Cell<'a>, &'a [u8]), ValueError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| invalid("element cut short"))?;
    let len = i32::from_be_bytes(*len);
    if len == -1 {
        return Ok((Cell::Null, rest));
    }
    let (value, rest) = usize::try_from(len)
        .ok()
        .and_then(|len| rest.split_at_checked(len))
        .ok_or_else(|| invalid("element cut short"))?;
    Ok((decode(element, value)?, rest))
}

/// Appends `[lower:upper]` for each dimension and an equals sign.
fn push_bounds(dimensions: impl Iterator<Item = Dimension>, out: &mut Vec<u8>) {
    for Dimension { len, lower } in dimensions {
        out.push(b'[');
        push_int(lower, out);
        out.push(b':');
        push_int(i64::from(lower) + i64::from(len) - 1, out);
        out.push(b']');
    }
    out.push(b'=');
}

/// Appends one dimension in braces. Recursion is at most six deep.
fn push_nested(lens: &[i32], elements: &mut Elements<'_>, out: &mut Vec<u8>) {
    let Some((&len, inner)) = lens.split_first() else {
        if let Some(cell) = elements.next() {
            push_element(&cell, out);
        }
        return;
    };
    out.push(b'{');
    for i in 0..len {
        if i > 0 {
            out.push(b',');
        }
        push_nested(inner, elements, out);
    }
    out.push(b'}');
}

/// Appends one element, in double quotes where it could be read as something else.
fn push_element(cell: &Cell<'_>, out: &mut Vec<u8>) {
    if matches!(cell, Cell::Null) {
        return out.extend_from_slice(b"NULL");
    }
    let start = out.len();
    render_element(cell, out);
    if !out.get(start..).is_some_and(needs_quotes) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn needs_quotes(text: &[u8]) -> bool {
    let is_syntax = |&b: &u8| {
        matches!(b, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
    };
    text.is_empty() || text.eq_ignore_ascii_case(b"NULL") || text.iter().any(is_syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dimensions as (length, lower bound).
    fn wire(dimensions: &[(i32, i32)], elements: &[Option<&[u8]>]) -> Vec<u8> {
        let mut out = i32::try_from(dimensions.len()).unwrap().to_be_bytes().to_vec();
        out.extend(i32::from(elements.contains(&None)).to_be_bytes());
        out.extend(25_u32.to_be_bytes());
        for (len, lower) in dimensions {
            out.extend(len.to_be_bytes());
            out.extend(lower.to_be_bytes());
        }
        for element in elements {
            match element {
                Some(bytes) => {
                    out.extend(i32::try_from(bytes.len()).unwrap().to_be_bytes());
                    out.extend(*bytes);
                }
                None => out.extend((-1_i32).to_be_bytes()),
            }
        }
        out
    }

    fn text(element: &PgType, wire: &[u8]) -> String {
        let mut out = Vec::new();
        Array::decode(element, wire).unwrap().render(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn elements_are_quoted_where_needed() {
        let elements: [&[u8]; 16] = [
            b"a",
            b"",
            b"null",
            b"NuLL",
            b"nulls",
            b"a b",
            b"a,b",
            b"a\"b",
            b"a\\b",
            b"{",
            b"}",
            b"\t",
            b"\x0b",
            b"'",
            b";",
            "é\u{a0}".as_bytes(),
        ];
        let some: Vec<_> = elements.iter().copied().map(Some).chain([None]).collect();
        assert_eq!(
            text(&PgType::Text, &wire(&[(17, 1)], &some)),
            "{a,\"\",\"null\",\"NuLL\",nulls,\"a b\",\"a,b\",\"a\\\"b\",\"a\\\\b\",\"{\",\"}\",\
             \"\t\",\"\x0b\",',;,é\u{a0},NULL}"
        );
    }

    #[test]
    fn dimensions_and_bounds() {
        let one = Some(&b"x"[..]);
        assert_eq!(text(&PgType::Text, &wire(&[], &[])), "{}");
        assert_eq!(text(&PgType::Text, &wire(&[(1, 1)], &[one])), "{x}");
        assert_eq!(text(&PgType::Text, &wire(&[(2, 0)], &[one, None])), "[0:1]={x,NULL}");
        assert_eq!(
            text(&PgType::Text, &wire(&[(1, 1), (2, -2)], &[one, one])),
            "[1:1][-2:-1]={{x,x}}"
        );
        assert_eq!(text(&PgType::Text, &wire(&[(2, 1), (1, 1)], &[one, one])), "{{x},{x}}");
        assert_eq!(text(&PgType::Text, &wire(&[(1, 1); 6], &[one])), "{{{{{{x}}}}}}");
    }

    #[test]
    fn char_keeps_its_padding_inside_an_array() {
        assert_eq!(text(&PgType::Char, &wire(&[(1, 1)], &[Some(b"a  ")])), "{\"a  \"}");
    }

    #[test]
    fn arrays_in_arrays() {
        let inner = wire(&[(2, 1)], &[Some(b"a"), Some(b"b\\")]);
        let element = PgType::Array(Box::new(PgType::Text));
        assert_eq!(text(&element, &wire(&[(1, 1)], &[Some(&inner)])), r#"{"{a,\"b\\\\\"}"}"#);
    }

    #[test]
    fn refuses_broken_frames() {
        let good = wire(&[(2, 1)], &[Some(b"a"), None]);
        for cut in 0..good.len() {
            assert!(Array::decode(&PgType::Text, &good[..cut]).is_err(), "{cut}");
        }
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let cases = [
            [&good[..], &[0]].concat(),
            with(0, 0xff),
            with(3, 7),
            with(7, 0),
            with(7, 2),
            with(15, 0),
            with(12, 0xff),
            with(15, 3),
            wire(&[(1, i32::MAX)], &[Some(b"a")]),
            wire(&[(1, 1); 7], &[Some(b"a")]),
            wire(&[(i32::MAX, 1); 6], &[Some(b"a")]),
        ];
        for case in cases {
            assert!(Array::decode(&PgType::Text, &case).is_err(), "{case:?}");
        }
        assert!(Array::decode(&PgType::Int4, &good).is_err());
    }
}
