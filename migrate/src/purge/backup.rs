//! `purge backup`: the listed rows into an archive, which counts only once it was opened again from
//! where it lies, with the escrow key, and found to be what was selected.

use anyhow::{Context, Result, bail};
use handover_cli_kit::findings::FindingsFile;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::rows::key_value;
use handover_schemas::archive::manifest::KeyKeeper;
use handover_schemas::config::PurgeConfig;
use handover_schemas::purge::record::{Backup, PurgeState, SelectedTable};
use handover_verify::archive::{ArchiveReader, CheckedArchive, check_archive};
use handover_verify::package::Identities;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::purge::list::{List, MarkedRow};

use super::PurgeDatabase;
use super::execute::refuse_other_tables;
use super::freeze::LeafSpool;
use super::listed_row::ListedRow;
use super::scratch::load_and_compare;
use super::trial::try_deletion;
use crate::archive::{ArchiveHeader, ArchiveWriter, TableDraft};
use crate::ledger;
use crate::package::{Sealed, sealed_dir};

/// What to back up, and with what.
pub struct BackupRequest<'a> {
    /// Recipients.
    pub config: &'a PurgeConfig,
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// The escrow key.
    pub escrow: Identities,
    /// Threads that compress and encrypt.
    pub jobs: usize,
}

/// The name of a purge's archive.
pub fn archive_name(purge: &PurgeEntry) -> String {
    format!("purge-{}-{}", purge.selection.rule.name, purge.number)
}

