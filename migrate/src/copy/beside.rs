//! What nobody copies and has to come out the same in the target: stored generated values, the
//! partitions in which rows lie, materialised views, tables that extensions fill.
//!
//! The source is read while workers copy, under their snapshot; the target when all else is done.

use std::collections::BTreeMap;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::{
    Access, Beside, HeldByRowSecurity, Session, Uncopied, UncopiedKind, held_by_row_security,
};
use handover_engine::reader::{ReadOptions, Reader};
use handover_engine::rows::Wire;
use handover_engine::sql::{literal, qualified};
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::LineDigest;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind};

use super::failure::{Severity, severity};
use crate::ledger::FrozenPlan;

/// What is to be read at both ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// What tables have beside the columns that are copied.
    pub(super) beside: BTreeMap<TableName, Beside>,
    /// What has rows that are not copied.
    pub(super) uncopied: Vec<Uncopied>,
    /// What row security holds because of who owns it.
    pub(super) held: Vec<HeldByRowSecurity>,
}

/// One thing to be compared.
enum Check {
    Beside(TableShape, Beside),
    Uncopied(Uncopied),
}

/// What the source has of it, or why that cannot be told.
pub(super) struct Expected {
    check: Check,
    read: std::result::Result<LineDigest, String>,
}

impl Watched {
    fn checks(&self, plan: &FrozenPlan) -> Vec<Check> {
        let shapes = plan.tables.iter().map(|(_, table)| &table.shape);
        let beside = shapes.filter_map(|shape| {
            Some(Check::Beside(shape.clone(), self.beside.get(&shape.name)?.clone()))
        });
        let uncopied = self.uncopied.iter().filter(|table| !table.is_empty);
        beside.chain(uncopied.cloned().map(Check::Uncopied)).collect()
    }

    /// Reads the source. `open` gives a session that sees the moment of the copy.
    pub(super) fn read_source(
        &self,
        plan: &FrozenPlan,
        options: &ReadOptions,
        open: impl Fn() -> Result<Session>,
    ) -> Result<Vec<Expected>> {
        let mut session = None;
        let mut expected = Vec::new();
        for check in self.checks(plan) {
            let read = match check.unreadable() {
                Some(reason) => Err(reason),
                None => read(&mut session, &open, &check, options)?,
            };
            expected.push(Expected { check, read });
        }
        Ok(expected)
    }
}

/// What row security held at the source because of who owned it, and does not hold in the target,
/// where everything belongs to whoever made it.
pub(super) fn no_longer_held(
    target: &PostgresEndpoint,
    at_source: &[HeldByRowSecurity],
    interrupt: &Interrupt,
) -> Result<Vec<Finding>> {
    if at_source.is_empty() {
        return Ok(Vec::new());
    }
    let mut session = Session::open(target, Access::ReadOnly, interrupt)?;
    let here = held_by_row_security(&mut session)?;
    let mut findings = Vec::new();
    for one in at_source {
        let is_held = here.iter().any(|other| (&other.kind, &other.name) == (&one.kind, &one.name));
        let lookup = match one.kind.as_str() {
            "function" | "procedure" => "to_regprocedure",
            _ => "to_regclass",
        };
        let sql = format!("SELECT 1 WHERE {lookup}({}) IS NOT NULL", literal(&one.name));
        if !is_held && session.query_value(&sql)?.is_some() {
            findings.push(Finding {
                object: Some(one.name.clone()),
                object_kind: Some(one.kind.replace(' ', "_")),
                ..Finding::new(FindingKind::ObjectDiffers, one.no_longer())
            });
        }
    }
    Ok(findings)
}

/// Reads one thing on a session that is opened where there is none; what the server refuses is told.
fn read(
    session: &mut Option<Session>,
    open: &impl Fn() -> Result<Session>,
    check: &Check,
    options: &ReadOptions,
) -> Result<std::result::Result<LineDigest, String>> {
    let mut own = match session.take() {
        Some(own) => own,
        None => open()?,
    };
    match check.digest(&mut own, options) {
        Ok(digest) => {
            *session = Some(own);
            Ok(Ok(digest))
        }
        Err(error) if severity(&error) == Severity::Table => Ok(Err(format!("{error:#}"))),
        Err(error) => Err(error),
    }
}

/// Reads the target, and says what came out otherwise.
pub(super) fn compare(
    target: &PostgresEndpoint,
    expected: &[Expected],
    options: &ReadOptions,
) -> Result<Vec<Finding>> {
    let open = || Session::open(target, Access::ReadOnly, &options.interrupt);
    let mut session = None;
    let mut findings = Vec::new();
    for Expected { check, read: at_source } in expected {
        let mut here = match session.take() {
            Some(here) => here,
            None => open()?,
        };
        let is_there = check.is_at(&mut here)?;
        session = Some(here);
        if !is_there {
            findings.extend(check.missing(at_source.as_ref().ok()));
            continue;
        }
        let at_target = read(&mut session, &open, check, options)?;
        match (at_source, &at_target) {
            (Ok(source), Ok(target)) if source == target => {}
            (Ok(source), Ok(target)) => findings.push(check.differs(source, target)),
            (Err(reason), _) => findings.push(check.unknown("source", reason)),
            (_, Err(reason)) => findings.push(check.unknown("target", reason)),
        }
    }
    Ok(findings)
}

