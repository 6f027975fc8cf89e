//! What holds for rows, whoever sent them: what is decoded is encoded as it came, and text that is
//! accepted is the text that is printed.

use handover_schemas::copy_binary::{
    Fields, Piece, header_len, next_piece, push_cell, push_field_count, render_row,
};
use handover_schemas::pg_type::PgType;
use handover_schemas::sort_key;
use handover_schemas::value::{
    Cell, decode, encode, escape_into, parse, render, render_field, unescape,
};

pub(crate) fn check(bytes: &[u8]) {
    assert_eq!(unescape(&escaped(bytes)), Ok(Some(bytes.to_vec())));
    for field in bytes.split(|&byte| matches!(byte, b'\n' | b'\t')) {
        check_field(field);
    }
    for ty in &types() {
        check_wire(ty, bytes);
        if let Ok(text) = str::from_utf8(bytes) {
            check_text(ty, text);
        }
    }
    check_stream(bytes);
}

fn types() -> Vec<PgType> {
    use PgType::{
        Bool, Bytea, Char, Date, Enum, Float4, Float8, Int2, Int4, Int8, Interval, Json, Jsonb,
        Numeric, Other, Text, Time, Timestamp, TimestampTz, Uuid,
    };
    let mut types = vec![
        Bool,
        Int2,
        Int4,
        Int8,
        Float4,
        Float8,
        Numeric,
        Text,
        Char,
        Bytea,
        Date,
        Time,
        Timestamp,
        TimestampTz,
        Interval,
        Uuid,
        Json,
        Jsonb,
        Enum,
        Other,
    ];
    let elements = [Bool, Int4, Numeric, Text, Char, Bytea, TimestampTz, Jsonb];
    types.extend(elements.map(|element| PgType::Array(Box::new(element))));
    types
}

fn escaped(text: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    escape_into(text, &mut field);
    field
}

fn rendered(cell: &Cell<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    render(cell, &mut text);
    text
}

fn key(cell: &Cell<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    sort_key::push(cell, &mut key).expect("a value that is not NULL has a key");
    key
}

/// A field of a line has one spelling.
fn check_field(field: &[u8]) {
    match unescape(field) {
        Ok(Some(text)) => assert_eq!(escaped(&text), field),
        Ok(None) => assert_eq!(field, b"\\N"),
        Err(_refused) => {}
    }
}

/// Bytes as the binary form of a value.
fn check_wire(ty: &PgType, wire: &[u8]) {
    let Ok(cell) = decode(ty, wire) else { return };
    let mut again = Vec::new();
    encode(&cell, &mut again).expect("what was decoded can be encoded");
    assert_eq!(again, wire, "{ty:?}");
    let text = rendered(&cell);
    let mut field = Vec::new();
    render_field(&cell, &mut field);
    assert_eq!(unescape(&field).as_ref(), Ok(&Some(text.clone())), "{ty:?}");
    if ty.has_native_order() {
        let text = str::from_utf8(&text).expect("such types print ASCII");
        let read = parse::cell(ty, text).expect("what is printed can be read");
        assert_eq!(key(&read.as_cell()), key(&cell), "{ty:?}");
    }
}

/// Bytes as the text of a value.
fn check_text(ty: &PgType, text: &str) {
    let Ok(value) = parse::cell(ty, text) else { return };
    assert_eq!(rendered(&value.as_cell()), text.as_bytes(), "{ty:?}");
    key(&value.as_cell());
}

/// Bytes as a stream of binary COPY, with or without its header.
fn check_stream(stream: &[u8]) {
    let header = header_len(stream).ok().flatten().unwrap_or(0);
    let mut rest = stream.get(header..).expect("the header is a part of the stream");
    while let Ok(Piece::Tuple(len)) = next_piece(rest) {
        let (tuple, after) = rest.split_at(len);
        check_tuple(tuple);
        rest = after;
    }
}

/// A whole tuple has whole fields, is one line, and is encoded as it came.
fn check_tuple(tuple: &[u8]) {
    let fields: Vec<Option<&[u8]>> = Fields::of(tuple)
        .expect("a whole tuple has a field count")
        .collect::<Result<_, _>>()
        .expect("a whole tuple has whole fields");
    let mut line = Vec::new();
    render_row(&vec![PgType::Text; fields.len()], tuple, &mut line).expect("text is any bytes");
    let text = line.strip_suffix(b"\n").expect("a line ends with LF");
    assert!(!text.contains(&b'\n'));
    if !fields.is_empty() {
        let read: Vec<_> = text.split(|&byte| byte == b'\t').map(unescape).collect();
        let sent: Vec<_> = fields.iter().map(|field| Ok(field.map(<[u8]>::to_vec))).collect();
        assert_eq!(read, sent);
    }
    let mut again = Vec::new();
    push_field_count(fields.len(), &mut again).expect("there were as many");
    for field in fields {
        let cell = field.map_or(Cell::Null, Cell::Text);
        push_cell(&cell, &mut again).expect("it was as long");
    }
    assert_eq!(again, tuple);
}
