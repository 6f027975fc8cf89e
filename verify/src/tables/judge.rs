//! The report: what both ends hold, what differs, and the verdict.

use std::collections::BTreeMap;

use anyhow::Result;
use handover_cli_kit::findings::{FindingsFile, key_holds_text};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_engine::endpoint::Endpoint;
use handover_engine::inventory::Inventory;
use handover_engine::inventory::difference::{ObjectDifference, differences, unkept_names};
use handover_engine::reader::ReadOptions;
use handover_engine::rename::renamed;
use handover_engine::{postgres, sqlite};
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::Digest;
use handover_schemas::leaf::{ChunkLeaf, logical_name, table_root};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{
    ChunkReport, EndReport, Finding, FindingKind, TableReport, TablesReport, Verdict,
};
use handover_schemas::sqlite_form::Form;

use super::beside::BothEnds;
use super::drill_down::DrillDown;
use super::ends::OpenEnd;
use super::hashing::{HashedChunk, HashedTable};
use super::left_out::LeftOutTables;
use super::of_the_database::of_the_database;
use super::pairs::TablePair;
use super::{Described, Hashed, TablesRequest, catalog};

/// Everything that was found out.
pub(super) struct Evidence<'a> {
    pub(super) request: &'a TablesRequest,
    pub(super) options: &'a ReadOptions,
    pub(super) pairs: Vec<TablePair>,
    pub(super) hashed: Hashed,
    pub(super) described: (Described, Described),
    pub(super) inventories: Option<(Inventory, Inventory)>,
    pub(super) left_out: LeftOutTables,
    /// What differs in columns of tables whose rows are compared elsewhere.
    pub(super) of_columns: Vec<Finding>,
    pub(super) dir: &'a HandoverDir,
}

/// Looks into what differs, and judges.
pub(super) fn judge(evidence: Evidence<'_>) -> Result<TablesReport> {
    let Evidence { request, options, pairs, mut hashed, described, inventories, dir, .. } =
        evidence;
    let (mut left_out, of_columns) = (evidence.left_out, evidence.of_columns);
    let mut file = FindingsFile::new(dir, request.findings_in);
    let catalogs = inventories.as_ref();
    let mut objects =
        catalogs.map(|(source, target)| differences(source, target)).unwrap_or_default();
    let pointing = left_out.take_objects(&mut objects);
    let (mut of_pairs, objects) = by_pair(objects, &pairs);
    let mut tables = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let at_source = hashed.source.get_mut(index).and_then(Option::take);
        let at_target = hashed.target.get_mut(index).and_then(Option::take);
        let is_sampled = hashed.sampled.get(index).copied().unwrap_or(false);
        let mut findings = pair.findings.clone();
        findings.extend(one_sided(pair, &described));
        if let (Some(at_source), Some(at_target)) = (&at_source, &at_target) {
            findings.extend(failures(pair, at_source, at_target));
            let (source, target) = (&mut hashed.ends.0, &mut hashed.ends.1);
            let (file, show_keys) = (&mut file, request.show_keys);
            let mut drill_down = DrillDown { source, target, options, file, show_keys };
            findings.extend(drill_down.look_into(pair, at_source, at_target)?);
            let (source, target) = (&mut hashed.ends.0, &mut hashed.ends.1);
            let mut ends = BothEnds { source, target, options };
            if !is_sampled {
                findings.extend(ends.look_beside(pair, &described, at_source, at_target)?);
            }
        }
        if is_sampled {
            findings.push(sampled_finding(pair, at_source.as_ref()));
        }
        let own = of_pairs.remove(&index).unwrap_or_default();
        findings.extend(own.iter().map(catalog::finding).chain(of_damaged_file(pair, &described)));
        let end = |endpoint,
                   described: &Described,
                   shape: &Option<TableShape>,
                   hashed: &Option<HashedTable>| {
            let (Some(shape), Some(hashed)) = (shape, hashed) else { return None };
            let has_others = options.respelled.has(&shape.name);
            let is_utf16 = described.is_utf16;
            let writer = EndWriter { request, pair, is_sampled, endpoint, is_utf16, has_others };
            writer.write(shape, hashed)
        };
        let mut source = end(&request.source, &described.0, &pair.source, &at_source);
        let mut target = end(&request.target, &described.1, &pair.target, &at_target);
        count_respelled(&hashed.ends.0, pair.source.as_ref(), source.as_mut(), options)?;
        count_respelled(&hashed.ends.1, pair.target.as_ref(), target.as_mut(), options)?;
        tables.push(TableReport {
            table: pair.name.to_string(),
            verdict: table_verdict(source.as_ref(), target.as_ref(), &findings),
            source,
            target,
            findings,
        });
    }
    tables.extend(unread_tables(&pairs, &described));
    tables.sort_by(|a, b| a.table.cmp(&b.table));
    let mut findings = of_columns;
    findings.extend(objects.iter().map(catalog::finding));
    findings.extend(of_the_database(&described.0, &described.1, &objects));
    findings.extend(nothing_compared(request, &tables));
    file.finish()?;
    let verdicts = tables.iter().map(|table| table.verdict).chain(findings.iter().map(weight));
    let verdict = Verdict::worst(verdicts);
    let is_postgres = matches!(request.source, Endpoint::Postgres(_));
    let mut not_checked = not_checked(&described, catalogs, is_postgres);
    not_checked.extend(pointing);
    let (left_out, renamed) = (left_out.report, renamed(&described.0.tables));
    Ok(TablesReport { verdict, tables, left_out, renamed, findings, not_checked })
}