impl Check {
    fn shape(&self) -> &TableShape {
        match self {
            Self::Beside(shape, _) => shape,
            Self::Uncopied(table) => &table.shape,
        }
    }

    fn unreadable(&self) -> Option<String> {
        match self {
            Self::Beside(..) => None,
            Self::Uncopied(table) => table.unreadable.clone(),
        }
    }

    fn digest(&self, session: &mut Session, options: &ReadOptions) -> Result<LineDigest> {
        match self {
            Self::Beside(shape, beside) => {
                let mut shape = shape.clone();
                if let Some(key) = &mut shape.key {
                    // The target may have no index on it that is in this order.
                    key.range_scan = false;
                }
                beside.digest(session, &shape, &options.spill_dir)
            }
            Self::Uncopied(table) => {
                let options = ReadOptions { wire: Wire::None, ..options.clone() };
                let all = [KeyRange::everything()];
                let digests = Reader::Postgres(session).digests(&table.shape, &all, &options)?;
                Ok(digests.into_iter().next().unwrap_or(LineDigest::EMPTY))
            }
        }
    }

    fn is_at(&self, session: &mut Session) -> Result<bool> {
        let name = &self.shape().name;
        let name = literal(&qualified(&name.schema, &name.name));
        let there = session.query_value(&format!("SELECT to_regclass({name}) IS NOT NULL"))?;
        Ok(there.as_deref() == Some("t"))
    }

    fn finding(&self, kind: FindingKind, message: String) -> Finding {
        Finding {
            object: Some(self.shape().name.to_string()),
            object_kind: match self {
                Self::Uncopied(Uncopied { kind: UncopiedKind::MaterializedView, .. }) => {
                    Some("materialized_view".to_owned())
                }
                _ => Some("table".to_owned()),
            },
            ..Finding::new(kind, message)
        }
    }

    /// What to say if the target does not have it. A table or view that was to be made is a finding
    /// of its own.
    fn missing(&self, at_source: Option<&LineDigest>) -> Option<Finding> {
        let Self::Uncopied(Uncopied { kind: UncopiedKind::OfExtension(extension), shape, .. }) =
            self
        else {
            return None;
        };
        let rows = at_source.map_or(0, |digest| digest.rows);
        let message = format!(
            "{rows} row(s) of {}, which belongs to the extension {extension}, are not copied: the \
             target lacks the table; make it by hand, or leave it out",
            shape.name
        );
        Some(self.finding(FindingKind::RowsMissing, message))
    }

    fn differs(&self, source: &LineDigest, target: &LineDigest) -> Finding {
        let name = &self.shape().name;
        let message = match self {
            Self::Beside(_, beside) => {
                let columns: Vec<&str> =
                    beside.generated.iter().map(|column| column.name.as_str()).collect();
                let columns = columns.join(", ");
                let what = match (columns.is_empty(), beside.partitions.is_empty()) {
                    (true, _) => format!("rows of {name} lie in other partitions"),
                    (false, true) => {
                        format!("the generated column(s) {columns} of {name} hold other values")
                    }
                    (false, false) => format!(
                        "rows of {name} lie in other partitions, or the generated column(s) {columns} \
                         hold other values,"
                    ),
                };
                format!(
                    "{what} in the target than at the source, though the copy wrote with the source \
                     database's own settings: the rows were written under others there; \
                     handover-verify tables says which, and ALTER ROLE or ALTER DATABASE … SET at the \
                     source, before a copy into an empty target, makes these settings the database's own"
                )
            }
            Self::Uncopied(Uncopied { kind: UncopiedKind::MaterializedView, .. }) => format!(
                "the materialised view {name} has {} row(s) in the target and {} at the source, not the \
                 same: the target's was filled from the tables as they were copied, the source's \
                 earlier, or as somebody who sees other rows; REFRESH it at the source if it is only \
                 stale, or leave it out",
                target.rows, source.rows
            ),
            Self::Uncopied(Uncopied { kind: UncopiedKind::OfExtension(extension), .. }) => format!(
                "{} row(s) of {name}, which belongs to the extension {extension}, are not copied: the \
                 extension does not declare them to be configuration, and the target's {} row(s) are \
                 others; put them in by hand, or leave the table out",
                source.rows, target.rows
            ),
        };
        Finding { count: Some(source.rows), ..self.finding(FindingKind::RowsDiffer, message) }
    }

    fn unknown(&self, end: &str, reason: &str) -> Finding {
        let name = &self.shape().name;
        let what = match self {
            Self::Beside(..) => format!("generated values and partitions of {name}"),
            Self::Uncopied(_) => format!("rows of {name}, which are not copied,"),
        };
        let message = format!("{what} could not be compared: the {end} gives no answer: {reason}");
        self.finding(FindingKind::TableUnreadable, message)
    }
}
