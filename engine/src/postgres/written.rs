//! How SQL writes a value in its canonical text, where a bare column prints something else.
//!
//! Rows on the binary wire are written by the codecs; these expressions are for the commands that
//! people run, for ordering by a key's text, and for tables that go over the text wire. What plain
//! `COPY` prints, which takes no expressions, is put right by [`TextForm`].

use anyhow::{Context, Result};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Column;
use handover_schemas::value::{Cell, render_field};

use crate::sql::ident;

/// An expression that prints a column's canonical text on every version of the server.
pub(super) fn written(column: &Column) -> String {
    let name = ident(&column.name);
    match &column.ty {
        PgType::Char => format!("{name}::text"),
        PgType::PgLsn => short_positions(&name, ""),
        PgType::Array(element) if **element == PgType::PgLsn => short_positions(&name, ", 'g'"),
        PgType::SingleChar => format!(
            "CASE WHEN {name}::int4 < 0 THEN '\\' || (({name}::int4 + 256) / 64)::text || \
             (({name}::int4 + 256) / 8 % 8)::text || (({name}::int4 + 256) % 8)::text \
             ELSE {name}::text END"
        ),
        _ => name,
    }
}

/// PostgreSQL 19 prints eight digits after the slash.
fn short_positions(name: &str, flags: &str) -> String {
    format!("regexp_replace({name}::text, '/0{{1,7}}(?=[0-9A-F])', '/'{flags})")
}

/// An expression for a key column's canonical text as a value of type `text`.
pub(super) fn key_text(column: &Column) -> String {
    let name = ident(&column.name);
    match &column.ty {
        PgType::Bool => format!("CASE WHEN {name} THEN 't' ELSE 'f' END"),
        PgType::PgLsn | PgType::SingleChar => written(column),
        PgType::Array(element) if **element == PgType::PgLsn => written(column),
        // A cast may print otherwise than COPY does: inet gains its mask.
        PgType::Other => format!("format('%s', {name})"),
        _ => format!("{name}::text"),
    }
}

/// What has to be done to a field that plain text `COPY` printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextForm {
    /// Nothing: it is the canonical text.
    Canonical,
    /// `char(n)`: its padding is not data.
    Padded,
    /// Log positions, one or an array of them.
    Positions,
    /// A `"char"`, whose byte may stand there bare.
    SingleChar,
}

impl TextForm {
    pub(super) fn of(ty: &PgType) -> Self {
        match ty {
            PgType::Char => Self::Padded,
            PgType::PgLsn => Self::Positions,
            PgType::Array(element) if **element == PgType::PgLsn => Self::Positions,
            PgType::SingleChar => Self::SingleChar,
            _ => Self::Canonical,
        }
    }

    /// Appends the field in its canonical form.
    pub(super) fn push(self, field: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Canonical => out.extend_from_slice(field),
            Self::Padded => out.extend_from_slice(without_padding(field)),
            Self::Positions => push_positions(field, out),
            Self::SingleChar => match field {
                [byte] if !byte.is_ascii() => render_field(&Cell::SingleChar(*byte), out),
                _ => out.extend_from_slice(field),
            },
        }
    }
}

fn without_padding(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = text {
        text = rest;
    }
    text
}

/// Leaves out zeros between a slash and another digit.
fn push_positions(field: &[u8], out: &mut Vec<u8>) {
    let mut after_slash = false;
    for (at, byte) in field.iter().enumerate() {
        let digit_follows = field.get(at + 1).is_some_and(u8::is_ascii_hexdigit);
        if after_slash && *byte == b'0' && digit_follows {
            continue;
        }
        after_slash = *byte == b'/';
        out.push(*byte);
    }
}

/// A text line of plain `COPY` in canonical form.
pub(super) fn push_line(forms: &[TextForm], line: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let fields = line.strip_suffix(b"\n").context("a line without its end")?;
    for (at, (form, field)) in forms.iter().zip(fields.split(|byte| *byte == b'\t')).enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        form.push(field, out);
    }
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_plain_copy() {
        let forms = [
            TextForm::Padded,
            TextForm::Canonical,
            TextForm::Positions,
            TextForm::Positions,
            TextForm::SingleChar,
            TextForm::SingleChar,
            TextForm::Padded,
        ];
        let lines: [(&[u8], &[u8]); 3] = [
            (
                b"a  \tb \t0/00001A2B\t{0/00000000,NULL,1/000000AB}\t\xc8\tA\t\\N\n",
                b"a\tb \t0/1A2B\t{0/0,NULL,1/AB}\t\\\\310\tA\t\\N\n",
            ),
            (b"\t\t\\N\t{}\t\\\\310\t\t   \n", b"\t\t\\N\t{}\t\\\\310\t\t\n"),
            (b" a\t\t0/0\t\\N\t\\N\t\\\\\ta\\t \n", b" a\t\t0/0\t\\N\t\\N\t\\\\\ta\\t\n"),
        ];
        for (line, expected) in lines {
            let mut out = Vec::new();
            push_line(&forms, line, &mut out).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
        }
    }
}