/// Makes the archive, opens it again, and records that it is whole.
pub fn backup(
    database: &mut PurgeDatabase,
    request: &BackupRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Backup> {
    match request.purge.state {
        // Backed up: the same command looks at the archive once more.
        PurgeState::Selected | PurgeState::BackedUp => {}
        state @ (PurgeState::Executing
        | PurgeState::Executed
        | PurgeState::Certified
        | PurgeState::Closed
        | PurgeState::Abandoned) => bail!("purge {} is {state} already", request.purge.number),
    }
    let keepers = key_keepers(request.config)?;
    refuse_other_tables(database, request.purge)?;
    let name = archive_name(request.purge);
    let place = sealed_dir(request.dir, &name);
    // A run that was killed once the archive was in its place has nothing left to do but look at it.
    if !place.exists() && request.purge.state == PurgeState::Selected {
        write(database, request, keepers, interrupt, progress)?;
    }
    let seal = request.purge.backup.as_ref().map(|backup| backup.seal);
    let reader = ArchiveReader::open(&place, request.escrow.clone(), seal)?;
    check_keeper(&reader)?;
    let checked = check_archive(&reader, interrupt, progress)
        .context("the archive was read back and is not sound; move it away and back up again")?;
    check_selection(request.purge, &reader, &checked)?;
    let rows_loaded = load_and_compare(database, &reader, request.purge, interrupt)?;
    let info = reader.payload_sums()?;
    let sealed = Sealed { seal: checked.seal, files: info.0, bytes: info.1 };
    let backup = Backup {
        seal: sealed.seal,
        package: name.clone(),
        files: sealed.files,
        bytes: sealed.bytes,
        rows_loaded,
        gaps: checked.gaps,
        reach: Some(try_deletion(database, request.purge, interrupt)?),
    };
    ledger::prepare_packages(database.store())?;
    ledger::record_package(database.store(), &name, &sealed)?;
    ledger::record_backup(database.store(), request.purge, &backup)?;
    Ok(backup)
}

/// The recipients of the config: at least two, at least one in escrow.
pub(crate) fn key_keepers(config: &PurgeConfig) -> Result<Vec<KeyKeeper>> {
    if config.recipient.len() < 2 || !config.recipient.iter().any(|one| one.escrow) {
        bail!(
            "an archive is encrypted to at least two recipients, one of them in escrow, so that no \
             one lost key loses it; write them into handover.toml as [[purge.recipient]] \
             (handover-migrate keygen archive makes keys)"
        );
    }
    let keeper = |one: &handover_schemas::config::ArchiveRecipient| KeyKeeper {
        name: one.name.clone(),
        key: one.key.clone(),
        escrow: one.escrow,
    };
    Ok(config.recipient.iter().map(keeper).collect())
}

/// The key that is given has to be the one in escrow: that it works is what is to be shown.
fn check_keeper(reader: &ArchiveReader) -> Result<()> {
    let keepers = &reader.manifest().key_keepers;
    if keepers.iter().filter(|one| one.escrow).any(|one| reader.identities().opens_for(&one.key)) {
        return Ok(());
    }
    let names: Vec<&str> =
        keepers.iter().filter(|one| one.escrow).map(|one| one.name.as_str()).collect();
    bail!(
        "the key given is not the one in escrow ({}); a backup counts once it was opened with that \
         one",
        names.join(", ")
    );
}

fn header(request: &BackupRequest<'_>, key_keepers: Vec<KeyKeeper>) -> ArchiveHeader {
    let selection = &request.purge.selection;
    let rule = &selection.rule;
    ArchiveHeader {
        origin: selection.origin.clone(),
        database: selection.database.clone(),
        rule: rule.name.clone(),
        reason_vi: rule.reason_vi.clone(),
        reason_en: rule.reason_en.clone(),
        legal_basis: rule.legal_basis.clone(),
        retain_until: rule.retain_until.clone(),
        key_keepers,
        search: rule.search.clone(),
    }
}

/// A selected table as an archive has it.
pub(crate) fn table_draft(table: &SelectedTable) -> TableDraft {
    TableDraft {
        name: table.name().clone(),
        columns: table.archived_columns(),
        key: table.shape.key.as_ref().map(|key| key.columns.clone()).unwrap_or_default(),
        parents: table.parents.clone(),
    }
}

fn write(
    database: &mut PurgeDatabase,
    request: &BackupRequest<'_>,
    keepers: Vec<KeyKeeper>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<()> {
    let purge = request.purge;
    let salts = purge.salts()?;
    let mut frozen = LeafSpool::of_ledger(database.store(), purge, request.dir.path())?;
    let name = archive_name(purge);
    let mut writer =
        ArchiveWriter::begin(request.dir, &name, header(request, keepers), request.jobs)?;
    let mut findings = FindingsFile::new(request.dir, "findings/purge-changed.jsonl");
    let mut differing = 0;
    database.begin_at_one_moment()?;
    database.plan_in_order()?;
    for (number, table) in purge.selection.tables.iter().enumerate() {
        let list = List::new(purge.number, number, &table.shape)?;
        writer.table(table_draft(table))?;
        let (mut next, first) = (0, table.first_index);
        let mut reader = database.reader();
        let sql = list.listed_rows(&reader, None);
        list.read(&mut reader, &sql, interrupt, |row: MarkedRow<'_>| {
            let position = row.position.context("a listed row has no place on the list")?;
            // Listed rows that are gone.
            let gone = position.checked_sub(next).context("rows came in another order")?;
            differing += gone;
            frozen.skip(gone)?;
            next = position + 1;
            let leaf = writer.row(row.line, salts.salt(first + position), row.evidence_line)?;
            if frozen.next_leaf()? != leaf {
                differing += 1;
                findings.add(&ListedRow {
                    table: table.name().to_string(),
                    key: key_value(row.line, list.key).ok(),
                    why: "changed since it was selected",
                });
            }
            if next.is_multiple_of(4096) {
                progress.advance("archive", 4096, 0);
            }
            Ok(())
        })?;
        let missing = table.listed.rows.checked_sub(next).context("a list has too many rows")?;
        frozen.skip(missing)?;
        differing += missing;
    }
    database.execute("COMMIT")?;
    let place = findings.place();
    findings.finish()?;
    if differing > 0 {
        bail!(
            "{differing} of the selected rows changed or went away since they were selected (keys \
             of those that changed: {place}); what was selected cannot be backed up any more. \
             Select again with --anew"
        );
    }
    writer.finish(interrupt, progress)?;
    Ok(())
}

/// The archive has to hold what was selected, and nothing else.
fn check_selection(
    purge: &PurgeEntry,
    reader: &ArchiveReader,
    checked: &CheckedArchive,
) -> Result<()> {
    let selection = &purge.selection;
    if (checked.rows, checked.root) != (selection.rows, selection.root)
        || !selection.is_archived_by(reader.manifest())
    {
        bail!(
            "{} is not the archive of what was selected; move it away and back up again",
            reader.dir().display()
        );
    }
    Ok(())
}
