//! Files that rows point to: every reference has its file, every file its reference.

use anyhow::{Context, Result, bail};
use handover_schemas::config::FileReference;
use handover_schemas::name::TableName;
use handover_schemas::package::contents::{Entry, OriginalName};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use handover_schemas::sqlite_form::Form;
use handover_schemas::value::unescape;
use handover_verify::endpoint::Endpoint;
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres::{Access, Session, read_query};
use handover_verify::rows::RowStream;
use handover_verify::sql::{ident, qualified};
use handover_verify::sqlite::{open_read_only, sqlite_error};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::finding::{ArtifactFindingKind as Kind, Place};
use crate::package::Journal;

/// References and files of one deliverable, side by side in a file without a name: there may be
/// millions of both.
pub(super) struct References {
    connection: Connection,
}

const TABLES: &str = "
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
    CREATE TABLE reference (path BLOB NOT NULL, digest TEXT, named_by TEXT NOT NULL);
    CREATE TABLE file (path BLOB PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT NOT NULL)
      WITHOUT ROWID;
    BEGIN;";

const INDEXES: &str = "
    COMMIT;
    CREATE INDEX reference_path ON reference (path);
    CREATE INDEX file_sha256 ON file (sha256);";

/// What is not as it should be: a path, and what named it or what it is the same as.
const CHECKS: [(Kind, &str); 5] = [
    (
        Kind::ReferenceWithoutFile,
        "SELECT r.path, r.named_by FROM reference r \
         WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.path = r.path) ORDER BY 1, 2",
    ),
    (
        Kind::FileWithoutReference,
        "SELECT f.path, NULL FROM file f \
         WHERE NOT EXISTS (SELECT 1 FROM reference r WHERE r.path = f.path) ORDER BY 1",
    ),
    (
        Kind::FileEmpty,
        "SELECT f.path, NULL FROM file f WHERE f.size = 0 \
           AND EXISTS (SELECT 1 FROM reference r WHERE r.path = f.path) ORDER BY 1",
    ),
    // Of files with one content, all but the first.
    (
        Kind::FileDuplicate,
        "SELECT f.path, NULL FROM file f WHERE f.size > 0 \
           AND EXISTS (SELECT 1 FROM file e WHERE e.sha256 = f.sha256 AND e.path < f.path) \
         ORDER BY 1",
    ),
    (
        Kind::ReferenceDigestDiffers,
        "SELECT f.path, r.named_by FROM reference r JOIN file f ON f.path = r.path \
         WHERE r.digest IS NOT NULL AND lower(trim(r.digest)) <> f.sha256 AND f.size > 0 \
         ORDER BY 1, 2",
    ),
];

impl References {
    /// The files of a deliverable, from the journal of its package.
    pub(super) fn new(journal: &Journal, deliverable: &str) -> Result<Self> {
        let connection = Connection::open("").map_err(sqlite_error)?;
        connection.execute_batch(TABLES).map_err(sqlite_error)?;
        journal.contents(|entry| {
            let Entry::File(file) = entry else { return Ok(()) };
            if file.deliverable == deliverable {
                let path = file.name.bytes().context("a name of the journal is none")?;
                let values = params![path, file.size.cast_signed(), file.sha256.to_string()];
                connection
                    .prepare_cached("INSERT INTO file VALUES (?1, ?2, ?3)")
                    .and_then(|mut insert| insert.execute(values))
                    .map_err(sqlite_error)?;
            }
            Ok(())
        })?;
        Ok(Self { connection })
    }

    /// Takes in what the rows of a column name.
    pub(super) fn add(
        &self,
        reference: &FileReference,
        end: &Endpoint,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let named_by = format!("{}.{}", reference.table, reference.column);
        let prefix = reference.strip_prefix.as_deref().unwrap_or_default().as_bytes();
        let mut insert = |path: &[u8], digest: Option<&[u8]>| -> Result<()> {
            let path = path.strip_prefix(prefix).unwrap_or(path);
            let digest = digest.map(|digest| String::from_utf8_lossy(digest).into_owned());
            self.connection
                .prepare_cached("INSERT INTO reference VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute(params![path, digest, named_by]))
                .map_err(sqlite_error)?;
            interrupt.check()
        };
        match end {
            Endpoint::Postgres(postgres) => {
                let mut session = Session::open(postgres, Access::ReadOnly, interrupt)?;
                read_postgres(&mut session, reference, &mut insert)
            }
            Endpoint::Sqlite(path) => read_sqlite(&open_read_only(path)?, reference, &mut insert),
        }
    }

    /// Holds both sides against each other.
    pub(super) fn check(self, findings: &mut Vec<(Kind, Place)>) -> Result<()> {
        self.connection.execute_batch(INDEXES).map_err(sqlite_error)?;
        for (kind, sql) in CHECKS {
            let mut select = self.connection.prepare(sql).map_err(sqlite_error)?;
            let mut rows = select.query([]).map_err(sqlite_error)?;
            while let Some(row) = rows.next().map_err(sqlite_error)? {
                let path: Vec<u8> = row.get(0).map_err(sqlite_error)?;
                let what: Option<String> = row.get(1).map_err(sqlite_error)?;
                let place = Place { path: Some(OriginalName::of(&path)), what, ..Place::default() };
                findings.push((kind, place));
            }
        }
        Ok(())
    }
}

type Insert<'i> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<()> + 'i;

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
    insert: &mut Insert<'_>,
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
        insert(&path.unwrap_or_default(), digest.as_deref())?;
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
    insert: &mut Insert<'_>,
) -> Result<()> {
    let sql = query(reference, &table_of(reference, ("public", "main"))?, "TEXT");
    let place = || format!("cannot read {}.{}", reference.table, reference.column);
    let mut select = connection.prepare(&sql).map_err(sqlite_error).with_context(place)?;
    let mut rows = select.query([]).map_err(sqlite_error)?;
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        let path = row.get_ref(0).map_err(sqlite_error)?;
        let digest = row.get_ref(1).map_err(sqlite_error)?;
        insert(bytes(path).unwrap_or_default(), bytes(digest))?;
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
