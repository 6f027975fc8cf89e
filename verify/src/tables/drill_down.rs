//! From a key range that differs to the rows, columns and likely causes.

use anyhow::Result;
use handover_cli_kit::findings::{FindingsFile, KeyLine, key_holds_text};
use handover_engine::reader::ReadOptions;
use handover_schemas::chunk::KeyRange;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind};

use super::cause::Cause;
use super::ends::OpenEnd;
use super::hashing::HashedTable;
use super::pairs::TablePair;
use super::row_diff::{
    DifferenceGroup, DifferenceKind, RangeDiff, RowKey, Summary, compare_keyed, compare_keyless,
};

/// Ranges of one table that are looked into row by row; the rest is counted.
const RANGES_MAX: usize = 64;

/// Most canonical text of a table that is looked into as a whole, having no key or another order.
const WHOLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What is needed to look into rows.
pub(super) struct DrillDown<'a, 'f> {
    pub(super) source: &'a mut OpenEnd,
    pub(super) target: &'a mut OpenEnd,
    pub(super) options: &'a ReadOptions,
    pub(super) file: &'a mut FindingsFile<'f>,
    pub(super) show_keys: bool,
}

impl DrillDown<'_, '_> {
    /// Findings about rows of one table, whose chunks were hashed at both ends.
    pub(super) fn look_into(
        &mut self,
        pair: &TablePair,
        at_source: &HashedTable,
        at_target: &HashedTable,
    ) -> Result<Vec<Finding>> {
        let (Some(source), Some(target)) = (&pair.source, &pair.target) else {
            return Ok(Vec::new());
        };
        let is_equal = at_source.lines.is_some() && at_source.lines == at_target.lines;
        let failed = at_source.failure.is_some() || at_target.failure.is_some();
        if !pair.same_columns || is_equal || (failed && !pair.same_order) {
            return Ok(Vec::new());
        }
        let everything = KeyRange::everything();
        let differing: Vec<&KeyRange> = if pair.same_order {
            let chunks = at_source.chunks.iter().zip(&at_target.chunks);
            let differing = chunks.filter(|(one, other)| one.lines != other.lines);
            differing.map(|(one, _)| &one.range).collect()
        } else {
            vec![&everything]
        };
        if differing.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = at_source.lines.map_or(0, |lines| lines.bytes);
        let as_a_whole = source.key.is_none() || !pair.same_order;
        let too_large = as_a_whole && bytes > WHOLE_BYTES_MAX;
        let looked_into = if too_large { 0 } else { differing.len().min(RANGES_MAX) };
        let mut summary = Summary::default();
        for range in differing.iter().take(looked_into) {
            self.compare_range(source, target, range, &mut summary)?;
        }
        let mut findings: Vec<Finding> =
            summary.groups().into_iter().map(|group| self.finding(source, &group)).collect();
        let rest = differing.len() - looked_into;
        // Where only the order differs, so does the digest.
        if rest > 0 || (findings.is_empty() && pair.same_order) {
            let count = if rest > 0 { rest } else { differing.len() };
            findings.push(Finding {
                count: Some(count as u64),
                ..Finding::new(
                    FindingKind::RangesDiffer,
                    format!(
                        "{count} key range(s) of {} differ that were not looked into row by row",
                        source.name
                    ),
                )
            });
        }
        Ok(findings)
    }

    fn compare_range(
        &mut self,
        source: &TableShape,
        target: &TableShape,
        range: &KeyRange,
        summary: &mut Summary,
    ) -> Result<()> {
        let lines = self.source.reader().lines(source, range, self.options)?;
        let others = self.target.reader().lines(target, range, self.options)?;
        let types: Vec<String> =
            source.columns.iter().map(|column| column.type_name.clone()).collect();
        match &source.key {
            Some(key) => {
                let diff = compare_keyed(&key.columns, &types, &lines, &others);
                self.keep_keys(source, &diff);
                summary.add(&diff);
            }
            None => summary.add_keyless(&compare_keyless(&types, &lines, &others)),
        }
        Ok(())
    }

