//! Reading rows of a SQLite file.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key, TableShape};
use handover_schemas::value::{
    Cell, OwnedStored, field_length, render_field, render_field_in_pieces,
};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, Connection, Statement};

use super::exact::stored_text;
use super::misfit::{Misfit, Misfits};
use super::open::{cannot_prepare, sqlite_error};
use super::respelled::Respelled;
use super::values::{ColumnRule, Spelling, TextLimit, Unfit, large_cell, push_value, push_wire};
use crate::line::{LargeRow, Line};
use crate::rows::{Row, RowStream, Wire};
use crate::sql::{ident, literal};

/// Rows between two looks at whether the user asked to stop.
const ROWS_BETWEEN_CHECKS: u64 = 4096;

/// What a reader makes of the rows.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Form of [`Row::wire`].
    pub wire: Wire,
    /// What texts have to fit into.
    pub text_limit: TextLimit,
    /// Where it is noted that a table has values that are written another way.
    pub respelled: Option<&'a Respelled>,
    /// Ends the reading early.
    pub interrupt: &'a Interrupt,
}

fn key_columns<'s>(shape: &'s TableShape, key: &'s Key) -> impl Iterator<Item = &'s Column> {
    key.columns.iter().filter_map(|position| shape.columns.get(*position))
}

/// Select list, in declared order.
pub(super) fn select(shape: &TableShape) -> String {
    let columns: Vec<String> = shape.columns.iter().map(|column| ident(&column.name)).collect();
    let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    // An index is of use for a key in its order only. Others may need a collation of the
    // application's to be read at all.
    let by_index = shape.key.as_ref().is_some_and(|key| key.range_scan);
    let hint = if by_index { "" } else { " NOT INDEXED" };
    format!("SELECT {columns} FROM main.{}{hint}", ident(&shape.name.name))
}

/// `ORDER BY` list of a key: SQLite compares UTF-8 texts by bytes under `BINARY`.
pub fn order_by(shape: &TableShape, key: &Key) -> String {
    let list: Vec<String> = key_columns(shape, key)
        .map(|column| {
            let name = ident(&column.name);
            if is_text(column) { format!("{name} COLLATE BINARY") } else { name }
        })
        .collect();
    list.join(", ")
}

fn is_text(column: &Column) -> bool {
    matches!(column.order(), PgType::Text | PgType::Uuid | PgType::Json)
}

fn range_query(shape: &TableShape, range: &KeyRange) -> String {
    let mut sql = select(shape);
    if let Some(key) = &shape.key {
        let order = order_by(shape, key);
        let marks = vec!["?"; key.columns.len()].join(", ");
        let ends = [(">=", &range.lower), ("<", &range.upper)];
        let conditions: Vec<String> = ends
            .iter()
            .filter(|(_, end)| end.is_some())
            .map(|(operator, _)| format!("({order}) {operator} ({marks})"))
            .collect();
        if !conditions.is_empty() {
            sql.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        sql.push_str(&format!(" ORDER BY {order}"));
    }
    sql
}

/// The stored value behind a key column's canonical text.
fn stored_value(column: &Column, text: &str) -> Result<Value> {
    let stored = stored_text(&column.ty, text);
    let stored = stored
        .with_context(|| format!("a boundary of column {} has an unexpected form", column.name))?;
    Ok(match stored {
        OwnedStored::Integer(number) => Value::Integer(number),
        OwnedStored::Real(number) => Value::Real(number),
        OwnedStored::Text(_) => Value::Text(text.to_owned()),
        OwnedStored::Blob(bytes) => Value::Blob(bytes),
    })
}

/// The number behind PostgreSQL's text of one.
pub(super) fn float_value(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // SQLite stores no NaN.
        "NaN" => None,
        number => number.parse().ok(),
    }
}

/// The condition and order of a key range with its values written out, for a command line.
pub fn range_literals(shape: &TableShape, range: &KeyRange) -> Option<(String, String)> {
    let key = shape.key.as_ref()?;
    let order: Vec<String> = key_columns(shape, key)
        .flat_map(|column| {
            let name = ident(&column.name);
            if is_text(column) {
                vec![format!("{name} COLLATE BINARY")]
            } else {
                order_terms(column, &name)
            }
        })
        .collect();
    let order = order.join(", ");
    let conditions: Vec<String> = [(">=", &range.lower), ("<", &range.upper)]
        .iter()
        .filter_map(|(operator, end)| {
            let values: Vec<String> = key_columns(shape, key)
                .zip(end.as_ref()?)
                .flat_map(|(column, text)| order_terms(column, &stored_literal(column, text)))
                .collect();
            Some(format!("({order}) {operator} ({})", values.join(", ")))
        })
        .collect();
    Some((conditions.join(" AND "), order))
}

fn stored_literal(column: &Column, text: &str) -> String {
    match stored_value(column, text) {
        Ok(Value::Integer(number)) => number.to_string(),
        Ok(Value::Real(_)) => text.to_owned(),
        Ok(Value::Blob(_)) => format!("x'{}'", text.strip_prefix("\\x").unwrap_or_default()),
        Ok(Value::Text(_) | Value::Null) | Err(_) => literal(text),
    }
}

