//! How many rows a server may send of one table.
//!
//! Its statistics may be old, so that many more rows than they say are no fault. But every row that a
//! snapshot sees is in the table's file, under a header of 23 bytes and behind a pointer of four
//! (`storage.sgml`, "Database Page Layout"), and nobody can make the file shorter while the table is read.

use anyhow::{Result, bail};
use handover_cli_kit::progress;
use handover_schemas::plan::TableShape;

use super::TextRow;
use crate::sql::{literal, qualified};

/// Least bytes of a row in the file: its header, aligned, and its pointer.
const ROW_BYTES_MIN: u64 = 24 + 4;

/// Rows that any table may have beyond its estimate without a question.
const NO_QUESTION: u64 = 100_000;

/// Rows of a table, counted while they come.
pub(super) struct Room {
    table: String,
    question: String,
    estimated: u64,
    rows: u64,
    /// With so many rows it is time to look.
    next_look: u64,
}

impl Room {
    /// For one reading of a table, or of a part of it.
    pub(super) fn of(shape: &TableShape) -> Self {
        let name = literal(&qualified(&shape.name.schema, &shape.name.name));
        // What another access method keeps may be smaller; it has no bound.
        let question = format!(
            "SELECT CASE WHEN bool_and(am.amname = 'heap') THEN sum(pg_relation_size(c.oid))::text END \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am am ON am.oid = c.relam \
             WHERE c.relkind IN ('r', 'm') \
               AND c.oid IN (SELECT relid FROM pg_partition_tree({name}::regclass) \
                             UNION ALL SELECT {name}::regclass)"
        );
        let estimated = shape.estimated_rows;
        let next_look = estimated.saturating_mul(4).saturating_add(NO_QUESTION);
        Self { table: shape.name.to_string(), question, estimated, rows: 0, next_look }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// One more has come. `ask` asks the server on another connection.
    pub(super) fn count_one(
        &mut self,
        ask: impl FnOnce(&str) -> Option<Vec<TextRow>>,
    ) -> Result<()> {
        self.rows += 1;
        if self.rows < self.next_look {
            return Ok(());
        }
        let (rows, table) = (self.rows, &self.table);
        let most = bytes(ask(&self.question)).map(|bytes| bytes / ROW_BYTES_MIN);
        match most {
            Some(most) if rows > most => bail!(
                "the server sent {rows} rows of {table}, whose file has room for {most} at most: it \
                 is broken, or it means harm"
            ),
            Some(most) => {
                self.tell(&format!("and has room for {most}"));
                self.next_look = most.saturating_add(1);
            }
            None => {
                self.tell("and the server does not say how many there can be");
                self.next_look = rows.saturating_mul(10);
            }
        }
        Ok(())
    }

    fn tell(&self, end: &str) {
        progress::tell(&format!(
            "{} gives {} rows so far; the server estimated {}, {end}",
            self.table, self.rows, self.estimated
        ));
    }
}

fn bytes(answer: Option<Vec<TextRow>>) -> Option<u64> {
    answer?.into_iter().next()?.into_iter().next()??.parse().ok()
}

#[cfg(test)]
mod tests {
    use handover_schemas::name::TableName;

    use super::*;

    fn room(estimated_rows: u64) -> Room {
        let shape = TableShape::of(TableName::new("public", "log"), Vec::new());
        Room::of(&TableShape { estimated_rows, ..shape })
    }

    fn count(room: &mut Room, rows: u64, size: Option<&str>) -> (u64, Result<()>) {
        let mut asked = 0;
        for _ in 0..rows {
            let counted = room.count_one(|_question| {
                asked += 1;
                size.map(|size| vec![vec![Some(size.to_owned())]])
            });
            if counted.is_err() {
                return (asked, counted);
            }
        }
        (asked, Ok(()))
    }

    #[test]
    fn more_rows_than_the_file_has_room_for_are_refused() {
        let (asked, counted) = count(&mut room(10), 1_000_000, Some("8192000"));
        let error = counted.unwrap_err().to_string();
        assert!(
            error.contains("sent 292572 rows of public.log, whose file has room for 292571"),
            "{error}"
        );
        assert_eq!(asked, 2);
    }

    #[test]
    fn an_old_estimate_is_no_fault() {
        let mut old = room(10);
        assert!(matches!(count(&mut old, 500_000, Some("81920000")), (1, Ok(()))));
        assert_eq!(old.rows(), 500_000);
        assert!(matches!(count(&mut room(10), 500_000, None), (1, Ok(()))));
        assert!(matches!(count(&mut room(1_000_000), 500_000, Some("0")), (0, Ok(()))));
    }
}
