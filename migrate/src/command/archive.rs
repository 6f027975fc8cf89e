//! Which archive a command means, and which record of it.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::tell;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_schemas::digest::Digest;
use handover_schemas::purge::find::{CertificatePlace, FoundCertificate};
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Certificate, Restore};
use handover_schemas::signing::checkpoint::SignedCheckpoint;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_verify::archive::ArchiveReader;
use handover_verify::config_file;
use handover_verify::ledger::LedgerQuery;
use handover_verify::ledger::packages::packages;
use handover_verify::package::Identities;
use handover_verify::purge::ledger::{PurgeEntry, purges, restore_statements};

use super::purge::identities;
use crate::cli::{ArchiveArgs, IdentityArgs, RecordArgs};
use crate::package::sealed_dir;
use crate::restore::Wanted;
use crate::target::sqlite::open_ledger;

/// An archive, with what the ledger knows of it.
pub(super) struct OpenedArchive {
    pub(super) reader: ArchiveReader,
    /// The purge that it is of; `None` without a ledger, and if that knows no such archive.
    pub(super) purge: Option<PurgeEntry>,
    /// The hand-over folder.
    pub(super) handover: PathBuf,
    /// Whether somebody knew the seal before it was read.
    pub(super) seal_expected: bool,
}

/// The hand-over folder that is meant.
pub(super) fn handover_folder(args: &ArchiveArgs) -> PathBuf {
    let around = || {
        let archive = std::fs::canonicalize(args.archive.as_ref()?).ok()?;
        let packages = archive.parent().filter(|parent| parent.ends_with("packages"))?;
        packages.parent().map(PathBuf::from)
    };
    args.handover.clone().or_else(around).unwrap_or_else(|| PathBuf::from("."))
}

/// The target, if the command was told of one or cannot do without.
pub(super) fn target(args: &ArchiveArgs, needed: bool) -> Result<Option<Endpoint>> {
    if args.target.is_some() || (args.archive.is_some() && !needed) {
        return Ok(args.target.clone());
    }
    let handover = handover_folder(args);
    let config = config_file::load(&handover)?.unwrap_or_default();
    config_file::choose_end("target", None, config.target.as_ref(), &handover).map(Some)
}

/// An archive that the ledger of a database knows.
pub(super) struct KnownArchive {
    /// Name of the package.
    pub(super) package: String,
    /// Its seal.
    pub(super) seal: Digest,
    /// Name of the rule by which its rows were selected.
    pub(super) rule: String,
}

/// What the ledger of a database knows of purges and archives.
pub(super) struct KnownArchives {
    pub(super) purges: Vec<PurgeEntry>,
    /// The archives of purges that were not given up, and those of rows that restores replaced; the
    /// last one first.
    pub(super) archives: Vec<KnownArchive>,
}

/// Every archive that the ledger of a database knows, which is only read.
pub(super) fn archives_of(target: &Endpoint, interrupt: &Interrupt) -> Result<KnownArchives> {
    match target {
        Endpoint::Postgres(postgres) => {
            archives(&mut Session::open(postgres, Access::ReadOnly, interrupt)?)
        }
        Endpoint::Sqlite(path) => archives(&mut open_ledger(path)?),
    }
}

fn archives(ledger: &mut dyn LedgerQuery) -> Result<KnownArchives> {
    let purges = purges(ledger)?;
    let packages = packages(ledger)?;
    let mut archives = Vec::new();
    for purge in purges.iter().filter(|purge| purge.state != PurgeState::Abandoned) {
        let Some(backup) = &purge.backup else { continue };
        let rule = &purge.selection.rule.name;
        let known = |package: &str, seal| KnownArchive {
            package: package.into(),
            seal,
            rule: rule.clone(),
        };
        archives.push(known(&backup.package, backup.seal));
        for (_, text) in restore_statements(ledger, purge.number)? {
            let damaged = "a statement of a restore in the ledger is damaged";
            let envelope = Envelope::parse(text.as_bytes()).context(damaged)?;
            let statement = Statement::<Restore>::parse(envelope.body()).context(damaged)?;
            let Some(seal) = statement.predicate.replaced else { continue };
            let package = packages.iter().find(|package| package.seal == seal);
            archives.extend(package.map(|package| known(&package.name, seal)));
        }
    }
    archives.reverse();
    Ok(KnownArchives { purges, archives })
}

/// Purges as the ledger of a database knows them, which is only read.
pub(super) fn purges_of(target: &Endpoint, interrupt: &Interrupt) -> Result<Vec<PurgeEntry>> {
    match target {
        Endpoint::Postgres(postgres) => {
            purges(&mut Session::open(postgres, Access::ReadOnly, interrupt)?)
        }
        Endpoint::Sqlite(path) => purges(&mut open_ledger(path)?),
    }
}

impl OpenedArchive {
    /// Opens the archive that is meant, and holds its seal against everything that is known of it.
    pub(super) fn open(
        args: &ArchiveArgs,
        identity: &IdentityArgs,
        purges: Option<&[PurgeEntry]>,
    ) -> Result<Self> {
        let handover = handover_folder(args);
        let (dir, seal) = match &args.archive {
            Some(dir) => (dir.clone(), args.seal),
            None => last_backup(args, &handover, purges.unwrap_or_default())?,
        };
        Self::open_at(&dir, seal, identities(identity)?, handover, purges)
    }

