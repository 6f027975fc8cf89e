//! Reading rows: canonical lines, and the wire form they came in.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::copy_binary::{self, Piece};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Extent, Key, TableShape};

use super::copy_stream::CopyOut;
use super::room::Room;
use super::session::Session;
use super::written::{TextForm, key_text, push_line, written};
use crate::line::{LARGE, LargeRow, Line};
use crate::rows::{Row, RowStream};
use crate::sql::{ident, literal, qualified};

/// The select list of a table's canonical columns, for [`read_query`]: what a codec decodes, or, in
/// a table that goes over the text wire, what is written.
pub fn canonical_columns(columns: &[Column]) -> String {
    if columns.iter().any(|column| !column.ty.has_renderer()) {
        return written_columns(columns);
    }
    let list: Vec<String> = columns
        .iter()
        .map(|column| match column.ty {
            PgType::Char => written(column),
            _ => ident(&column.name),
        })
        .collect();
    list.join(", ")
}

/// The select list that prints a table's canonical lines.
fn written_columns(columns: &[Column]) -> String {
    columns.iter().map(written).collect::<Vec<_>>().join(", ")
}

/// `FROM` item of a table: plain inheritance is read table by table, partitions through the
/// parent, unless some of these are foreign tables.
pub fn from_table(shape: &TableShape) -> String {
    let name = qualified(&shape.name.schema, &shape.name.name);
    let table = if shape.partitioned { name } else { format!("ONLY {name}") };
    let alias = ident(&shape.name.name);
    match &shape.extent {
        Extent::Whole | Extent::Computed => table,
        Extent::Configuration(condition) if condition.is_empty() => table,
        Extent::Configuration(condition) => {
            format!("(SELECT tableoid, * FROM {table} {condition}) AS {alias}")
        }
        Extent::LocalPartitions(partitions) => {
            let mut columns = vec!["tableoid".to_owned()];
            columns.extend(shape.columns.iter().map(|column| ident(&column.name)));
            let columns = columns.join(", ");
            let select = |name: &TableName| {
                let name = qualified(&name.schema, &name.name);
                format!("SELECT {columns} FROM ONLY {name}")
            };
            let selects: Vec<String> = partitions.iter().map(select).collect();
            // Without its partitions the table itself has no rows.
            let selects =
                if selects.is_empty() { select(&shape.name) } else { selects.join(" UNION ALL ") };
            format!("({selects}) AS {alias}")
        }
    }
}

/// The expression by which one key column is ordered and compared. A text goes by its bytes in
/// UTF-8, whatever the database's encoding: `COLLATE "C"` would go by those of the encoding.
fn key_expression(column: &Column, range_scan: bool) -> String {
    match &column.ty {
        ty if ty.has_native_order() => ident(&column.name),
        // The index itself is in byte order; an expression would keep it from being used.
        PgType::Text if range_scan => ident(&column.name),
        PgType::Text => format!("convert_to({}, 'UTF8')", ident(&column.name)),
        _ => format!("convert_to({}, 'UTF8')", key_text(column)),
    }
}

/// A key column's value as [`key_expression`] is compared with it.
fn key_literal(column: &Column, range_scan: bool, text: &str) -> String {
    // Not the name that the column's server gives its type: the statement may be for another server.
    if let Some(name) = column.ty.name_in_native_order() {
        return format!("{}::{name}", literal(text));
    }
    match &column.ty {
        PgType::Text if range_scan => format!("{}::text", literal(text)),
        // As bytes: the database's encoding need not have the characters of the other end's keys.
        _ => {
            let hex: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("'\\x{}'::bytea", hex.concat())
        }
    }
}

fn key_columns<'s>(shape: &'s TableShape, key: &'s Key) -> impl Iterator<Item = &'s Column> {
    key.columns.iter().filter_map(|position| shape.columns.get(*position))
}

/// `ORDER BY` list of a key, in canonical order: rows with a NULL in the key come last.
pub fn order_by(shape: &TableShape, key: &Key) -> String {
    let has_null = has_null(shape, key).map(|has_null| format!("({has_null}), "));
    format!("{}{}", has_null.unwrap_or_default(), key_expressions(shape, key))
}