/// The expressions that order a value as the canonical form does. Dates are stored as text, which
/// has another order before year 1 and after year 9999.
fn order_terms(column: &Column, value: &str) -> Vec<String> {
    match column.order() {
        PgType::Date | PgType::Timestamp | PgType::TimestampTz => vec![
            format!(
                "CASE {value} WHEN '-infinity' THEN -1e9 WHEN 'infinity' THEN 1e9 ELSE \
                 CAST({value} AS INTEGER) * CASE WHEN {value} LIKE '% BC' THEN -1 ELSE 1 END END"
            ),
            format!("substr({value}, instr({value}, '-'))"),
        ],
        _ => vec![value.to_owned()],
    }
}

fn bind_range(statement: &mut Statement<'_>, shape: &TableShape, range: &KeyRange) -> Result<()> {
    let Some(key) = &shape.key else { return Ok(()) };
    let ends: Vec<&KeyValue> = [&range.lower, &range.upper].into_iter().flatten().collect();
    let mut index = 1;
    for end in ends {
        for (column, text) in key_columns(shape, key).zip(end) {
            statement
                .raw_bind_parameter(index, stored_value(column, text)?)
                .map_err(sqlite_error)?;
            index += 1;
        }
    }
    Ok(())
}

/// A statement that reads rows of one table.
pub struct PreparedRead<'c> {
    statement: CachedStatement<'c>,
}

/// A statement for one key range in canonical order (or for a table without a key in any order).
pub fn prepare_range<'c>(
    connection: &'c Connection,
    shape: &TableShape,
    range: &KeyRange,
) -> Result<PreparedRead<'c>> {
    let sql = range_query(shape, range);
    let mut statement = connection.prepare_cached(&sql).map_err(cannot_prepare)?;
    bind_range(&mut statement, shape, range)?;
    Ok(PreparedRead { statement })
}

/// A statement for the row of a key range that so many others come before.
pub(super) fn prepare_nth<'c>(
    connection: &'c Connection,
    shape: &TableShape,
    range: &KeyRange,
    before: u64,
) -> Result<PreparedRead<'c>> {
    let sql = format!("{} LIMIT 1 OFFSET {before}", range_query(shape, range));
    let mut statement = connection.prepare_cached(&sql).map_err(cannot_prepare)?;
    bind_range(&mut statement, shape, range)?;
    Ok(PreparedRead { statement })
}

/// A statement for the rows of a query over the columns of a shape.
pub fn prepare_query<'c>(connection: &'c Connection, sql: &str) -> Result<PreparedRead<'c>> {
    Ok(PreparedRead { statement: connection.prepare_cached(sql).map_err(sqlite_error)? })
}

/// A statement for all rows, unordered.
pub fn prepare_whole<'c>(
    connection: &'c Connection,
    shape: &TableShape,
) -> Result<PreparedRead<'c>> {
    let statement = connection.prepare_cached(&select(shape)).map_err(cannot_prepare)?;
    Ok(PreparedRead { statement })
}

impl PreparedRead<'_> {
    /// Runs the statement.
    pub fn rows<'s>(
        &'s mut self,
        shape: &'s TableShape,
        reading: Reading<'s>,
    ) -> Result<SqliteRows<'s>> {
        let fields = i16::try_from(shape.columns.len()).context("a table has too many columns")?;
        Ok(SqliteRows {
            rows: self.statement.raw_query(),
            rules: shape.columns.iter().map(ColumnRule::new).collect(),
            shape,
            reading,
            fields,
            count: 0,
            is_respelled: false,
            line: Vec::new(),
            left_out: Vec::new(),
            large: None,
            wire: Vec::new(),
        })
    }
}

/// Rows of one statement.
pub struct SqliteRows<'s> {
    rows: rusqlite::Rows<'s>,
    rules: Vec<ColumnRule>,
    shape: &'s TableShape,
    reading: Reading<'s>,
    fields: i16,
    count: u64,
    is_respelled: bool,
    /// The current row's canonical line, without its large values.
    line: Vec<u8>,
    /// Where in the line the large values belong.
    left_out: Vec<LeftOut>,
    /// Bytes of the current row's canonical line, if values are left out of it.
    large: Option<u64>,
    wire: Vec<u8>,
}

/// A value that is taken from where SQLite has it.
struct LeftOut {
    /// Where in the line it belongs.
    at: usize,
    column: usize,
}

/// Room kept for the next row after a large one.
const ROW_KEPT: usize = 1024 * 1024;

