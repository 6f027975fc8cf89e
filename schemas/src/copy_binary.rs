//! The stream of `COPY … (FORMAT binary)`: a header, tuples, a trailer (PostgreSQL documentation,
//! COPY, "Binary Format"; src/backend/commands/copyfromparse.c, `ReceiveCopyBinaryHeader` and
//! `NextCopyFrom`).
//!
//! Bytes come in pieces that end anywhere. [`header_len`] and [`next_piece`] say how much of what
//! is there is whole; nothing is copied and nothing is remembered between calls.

use crate::pg_type::PgType;
use crate::value::{
    Cell, ValueError, decode, encode, field_length, render_field, render_field_in_pieces,
};

/// Begins every stream.
pub const SIGNATURE: [u8; 11] = *b"PGCOPY\n\xff\r\n\0";
/// A header without flags and without extension: what a server sends and what it needs.
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends every stream: a field count of -1.
pub const TRAILER: [u8; 2] = [0xff, 0xff];
/// Most bytes of one field: no value of the server is larger.
pub const FIELD_BYTES_MAX: usize = 1 << 30;

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole tuple of so many bytes.
    Tuple(usize),
    /// The trailer, of two bytes. Nothing may follow it.
    Trailer,
    /// More bytes are needed.
    Incomplete,
}

/// Length of the header that the stream begins with, `None` while it has not come in whole.
pub fn header_len(stream: &[u8]) -> Result<Option<usize>, ValueError> {
    let known = stream.len().min(SIGNATURE.len());
    if stream.get(..known) != SIGNATURE.get(..known) {
        return Err(ValueError::Stream("signature not recognised"));
    }
    let Some(&[f1, f2, f3, f4, e1, e2, e3, e4]) =
        stream.get(SIGNATURE.len()..).and_then(|rest| rest.first_chunk())
    else {
        return Ok(None);
    };
    if u32::from_be_bytes([f1, f2, f3, f4]) != 0 {
        return Err(ValueError::Stream("unknown flags in the header"));
    }
    match u32::from_be_bytes([e1, e2, e3, e4]) {
        0 => Ok(Some(HEADER.len())),
        _ => Err(ValueError::Stream("unknown extension in the header")),
    }
}

/// What the bytes after the header, or after a tuple, begin with.
#[inline]
pub fn next_piece(stream: &[u8]) -> Result<Piece, ValueError> {
    let Some((count, mut rest)) = stream.split_first_chunk::<2>() else {
        return Ok(Piece::Incomplete);
    };
    if *count == TRAILER {
        return Ok(Piece::Trailer);
    }
    for _ in 0..field_count(*count)? {
        let Some((len, after)) = rest.split_first_chunk::<4>() else {
            return Ok(Piece::Incomplete);
        };
        let Some(after) = after.get(field_len(*len)?.unwrap_or(0)..) else {
            return Ok(Piece::Incomplete);
        };
        rest = after;
    }
    Ok(Piece::Tuple(stream.len() - rest.len()))
}

#[inline]
fn field_count(count: [u8; 2]) -> Result<usize, ValueError> {
    usize::try_from(i16::from_be_bytes(count))
        .or(Err(ValueError::Stream("negative number of fields")))
}

/// Length of a field, `None` for NULL.
#[inline]
fn field_len(len: [u8; 4]) -> Result<Option<usize>, ValueError> {
    match usize::try_from(i32::from_be_bytes(len)) {
        Ok(len) if len <= FIELD_BYTES_MAX => Ok(Some(len)),
        Ok(_) => Err(ValueError::Stream("field longer than a gibibyte")),
        Err(_) if len == [0xff; 4] => Ok(None),
        Err(_) => Err(ValueError::Stream("negative length of a field")),
    }
}

