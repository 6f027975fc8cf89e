//! `handover-migrate find`.

use anyhow::{Context, Result};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::Digest;
use handover_schemas::purge::find::{
    CertificatePlace, FindReport, FoundDetails, FoundRecord, FoundValue,
};
use handover_verify::exit_code::Exit;
use handover_verify::interrupt::Interrupt;
use handover_verify::output::{Lines, print_json, print_lines};

use super::archive::{OpenedArchive, purges_of, target, wanted};
use crate::cli::FindArgs;
use crate::restore::find::{Found, find, values};

/// Runs the command.
pub fn run(args: &FindArgs, interrupt: &Interrupt) -> Result<Exit> {
    let wanted = wanted(&args.record)?.context(
        "say what to find: --table with --record-key, --identity-number, --phone, or --name with \
         --birth-date",
    )?;
    let target = target(&args.archive, false)?;
    let purges = target.map(|target| purges_of(&target, interrupt)).transpose()?;
    let archive = OpenedArchive::open(&args.archive, &args.identity, purges.as_deref())?;
    let found = find(&archive.reader, &wanted, args.details)?;
    let report = report(&archive, &found, args.show_row)?;
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(if report.rows.is_empty() { Exit::Findings } else { Exit::Clean })
}

fn report(archive: &OpenedArchive, found: &[Found], show_row: bool) -> Result<FindReport> {
    let (reader, manifest) = (&archive.reader, archive.reader.manifest());
    let record = |row: &Found| -> Result<FoundRecord> {
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
            details,
            values: values.map(named),
        })
    };
    Ok(FindReport {
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
    match report.rows.len() {
        0 => writeln!(out, "not found in this archive"),
        1 => writeln!(out, "1 row found"),
        rows => writeln!(out, "{rows} rows found"),
    }
    for row in &report.rows {
        row_text(&mut out, row);
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
    out
}

fn row_text(out: &mut Lines, row: &FoundRecord) {
    writeln!(out);
    writeln!(out, "{}", row.table);
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
