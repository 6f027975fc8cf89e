//! Tables with equal rows, compared in what their lines do not hold.

use anyhow::Result;
use handover_engine::postgres::Beside;
use handover_engine::reader::ReadOptions;
use handover_schemas::digest::LineDigest;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind};

use super::ends::{Described, OpenEnd};
use super::hashing::{HashedTable, is_about_one_table};
use super::pairs::TablePair;

/// Both ends of one table.
pub(super) struct BothEnds<'a> {
    pub(super) source: &'a mut OpenEnd,
    pub(super) target: &'a mut OpenEnd,
    pub(super) options: &'a ReadOptions,
}

impl BothEnds<'_> {
    /// Findings about a table whose rows are equal; nothing about any other.
    pub(super) fn look_beside(
        &mut self,
        pair: &TablePair,
        described: &(Described, Described),
        at_source: &HashedTable,
        at_target: &HashedTable,
    ) -> Result<Vec<Finding>> {
        let (Some(source), Some(target)) = (&pair.source, &pair.target) else {
            return Ok(Vec::new());
        };
        let is_equal = at_source.lines.is_some() && at_source.lines == at_target.lines;
        if !is_equal || at_source.failure.is_some() || at_target.failure.is_some() {
            return Ok(Vec::new());
        }
        let (mine, other) = (described.0.beside(source), described.1.beside(target));
        let (mine, other) = (mine.shared_with(&other), other.shared_with(&mine));
        let mut findings = Vec::new();
        if mine.is_empty() || self.digests(&mine, &other, source, target)?.is_same() {
            return Ok(findings);
        }
        for (mine, other) in mine.parts().zip(other.parts()) {
            let read = self.digests(&mine, &other, source, target)?;
            if !read.is_same() {
                findings.push(finding(pair, &mine, read));
            }
        }
        Ok(findings)
    }

    /// Reads both ends at the same time.
    fn digests(
        &mut self,
        mine: &Beside,
        other: &Beside,
        source: &TableShape,
        target: &TableShape,
    ) -> Result<Read> {
        let options = self.options;
        let (one, two) = (&mut *self.source, &mut *self.target);
        let (at_source, at_target) = std::thread::scope(|scope| {
            let first = scope.spawn(move || digest(one, mine, source, options));
            let second = digest(two, other, target, options);
            let first =
                first.join().unwrap_or_else(|_panic| anyhow::bail!("a reading thread panicked"));
            (first, second)
        });
        match (at_source, at_target) {
            (Ok(source), Ok(target)) => Ok(Read::Both(source, target)),
            (Err(error), _) | (_, Err(error)) if is_about_one_table(&error) => {
                Ok(Read::Refused(format!("{error:#}")))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }
}

enum Read {
    Both(Option<LineDigest>, Option<LineDigest>),
    Refused(String),
}

impl Read {
    fn is_same(&self) -> bool {
        matches!(self, Self::Both(source, target) if source == target)
    }
}

/// On a session of its own: one that the server refuses in the middle must not take the snapshot
/// with it.
fn digest(
    end: &mut OpenEnd,
    beside: &Beside,
    shape: &TableShape,
    options: &ReadOptions,
) -> Result<Option<LineDigest>> {
    let OpenEnd::Postgres(endpoint, holder) = end else { return Ok(None) };
    let mut session = holder.snapshot().open_session(endpoint, &options.interrupt)?;
    beside.digest(&mut session, shape, &options.spill_dir).map(Some)
}

fn finding(pair: &TablePair, part: &Beside, read: Read) -> Finding {
    let name = &pair.name;
    let columns: Vec<String> = part.generated.iter().map(|column| column.name.clone()).collect();
    let what = match columns.first() {
        Some(column) => format!("the generated column {name}.{column}"),
        None => format!("in which partitions of {name} its rows lie"),
    };
    match read {
        Read::Refused(reason) => Finding {
            columns,
            ..Finding::new(
                FindingKind::TableUnreadable,
                format!("{what} cannot be compared: {reason}"),
            )
        },
        Read::Both(..) if columns.is_empty() => Finding::new(
            FindingKind::RowsDiffer,
            format!(
                "rows of {name} lie in other partitions at the target; what decides about them gave \
                 another answer there (TimeZone, DateStyle, search_path of whoever wrote them)"
            ),
        ),
        Read::Both(..) => Finding {
            columns,
            ..Finding::new(
                FindingKind::RowsDiffer,
                format!(
                    "{what} holds other values at the target; its expression gave other answers \
                     there (TimeZone, DateStyle, search_path of whoever wrote the rows)"
                ),
            )
        },
    }
}