/// The fields of one whole tuple; NULL is `None`. After an error comes nothing more.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of a tuple, its field count included.
    #[inline]
    pub fn of(tuple: &'a [u8]) -> Result<Self, ValueError> {
        let (count, rest) = tuple
            .split_first_chunk::<2>()
            .ok_or(ValueError::Stream("tuple without a field count"))?;
        Ok(Self { left: field_count(*count)?, rest })
    }

    /// How many fields are left.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether no field is left.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Errs unless every byte of the tuple belonged to one of its fields.
    #[inline]
    fn finish(self) -> Result<(), ValueError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ValueError::Stream("bytes after a tuple")) }
    }

    #[inline]
    fn read(&mut self) -> Result<Option<&'a [u8]>, ValueError> {
        const CUT: ValueError = ValueError::Stream("tuple cut short");
        let (len, after) = self.rest.split_first_chunk::<4>().ok_or(CUT)?;
        let Some(len) = field_len(*len)? else {
            self.rest = after;
            return Ok(None);
        };
        let (field, rest) = after.split_at_checked(len).ok_or(CUT)?;
        self.rest = rest;
        Ok(Some(field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Option<&'a [u8]>, ValueError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let field = self.read();
        if field.is_err() {
            self.left = 0;
        }
        Some(field)
    }
}

/// Appends the canonical line of a binary tuple: its fields with TAB between them, and LF. After
/// an error `line` is as it was.
#[inline]
pub fn render_row(types: &[PgType], tuple: &[u8], line: &mut Vec<u8>) -> Result<(), ValueError> {
    let start = line.len();
    let result = render_fields(types, tuple, line);
    if result.is_err() {
        line.truncate(start);
    }
    result
}

#[inline]
fn render_fields(types: &[PgType], tuple: &[u8], line: &mut Vec<u8>) -> Result<(), ValueError> {
    let mut fields = Fields::of(tuple)?;
    if fields.len() != types.len() {
        return Err(ValueError::FieldCount { expected: types.len(), found: fields.len() });
    }
    for (i, ty) in types.iter().enumerate() {
        if i > 0 {
            line.push(b'\t');
        }
        match fields.read()? {
            Some(field) => render_field(&decode(ty, field)?, line),
            None => render_field(&Cell::Null, line),
        }
    }
    line.push(b'\n');
    fields.finish()
}

/// Gives the canonical line of a binary tuple piece by piece, so that a large value is in memory once: as
/// it came. What is given is what [`render_row`] appends.
///
/// `each` may stop by an error of its own.
pub fn render_row_in_pieces<E: From<ValueError>>(
    types: &[PgType],
    tuple: &[u8],
    each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut fields = Fields::of(tuple)?;
    if fields.len() != types.len() {
        return Err(ValueError::FieldCount { expected: types.len(), found: fields.len() }.into());
    }
    for (i, ty) in types.iter().enumerate() {
        if i > 0 {
            each(b"\t")?;
        }
        let cell = fields.read()?.map(|field| decode(ty, field)).transpose()?;
        render_field_in_pieces(&cell.unwrap_or(Cell::Null), each)?;
    }
    fields.finish()?;
    each(b"\n")
}

/// Bytes of the canonical line of a binary tuple, which has one.
pub fn line_length(types: &[PgType], tuple: &[u8]) -> Result<u64, ValueError> {
    let mut fields = Fields::of(tuple)?;
    if fields.len() != types.len() {
        return Err(ValueError::FieldCount { expected: types.len(), found: fields.len() });
    }
    // A separator or the line's end behind each field; a line of none has its end.
    let mut length = types.len().max(1) as u64;
    for ty in types {
        let cell = fields.read()?.map(|field| decode(ty, field)).transpose()?;
        length += field_length(&cell.unwrap_or(Cell::Null));
    }
    fields.finish()?;
    Ok(length)
}

/// Appends one field of a binary tuple as it stands in the canonical line.
pub fn render_one(
    types: &[PgType],
    tuple: &[u8],
    position: usize,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    let field = Fields::of(tuple)?.nth(position).transpose()?;
    let (Some(field), Some(ty)) = (field, types.get(position)) else {
        return Err(ValueError::FieldCount { expected: types.len(), found: position });
    };
    match field {
        Some(field) => render_field(&decode(ty, field)?, out),
        None => render_field(&Cell::Null, out),
    }
    Ok(())
}