fn key_expressions(shape: &TableShape, key: &Key) -> String {
    let list: Vec<String> =
        key_columns(shape, key).map(|column| key_expression(column, key.range_scan)).collect();
    list.join(", ")
}

/// The condition that a row has no key, where nothing forbids that.
fn has_null(shape: &TableShape, key: &Key) -> Option<String> {
    let nullable = key_columns(shape, key).filter(|column| !column.not_null);
    let nulls: Vec<String> =
        nullable.map(|column| format!("{} IS NULL", ident(&column.name))).collect();
    (!nulls.is_empty()).then(|| nulls.join(" OR "))
}

fn key_row(shape: &TableShape, key: &Key, value: &KeyValue) -> String {
    let list: Vec<String> = key_columns(shape, key)
        .zip(value)
        .map(|(column, text)| key_literal(column, key.range_scan, text))
        .collect();
    list.join(", ")
}

/// `WHERE` condition of a key range, or nothing for the whole table. Ranges tile whatever a key's
/// columns can hold: a row with a NULL among them is in the last range and in no other.
pub fn range_condition(shape: &TableShape, key: &Key, range: &KeyRange) -> Option<String> {
    let keys = key_expressions(shape, key);
    let ends = [(">=", &range.lower), ("<", &range.upper)];
    let compared: Vec<String> = ends
        .iter()
        .filter_map(|(operator, end)| {
            let value = end.as_ref()?;
            Some(format!("({keys}) {operator} ({})", key_row(shape, key, value)))
        })
        .collect();
    if compared.is_empty() {
        return None;
    }
    let compared = compared.join(" AND ");
    Some(match has_null(shape, key) {
        None => compared,
        Some(has_null) if range.upper.is_some() => format!("{compared} AND NOT ({has_null})"),
        Some(has_null) => format!("({compared} OR {has_null})"),
    })
}

/// The query that gives a range's rows in canonical order.
pub(super) fn range_query(shape: &TableShape, range: &KeyRange) -> String {
    ordered_query(shape, range, &canonical_columns(&shape.columns))
}

/// The query whose text is a range's canonical lines in order.
pub(super) fn written_query(shape: &TableShape, range: &KeyRange) -> String {
    ordered_query(shape, range, &written_columns(&shape.columns))
}

fn ordered_query(shape: &TableShape, range: &KeyRange, columns: &str) -> String {
    let mut sql = format!("SELECT {columns} FROM {}", from_table(shape));
    if let Some(key) = &shape.key {
        if let Some(condition) = range_condition(shape, key, range) {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        sql.push_str(&format!(" ORDER BY {}", order_by(shape, key)));
    }
    sql
}

/// Reads one key range in canonical order, by the key's index where it has that order.
pub fn read_range<'s>(
    session: &'s mut Session,
    shape: &TableShape,
    range: &KeyRange,
) -> Result<PostgresRows<'s>> {
    session.prefer_indexes(true)?;
    read_query(session, shape, &range_query(shape, range))
}

/// What has to be read, one after another, to have all rows of a table: the table itself, or its
/// partitions where no query over the parent can be planned.
pub fn parts(session: &mut Session, shape: &TableShape) -> Result<Vec<TableShape>> {
    if !(shape.partitioned && shape.whole_only) {
        return Ok(vec![shape.clone()]);
    }
    let leaves = session
        .query(&format!(
            "SELECT n.nspname, c.relname FROM pg_partition_tree({}::regclass) t \
             JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE t.isleaf AND c.relkind NOT IN ('p', 'f') ORDER BY c.oid",
            literal(&qualified(&shape.name.schema, &shape.name.name))
        ))
        .with_context(|| format!("cannot list the partitions of {}", shape.name))?;
    leaves
        .into_iter()
        .map(|leaf| {
            let [Some(schema), Some(name)] = leaf.as_slice() else {
                bail!("the catalog gave an incomplete row for a partition");
            };
            let name = TableName::new(schema, name);
            let extent = Extent::Whole;
            Ok(TableShape { name, partitioned: false, extent, ..shape.clone() })
        })
        .collect()
}