    /// Opens the archive in a folder.
    pub(super) fn open_at(
        dir: &Path,
        seal: Option<Digest>,
        identities: Identities,
        handover: PathBuf,
        purges: Option<&[PurgeEntry]>,
    ) -> Result<Self> {
        let reader = ArchiveReader::open(dir, identities, seal)?;
        let purge = purges.unwrap_or_default().iter().find(|purge| {
            purge.selection.origin == reader.manifest().origin
                && purge.backup.as_ref().is_some_and(|backup| backup.seal == reader.seal())
        });
        let purge = purge.cloned();
        let seal_expected = seal.is_some() || purge.is_some();
        Ok(Self { reader, purge, handover, seal_expected })
    }

    /// The certificate of the deletion: the ledger's, or the one in the hand-over folder.
    pub(super) fn certificate(&self) -> Result<Option<FoundCertificate>> {
        if let Some(purge) = &self.purge {
            let Some(text) = &purge.certificate else { return Ok(None) };
            return self.certificate_of(text.as_bytes(), CertificatePlace::Ledger).map(Some);
        }
        let name = format!("purges/{}/certificate.dsse.json", self.reader.identifier());
        let path = self.handover.join(name);
        match std::fs::read(&path) {
            Ok(text) => self
                .certificate_of(&text, CertificatePlace::Folder)
                .with_context(|| path.display().to_string())
                .map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The signed head of the tree: the ledger's, or the one in the hand-over folder.
    pub(super) fn checkpoint(&self) -> Result<SignedCheckpoint> {
        let name = format!("purges/{}/checkpoint.note", self.reader.identifier());
        let path = self.handover.join(name);
        let text = match self.purge.as_ref().map(|purge| purge.checkpoint.clone()) {
            Some(text) => text,
            None => match std::fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", path.display()));
                }
            },
        };
        let text = text.with_context(|| {
            format!(
                "nobody signed the tree of {} yet; certify the purge first (handover-migrate \
                 purge certify)",
                self.reader.identifier()
            )
        })?;
        SignedCheckpoint::parse(&text).context("the signed checkpoint is damaged")
    }

    fn certificate_of(&self, text: &[u8], read_in: CertificatePlace) -> Result<FoundCertificate> {
        let envelope = Envelope::parse(text).context("the certificate is damaged")?;
        let statement: Statement<Certificate> =
            Statement::parse(envelope.body()).context("the certificate is damaged")?;
        let certificate = statement.predicate;
        if certificate.binding.seal != self.reader.seal() {
            bail!("the certificate is of another archive, with seal {}", certificate.binding.seal);
        }
        Ok(FoundCertificate { issued_on: certificate.issued_on, read_in })
    }
}

/// The archive of the rule's last purge, with the seal that the ledger knows.
fn last_backup(
    args: &ArchiveArgs,
    handover: &Path,
    purges: &[PurgeEntry],
) -> Result<(PathBuf, Option<Digest>)> {
    let backups = || {
        let kept = purges.iter().filter(|purge| purge.state != PurgeState::Abandoned);
        kept.filter_map(|purge| Some((&purge.selection.rule.name, purge.backup.as_ref()?))).rev()
    };
    let found = match &args.rule {
        Some(rule) => backups().find(|(name, _)| *name == rule),
        None => backups().next(),
    };
    let Some((rule, backup)) = found else {
        bail!("the ledger knows of no archive of such a rule; give --archive DIR");
    };
    if args.rule.is_none() && backups().any(|(name, _)| name != rule) {
        bail!("there are archives of several rules; say which with --rule NAME or --archive DIR");
    }
    let dir = sealed_dir(&HandoverDir::at(handover), &backup.package);
    Ok((dir, Some(backup.seal)))
}

/// What is searched for; `None` if nothing is said about that.
pub(super) fn wanted(args: &RecordArgs) -> Result<Option<Wanted>> {
    let key = args.table.as_ref().filter(|_table| !args.record_key.is_empty());
    let given = [
        key.is_some(),
        !args.identity_number.is_empty(),
        args.phone.is_some(),
        args.name.is_some(),
    ];
    if given.iter().filter(|given| **given).count() > 1 {
        bail!(
            "search by one thing: --table with --record-key, --identity-number, --phone, or --name \
             with --birth-date"
        );
    }
    if let Some(table) = key {
        let key: Result<Vec<String>> =
            args.record_key.iter().map(|value| given_or_read(value, "key")).collect();
        return Ok(Some(Wanted::Key { table: table.clone(), key: key? }));
    }
    if !args.identity_number.is_empty() {
        let numbers = args.identity_number.iter().map(|one| given_or_read(one, "identity number"));
        return Ok(Some(Wanted::IdentityNumber(numbers.collect::<Result<_>>()?)));
    }
    if let Some(number) = &args.phone {
        return Ok(Some(Wanted::Phone(given_or_read(number, "telephone number")?)));
    }
    let Some((name, birth_date)) = args.name.as_ref().zip(args.birth_date.as_ref()) else {
        return Ok(None);
    };
    let name = given_or_read(name, "name")?;
    Ok(Some(Wanted::NameAndBirth { name, birth_date: given_or_read(birth_date, "birth date")? }))
}

/// A value, or for `-` the next line of standard input.
pub(super) fn given_or_read(value: &str, what: &str) -> Result<String> {
    if value != "-" {
        return Ok(value.to_owned());
    }
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        tell(&format!("{what}, one line:"));
    }
    let mut line = String::new();
    let read = stdin.read_line(&mut line).with_context(|| format!("cannot read the {what}"))?;
    if read == 0 {
        bail!("standard input ended where the {what} should be");
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
