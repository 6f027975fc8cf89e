//! What the rows of a column say, from either engine.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session, read_query};
use handover_engine::rows::RowStream;
use handover_engine::sql::{ident, qualified};
use handover_engine::sqlite::{open_read_only, sqlite_error};
use handover_schemas::config::FileReference;
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use handover_schemas::sqlite_form::Form;
use handover_schemas::value::unescape;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// What is done with a row's text, and its digest if there is one.
type Take<'t> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<()> + 't;

/// Reads what the rows of a column say, in no order.
pub(super) fn read(
    reference: &FileReference,
    end: &Endpoint,
    interrupt: &Interrupt,
    take: &mut Take<'_>,
) -> Result<()> {
    match end {
        Endpoint::Postgres(postgres) => {
            let mut session = Session::open(postgres, Access::ReadOnly, interrupt)?;
            read_postgres(&mut session, reference, take)
        }
        Endpoint::Sqlite(path) => read_sqlite(&open_read_only(path)?, reference, take),
    }
}

/// Where an engine has the table that a reference names, by the schema that the other engine has in its place.
fn table_of(reference: &FileReference, (other, own): (&str, &str)) -> Result<TableName> {
    let Some((schema, table)) = reference.table.split_once('.') else {
        bail!("{} is not schema.name", reference.table);
    };
    Ok(TableName::new(if schema == other { own } else { schema }, table))
}

/// `SELECT path, digest FROM table WHERE path IS NOT NULL`, in the words of one engine.
fn query(reference: &FileReference, table: &TableName, text: &str) -> String {
    // With the table before it: SQLite takes the name of a column that is not there for a text.
    let column = format!("named.{}", ident(&reference.column));
    let digest = match &reference.digest_column {
        Some(digest) => format!("CAST(named.{} AS {text})", ident(digest)),
        None => "NULL".to_owned(),
    };
    format!(
        "SELECT CAST({column} AS {text}), {digest} FROM {} AS named \
         WHERE {column} IS NOT NULL",
        qualified(&table.schema, &table.name)
    )
}

fn read_postgres(
    session: &mut Session,
    reference: &FileReference,
    take: &mut Take<'_>,
) -> Result<()> {
    let table = table_of(reference, ("main", "public"))?;
    let sql = query(reference, &table, "text");
    let shape = named_files(table);
    let place = || format!("cannot read {}.{}", reference.table, reference.column);
    let mut rows = read_query(session, &shape, &sql).with_context(place)?;
    while rows.advance().with_context(place)? {
        let line = rows.row().line.bytes()?;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let mut fields = line.split(|byte| *byte == b'\t').map(unescape);
        let mut field = || fields.next().transpose().with_context(place).map(Option::flatten);
        let (path, digest) = (field()?, field()?);
        take(&path.unwrap_or_default(), digest.as_deref())?;
    }
    Ok(())
}

/// What [`query`] gives, as rows of the table: counted, bounded and taken apart as all rows are.
fn named_files(table: TableName) -> TableShape {
    let text = |name: &str| Column {
        name: name.to_owned(),
        type_name: "text".to_owned(),
        ty: PgType::Text,
        not_null: false,
        renamed: None,
        form: Form::default(),
    };
    TableShape::of(table, vec![text("path"), text("digest")])
}

fn read_sqlite(
    connection: &Connection,
    reference: &FileReference,
    take: &mut Take<'_>,
) -> Result<()> {
    let sql = query(reference, &table_of(reference, ("public", "main"))?, "TEXT");
    let place = || format!("cannot read {}.{}", reference.table, reference.column);
    let mut select = connection.prepare(&sql).map_err(sqlite_error).with_context(place)?;
    let mut rows = select.query([]).map_err(sqlite_error)?;
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        let path = row.get_ref(0).map_err(sqlite_error)?;
        let digest = row.get_ref(1).map_err(sqlite_error)?;
        take(bytes(path).unwrap_or_default(), bytes(digest))?;
    }
    Ok(())
}

/// A value that was cast to text.
fn bytes(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
    }
}