/// Reads all rows, unordered, without an index that might lack some. Nothing that the database's
/// owner wrote is looked at, let alone run: `COPY` of a table has no query.
pub fn read_whole<'s>(session: &'s mut Session, shape: &TableShape) -> Result<PostgresRows<'s>> {
    if shape.partitioned || !shape.extent.is_whole() {
        let columns = canonical_columns(&shape.columns);
        session.prefer_indexes(false)?;
        let sql = format!("SELECT {columns} FROM {}", from_table(shape));
        return read_query(session, shape, &sql);
    }
    let names: Vec<String> = shape.columns.iter().map(|column| ident(&column.name)).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let table = format!("{}{names}", qualified(&shape.name.schema, &shape.name.name));
    let mut rows = read_copy(session, shape, &table)?;
    let forms: Vec<TextForm> =
        shape.columns.iter().map(|column| TextForm::of(&column.ty)).collect();
    if !rows.binary && forms.iter().any(|form| *form != TextForm::Canonical) {
        rows.forms = Some(forms);
    }
    Ok(rows)
}

/// How many rows a table has, counted without an index that might lack some.
pub fn count(session: &mut Session, shape: &TableShape) -> Result<u64> {
    session.prefer_indexes(false)?;
    let counted = session
        .query_value(&format!("SELECT count(*)::text FROM {}", from_table(shape)))
        .with_context(|| format!("cannot count the rows of {}", shape.name))?;
    counted.and_then(|count| count.parse().ok()).context("the server counted no rows")
}

/// Reads the rows of a query over the shape's columns.
pub fn read_query<'s>(
    session: &'s mut Session,
    shape: &TableShape,
    sql: &str,
) -> Result<PostgresRows<'s>> {
    read_copy(session, shape, &format!("({sql})"))
}

fn read_copy<'s>(
    session: &'s mut Session,
    shape: &TableShape,
    what: &str,
) -> Result<PostgresRows<'s>> {
    let binary = shape.has_renderer();
    let version = session.server_version();
    let format = if binary { " (FORMAT binary)" } else { "" };
    let copy = session
        .copy_out(&format!("COPY {what} TO STDOUT{format}"))
        .with_context(|| format!("cannot read {}", shape.name))?;
    Ok(PostgresRows {
        copy,
        types: shape.columns.iter().map(|column| column.ty.sent_by(version)).collect(),
        forms: None,
        place: format!("cannot read {}", shape.name),
        room: Room::of(shape),
        binary,
        next: 0,
        wire: 0..0,
        line: Vec::new(),
        large: None,
        header_seen: false,
        trailer_seen: false,
    })
}

/// Rows of one `COPY … TO STDOUT`.
pub struct PostgresRows<'s> {
    copy: CopyOut<'s>,
    types: Vec<PgType>,
    /// What becomes of each field of a text line, where not all are canonical as they come.
    forms: Option<Vec<TextForm>>,
    place: String,
    room: Room,
    binary: bool,
    /// Where in the block the next row begins.
    next: usize,
    /// Where in the block the current row lies.
    wire: Range<usize>,
    /// The current row's canonical line, where it is not the wire itself.
    line: Vec<u8>,
    /// Bytes of the current row's canonical line, where that is made of the wire piece by piece.
    large: Option<u64>,
    header_seen: bool,
    trailer_seen: bool,
}

/// Room kept for the next line after a large one.
const LINE_KEPT: usize = 1024 * 1024;

/// The longest row on the wire: a server makes it in one piece of memory, of which it has at most 1 GiB less
/// one byte (`MaxAllocSize`).
const ROW_BYTES_MAX: usize = 1 << 30;

impl RowStream for PostgresRows<'_> {
    fn advance(&mut self) -> Result<bool> {
        let advanced = if self.binary { self.advance_binary() } else { self.advance_text() };
        advanced.and_then(|is_row| self.counted(is_row)).with_context(|| self.place.clone())
    }

    fn row(&self) -> Row<'_> {
        let wire = self.tuple();
        let line = match self.large {
            Some(length) => Line::of_large_row(self, length),
            None if self.binary || self.forms.is_some() => Line::whole(&self.line),
            None => Line::whole(wire),
        };
        Row { line, wire }
    }
}