/// Adds which columns of a table have values that are not in their type's own form, where lines are
/// of values.
fn count_respelled(
    end: &OpenEnd,
    shape: Option<&TableShape>,
    report: Option<&mut EndReport>,
    options: &ReadOptions,
) -> Result<()> {
    if let (OpenEnd::Sqlite(_, connection), Some(shape), Some(report)) = (end, shape, report)
        && options.respelled.has(&shape.name)
        && shape.columns.iter().all(|column| column.form != Form::Exact)
    {
        report.written_another_way =
            sqlite::written_another_way(connection, shape, &options.interrupt)?;
    }
    Ok(())
}

/// How much one finding weighs.
fn weight(finding: &Finding) -> Verdict {
    match finding.kind {
        FindingKind::TableUnreadable
        | FindingKind::ValueDoesNotFit
        | FindingKind::FileDamaged
        | FindingKind::Sampled
        | FindingKind::ObjectNotCompared
        | FindingKind::NothingCompared => Verdict::Unverified,
        FindingKind::TableMissing
        | FindingKind::TableExtra
        | FindingKind::ColumnMissing
        | FindingKind::ColumnExtra
        | FindingKind::ColumnOrder
        | FindingKind::ColumnType
        | FindingKind::KeyDiffers
        | FindingKind::RowsMissing
        | FindingKind::RowsExtra
        | FindingKind::RowsDoubled
        | FindingKind::RowsDiffer
        | FindingKind::RangesDiffer
        | FindingKind::ObjectMissing
        | FindingKind::ObjectExtra
        | FindingKind::ObjectDiffers
        | FindingKind::SequenceBehind => Verdict::Different,
    }
}

fn table_verdict(
    source: Option<&EndReport>,
    target: Option<&EndReport>,
    findings: &[Finding],
) -> Verdict {
    let rows = match (source, target) {
        (Some(source), Some(target)) => {
            let same = (source.rows, source.bytes, source.digest, source.root)
                == (target.rows, target.bytes, target.digest, target.root);
            if same { Verdict::Equal } else { Verdict::Different }
        }
        // The finding about the missing side decides.
        _ => Verdict::Unverified,
    };
    Verdict::worst(findings.iter().map(weight).chain([rows]))
}

/// The objects of each pair of tables, by its place, and those of none; both in their order.
fn by_pair(
    objects: Vec<ObjectDifference>,
    pairs: &[TablePair],
) -> (BTreeMap<usize, Vec<ObjectDifference>>, Vec<ObjectDifference>) {
    let mut places: BTreeMap<&TableName, usize> = BTreeMap::new();
    for (place, pair) in pairs.iter().enumerate() {
        for shape in [&pair.source, &pair.target].into_iter().flatten() {
            places.entry(&shape.name).or_insert(place);
        }
    }
    let mut of_pairs: BTreeMap<usize, Vec<ObjectDifference>> = BTreeMap::new();
    let mut others = Vec::new();
    for object in objects {
        match object.table.as_ref().and_then(|table| places.get(table)) {
            Some(place) => of_pairs.entry(*place).or_default().push(object),
            None => others.push(object),
        }
    }
    (of_pairs, others)
}

/// What to say of a table that was read at one end only: the other end lacks it, or it may not be
/// read there.
fn one_sided(pair: &TablePair, described: &(Described, Described)) -> Vec<Finding> {
    let name = &pair.name;
    let (kind, missing) = match (&pair.source, &pair.target) {
        (Some(_), None) => {
            (FindingKind::TableMissing, format!("the target lacks the table {name}"))
        }
        (None, Some(_)) => (
            FindingKind::TableExtra,
            format!("the target has the table {name}, which the source does not have"),
        ),
        _ => return Vec::new(),
    };
    let unreadable = unreadable_at(name, described);
    if unreadable.is_empty() { vec![Finding::new(kind, missing)] } else { unreadable }
}

