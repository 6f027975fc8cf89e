//! What a table's canonical lines do not hold and two ends can be compared in all the same: values of
//! stored generated columns, and the partition in which each row lies.

use std::path::Path;

use anyhow::Result;
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use handover_schemas::sqlite_form::Form;

use super::read::{canonical_columns, from_table, order_by, read_query};
use super::session::Session;
use crate::rows::RowStream;
use crate::sorted_rows::LineSorter;

/// What one end has of a table beside its canonical lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Generated columns whose values are stored.
    pub generated: Vec<Column>,
    /// The partitions that hold the rows, sorted by name; none if the table is not partitioned.
    pub partitions: Vec<TableName>,
}

impl Beside {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.generated.is_empty() && self.partitions.is_empty()
    }

    /// What of it the other end has too: generated columns of the same name, and the partitions
    /// if they are all the same.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Self {
        let is_there = |column: &&Column| other.generated.iter().any(|o| o.name == column.name);
        let same_partitions = self.partitions == other.partitions;
        Self {
            generated: self.generated.iter().filter(is_there).cloned().collect(),
            partitions: if same_partitions { self.partitions.clone() } else { Vec::new() },
        }
    }

    /// Each of its parts by itself.
    pub fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        let column = |column: &Column| Self { generated: vec![column.clone()], partitions: vec![] };
        let partitions = Self { generated: vec![], partitions: self.partitions.clone() };
        let partitions = Some(partitions).filter(|part| !part.is_empty());
        self.generated.iter().map(column).chain(partitions)
    }

    /// The query that gives a line per row: the partition, the key (all columns, where the table has
    /// none), the generated columns. Lines of a table with a key come in the order of the key.
    fn query(&self, shape: &TableShape) -> (TableShape, String) {
        let mut read = shape.clone();
        read.columns = match &shape.key {
            Some(key) => {
                key.columns.iter().filter_map(|at| shape.columns.get(*at)).cloned().collect()
            }
            None => shape.columns.clone(),
        };
        read.columns.extend(self.generated.iter().cloned());
        let mut list: Vec<String> =
            Some(canonical_columns(&read.columns)).into_iter().filter(|l| !l.is_empty()).collect();
        let from = from_table(&read);
        if !self.partitions.is_empty() {
            list.insert(0, "tableoid::regclass::text".to_owned());
            let partition = Column {
                name: "tableoid".to_owned(),
                type_name: "text".to_owned(),
                ty: PgType::Text,
                not_null: true,
                renamed: None,
                form: Form::default(),
            };
            read.columns.insert(0, partition);
        }
        let mut sql = format!("SELECT {} FROM {from}", list.join(", "));
        if let Some(key) = &shape.key {
            sql.push_str(&format!(" ORDER BY {}", order_by(shape, key)));
        }
        (read, sql)
    }

    /// Digest of these lines. Two ends whose tables have equal rows have equal digests if every row
    /// lies in the same partition and has the same generated values.
    ///
    /// # Errors
    ///
    /// When the server refuses the reading, or is lost.
    pub fn digest(
        &self,
        session: &mut Session,
        shape: &TableShape,
        spill_dir: &Path,
    ) -> Result<LineDigest> {
        let (read, sql) = self.query(shape);
        session.prefer_indexes(true)?;
        let mut rows = read_query(session, &read, &sql)?;
        if shape.key.is_some() {
            let mut hasher = LineHasher::new();
            while rows.advance()? {
                rows.row().line.hash_into(&mut hasher)?;
            }
            return Ok(hasher.finish());
        }
        let mut sorter = LineSorter::new(spill_dir);
        while rows.advance()? {
            sorter.push(rows.row().line)?;
        }
        sorter.finish(|_line| Ok(()))
    }
}
