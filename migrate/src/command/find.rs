//! `handover-migrate find`.

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_schemas::archive::loose::Match;
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::Digest;
use handover_schemas::purge::find::{
    CertificatePlace, FindReport, FoundDetails, FoundRecord, FoundValue, SearchedArchive,
    UnsearchedArchive,
};
use handover_verify::package::Identities;

use super::archive::{
    KnownArchive, KnownArchives, OpenedArchive, archives_of, handover_folder, target, wanted,
};
use super::purge::identities;
use crate::cli::FindArgs;
use crate::package::sealed_dir;
use crate::restore::find::{Found, find_in_every_row, find_loosely, values};
use crate::restore::{NoSuchTable, Wanted};

/// Runs the command.
pub fn run(args: &FindArgs, interrupt: &Interrupt) -> Result<Exit> {
    let wanted = wanted(&args.record)?.context(
        "say what to find: --table with --record-key, --identity-number, --phone, or --name with \
         --birth-date",
    )?;
    let target = target(&args.archive, false)?;
    let known = target.map(|target| archives_of(&target, interrupt)).transpose()?;
    let search = Search { args, wanted: &wanted, interrupt };
    let report = search.closer_and_closer(known.as_ref())?;
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(match (report.rows(), report.not_searched.as_slice()) {
        (0, []) => Exit::Findings,
        // It may be in one of those.
        (0, _) => Exit::CannotBeDone,
        _ => Exit::Clean,
    })
}

/// What is searched for, and how.
struct Search<'a> {
    args: &'a FindArgs,
    wanted: &'a Wanted,
    interrupt: &'a Interrupt,
}

/// How far into an archive a search goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Index,
    EveryRow,
}

impl Search<'_> {
    /// By the index; and by every row if that gives nothing, or somebody wants it so.
    fn closer_and_closer(&self, known: Option<&KnownArchives>) -> Result<FindReport> {
        if !self.args.every_row {
            let report = self.search(known, Reach::Index)?;
            if report.rows() > 0 || !self.wanted.is_of_a_person() {
                return Ok(report);
            }
        }
        self.search(known, Reach::EveryRow)
    }

    fn search(&self, known: Option<&KnownArchives>, reach: Reach) -> Result<FindReport> {
        let args = self.args;
        let every_row = reach == Reach::EveryRow;
        if args.archive.archive.is_some() {
            let purges = known.map(|known| known.purges.as_slice());
            let archive = OpenedArchive::open(&args.archive, &args.identity, purges)?;
            let archives = vec![self.searched(&archive, reach)?];
            return Ok(FindReport { archives, not_searched: Vec::new(), every_row });
        }
        let known = known.context("the ledger knows of no archive; give --archive DIR")?;
        Ok(FindReport { every_row, ..self.search_all(known, reach)? })
    }

    /// Searches every archive that the ledger knows, or those of a rule. A person may have been archived
    /// by any of them.
    fn search_all(&self, known: &KnownArchives, reach: Reach) -> Result<FindReport> {
        let rule = self.args.archive.rule.as_ref();
        let wanted_rule = |one: &&KnownArchive| rule.is_none_or(|rule| *rule == one.rule);
        let archives: Vec<&KnownArchive> = known.archives.iter().filter(wanted_rule).collect();
        if archives.is_empty() {
            bail!("the ledger knows of no archive of such a rule; give --archive DIR");
        }
        let keys = identities(&self.args.identity)?;
        let mut report =
            FindReport { archives: Vec::new(), not_searched: Vec::new(), every_row: false };
        let mut without_table = None;
        for one in &archives {
            self.interrupt.check()?;
            match self.search_one(known, one, &keys, reach) {
                Ok(searched) => report.archives.push(searched),
                Err(error) if error.is::<NoSuchTable>() => without_table = Some(error),
                // Of one alone it is the whole answer.
                Err(error) if archives.len() == 1 => return Err(error),
                Err(error) => report.not_searched.push(UnsearchedArchive {
                    archive: one.package.clone(),
                    seal: one.seal,
                    why: format!("{error:#}"),
                }),
            }
        }
        match without_table {
            // No archive has the table: the name is wrong.
            Some(error) if report.archives.is_empty() && report.not_searched.is_empty() => {
                Err(error)
            }
            _ => Ok(report),
        }
    }

    fn search_one(
        &self,
        known: &KnownArchives,
        one: &KnownArchive,
        keys: &Identities,
        reach: Reach,
    ) -> Result<SearchedArchive> {
        let handover = handover_folder(&self.args.archive);
        let dir = sealed_dir(&HandoverDir::at(&handover), &one.package);
        let purges = Some(known.purges.as_slice());
        let archive = OpenedArchive::open_at(&dir, Some(one.seal), keys.clone(), handover, purges)?;
        let keepers = &archive.reader.manifest().key_keepers;
        if !keepers.iter().any(|keeper| keys.opens_for(&keeper.key)) {
            let names: Vec<&str> = keepers.iter().map(|keeper| keeper.name.as_str()).collect();
            bail!(
                "no key given opens it; its keys are kept by {} (--identity, once for each key)",
                names.join(", ")
            );
        }
        self.searched(&archive, reach)
    }

    fn searched(&self, archive: &OpenedArchive, reach: Reach) -> Result<SearchedArchive> {
        let (reader, details) = (&archive.reader, self.args.details);
        let found = match reach {
            Reach::Index => find_loosely(reader, self.wanted, details)?,
            Reach::EveryRow => find_in_every_row(reader, self.wanted, details, self.interrupt)?,
        };
        searched(archive, &found, self.args.show_row)
    }
}