impl RowStream for SqliteRows<'_> {
    fn advance(&mut self) -> Result<bool> {
        self.line.clear();
        self.line.shrink_to(ROW_KEPT);
        self.wire.clear();
        self.wire.shrink_to(ROW_KEPT);
        self.left_out.clear();
        self.large = None;
        self.count += 1;
        if self.count.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            self.reading.interrupt.check()?;
        }
        let Some(row) = self.rows.next().map_err(sqlite_error)? else { return Ok(false) };
        if self.reading.wire == Wire::Copy {
            self.wire.extend_from_slice(&self.fields.to_be_bytes());
        }
        let mut left_out_bytes = 0;
        for (index, rule) in self.rules.iter().enumerate() {
            if index > 0 {
                self.line.push(b'\t');
            }
            let value = row.get_ref(index).map_err(sqlite_error)?;
            let pushed = match large_cell(rule, value, self.reading.text_limit) {
                Ok(Some(cell)) => {
                    left_out_bytes += field_length(&cell);
                    self.left_out.push(LeftOut { at: self.line.len(), column: index });
                    push_wire(&cell, value, self.reading.wire, &mut self.wire)
                        .map(|()| Spelling::Own)
                }
                Ok(None) => push_value(
                    rule,
                    value,
                    self.reading.text_limit,
                    self.reading.wire,
                    &mut self.line,
                    &mut self.wire,
                ),
                Err(unfit) => Err(unfit),
            };
            match pushed {
                Ok(Spelling::Own) => {}
                Ok(Spelling::Other) => self.is_respelled = true,
                Err(unfit) => return Err(misfit(self.shape, index, unfit, row).into()),
            }
        }
        if self.is_respelled
            && let Some(respelled) = self.reading.respelled.take()
        {
            respelled.tell(&self.shape.name);
        }
        self.line.push(b'\n');
        if !self.left_out.is_empty() {
            self.large = Some(self.line.len() as u64 + left_out_bytes);
        }
        Ok(true)
    }

    fn row(&self) -> Row<'_> {
        let line = match self.large {
            Some(length) => Line::of_large_row(self, length),
            None => Line::whole(&self.line),
        };
        Row { line, wire: &self.wire }
    }
}

/// A row with values that are left out of its line.
impl LargeRow for SqliteRows<'_> {
    fn pieces(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut done = 0;
        for left_out in &self.left_out {
            each(self.line.get(done..left_out.at).unwrap_or_default())?;
            render_field_in_pieces(&self.left_out_cell(left_out)?, each)?;
            done = left_out.at;
        }
        each(self.line.get(done..).unwrap_or_default())
    }

    fn field(&self, column: usize, out: &mut Vec<u8>) -> Result<()> {
        if let Some(left_out) = self.left_out.iter().find(|left_out| left_out.column == column) {
            render_field(&self.left_out_cell(left_out)?, out);
            return Ok(());
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let field = line.split(|byte| *byte == b'\t').nth(column);
        out.extend_from_slice(field.context("a row has fewer fields than columns")?);
        Ok(())
    }
}

impl SqliteRows<'_> {
    /// What was left out, which is its own text or bytes.
    fn left_out_cell(&self, left_out: &LeftOut) -> Result<Cell<'_>> {
        let row = self.rows.get().context("SQLite has no row any more")?;
        match row.get_ref(left_out.column).map_err(sqlite_error)? {
            ValueRef::Text(text) => Ok(Cell::Text(text)),
            ValueRef::Blob(bytes) => Ok(Cell::Bytea(bytes)),
            _ => bail!("a value changed while it was read"),
        }
    }
}

fn misfit(shape: &TableShape, index: usize, unfit: Unfit, row: &rusqlite::Row<'_>) -> Misfit {
    let key = shape.key.as_ref().and_then(|key| {
        key.columns.iter().map(|at| row.get_ref(*at).ok().and_then(printable)).collect()
    });
    let column = shape.columns.get(index).map(|column| column.name.clone()).unwrap_or_default();
    Misfit { column, unfit, key }
}

/// A key value for the findings file, whatever it is stored as.
fn printable(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(hex.concat())
        }
    }
}

/// How many rows a table has, counted without an index that might lack some.
pub fn count(connection: &Connection, shape: &TableShape) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM main.{} NOT INDEXED", ident(&shape.name.name));
    let count: i64 = connection
        .query_row(&sql, [], |row| row.get(0))
        .map_err(sqlite_error)
        .with_context(|| format!("cannot count the rows of {}", shape.name))?;
    u64::try_from(count).context("SQLite counted less than nothing")
}

/// All rows of a table with a value that does not fit.
pub fn misfits(
    connection: &Connection,
    shape: &TableShape,
    text_limit: TextLimit,
    interrupt: &Interrupt,
) -> Result<Misfits> {
    let rules: Vec<ColumnRule> = shape.columns.iter().map(ColumnRule::new).collect();
    let mut sql = select(shape);
    if let Some(key) = &shape.key {
        sql.push_str(&format!(" ORDER BY {}", order_by(shape, key)));
    }
    let mut statement = connection.prepare(&sql).map_err(cannot_prepare)?;
    let mut rows = statement.raw_query();
    let mut found = Misfits::default();
    let (mut line, mut wire) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        interrupt.check()?;
        let mut of_row = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            line.clear();
            let value = row.get_ref(index).map_err(sqlite_error)?;
            let pushed = push_value(rule, value, text_limit, Wire::None, &mut line, &mut wire);
            if let Err(unfit) = pushed {
                of_row.push(misfit(shape, index, unfit, row));
            }
        }
        found.add(of_row);
    }
    Ok(found)
}
