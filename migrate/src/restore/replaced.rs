//! Rows that archived ones replace go into an archive of their own first.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::archive::manifest::ArchiveManifest;
use handover_schemas::archive::row_leaf::SaltKey;
use handover_schemas::digest::Digest;
use handover_verify::archive::{ArchiveReader, check_archive};

use super::load::read_positioned;
use super::plan::Counts;
use super::put_back::rows_in_place;
use super::stage::StagedTable;
use super::{Applying, RestoreRequest};
use crate::archive::{ArchiveHeader, ArchiveWriter, TableDraft};
use crate::ledger;
use crate::package::{Sealed, sealed_dir};
use crate::purge::PurgeDatabase;
use crate::purge::backup::key_keepers;
use crate::random::random;

/// Seals the rows that are about to be replaced, opens the archive again, and records it, in the
/// transaction that is open. Gives its name and seal.
pub(super) fn archive_replaced(
    database: &mut PurgeDatabase,
    request: &RestoreRequest<'_>,
    (applying, number): (&Applying<'_>, i64),
    tables: &[StagedTable<'_>],
    counts: &[Counts],
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<(String, Digest)> {
    let manifest = request.archive.manifest();
    let name = free_name(request, &manifest.rule, number)?;
    let header = header(manifest, applying, number)?;
    let mut writer = ArchiveWriter::begin(request.dir, &name, header, applying.jobs)?;
    let key = random()?;
    let salts = SaltKey::new(&key);
    let replaced: Vec<(&StagedTable<'_>, &Counts)> =
        tables.iter().zip(counts).filter(|(_, counts)| counts.replace > 0).collect();
    let mut index = 0;
    for (table, counts) in &replaced {
        let mut parents = table.archived.parents.clone();
        parents.retain(|link| replaced.iter().any(|(one, _)| one.shape.name == link.parent));
        writer.table(TableDraft {
            name: table.archived.name.clone(),
            columns: table.archived.columns.clone(),
            key: table.archived.key.clone(),
            parents,
        })?;
        let sql = rows_in_place(database, table, "b.replaces = 1");
        let before = index;
        let shape = &table.shape;
        read_positioned(&mut database.reader(), shape, &sql, interrupt, &mut |_place, line| {
            writer.row(line, salts.salt(index), None)?;
            index += 1;
            Ok(())
        })?;
        if index - before != counts.replace {
            bail!("the rows of {} that are to be replaced were not read", shape.name);
        }
    }
    let sealed = writer.finish(interrupt, progress)?;
    open_again(request, &name, &sealed, index, (interrupt, progress))?;
    ledger::record_package_here(database.store(), &name, &sealed)?;
    Ok((name, sealed.seal))
}

/// What a killed run sealed is kept; no package is written over.
fn free_name(request: &RestoreRequest<'_>, rule: &str, number: i64) -> Result<String> {
    let first = format!("replaced-{rule}-{number}");
    let later = (2..100).map(|more| format!("{first}-{more}"));
    let mut names = std::iter::once(first.clone()).chain(later);
    let free = names.find(|name| !sealed_dir(request.dir, name).exists());
    free.with_context(|| format!("there are too many packages {first} in the hand-over folder"))
}

fn header(
    manifest: &ArchiveManifest,
    applying: &Applying<'_>,
    number: i64,
) -> Result<ArchiveHeader> {
    Ok(ArchiveHeader {
        origin: format!("{}/replaced/{number}", manifest.origin),
        database: manifest.database.clone(),
        rule: manifest.rule.clone(),
        reason_vi: format!("Bị thay thế khi khôi phục: {}", applying.reason),
        reason_en: format!("Replaced by a restore: {}", applying.reason),
        legal_basis: manifest.legal_basis.clone(),
        retain_until: manifest.retain_until.clone(),
        key_keepers: key_keepers(applying.config)?,
        search: manifest.search.clone(),
    })
}

/// It counts only once it was opened with the key that is at hand, and every row was read.
fn open_again(
    request: &RestoreRequest<'_>,
    name: &str,
    sealed: &Sealed,
    rows: u64,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<()> {
    let place = sealed_dir(request.dir, name);
    let identities = request.archive.identities().clone();
    let reader = ArchiveReader::open(&place, identities, Some(sealed.seal))?;
    let checked = check_archive(&reader, interrupt, progress)
        .context("the archive of the rows that would be replaced was read back")?;
    if checked.rows != rows {
        bail!("the archive of the rows that would be replaced is not whole");
    }
    Ok(())
}
