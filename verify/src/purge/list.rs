//! Rows of a table, each with its place on the list of a purge.
//!
//! The list of a purge's table is a table of the ledger: `handover_position` (from 0, in the order
//! of keys), the key's columns as `handover_key_1` …, and `handover_evidence`, the line of evidence a
//! row was selected for. The names cannot be mistaken for the platform's.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::postgres;
use handover_engine::reader::Reader;
use handover_engine::rows::{RowStream, Wire};
use handover_engine::sql::{ident, qualified};
use handover_engine::sqlite::{self, Reading, values::TextLimit};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key, TableShape};
use handover_schemas::sqlite_form::Form;

/// Place on the list, counted from 0.
pub const POSITION: &str = "handover_position";

/// Line of evidence.
pub const EVIDENCE: &str = "handover_evidence";

/// One row as read.
#[derive(Clone, Copy, Debug)]
pub struct MarkedRow<'r> {
    /// Its place on the list; `None` if it is not on it.
    pub position: Option<u64>,
    /// The line of evidence it was selected for.
    pub evidence_line: Option<u64>,
    /// Its canonical line.
    pub line: &'r [u8],
}

/// The list of one table of one purge.
#[derive(Clone, Debug)]
pub struct List<'s> {
    /// The table.
    pub shape: &'s TableShape,
    /// Its key.
    pub key: &'s Key,
    /// Name of the list without the ledger's schema or prefix.
    pub name: String,
}

/// Positions on a list: from the first up to, not including, the second.
pub type Positions = std::ops::Range<u64>;

impl<'s> List<'s> {
    /// The list of a table; an error if the table has no key.
    pub fn new(purge: i64, table: usize, shape: &'s TableShape) -> Result<Self> {
        let key = shape.key.as_ref();
        let key = key.with_context(|| format!("{} has no key", shape.name))?;
        Ok(Self { shape, key, name: format!("purge_list_{purge}_{table}") })
    }

    /// Name of the list's column for the key column at this place of the key.
    pub fn key_column(at: usize) -> String {
        format!("handover_key_{}", at + 1)
    }

    /// Names of the key's columns in the table.
    pub fn key_names(&self) -> impl Iterator<Item = &'s str> {
        let columns = &self.shape.columns;
        self.key.columns.iter().filter_map(|at| columns.get(*at)).map(|one| one.name.as_str())
    }

    /// The condition that a row of the table `t` is the row of the list `l`.
    pub fn join(&self) -> String {
        let parts: Vec<String> = self
            .key_names()
            .enumerate()
            .map(|(at, name)| format!("t.{} = l.{}", ident(name), Self::key_column(at)))
            .collect();
        parts.join(" AND ")
    }

    /// All rows of the table in the order of keys, those on the list with their place.
    pub fn all_rows(&self, reader: &Reader<'_>) -> String {
        format!(
            "SELECT {} FROM {} AS t LEFT JOIN {} AS l ON {} ORDER BY {}",
            self.select(reader),
            self.table(reader),
            self.list(reader),
            self.join(),
            self.order(reader)
        )
    }

    /// All rows of the table in the order of keys, whether or not there is a list.
    pub fn table_rows(&self, reader: &Reader<'_>) -> String {
        let select = self.select(reader);
        let nowhere = format!("l.{POSITION}, l.{EVIDENCE}");
        let nulls = "CAST(NULL AS bigint), CAST(NULL AS bigint)";
        format!(
            "SELECT {} FROM {} AS t ORDER BY {}",
            select.replacen(&nowhere, nulls, 1),
            self.table(reader),
            self.order(reader)
        )
    }

    /// The rows that are on the list, in the order of the list.
    pub fn listed_rows(&self, reader: &Reader<'_>, positions: Option<&Positions>) -> String {
        let within = positions.map_or_else(String::new, |positions| {
            format!(
                " WHERE l.{POSITION} >= {} AND l.{POSITION} < {}",
                positions.start, positions.end
            )
        });
        format!(
            "SELECT {} FROM {} AS l JOIN {} AS t ON {}{within} ORDER BY {}",
            self.select(reader),
            self.list(reader),
            self.table(reader),
            self.join(),
            self.order(reader),
        )
    }

    /// Place, evidence and the canonical columns.
    pub fn select(&self, reader: &Reader<'_>) -> String {
        let columns = match reader {
            Reader::Postgres(_) => postgres::canonical_columns(&self.shape.columns),
            Reader::Sqlite(_) => {
                let names = self.shape.columns.iter().map(|column| ident(&column.name));
                names.collect::<Vec<_>>().join(", ")
            }
        };
        format!("l.{POSITION}, l.{EVIDENCE}, {columns}")
    }

    /// The order of keys.
    pub fn order(&self, reader: &Reader<'_>) -> String {
        match reader {
            Reader::Postgres(_) => postgres::order_by(self.shape, self.key),
            Reader::Sqlite(_) => sqlite::order_by(self.shape, self.key),
        }
    }

    /// The table, as it stands in a `FROM` clause.
    pub fn table(&self, reader: &Reader<'_>) -> String {
        match reader {
            Reader::Postgres(_) => postgres::from_table(self.shape),
            Reader::Sqlite(_) => qualified("main", &self.shape.name.name),
        }
    }

    /// The list, as it stands in a `FROM` clause.
    pub fn list(&self, reader: &Reader<'_>) -> String {
        match reader {
            Reader::Postgres(_) => format!("handover.{}", self.name),
            Reader::Sqlite(_) => format!("main.handover_{}", self.name),
        }
    }

    /// Runs a query whose columns are those of [`select`](Self::select).
    pub fn read(
        &self,
        reader: &mut Reader<'_>,
        sql: &str,
        interrupt: &Interrupt,
        mut each: impl FnMut(MarkedRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let shape = self.marked_shape();
        match reader {
            Reader::Postgres(session) => {
                visit(postgres::read_query(session, &shape, sql)?, &mut each)
            }
            Reader::Sqlite(connection) => {
                let mut statement = sqlite::prepare_query(connection, sql)?;
                let reading = Reading {
                    wire: Wire::None,
                    text_limit: TextLimit::None,
                    respelled: None,
                    interrupt,
                };
                visit(statement.rows(&shape, reading)?, &mut each)
            }
        }
    }

    /// The shape of what is read: place and evidence before the columns.
    fn marked_shape(&self) -> TableShape {
        let number = |name: &str| Column {
            name: name.to_owned(),
            type_name: "bigint".to_owned(),
            ty: PgType::Int8,
            not_null: false,
            renamed: None,
            form: Form::default(),
        };
        let mut columns = vec![number(POSITION), number(EVIDENCE)];
        columns.extend_from_slice(&self.shape.columns);
        TableShape { columns, key: None, ..self.shape.clone() }
    }
}

fn visit(
    mut rows: impl RowStream,
    each: &mut impl FnMut(MarkedRow<'_>) -> Result<()>,
) -> Result<()> {
    while rows.advance()? {
        let line = rows.row().line.bytes()?;
        let mut fields = line.splitn(3, |byte| *byte == b'\t');
        let position = number(fields.next())?;
        let evidence_line = number(fields.next())?;
        let line = fields.next().context("a row has fewer fields than columns")?;
        each(MarkedRow { position, evidence_line, line })?;
    }
    Ok(())
}

fn number(field: Option<&[u8]>) -> Result<Option<u64>> {
    let Some(digits) = field.filter(|field| *field != b"\\N") else { return Ok(None) };
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    Ok(Some(number.context("a place on the list is not a number")?))
}
