//! Reading rows: canonical lines, and the wire form they came in.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::copy_binary::{self, Piece};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Extent, Key, TableShape};

use super::copy_stream::CopyOut;
use super::session::Session;
use crate::rows::{Row, RowStream};
use crate::sql::{ident, literal, qualified};

/// The select list of a table's canonical columns. `char(n)` loses its padding on every path.
pub fn canonical_columns(columns: &[Column]) -> String {
    let list: Vec<String> = columns
        .iter()
        .map(|column| match column.ty {
            PgType::Char => format!("{}::text", ident(&column.name)),
            _ => ident(&column.name),
        })
        .collect();
    list.join(", ")
}

/// `FROM` item of a table: plain inheritance is read table by table, partitions through the
/// parent, unless some of these are foreign tables.
pub fn from_table(shape: &TableShape) -> String {
    let name = qualified(&shape.name.schema, &shape.name.name);
    let table = if shape.partitioned { name } else { format!("ONLY {name}") };
    let alias = ident(&shape.name.name);
    match &shape.extent {
        Extent::Whole => table,
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

/// The expression by which one key column is ordered and compared.
fn key_expression(column: &Column, range_scan: bool) -> String {
    let name = ident(&column.name);
    match &column.ty {
        ty if ty.has_native_order() => name,
        // The index itself is in byte order; naming a collation would keep it from being used.
        PgType::Text if range_scan => name,
        PgType::Text => format!("{name} COLLATE \"C\""),
        // A cast may print otherwise than COPY does: inet gains its mask.
        PgType::Other => format!("format('%s', {name}) COLLATE \"C\""),
        _ => format!("{name}::text COLLATE \"C\""),
    }
}

fn key_columns<'s>(shape: &'s TableShape, key: &'s Key) -> impl Iterator<Item = &'s Column> {
    key.columns.iter().filter_map(|position| shape.columns.get(*position))
}

/// `ORDER BY` list of a key, in canonical order.
pub fn order_by(shape: &TableShape, key: &Key) -> String {
    let list: Vec<String> =
        key_columns(shape, key).map(|column| key_expression(column, key.range_scan)).collect();
    list.join(", ")
}

fn key_row(shape: &TableShape, key: &Key, value: &KeyValue) -> String {
    let list: Vec<String> = key_columns(shape, key)
        .zip(value)
        .map(|(column, text)| {
            let cast = if column.ty.has_native_order() { &column.type_name } else { "text" };
            format!("{}::{cast}", literal(text))
        })
        .collect();
    list.join(", ")
}

/// `WHERE` condition of a key range, or nothing for the whole table.
pub fn range_condition(shape: &TableShape, key: &Key, range: &KeyRange) -> Option<String> {
    let order = order_by(shape, key);
    let ends = [(">=", &range.lower), ("<", &range.upper)];
    let conditions: Vec<String> = ends
        .iter()
        .filter_map(|(operator, end)| {
            let value = end.as_ref()?;
            let condition = format!("({order}) {operator} ({})", key_row(shape, key, value));
            if range.upper.is_some() {
                return Some(condition);
            }
            // Where nothing forbids NULLs, they come last.
            let nullable = key_columns(shape, key).filter(|column| !column.not_null);
            let nulls = nullable.map(|column| format!(" OR {} IS NULL", ident(&column.name)));
            let nulls: String = nulls.collect();
            Some(if nulls.is_empty() { condition } else { format!("({condition}{nulls})") })
        })
        .collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// The query that gives a range's rows in canonical order.
pub(super) fn range_query(shape: &TableShape, range: &KeyRange) -> String {
    let mut sql =
        format!("SELECT {} FROM {}", canonical_columns(&shape.columns), from_table(shape));
    if let Some(key) = &shape.key {
        if let Some(condition) = range_condition(shape, key, range) {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        sql.push_str(&format!(" ORDER BY {}", order_by(shape, key)));
    }
    sql
}

/// Reads one key range in canonical order (or a table without a key in any order).
pub fn read_range<'s>(
    session: &'s mut Session,
    shape: &TableShape,
    range: &KeyRange,
) -> Result<PostgresRows<'s>> {
    read_query(session, shape, &range_query(shape, range))
}

/// Reads all rows, unordered.
pub fn read_whole<'s>(session: &'s mut Session, shape: &TableShape) -> Result<PostgresRows<'s>> {
    let sql = format!("SELECT {} FROM {}", canonical_columns(&shape.columns), from_table(shape));
    read_query(session, shape, &sql)
}

/// Reads the rows of a query over the shape's columns.
pub fn read_query<'s>(
    session: &'s mut Session,
    shape: &TableShape,
    sql: &str,
) -> Result<PostgresRows<'s>> {
    let binary = shape.has_renderer();
    let format = if binary { " (FORMAT binary)" } else { "" };
    let copy = session
        .copy_out(&format!("COPY ({sql}) TO STDOUT{format}"))
        .with_context(|| format!("cannot read {}", shape.name))?;
    Ok(PostgresRows {
        copy,
        types: shape.columns.iter().map(|column| column.ty.clone()).collect(),
        place: format!("cannot read {}", shape.name),
        binary,
        next: 0,
        wire: 0..0,
        line: Vec::new(),
        header_seen: false,
        trailer_seen: false,
    })
}

/// Rows of one `COPY … TO STDOUT`.
pub struct PostgresRows<'s> {
    copy: CopyOut<'s>,
    types: Vec<PgType>,
    place: String,
    binary: bool,
    /// Where in the block the next row begins.
    next: usize,
    /// Where in the block the current row lies.
    wire: Range<usize>,
    /// The current row's canonical line, where it is not the wire itself.
    line: Vec<u8>,
    header_seen: bool,
    trailer_seen: bool,
}

/// Room kept for the next line after a large one.
const LINE_KEPT: usize = 1024 * 1024;

impl RowStream for PostgresRows<'_> {
    fn advance(&mut self) -> Result<bool> {
        let advanced = if self.binary { self.advance_binary() } else { self.advance_text() };
        advanced.with_context(|| self.place.clone())
    }

    fn row(&self) -> Row<'_> {
        let wire = self.copy.block().get(self.wire.clone()).unwrap_or_default();
        Row { line: if self.binary { &self.line } else { wire }, wire }
    }
}

impl PostgresRows<'_> {
    fn advance_binary(&mut self) -> Result<bool> {
        self.line.clear();
        self.line.shrink_to(LINE_KEPT);
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
            // The server sends whole tuples per message, and blocks are whole messages.
            match copy_binary::next_piece(rest)? {
                Piece::Tuple(length) => {
                    let tuple = rest.get(..length).context("a tuple longer than its block")?;
                    copy_binary::render_row(&self.types, tuple, &mut self.line)?;
                    self.wire = self.next..self.next + length;
                    self.next += length;
                    return Ok(true);
                }
                Piece::Trailer => {
                    self.trailer_seen = true;
                    self.next = self.copy.block().len();
                }
                Piece::Incomplete => bail!("the server cut a row in two"),
            }
        }
    }

    fn advance_text(&mut self) -> Result<bool> {
        loop {
            let rest = self.copy.block().get(self.next..).unwrap_or_default();
            if rest.is_empty() {
                if self.next_block()? {
                    continue;
                }
                return Ok(false);
            }
            let end = memchr::memchr(b'\n', rest).context("the server cut a row in two")?;
            self.wire = self.next..self.next + end + 1;
            self.next = self.wire.end;
            return Ok(true);
        }
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
