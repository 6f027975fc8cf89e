//! Canonical lines into a table of the database's own types, beside the tables in use: what is
//! restored is first loaded there, and compared.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::postgres::{self, CopyIn};
use handover_engine::reader::Reader;
use handover_engine::rows::RowStream;
use handover_engine::rows::Wire;
use handover_engine::sql::{ident, qualified};
use handover_engine::sqlite::values::TextLimit;
use handover_engine::sqlite::{self, Reading, sqlite_error, stored_field};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use handover_schemas::sqlite_form::Form;
use handover_schemas::value::OwnedStored;
use handover_verify::purge::list::POSITION;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use crate::purge::PurgeDatabase;

/// Rows on their way into a staging table. It lives as long as the transaction (PostgreSQL) or the
/// connection (SQLite).
pub struct Loading<'d>(Into<'d>);

enum Into<'d> {
    Postgres(CopyIn<'d>),
    Sqlite { connection: &'d Connection, insert: String, columns: Vec<Column> },
}

/// The name of a staging table, as it stands in SQL.
pub fn staging_name(name: &str) -> String {
    format!("pg_temp.{}", ident(&format!("handover_{name}")))
}

/// The same in SQLite.
fn staging_name_sqlite(name: &str) -> String {
    format!("temp.{}", ident(&format!("handover_{name}")))
}

/// The name of a staging table in this database.
pub fn staging(database: &PurgeDatabase, name: &str) -> String {
    match database {
        PurgeDatabase::Postgres(_) => staging_name(name),
        PurgeDatabase::Sqlite(_) => staging_name_sqlite(name),
    }
}

impl<'d> Loading<'d> {
    /// Makes an empty staging table with the columns of a table and `handover_position` before
    /// them.
    pub fn begin(database: &'d mut PurgeDatabase, shape: &TableShape, name: &str) -> Result<Self> {
        let columns: Vec<String> = shape.columns.iter().map(|one| ident(&one.name)).collect();
        let columns = columns.join(", ");
        let stage = staging(database, name);
        match database {
            PurgeDatabase::Postgres(session) => {
                let (table, stage_name) = (
                    qualified(&shape.name.schema, &shape.name.name),
                    ident(&format!("handover_{name}")),
                );
                // The types of the table itself, nothing else of it.
                session.execute(&format!(
                    "DROP TABLE IF EXISTS {stage}; CREATE TEMP TABLE {stage_name} AS \
                     SELECT CAST(NULL AS bigint) AS {POSITION}, {columns} FROM {table} WITH NO DATA"
                ))?;
                let copy =
                    session.copy_in(&format!("COPY {stage} ({POSITION}, {columns}) FROM STDIN"))?;
                Ok(Self(Into::Postgres(copy)))
            }
            PurgeDatabase::Sqlite(connection) => {
                let table = qualified("main", &shape.name.name);
                let made = connection.execute_batch(&format!(
                    "DROP TABLE IF EXISTS {stage}; CREATE TEMP TABLE {} AS \
                     SELECT CAST(NULL AS INTEGER) AS {POSITION}, {columns} FROM {table} LIMIT 0",
                    ident(&format!("handover_{name}"))
                ));
                made.map_err(sqlite_error).context("cannot make a staging table")?;
                let marks = vec!["?"; shape.columns.len() + 1].join(", ");
                let insert = format!("INSERT INTO {stage} VALUES ({marks})");
                Ok(Self(Into::Sqlite { connection, insert, columns: shape.columns.clone() }))
            }
        }
    }

    /// Takes a row.
    pub fn row(&mut self, position: u64, line: &[u8]) -> Result<()> {
        match &mut self.0 {
            Into::Postgres(copy) => {
                copy.send(format!("{position}\t").as_bytes())?;
                copy.send(line)
            }
            Into::Sqlite { connection, insert, columns } => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
                if fields.len() != columns.len() {
                    bail!("an archived row has other columns than the table");
                }
                let position = OwnedStored::Integer(position.cast_signed());
                let mut values = vec![StoredValue(Some(position))];
                for (field, column) in fields.iter().zip(columns.iter()) {
                    values.push(StoredValue(stored_field(column, field)?));
                }
                let mut statement = connection.prepare_cached(insert).map_err(sqlite_error)?;
                statement.execute(params_from_iter(values)).map_err(sqlite_error)?;
                Ok(())
            }
        }
    }

    /// Ends the loading.
    pub fn finish(self) -> Result<()> {
        if let Into::Postgres(copy) = self.0 {
            copy.finish().context("the archived rows do not fit the table")?;
        }
        Ok(())
    }

    /// Reads a staging table back, in the order of places.
    pub fn read_back(
        database: &mut PurgeDatabase,
        shape: &TableShape,
        name: &str,
        interrupt: &Interrupt,
        mut each: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let stage = staging(database, name);
        let columns = match database {
            PurgeDatabase::Postgres(_) => postgres::canonical_columns(&shape.columns),
            PurgeDatabase::Sqlite(_) => {
                let names: Vec<String> = shape.columns.iter().map(|one| ident(&one.name)).collect();
                names.join(", ")
            }
        };
        let sql = format!("SELECT {POSITION}, {columns} FROM {stage} ORDER BY {POSITION}");
        read_positioned(&mut database.reader(), shape, &sql, interrupt, &mut each)
    }
}

/// Runs a query that gives a place and then the canonical columns of a table.
pub fn read_positioned(
    reader: &mut Reader<'_>,
    shape: &TableShape,
    sql: &str,
    interrupt: &Interrupt,
    each: &mut impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let position = Column {
        name: POSITION.to_owned(),
        type_name: "bigint".to_owned(),
        ty: PgType::Int8,
        not_null: true,
        renamed: None,
        form: Form::default(),
    };
    let columns = std::iter::once(position).chain(shape.columns.iter().cloned()).collect();
    let shape = TableShape { columns, key: None, ..shape.clone() };
    match reader {
        Reader::Postgres(session) => visit(postgres::read_query(session, &shape, sql)?, each),
        Reader::Sqlite(connection) => {
            let mut statement = sqlite::prepare_query(connection, sql)?;
            let reading = Reading {
                wire: Wire::None,
                text_limit: TextLimit::None,
                respelled: None,
                interrupt,
            };
            visit(statement.rows(&shape, reading)?, each)
        }
    }
}

fn visit(mut rows: impl RowStream, each: &mut impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
    while rows.advance()? {
        let line = rows.row().line.bytes()?;
        let mut fields = line.splitn(2, |byte| *byte == b'\t');
        let position = fields.next().and_then(|digits| std::str::from_utf8(digits).ok());
        let position = position.and_then(|digits| digits.parse().ok());
        let line = fields.next().context("a row has fewer fields than columns")?;
        each(position.context("a staged row has no place")?, line)?;
    }
    Ok(())
}

/// A value as a SQLite column stores it: its texts may be any bytes.
struct StoredValue(Option<OwnedStored>);

impl ToSql for StoredValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            None => ValueRef::Null,
            Some(OwnedStored::Integer(number)) => ValueRef::Integer(*number),
            Some(OwnedStored::Real(number)) => ValueRef::Real(*number),
            Some(OwnedStored::Text(text)) => ValueRef::Text(text),
            Some(OwnedStored::Blob(bytes)) => ValueRef::Blob(bytes),
        }))
    }
}
