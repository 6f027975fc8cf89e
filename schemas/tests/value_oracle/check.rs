//! What must hold for every value of a type.

use handover_schemas::copy_binary::{Fields, push_cell, push_field_count};
use handover_schemas::pg_type::PgType;
use handover_schemas::value::{Cell, Numeric, decode, encode, parse, unescape};
use handover_testkit::Database;

use crate::server::{copy_in, copy_out, lines, split_lines, stream, tuples};
use crate::values::Wire;

/// What is asked of restoring values from their lines.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Restore {
    /// The same bytes as before.
    Exact,
    /// The same lines as before: the bits of a NaN are not printed.
    Lines,
    /// Nothing.
    Unchecked,
}

/// A type and what is particular about it.
pub(crate) struct Case<'a> {
    sql_type: &'a str,
    ty: PgType,
    database: Option<Database>,
    setup: &'a str,
    expression: &'a str,
    is_exact: bool,
    restore: Restore,
}

impl<'a> Case<'a> {
    pub(crate) fn new(sql_type: &'a str, ty: PgType) -> Self {
        Self {
            sql_type,
            ty,
            database: None,
            setup: "",
            expression: "v",
            is_exact: true,
            restore: Restore::Exact,
        }
    }

    /// In a database that is already there.
    pub(crate) fn on(self, database: Database) -> Self {
        Self { database: Some(database), ..self }
    }

    /// After these statements.
    pub(crate) fn after(self, setup: &'a str) -> Self {
        Self { setup, ..self }
    }

    /// The canonical expression of the column, where that is not the bare column.
    pub(crate) fn printed_as(self, expression: &'a str) -> Self {
        Self { expression, ..self }
    }

    /// The server may store another form of the value than it was given.
    pub(crate) fn server_normalises(self) -> Self {
        Self { is_exact: false, ..self }
    }

    pub(crate) fn restores(self, restore: Restore) -> Self {
        Self { restore, ..self }
    }

    /// Checks all that must hold for values given by their binary form.
    pub(crate) fn holds(self, wires: &[Wire]) {
        let database = self.database.unwrap_or_else(Database::create);
        let (sql_type, expression) = (self.sql_type, self.expression);
        let types = [PgType::Int8, self.ty.clone()];
        database.sql(&format!(
            "{}; create table t (id bigint, v {sql_type}); create table r (id bigint, v {sql_type})",
            self.setup
        ));

        let sent = stream(wires);
        copy_in(&database, "copy t from stdin (format binary)", &encoded_again(&types, &sent));
        let text = copy_out(
            &database,
            &format!("copy (select id, {expression} from t order by id) to stdout"),
        );
        let binary =
            copy_out(&database, "copy (select * from t order by id) to stdout (format binary)");

        let printed = split_lines(&text);
        assert_eq!(printed.len(), wires.len());
        assert_lines(sql_type, &lines(&types, &tuples(&binary)), &printed);
        // What we sent prints as the server prints it, unless the server rewrites values.
        if self.is_exact || self.ty == PgType::Numeric {
            assert_lines(sql_type, &lines(&types, &tuples(&sent)), &printed);
        }
        if self.is_exact {
            assert!(sent == binary, "{sql_type}: the server stored other bytes than it was sent");
        }
        for (tuple, line) in tuples(&binary).into_iter().zip(&printed) {
            check_text(&self.ty, tuple, line);
        }
        encoded_again(&types, &binary);

        if self.restore == Restore::Unchecked {
            return;
        }
        copy_in(&database, "copy r from stdin", &text);
        let select = "select * from r order by id";
        let restored = copy_out(&database, &format!("copy ({select}) to stdout (format binary)"));
        if self.restore == Restore::Exact {
            assert!(restored == binary, "{sql_type}: lines restored to other bytes");
        } else {
            assert_lines(sql_type, &lines(&types, &tuples(&restored)), &printed);
        }
    }
}

/// Decodes a stream and encodes it again, which gives the same bytes.
fn encoded_again(types: &[PgType], binary: &[u8]) -> Vec<u8> {
    let mut again = handover_schemas::copy_binary::HEADER.to_vec();
    for tuple in tuples(binary) {
        let fields = Fields::of(tuple).unwrap();
        push_field_count(fields.len(), &mut again).unwrap();
        for (ty, field) in types.iter().zip(fields) {
            let cell = field.unwrap().map_or(Cell::Null, |wire| decode(ty, wire).unwrap());
            push_cell(&cell, &mut again).unwrap();
        }
    }
    again.extend(handover_schemas::copy_binary::TRAILER);
    assert!(again == binary, "{types:?}: decoding and encoding changes bytes");
    again
}

/// The text of a value with a native order reads back to the value, and that encodes to its bytes.
fn check_text(ty: &PgType, tuple: &[u8], line: &[u8]) {
    let wire = Fields::of(tuple).unwrap().nth(1).unwrap().unwrap();
    let field = line.strip_suffix(b"\n").unwrap().splitn(2, |&b| b == b'\t').nth(1).unwrap();
    let text = unescape(field).unwrap();
    assert_eq!(text.is_none(), wire.is_none());
    let (Some(text), Some(wire), true) = (text, wire, ty.has_native_order()) else { return };
    let text = String::from_utf8(text).unwrap();
    let value = parse::cell(ty, &text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut bytes = Vec::new();
    encode(&value.as_cell(), &mut bytes).unwrap();
    if let Ok(Cell::Numeric(number)) = decode(ty, wire)
        && !number.is_finite()
    {
        // The server sends an infinity with 32 decimal places.
        assert_eq!(decode(ty, &bytes).map(sign), Ok(Some(number.sign())));
        return;
    }
    assert_eq!(bytes, wire, "{text}");
}

fn sign(cell: Cell<'_>) -> Option<u16> {
    if let Cell::Numeric(number) = cell { Some(Numeric::sign(&number)) } else { None }
}

/// Compares lines one by one, so that a failure shows the first that differs.
#[track_caller]
pub(crate) fn assert_lines(name: &str, ours: &[Vec<u8>], theirs: &[&[u8]]) {
    assert_eq!(ours.len(), theirs.len(), "{name}: number of lines");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            ours == theirs,
            "{name}: ours, then the server's\n{}{}",
            String::from_utf8_lossy(ours),
            String::from_utf8_lossy(theirs)
        );
    }
}