/// Begins a tuple of so many fields.
pub fn push_field_count(fields: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let count = i16::try_from(fields).or(Err(ValueError::Stream("too many fields")))?;
    out.extend_from_slice(&count.to_be_bytes());
    Ok(())
}

/// Appends a NULL field.
pub fn push_null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// Appends a value as a field, its length before it; NULL as such. After an error `out` is as it
/// was.
pub fn push_cell(cell: &Cell<'_>, out: &mut Vec<u8>) -> Result<(), ValueError> {
    if matches!(cell, Cell::Null) {
        push_null(out);
        return Ok(());
    }
    let start = out.len();
    push_null(out);
    let result = encode(cell, out).and_then(|()| set_len(start, out));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// Writes the length of the field that follows its four bytes at `start`.
fn set_len(start: usize, out: &mut [u8]) -> Result<(), ValueError> {
    const TOO_LONG: ValueError = ValueError::Stream("field longer than a gibibyte");
    let field = out.get_mut(start..).unwrap_or_default();
    let (place, value) = field.split_first_chunk_mut::<4>().ok_or(TOO_LONG)?;
    if value.len() > FIELD_BYTES_MAX {
        return Err(TOO_LONG);
    }
    *place = i32::try_from(value.len()).or(Err(TOO_LONG))?.to_be_bytes();
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tuple(cells: &[Cell<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        push_field_count(cells.len(), &mut out).unwrap();
        for cell in cells {
            push_cell(cell, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn a_header_comes_in_pieces() {
        for cut in 0..HEADER.len() {
            assert_eq!(header_len(&HEADER[..cut]), Ok(None));
        }
        assert_eq!(header_len(&HEADER), Ok(Some(19)));
        assert_eq!(header_len(&[&HEADER[..], &TRAILER].concat()), Ok(Some(19)));
        for at in 0..HEADER.len() {
            let mut other = HEADER;
            other[at] ^= 1;
            assert!(header_len(&other).is_err(), "{at}");
        }
    }

    #[test]
    fn a_tuple_comes_in_pieces() {
        let whole = tuple(&[Cell::Int4(7), Cell::Null, Cell::Text(b""), Cell::Text(b"abc")]);
        for cut in 0..whole.len() {
            assert_eq!(next_piece(&whole[..cut]), Ok(Piece::Incomplete));
        }
        assert_eq!(next_piece(&whole), Ok(Piece::Tuple(whole.len())));
        assert_eq!(next_piece(&[&whole[..], &whole].concat()), Ok(Piece::Tuple(whole.len())));
        assert_eq!(next_piece(&TRAILER), Ok(Piece::Trailer));
        assert_eq!(next_piece(&tuple(&[])), Ok(Piece::Tuple(2)));
        let fields: Result<Vec<_>, _> = Fields::of(&whole).unwrap().collect();
        assert_eq!(
            fields.unwrap(),
            [Some(&[0, 0, 0, 7][..]), None, Some(&[][..]), Some(&b"abc"[..])]
        );
    }

    #[test]
    fn impossible_counts_and_lengths_are_refused() {
        assert!(next_piece(&[0xff, 0xfe]).is_err());
        assert!(next_piece(&[0, 1, 0xff, 0xff, 0xff, 0xfe]).is_err());
        assert!(next_piece(&[0, 1, 0x7f, 0xff, 0xff, 0xff]).is_err());
        assert!(push_field_count(32_768, &mut Vec::new()).is_err());
    }

    #[test]
    fn rows_are_lines() {
        let types = [PgType::Int4, PgType::Text, PgType::Char, PgType::Bool];
        let row = tuple(&[Cell::Int4(-7), Cell::Null, Cell::Char(b"a\tb "), Cell::Bool(true)]);
        let mut line = b"before\n".to_vec();
        render_row(&types, &row, &mut line).unwrap();
        assert_eq!(line, b"before\n-7\t\\N\ta\\tb\tt\n");
        let mut line = Vec::new();
        render_row(&[], &tuple(&[]), &mut line).unwrap();
        assert_eq!(line, b"\n");
    }

    #[test]
    fn pieces_are_the_line() {
        let types = [PgType::Bytea, PgType::Text, PgType::Int4, PgType::Char, PgType::Jsonb];
        for size in [0, 1, 70_000, 200_001] {
            let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let text: Vec<u8> = (0..size).map(|i| b"ab\t\\\n "[i % 6]).collect();
            let row = tuple(&[
                Cell::Bytea(&bytes),
                Cell::Text(&text),
                Cell::Int4(5),
                Cell::Char(&text),
                Cell::Jsonb(&text),
            ]);
            let mut line = Vec::new();
            render_row(&types, &row, &mut line).unwrap();
            let (mut joined, mut longest) = (Vec::new(), 0);
            let gathered = render_row_in_pieces::<ValueError>(&types, &row, &mut |piece| {
                joined.extend_from_slice(piece);
                longest = longest.max(piece.len());
                Ok(())
            });
            assert_eq!(gathered, Ok(()));
            assert!(joined == line, "{size}");
            assert_eq!(line_length(&types, &row), Ok(line.len() as u64));
            assert!(longest <= 256 * 1024, "{longest}");
            let mut one = Vec::new();
            render_one(&types, &row, 2, &mut one).unwrap();
            assert_eq!(one, b"5");
        }
        let row = tuple(&[Cell::Int4(1)]);
        let cut = render_row_in_pieces::<ValueError>(&[], &row, &mut |_| Ok(()));
        assert!(cut.is_err() && line_length(&[], &row).is_err());
        assert_eq!(line_length(&[], &tuple(&[])), Ok(1));
    }

    #[test]
    fn a_row_has_as_many_fields_as_its_table_has_columns() {
        let row = tuple(&[Cell::Int4(1), Cell::Int4(2)]);
        for expected in [0, 1, 3] {
            let result = render_row(&vec![PgType::Int4; expected], &row, &mut Vec::new());
            assert_eq!(result, Err(ValueError::FieldCount { expected, found: 2 }));
        }
    }

    #[test]
    fn a_broken_row_leaves_no_half_line() {
        let types = [PgType::Int4, PgType::Int4];
        let row = tuple(&[Cell::Int4(1), Cell::Int4(2)]);
        let broken = [
            [&row[..], &[0]].concat(),
            tuple(&[Cell::Int4(1)]),
            tuple(&[Cell::Int4(1), Cell::Int2(2)]),
            TRAILER.to_vec(),
        ];
        let cut = (0..row.len()).map(|cut| row[..cut].to_vec());
        for bytes in broken.into_iter().chain(cut) {
            let mut line = b"before\n".to_vec();
            assert!(render_row(&types, &bytes, &mut line).is_err(), "{bytes:?}");
            assert_eq!(line, b"before\n");
        }
    }

    proptest! {
        /// Whatever comes in, nothing panics, and a whole tuple has whole fields.
        #[test]
        fn any_stream_is_refused_or_split(
            bytes in prop::collection::vec(prop_oneof![6 => Just(0), 2 => 0..5_u8, 1 => Just(0xff)], 0..64)
        ) {
            if let Ok(Piece::Tuple(len)) = next_piece(&bytes) {
                let fields = Fields::of(&bytes[..len]).unwrap();
                let types = vec![PgType::Text; fields.len()];
                prop_assert!(fields.clone().all(|field| field.is_ok()));
                let mut line = Vec::new();
                prop_assert_eq!(render_row(&types, &bytes[..len], &mut line), Ok(()));
                let end = line.iter().position(|&b| b == b'\n');
                prop_assert_eq!(end, line.len().checked_sub(1));
                let columns = line.split(|&b| b == b'\t').count();
                prop_assert_eq!(columns, types.len().max(1));
            }
            prop_assert_eq!(header_len(&bytes).is_ok(), bytes.is_empty());
            let mut line = Vec::new();
            let result = render_row(&[PgType::Int4], &bytes, &mut line);
            prop_assert_eq!(result.is_ok(), !line.is_empty());
        }
    }
}