fn searched(
    archive: &OpenedArchive,
    found: &[(Found, Match)],
    show_row: bool,
) -> Result<SearchedArchive> {
    let (reader, manifest) = (&archive.reader, archive.reader.manifest());
    let record = |(row, how): &(Found, Match)| -> Result<FoundRecord> {
        let table = manifest.tables.get(usize::from(row.location.table));
        let table = table.context("the index names a table that the archive does not have")?;
        let details = row.salt.as_ref().map(|salt| FoundDetails {
            index: salt.index,
            leaf: row_leaf(salt.salt.as_bytes(), &row.line),
            evidence_line: salt.evidence_line,
        });
        let values = show_row.then(|| values(&row.line)).transpose()?;
        let named = |values: Vec<Option<String>>| {
            let columns = table.columns.iter().map(|column| column.name.clone());
            columns.zip(values).map(|(column, value)| FoundValue { column, value }).collect()
        };
        Ok(FoundRecord {
            table: table.name.clone(),
            chunk: row.location.chunk,
            line: u32::from(row.location.row) + 1,
            digest: Digest::of(&row.line),
            looser: how.looser(),
            details,
            values: values.map(named),
        })
    };
    Ok(SearchedArchive {
        archive: reader.identifier().to_owned(),
        seal: reader.seal(),
        seal_expected: archive.seal_expected,
        database: manifest.database.clone(),
        origin: manifest.origin.clone(),
        rule: manifest.rule.clone(),
        reason_vi: manifest.reason_vi.clone(),
        reason_en: manifest.reason_en.clone(),
        legal_basis: manifest.legal_basis.clone(),
        retain_until: manifest.retain_until.clone(),
        certificate: archive.certificate()?,
        rows: found.iter().map(record).collect::<Result<_>>()?,
    })
}

fn text(report: &FindReport) -> Lines {
    let mut out = Lines::new();
    if let ([archive], []) = (report.archives.as_slice(), report.not_searched.as_slice()) {
        archive_text(&mut out, archive);
        reach_text(&mut out, report);
        return out;
    }
    let with_rows = report.archives.iter().filter(|archive| !archive.rows.is_empty());
    let (rows, searched) = (report.rows(), report.archives.len());
    if rows == 0 {
        writeln!(out, "not found in any of the {searched} archives that were searched");
        for archive in &report.archives {
            writeln!(out, "searched     {} {}", archive.archive, archive.seal);
        }
    } else {
        let holding = with_rows.clone().count();
        writeln!(out, "{rows} rows in {holding} of {searched} archives");
    }
    for archive in with_rows {
        writeln!(out);
        archive_text(&mut out, archive);
    }
    for archive in &report.not_searched {
        writeln!(out);
        writeln!(out, "NOT SEARCHED {} {}", archive.archive, archive.seal);
        writeln!(out, "             {}", archive.why);
    }
    reach_text(&mut out, report);
    out
}

/// How far the search went, and what is left to try.
fn reach_text(out: &mut Lines, report: &FindReport) {
    let rows = || report.archives.iter().flat_map(|archive| &archive.rows);
    if rows().any(|row| row.looser.is_some()) {
        writeln!(out);
        writeln!(
            out,
            "A row that is LIKE what was asked for may be somebody else's: compare it (--show-row) with what \
             the person shows. restore and prove take it by its --table and --record-key only."
        );
    }
    if report.rows() == 0 && report.every_row {
        writeln!(out);
        writeln!(
            out,
            "Every row was compared, looser forms of numbers and dates included. The person may have had \
             another number (9 digits before, 12 now), or may be found by --phone, or by --name and --birth-date."
        );
    }
}

fn archive_text(out: &mut Lines, report: &SearchedArchive) {
    match report.rows.len() {
        0 => writeln!(out, "not found in this archive"),
        1 => writeln!(out, "1 row found"),
        rows => writeln!(out, "{rows} rows found"),
    }
    for row in &report.rows {
        row_text(out, row);
    }
    let compared =
        if report.seal_expected { "" } else { " (compared with nothing: give --seal or --target)" };
    writeln!(out);
    writeln!(out, "archive      {}", report.archive);
    writeln!(out, "seal         {}{compared}", report.seal);
    writeln!(out, "rule         {}", report.rule);
    writeln!(out, "reason       {}", report.reason_vi);
    writeln!(out, "             {}", report.reason_en);
    for (number, basis) in report.legal_basis.iter().enumerate() {
        writeln!(out, "{:<12} {basis}", if number == 0 { "legal basis" } else { "" });
    }
    let certificate = report.certificate.as_ref().map_or_else(
        || "not certified".to_owned(),
        |one| {
            let place = match one.read_in {
                CertificatePlace::Ledger => "the ledger",
                CertificatePlace::Folder => "the hand-over folder",
            };
            format!(
                "issued on {}, in {place} (who signed it: handover-verify envelope)",
                one.issued_on
            )
        },
    );
    writeln!(out, "kept until   {}", report.retain_until);
    writeln!(out, "certificate  {certificate}");
}

fn row_text(out: &mut Lines, row: &FoundRecord) {
    writeln!(out);
    writeln!(out, "{}", row.table);
    if let Some(looser) = row.looser {
        writeln!(out, "  LIKE       {looser}");
    }
    writeln!(out, "  place      chunk {}, line {}", row.chunk, row.line);
    writeln!(out, "  digest     {}", row.digest);
    if let Some(details) = &row.details {
        let evidence =
            details.evidence_line.map_or_else(|| "none".to_owned(), |line| line.to_string());
        writeln!(out, "  leaf       {}", details.leaf);
        writeln!(out, "  index      {}", details.index);
        writeln!(out, "  evidence   line {evidence}");
    }
    for value in row.values.iter().flatten() {
        writeln!(out, "  {}: {}", value.column, value.value.as_deref().unwrap_or("NULL"));
    }
}