/// A finding for each end at which a table is that may not be read.
fn unreadable_at(name: &TableName, described: &(Described, Described)) -> Vec<Finding> {
    [("source", &described.0), ("target", &described.1)]
        .into_iter()
        .filter_map(|(end, described)| {
            let mut unreadable = described.unreadable.iter();
            let (own, reason) = unreadable.find(|(other, _)| is_same_table(other, name))?;
            let message = format!("{own} cannot be read at the {end}: {reason}");
            Some(Finding::new(FindingKind::TableUnreadable, message))
        })
        .collect()
}

/// Whether names of two ends stand for the same table, whatever engines they are of.
fn is_same_table(one: &TableName, other: &TableName) -> bool {
    logical_name(one) == logical_name(other)
}

fn failures(pair: &TablePair, source: &HashedTable, target: &HashedTable) -> Vec<Finding> {
    [("source", source), ("target", target)]
        .into_iter()
        .filter_map(|(end, table)| {
            let reason = table.failure.as_ref()?;
            Some(Finding::new(
                FindingKind::TableUnreadable,
                format!("{} cannot be read at the {end}: {reason}", pair.name),
            ))
        })
        .collect()
}

fn sampled_finding(pair: &TablePair, read: Option<&HashedTable>) -> Finding {
    let chunks = read.map_or(0, |table| table.chunks.len());
    Finding {
        count: Some(chunks as u64),
        ..Finding::new(
            FindingKind::Sampled,
            format!("sampled: only {chunks} chunks of {} were read, as asked", pair.name),
        )
    }
}

/// What is read of a damaged file is not known to be what it held, however equal.
fn of_damaged_file(pair: &TablePair, described: &(Described, Described)) -> Option<Finding> {
    let end = match (&described.0.damage, &described.1.damage) {
        (None, None) => return None,
        (Some(_), None) => "the source's file",
        (None, Some(_)) => "the target's file",
        (Some(_), Some(_)) => "two files",
    };
    let message = format!("{} was read from {end}, damaged as said below", pair.name);
    Some(Finding::new(FindingKind::FileDamaged, message))
}

/// Tables that were read at neither end, and therefore not compared.
fn unread_tables(pairs: &[TablePair], described: &(Described, Described)) -> Vec<TableReport> {
    let mut names: Vec<&TableName> = Vec::new();
    for (name, _) in described.0.unreadable.iter().chain(&described.1.unreadable) {
        let mut known = pairs.iter().map(|pair| &pair.name).chain(names.iter().copied());
        if !known.any(|known| is_same_table(known, name)) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| TableReport {
            table: name.to_string(),
            verdict: Verdict::Unverified,
            source: None,
            target: None,
            findings: unreadable_at(name, described),
        })
        .collect()
}

/// Nothing compared is not "equal", unless somebody else compares rows.
fn nothing_compared(request: &TablesRequest, tables: &[TableReport]) -> Option<Finding> {
    if !request.rows_elsewhere.is_empty() {
        return None;
    }
    if tables.is_empty() {
        return Some(Finding::new(
            FindingKind::NothingCompared,
            "neither end has a table: nothing was compared",
        ));
    }
    let ends = tables.iter().flat_map(|table| [&table.source, &table.target]).flatten();
    let rows: u64 = ends.map(|end| end.rows).sum();
    (rows == 0).then(|| {
        Finding::new(
            FindingKind::NothingCompared,
            "no table has a row at either end: no row was compared",
        )
    })
}

/// What no pair of ends of different engines is compared in.
const UNCHECKED_BETWEEN_ENGINES: [&str; 2] = [
    "defaults, constraints, indexes, sequences, views, triggers: the engines differ",
    "roles, privileges, ownership and comments",
];

/// What no pair of PostgreSQL databases is compared in.
const UNCHECKED_IN_POSTGRES: [&str; 4] = [
    "roles, privileges and ownership; security labels; comments on roles, tablespaces and the \
     database",
    "extensions, schemas without objects, base types, operators and their classes, casts, \
     conversions, collations, text search parsers and templates, languages, transforms, access methods, \
     publications, subscriptions, foreign servers and user mappings",
    "settings of the database; how tables, columns and indexes are stored: parameters, TOAST, \
     compression, statistics targets, tablespaces, access methods, the order of rows",
    "whether constraints and columns of children are inherited or their own; types that tables are \
     made of; names of NOT NULL constraints of domains",
];

/// What no pair of SQLite files is compared in.
const UNCHECKED_IN_SQLITE: [&str; 1] = ["the text encoding"];

