//! Lines that answer for no row only because of how they are written: with a blank, without a zero at the
//! beginning. If such a line says of a selected row that it stays, somebody verified would be deleted.

use anyhow::{Context, Result, bail};
use handover_engine::sql::ident;
use handover_schemas::chunk::KeyValue;
use handover_verify::purge::list::List;

use super::PurgeDatabase;
use super::answers::{Judging, SELECTED};

/// A line that meets no row, and the row that it would meet.
pub(super) struct NearLine {
    /// Number of the file, in the order of the rule.
    pub(super) file: String,
    /// Number of the line.
    pub(super) line: u64,
    /// Key of the selected row.
    pub(super) key: KeyValue,
}

impl Judging<'_> {
    /// Lines that meet no row, are written otherwise than a line that speaks of a selected row and mean the
    /// same, and say that it stays; not those that the rule's `wins` puts behind the lines of that row.
    pub(super) fn near_contradictions(
        &self,
        database: &mut PurgeDatabase,
        most: usize,
    ) -> Result<Vec<NearLine>> {
        let sql = self.near_sql(database, most)?;
        let rows = database.store().query(&sql)?;
        rows.into_iter()
            .map(|row| {
                let [Some(file), Some(line), key @ ..] = row.as_slice() else {
                    bail!("an answer of the evidence is incomplete");
                };
                Ok(NearLine {
                    file: file.clone(),
                    line: line.parse().context("a line has no number")?,
                    key: key.iter().flatten().cloned().collect(),
                })
            })
            .collect()
    }

    /// Pairs of a selected row and a line without a row come first, in tables whose columns have names that
    /// no rule uses: `where` may name columns of its table without saying whose they are.
    fn near_sql(&self, database: &mut PurgeDatabase, most: usize) -> Result<String> {
        let (source, file) = self.source(database)?;
        let (weight, tidied) = (self.weight(database, file)?, self.tidied(database)?);
        let alias = ident(&self.list.shape.name.name);
        let columns = || (0..self.list.key.columns.len()).map(List::key_column);
        let each = |of: &dyn Fn(String) -> String, between: &str| {
            columns().map(of).collect::<Vec<_>>().join(between)
        };
        let own_row: Vec<String> = self
            .list
            .key_names()
            .zip(columns())
            .map(|(name, key)| format!("{alias}.{} = handover_pair.{key}", ident(name)))
            .collect();
        Ok(format!(
            "WITH handover_alone AS ( \
               SELECT {file} AS handover_file_no, evidence.line_no AS handover_line, \
                      {tidied} AS handover_tidied \
               FROM {source} AS evidence WHERE NOT EXISTS (SELECT 1 FROM {lines} AS l \
                 WHERE l.file_no = {file} AND l.line_no = evidence.line_no)), \
             handover_pair AS ( \
               SELECT DISTINCT a.handover_file_no, a.handover_line, r.weight AS handover_weight, {keys} \
               FROM (SELECT * FROM {rows} WHERE {SELECTED}) AS r JOIN {lines} AS l ON {same} \
                 JOIN handover_alone AS a ON a.handover_tidied = l.tidied \
               WHERE a.handover_tidied <> '') \
             SELECT handover_pair.handover_file_no, handover_pair.handover_line, {texts} \
             FROM handover_pair \
               JOIN {source} AS evidence ON {file} = handover_pair.handover_file_no \
                 AND evidence.line_no = handover_pair.handover_line \
               JOIN {table} AS {alias} ON {own_row} \
             WHERE CASE WHEN ({condition}\n) THEN 1 ELSE 0 END = 0 \
               AND (handover_pair.handover_weight IS NULL OR ({weight}) IS NULL \
                    OR ({weight}) >= handover_pair.handover_weight) \
             ORDER BY 1, 2 LIMIT {most}",
            lines = self.lines,
            rows = self.rows,
            keys = each(&|key| format!("r.{key}"), ", "),
            same = each(&|key| format!("l.{key} = r.{key}"), " AND "),
            texts = each(&|key| format!("CAST(handover_pair.{key} AS text)"), ", "),
            table = self.list.table(&database.reader()),
            own_row = own_row.join(" AND "),
            condition = self.rule.condition,
        ))
    }
}

/// What is said when such lines were found, `place` being the file that names them.
pub(super) fn refusal(lines: usize, place: &str) -> String {
    let (lines_are, they_say) = if lines == 1 { ("line", "says") } else { ("lines", "say") };
    format!(
        "{lines} {lines_are} of the evidence would contradict what rows are selected for, but for how they are \
         written (blanks, zeros lost at the beginning, upper case, a fraction .0): as it stands each answers \
         for no row, and {they_say} otherwise than the line by which a row is selected. Nothing was selected. \
         Which lines: {place}. Ask who sent them. Then let on compare what is meant, such as \
         trim(evidence.COLUMN), or load a corrected file; or let a further file settle them: \
         also = [\"NAME\"], wins = {{ file = \"NAME\" }}"
    )
}