/// A tuple of which no line is made.
impl LargeRow for PostgresRows<'_> {
    fn pieces(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        copy_binary::render_row_in_pieces(&self.types, self.tuple(), each)
    }

    fn field(&self, column: usize, out: &mut Vec<u8>) -> Result<()> {
        Ok(copy_binary::render_one(&self.types, self.tuple(), column, out)?)
    }
}

impl PostgresRows<'_> {
    fn tuple(&self) -> &[u8] {
        self.copy.block().get(self.wire.clone()).unwrap_or_default()
    }

    fn advance_binary(&mut self) -> Result<bool> {
        self.line.clear();
        self.line.shrink_to(LINE_KEPT);
        self.large = None;
        loop {
            let rest = self.copy.block().get(self.next..).unwrap_or_default();
            if rest.is_empty() {
                if self.next_block()? {
                    continue;
                }
                if !self.trailer_seen {
                    bail!("the server's data ended without its end mark");
                }
                return Ok(false);
            }
            match copy_binary::next_piece(rest)? {
                Piece::Tuple(length) => {
                    let tuple = rest.get(..length).context("a tuple longer than its block")?;
                    if length > LARGE {
                        self.large = Some(copy_binary::line_length(&self.types, tuple)?);
                    } else {
                        copy_binary::render_row(&self.types, tuple, &mut self.line)?;
                    }
                    self.wire = self.next..self.next + length;
                    self.next += length;
                    return Ok(true);
                }
                Piece::Trailer => {
                    self.trailer_seen = true;
                    self.next = self.copy.block().len();
                }
                Piece::Incomplete => self.rest_of_row()?,
            }
        }
    }

    fn advance_text(&mut self) -> Result<bool> {
        let mut searched = 0;
        loop {
            let rest = self.copy.block().get(self.next..).unwrap_or_default();
            if rest.is_empty() {
                if self.next_block()? {
                    continue;
                }
                return Ok(false);
            }
            let found = memchr::memchr(b'\n', rest.get(searched..).unwrap_or_default());
            let Some(end) = found.map(|end| searched + end) else {
                searched = rest.len();
                self.rest_of_row()?;
                continue;
            };
            self.wire = self.next..self.next + end + 1;
            self.next = self.wire.end;
            if let Some(forms) = &self.forms {
                self.line.clear();
                self.line.shrink_to(LINE_KEPT);
                let line = rest.get(..=end).context("a line beyond its block")?;
                push_line(forms, line, &mut self.line)?;
            }
            return Ok(true);
        }
    }

    /// Counts a row, or holds what was counted against what the server says to have sent.
    fn counted(&mut self, is_row: bool) -> Result<bool> {
        let Self { room, copy, .. } = self;
        if is_row {
            room.count_one(|sql| copy.ask_beside(sql))?;
            return Ok(true);
        }
        match copy.rows_sent() {
            Some(sent) if sent != room.rows() => bail!(
                "{} row(s) arrived, and the server says that it sent {sent}: it is broken, or \
                 something between here and there is",
                room.rows()
            ),
            _ => Ok(false),
        }
    }

    /// Fetches more of a row that began in the block and is now at its beginning.
    fn rest_of_row(&mut self) -> Result<()> {
        let have = self.copy.block().len() - self.next;
        if have > ROW_BYTES_MAX {
            bail!(
                "the server sends a row of more than 1 GiB, which none can: it is broken, or it means harm"
            );
        }
        let is_more = self.copy.extend_block(self.next)?;
        self.next = 0;
        if !is_more {
            bail!("the server's rows ended within a row");
        }
        Ok(())
    }

    fn next_block(&mut self) -> Result<bool> {
        self.wire = 0..0;
        self.next = 0;
        if !self.copy.next_block()? {
            return Ok(false);
        }
        if self.binary && !self.header_seen {
            self.header_seen = true;
            self.next = copy_binary::header_len(self.copy.block())?
                .context("the server's data begins with no header")?;
        }
        Ok(true)
    }
}