    /// All keys go into the findings file.
    fn keep_keys(&mut self, shape: &TableShape, diff: &RangeDiff) {
        let mut add = |kind, key: &RowKey, column: Option<String>, reason: Option<String>| {
            self.file.add(&KeyLine {
                table: shape.name.to_string(),
                kind,
                column,
                reason,
                key: Some(plain_key(key)),
            });
        };
        for (kind, keys) in [
            (FindingKind::RowsMissing, &diff.missing),
            (FindingKind::RowsExtra, &diff.extra),
            (FindingKind::RowsDoubled, &diff.doubled),
        ] {
            for key in keys {
                add(kind, key, None, None);
            }
        }
        for row in &diff.differing {
            let columns = column_names(shape, &row.columns).join(", ");
            add(
                FindingKind::RowsDiffer,
                &row.key,
                Some(columns),
                Some(row.cause.text().to_owned()),
            );
        }
    }

    fn finding(&self, shape: &TableShape, group: &DifferenceGroup) -> Finding {
        let columns = column_names(shape, &group.columns);
        let table = &shape.name;
        let count = group.count;
        let (kind, mut message) = match group.kind {
            DifferenceKind::Missing => {
                (FindingKind::RowsMissing, format!("the target lacks {count} row(s) of {table}"))
            }
            DifferenceKind::Extra => (
                FindingKind::RowsExtra,
                format!("the target has {count} row(s) in {table} that the source does not have"),
            ),
            DifferenceKind::Doubled => (
                FindingKind::RowsDoubled,
                format!("the target has {count} row(s) of {table} more often than the source"),
            ),
            DifferenceKind::RepeatsLost => (
                FindingKind::RowsMissing,
                format!("the target has {count} row(s) of {table} less often than the source"),
            ),
            DifferenceKind::Differing => (
                FindingKind::RowsDiffer,
                format!(
                    "{count} row(s) of {table} differ in {}{}",
                    if group.some_columns { "some of " } else { "" },
                    columns.join(", ")
                ),
            ),
        };
        if let Some(cause) = group.cause {
            message.push_str(&format!("; likely cause: {}", cause.text()));
        }
        if let Some(minutes) = group.shift_minutes {
            message.push_str(&format!(" by {minutes} minutes"));
        }
        let has_key = shape.key.is_some();
        let may_show = has_key && (self.show_keys || !key_holds_text(shape));
        let keys: Vec<Vec<String>> = group.keys.iter().map(plain_key).collect();
        if may_show && !keys.is_empty() {
            let shown: Vec<String> = keys.iter().take(5).map(|key| key.join(", ")).collect();
            let more = if count > 5 { ", …" } else { "" };
            message.push_str(&format!("; keys: {}{more}", shown.join(" | ")));
        }
        let keys_in = has_key.then(|| self.file.place());
        if let Some(place) = &keys_in {
            message.push_str(&format!("; all keys: {place}"));
        }
        Finding {
            columns,
            count: Some(count),
            cause: group.cause.and_then(word),
            keys: (may_show && !keys.is_empty()).then_some(keys),
            keys_in,
            ..Finding::new(kind, message)
        }
    }
}

fn plain_key(key: &RowKey) -> Vec<String> {
    key.iter().map(|part| part.clone().unwrap_or_else(|| "NULL".to_owned())).collect()
}

fn column_names(shape: &TableShape, positions: &[usize]) -> Vec<String> {
    positions
        .iter()
        .filter_map(|at| shape.columns.get(*at))
        .map(|column| column.name.clone())
        .collect()
}

/// The cause as JSON writes it.
fn word(cause: Cause) -> Option<String> {
    let value = serde_json::to_value(cause).ok()?;
    value.as_str().map(str::to_owned)
}