fn not_checked(
    described: &(Described, Described),
    inventories: Option<&(Inventory, Inventory)>,
    is_postgres: bool,
) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for (end, described) in [("source", &described.0), ("target", &described.1)] {
        list.extend(described.not_checked.iter().map(|what| format!("{end}: {what}")));
    }
    let Some((source, target)) = inventories else {
        list.extend(UNCHECKED_BETWEEN_ENGINES.map(str::to_owned));
        return list;
    };
    for (end, inventory) in [("source", source), ("target", target)] {
        let unreadable = inventory.unreadable.iter();
        list.extend(
            unreadable.map(|what| format!("{end}: {what}, which the account may not read")),
        );
        list.extend(inventory.not_compared.iter().map(|what| format!("{end}: {what}")));
    }
    list.extend(unkept_names(source, target).map(|names| format!("source: {names}")));
    list.extend(unkept_names(target, source).map(|names| format!("target: {names}")));
    let unchecked: &[&str] =
        if is_postgres { &UNCHECKED_IN_POSTGRES } else { &UNCHECKED_IN_SQLITE };
    list.extend(unchecked.iter().map(|&what| what.to_owned()));
    list
}

/// Writes what one end holds of a table.
struct EndWriter<'a> {
    request: &'a TablesRequest,
    pair: &'a TablePair,
    is_sampled: bool,
    endpoint: &'a Endpoint,
    is_utf16: bool,
    /// Whether values were read that are not in their type's own form.
    has_others: bool,
}

impl EndWriter<'_> {
    /// The report, unless reading failed.
    fn write(&self, shape: &TableShape, hashed: &HashedTable) -> Option<EndReport> {
        if hashed.failure.is_some() {
            return None;
        }
        let (command, command_reason) = match self.explain(shape, &KeyRange::everything(), hashed) {
            Ok(command) => (Some(command), None),
            Err(reason) => (None, Some(reason.to_owned())),
        };
        let with_chunks = self.request.chunks.as_ref() == Some(&self.pair.name.to_string());
        Some(EndReport {
            rows: hashed.chunks.iter().map(|chunk| chunk.lines.rows).sum(),
            bytes: hashed.chunks.iter().map(|chunk| chunk.lines.bytes).sum(),
            digest: hashed.lines.map(|lines| lines.digest).filter(|_| !self.is_sampled),
            root: (!self.is_sampled).then(|| self.root(shape, hashed)),
            command,
            command_reason,
            written_another_way: Vec::new(),
            chunks: if with_chunks { self.chunks(shape, hashed) } else { Vec::new() },
        })
    }

    fn chunks(&self, shape: &TableShape, hashed: &HashedTable) -> Vec<ChunkReport> {
        (0..)
            .zip(&hashed.chunks)
            .map(|(number, chunk)| ChunkReport {
                chunk: number,
                rows: chunk.lines.rows,
                bytes: chunk.lines.bytes,
                digest: chunk.lines.digest,
                leaf: String::from_utf8_lossy(&self.leaf(shape, chunk).text()).into_owned(),
                command: self.explain(shape, &chunk.range, hashed).ok(),
            })
            .collect()
    }

    fn explain(
        &self,
        shape: &TableShape,
        range: &KeyRange,
        hashed: &HashedTable,
    ) -> Result<String, &'static str> {
        match self.endpoint {
            Endpoint::Postgres(postgres) => Ok(postgres::explain(postgres, shape, range)),
            Endpoint::Sqlite(_) if hashed.has_nul => {
                Err("a text holds a NUL character, which sqlite3 does not print")
            }
            Endpoint::Sqlite(_)
                if self.is_utf16 && shape.key.is_some() && key_holds_text(shape) =>
            {
                Err("the file is UTF-16, in whose order sqlite3 gives text keys")
            }
            Endpoint::Sqlite(path) => sqlite::explain(path, shape, range, self.has_others),
        }
    }

    fn root(&self, shape: &TableShape, hashed: &HashedTable) -> Digest {
        let leaves: Vec<Digest> =
            hashed.chunks.iter().map(|chunk| self.leaf(shape, chunk).hash()).collect();
        table_root(&leaves)
    }

    /// Leaves at both ends bind the plan's types, which are the source's.
    fn leaf<'a>(&'a self, shape: &'a TableShape, chunk: &'a HashedChunk) -> ChunkLeaf<'a> {
        ChunkLeaf {
            table: self.pair.source.as_ref().unwrap_or(shape),
            range: &chunk.range,
            rows: chunk.lines.rows,
            bytes: chunk.lines.bytes,
            digest: chunk.lines.digest,
        }
    }
}
