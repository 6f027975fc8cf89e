//! The rows of an evidence file, on their way into the ledger.

use anyhow::{Result, bail};
use handover_cli_kit::progress::Progress;
use handover_engine::postgres::Session;
use handover_engine::sql::ident;
use handover_schemas::value::escape_into;
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::csv::Row;
use super::file::Rows;
use crate::ledger::{Evidence, evidence_table};
use crate::target::sqlite::failed;

/// Rows between two reports of progress.
const TELL_EVERY: u64 = 4096;

/// By COPY, in the caller's transaction. After an error the session cannot be used any more.
pub(super) fn copy_in(
    session: &mut Session,
    evidence: &Evidence,
    rows: &mut Rows<'_>,
    progress: &Progress,
) -> Result<()> {
    let table = evidence_table(session, &evidence.name);
    let mut copy = session.copy_in(&format!("COPY {table} ({}) FROM STDIN", columns(evidence)))?;
    let mut sent = Counted::new(evidence, progress);
    let (mut row, mut line) = (Row::default(), Vec::new());
    while rows.next(&mut row)? {
        line.clear();
        line.extend_from_slice(row.line.to_string().as_bytes());
        for field in row.fields() {
            line.push(b'\t');
            escape_into(field, &mut line);
        }
        line.push(b'\n');
        copy.send(&line)?;
        sent.count(line.len());
    }
    let taken = copy.finish()?;
    if taken != sent.rows {
        bail!("{} rows were sent and the server took {taken}", sent.rows);
    }
    Ok(())
}

/// By a prepared INSERT, in the caller's transaction.
pub(super) fn insert(
    connection: &Connection,
    evidence: &Evidence,
    rows: &mut Rows<'_>,
    progress: &Progress,
) -> Result<()> {
    let table = evidence_table(connection, &evidence.name);
    let marks = vec!["?"; evidence.columns.len() + 1].join(", ");
    let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", columns(evidence));
    let refused = |error| failed(connection, error);
    let mut insert = connection.prepare(&sql).map_err(refused)?;
    let mut inserted = Counted::new(evidence, progress);
    let mut row = Row::default();
    while rows.next(&mut row)? {
        let line = i64::try_from(row.line)?;
        insert.raw_bind_parameter(1, line).map_err(refused)?;
        let mut bytes = 0;
        for (index, field) in (2..).zip(row.fields()) {
            let text = ToSqlOutput::Borrowed(ValueRef::Text(field));
            insert.raw_bind_parameter(index, text).map_err(refused)?;
            bytes += field.len();
        }
        insert.raw_execute().map_err(refused)?;
        inserted.count(bytes);
    }
    Ok(())
}

/// `line_no` and the file's columns, quoted.
fn columns(evidence: &Evidence) -> String {
    let names = evidence.columns.iter().map(|column| ident(column));
    std::iter::once("line_no".to_owned()).chain(names).collect::<Vec<_>>().join(", ")
}

/// Counts rows, and tells of them now and then.
struct Counted<'a> {
    rows: u64,
    told: (u64, u64),
    bytes: u64,
    name: &'a str,
    progress: &'a Progress,
}

impl<'a> Counted<'a> {
    fn new(evidence: &'a Evidence, progress: &'a Progress) -> Self {
        Self { rows: 0, told: (0, 0), bytes: 0, name: &evidence.name, progress }
    }

    fn count(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes as u64;
        if self.rows.is_multiple_of(TELL_EVERY) {
            let (rows, bytes) = self.told;
            self.progress.advance(self.name, self.rows - rows, self.bytes - bytes);
            self.told = (self.rows, self.bytes);
        }
    }
}
