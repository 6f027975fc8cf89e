//! Many differences told in few words.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::cause::Cause;
use super::{KeylessDiff, RangeDiff, RowDifference, RowKey, RowSample};

/// How many keys a group shows.
const KEYS_MAX: usize = 20;

/// How many combinations of columns are told apart for one cause.
const COMBINATIONS_MAX: usize = 8;

/// How rows differ.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The target has not got the row.
    Missing,
    /// Only the target has the row.
    Extra,
    /// The target has the row more often.
    Doubled,
    /// Without a key: the target has the row, but fewer times.
    RepeatsLost,
    /// Both have the row, and values differ.
    Differing,
}

/// Rows that differ in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceGroup {
    /// How the rows differ.
    pub kind: DifferenceKind,
    /// Positions of the columns, ascending; empty unless values differ.
    pub columns: Vec<usize>,
    /// Whether each row differs in some of the columns only: there were more than eight
    /// combinations, and they are told as one.
    pub some_columns: bool,
    /// Why values differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// For [`Cause::TimeShifted`]: target less source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift_minutes: Option<i64>,
    /// How many rows. A row that differs for several causes counts in several groups.
    pub count: u64,
    /// The first keys, up to twenty. They may be personal data: they belong into the findings
    /// file, and into a report only where `--show-keys` was given.
    pub keys: Vec<RowKey>,
}

/// Gathers the differences of a table, range by range, in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    groups: BTreeMap<(DifferenceKind, Option<Cause>, Option<i64>), Combinations>,
}

/// Rows by the columns that differ, or all in one once there are too many combinations.
#[derive(Clone, Debug, Default)]
struct Combinations {
    by_columns: BTreeMap<Vec<usize>, Tally>,
    merged: Option<(BTreeSet<usize>, Tally)>,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    keys: Vec<RowKey>,
}

impl Tally {
    fn add(&mut self, count: u64, keys: &[RowKey]) {
        self.count += count;
        let room = KEYS_MAX.saturating_sub(self.keys.len());
        self.keys.extend(keys.iter().take(room).cloned());
    }
}

impl Combinations {
    fn add(&mut self, columns: &[usize], count: u64, keys: &[RowKey]) {
        if let Some((all, tally)) = &mut self.merged {
            all.extend(columns);
            tally.add(count, keys);
            return;
        }
        self.by_columns.entry(columns.to_vec()).or_default().add(count, keys);
        if self.by_columns.len() > COMBINATIONS_MAX {
            let mut merged = (BTreeSet::new(), Tally::default());
            for (columns, tally) in std::mem::take(&mut self.by_columns) {
                merged.0.extend(columns);
                merged.1.add(tally.count, &tally.keys);
            }
            self.merged = Some(merged);
        }
    }

    /// Columns, whether these are a union, and rows.
    fn into_parts(self) -> impl Iterator<Item = (Vec<usize>, bool, Tally)> {
        let merged = self.merged.map(|(all, tally)| (all.into_iter().collect(), true, tally));
        self.by_columns.into_iter().map(|(columns, tally)| (columns, false, tally)).chain(merged)
    }
}

impl Summary {
    /// Adds what differs in one range.
    pub fn add(&mut self, diff: &RangeDiff) {
        for (kind, rows) in [
            (DifferenceKind::Missing, &diff.missing),
            (DifferenceKind::Extra, &diff.extra),
            (DifferenceKind::Doubled, &diff.doubled),
        ] {
            self.add_rows(kind, u64::try_from(rows.len()).unwrap_or(u64::MAX), rows);
        }
        self.add_differing(&diff.differing);
    }

    /// Adds what differs in a table without a key.
    pub fn add_keyless(&mut self, diff: &KeylessDiff) {
        for (kind, sample) in [
            (DifferenceKind::Missing, &diff.missing),
            (DifferenceKind::Extra, &diff.extra),
            (DifferenceKind::Doubled, &diff.doubled),
            (DifferenceKind::RepeatsLost, &diff.repeats_lost),
        ] {
            let RowSample { count, rows } = sample;
            self.add_rows(kind, *count, rows);
        }
        self.add_differing(&diff.differing);
    }

    fn add_rows(&mut self, kind: DifferenceKind, count: u64, keys: &[RowKey]) {
        if count > 0 {
            self.groups.entry((kind, None, None)).or_default().add(&[], count, keys);
        }
    }

    fn add_differing(&mut self, differing: &[RowDifference]) {
        for RowDifference { key, columns, cause, shift_minutes } in differing {
            self.groups
                .entry((DifferenceKind::Differing, Some(*cause), *shift_minutes))
                .or_default()
                .add(columns, 1, std::slice::from_ref(key));
        }
    }

    /// The groups, ordered by kind, columns and cause.
    pub fn groups(self) -> Vec<DifferenceGroup> {
        let mut groups = Vec::new();
        for ((kind, cause, shift_minutes), combinations) in self.groups {
            for (columns, some_columns, Tally { count, keys }) in combinations.into_parts() {
                groups.push(DifferenceGroup {
                    kind,
                    columns,
                    some_columns,
                    cause,
                    shift_minutes,
                    count,
                    keys,
                });
            }
        }
        groups.sort_by(|a, b| {
            (a.kind, &a.columns, a.cause, a.shift_minutes).cmp(&(
                b.kind,
                &b.columns,
                b.cause,
                b.shift_minutes,
            ))
        });
        groups
    }
}

/// The differences of all ranges of a table in groups.
pub fn summarise(diffs: &[RangeDiff]) -> Vec<DifferenceGroup> {
    let mut summary = Summary::default();
    for diff in diffs {
        summary.add(diff);
    }
    summary.groups()
}
