//! `handover-migrate purge`.

mod answers_text;
pub mod approval_text;
pub mod closing_text;
mod gaps_text;
mod reach_text;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{print_json, print_lines};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource, SIGNING_VARIABLE};
use handover_cli_kit::progress::Progress;
use handover_cli_kit::withheld;
use handover_engine::endpoint::Endpoint;
use handover_schemas::config::{CONFIG_FILE, Config, PurgeRule};
use handover_schemas::purge::record::PurgeState;
use handover_verify::config_file;
use handover_verify::package::Identities;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::Trust;

use self::text::{purge_report, purge_text};
use crate::cli::{
    ApproveArgs, BackupArgs, CertifyArgs, CloseArgs, ExecuteArgs, IdentityArgs, KeyArgs, PurgeArgs,
    PurgeCommand, SelectArgs, TrustArgs, TryArgs,
};
use crate::keys::{FileKey, Signer};
use crate::ledger;
use crate::moved::{moved_on, refuse_elsewhere};
use crate::purge::PurgeDatabase;
use crate::purge::approve::{ApproveRequest, approve, standing};
use crate::purge::backup::{BackupRequest, backup};
use crate::purge::certify::{CertifyRequest, certify};
use crate::purge::close::{CloseRequest, close};
use crate::purge::execute::{ExecuteRequest, Pace, execute};
use crate::purge::select::{SelectRequest, select};
use crate::purge::trial::try_anew;

/// Runs one of the commands.
pub fn run(command: PurgeCommand, interrupt: &Interrupt) -> Result<Exit> {
    match command {
        PurgeCommand::Select(args) => run_select(&args, interrupt),
        PurgeCommand::Backup(args) => run_backup(&args, interrupt),
        PurgeCommand::Try(args) => run_try(&args, interrupt),
        PurgeCommand::Approve(args) => run_approve(&args, interrupt),
        PurgeCommand::Execute(args) => run_execute(&args, interrupt),
        PurgeCommand::Certify(args) => run_certify(&args, interrupt),
        PurgeCommand::Close(args) => run_close(&args, interrupt),
    }
}

/// What every command begins with.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) dir: HandoverDir,
    pub(super) database: PurgeDatabase,
}

impl Opened {
    /// `quiet` is the command's own.
    pub(super) fn new(
        handover: &Path,
        target: Option<&Endpoint>,
        quiet: bool,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let Some(config) = config_file::load(handover)? else {
            bail!(
                "{} has no {CONFIG_FILE}, in which purge rules, recipients and copies stand",
                handover.display()
            );
        };
        let target =
            config_file::choose_end("target", target.cloned(), config.target.as_ref(), handover)?;
        let mut database = PurgeDatabase::open(&target, interrupt)?;
        let dir = HandoverDir::open(handover)?;
        refuse_elsewhere(&mut database, &dir)?;
        withheld::write_into(dir.clone(), "findings/purge-messages.jsonl", quiet);
        Ok(Self { config, dir, database })
    }

    /// The rule that is meant.
    pub(super) fn rule(&self, name: Option<&str>) -> Result<&PurgeRule> {
        let rules = &self.config.purge.rule;
        match (name, rules.as_slice()) {
            (Some(name), rules) => rules
                .iter()
                .find(|rule| rule.name == name)
                .with_context(|| format!("{CONFIG_FILE} has no purge rule {name:?}")),
            (None, [rule]) => Ok(rule),
            (None, []) => bail!("{CONFIG_FILE} has no purge rule ([[purge.rule]])"),
            (None, _) => bail!("{CONFIG_FILE} has several purge rules; say which with --rule NAME"),
        }
    }

    /// The purge of the rule that is under way; the last one that came to its end, or was closed, if
    /// there is none. Its rule stands in the config as it was.
    fn purge(&mut self, name: Option<&str>) -> Result<PurgeEntry> {
        let rule = self.rule(name)?.clone();
        let purge = self.purge_by(&rule)?;
        if purge.selection.rule != rule && !is_over(&purge) {
            bail!(
                "the rule {:?} stands otherwise in {CONFIG_FILE} than when its rows were \
                 selected; put it back as it was, or select again with --anew",
                rule.name
            );
        }
        Ok(purge)
    }

    /// The same, whatever became of the rule.
    fn purge_by(&mut self, rule: &PurgeRule) -> Result<PurgeEntry> {
        let purges = ledger::purges(self.database.store())?;
        let of_rule = |purge: &&PurgeEntry| purge.selection.rule.name == rule.name;
        let over = || purges.iter().rev().find(|purge| of_rule(purge) && is_over(purge));
        let purge = ledger::open_purge(&purges, &rule.name).or_else(over).with_context(|| {
            format!("nothing is selected by the rule {:?}; begin with purge select", rule.name)
        })?;
        Ok(purge.clone())
    }

    /// The file that says whose keys count.
    pub(super) fn trust(&self, args: &TrustArgs) -> Result<Trust> {
        trust_of(&self.config, &self.dir, args)
    }
}

/// Whether no row is deleted by it any more, and a statement says what was.
fn is_over(purge: &PurgeEntry) -> bool {
    matches!(purge.state, PurgeState::Certified | PurgeState::Closed)
}

/// The file that says whose keys count: the one that is given, or else the configured one.
pub(super) fn trust_of(config: &Config, dir: &HandoverDir, args: &TrustArgs) -> Result<Trust> {
    let path: PathBuf = match (&args.trust, config.purge.trust.as_ref()) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) => dir.path().join(path),
        (None, None) => bail!(
            "whose keys count? Give --trust FILE, or write [purge] trust = \"…\" into \
             {CONFIG_FILE}"
        ),
    };
    Trust::load(&path, Some(dir.path()))
}

/// Opens a key.
pub(super) fn open_key(path: &Path, passphrase_file: Option<&PathBuf>) -> Result<FileKey> {
    FileKey::open(path, &PassphraseSource::new(passphrase_file.cloned(), SIGNING_VARIABLE))
}

fn key(args: &KeyArgs) -> Result<FileKey> {
    open_key(&args.key, args.passphrase_file.as_ref())
}

/// Opens secret keys of archives.
pub(super) fn identities(args: &IdentityArgs) -> Result<Identities> {
    let passphrase = PassphraseSource::new(args.identity_passphrase_file.clone(), ARCHIVE_VARIABLE);
    Identities::open(&args.identities, &passphrase)
}

fn say(args: &PurgeArgs, opened: &mut Opened, number: i64) -> Result<()> {
    let purge = ledger::purge(opened.database.store(), number)?;
    if args.json {
        print_json(&purge_report(&purge))
    } else {
        print_lines(&purge_text(&purge, opened.dir.path()))
    }
}

fn run_select(args: &SelectArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let rule = opened.rule(common.rule.as_deref())?.clone();
    let progress = Progress::on_stderr(common.quiet);
    let request =
        SelectRequest { rule: &rule, dir: &opened.dir, anew: args.anew, sample: args.sample };
    let selected = select(&mut opened.database, &request, interrupt, &progress);
    progress.finish();
    let number = selected?.number;
    progress.note_peak_memory();
    say(common, &mut opened, number)?;
    Ok(Exit::Clean)
}

fn run_backup(args: &BackupArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let purge = opened.purge(common.rule.as_deref())?;
    let escrow = identities(&args.identity)?;
    let progress = Progress::on_stderr(common.quiet);
    let request = BackupRequest {
        config: &opened.config.purge,
        dir: &opened.dir,
        purge: &purge,
        escrow,
        jobs: usize::from(args.jobs),
    };
    let done = backup(&mut opened.database, &request, interrupt, &progress);
    progress.finish();
    done?;
    progress.note_peak_memory();
    say(common, &mut opened, purge.number)?;
    Ok(Exit::Clean)
}

fn run_try(args: &TryArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let purge = opened.purge(common.rule.as_deref())?;
    try_anew(&mut opened.database, &purge, interrupt)?;
    say(common, &mut opened, purge.number)?;
    Ok(Exit::Clean)
}

fn run_approve(args: &ApproveArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let purge = opened.purge(common.rule.as_deref())?;
    let trust = opened.trust(&args.trust)?;
    let moved_on = moved_on(opened.database.store())?;
    let request = ApproveRequest {
        dir: &opened.dir,
        purge: &purge,
        trust: &trust,
        moved_on: moved_on.as_deref(),
        days: args.days,
    };
    let standing = match &args.key {
        None => standing(&request)?,
        Some(path) => approve(&request, &open_key(path, args.passphrase_file.as_ref())?)?,
    };
    if common.json {
        print_json(&approval_text::approval_report(&standing))?;
    } else {
        print_lines(&approval_text::approval_text(&standing, &purge))?;
    }
    Ok(Exit::Clean)
}

fn run_execute(args: &ExecuteArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let purge = opened.purge(common.rule.as_deref())?;
    let trust = opened.trust(&args.trust)?;
    let operator = key(&args.key)?;
    let progress = Progress::on_stderr(common.quiet);
    let request = ExecuteRequest {
        dir: &opened.dir,
        purge: &purge,
        trust: &trust,
        operator: &operator,
        batch_rows: args.batch_rows,
        pace: Pace { pause: args.pause, max_lag: args.max_lag, window: args.window },
    };
    let done = execute(&mut opened.database, &request, interrupt, &progress);
    progress.finish();
    let outcome = done?;
    progress.note_peak_memory();
    say(common, &mut opened, purge.number)?;
    let all_deleted =
        outcome.tables.iter().all(|table| table.counts.total() == table.counts.deleted);
    Ok(if all_deleted { Exit::Clean } else { Exit::Findings })
}

fn run_certify(args: &CertifyArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let purge = opened.purge(common.rule.as_deref())?;
    let trust = opened.trust(&args.trust)?;
    let operator = key(&args.key)?;
    let request = CertifyRequest {
        config: &opened.config.purge,
        dir: &opened.dir,
        purge: &purge,
        trust: &trust,
        operator: &operator,
    };
    certify(&mut opened.database, &request)?;
    say(common, &mut opened, purge.number)?;
    Ok(Exit::Clean)
}

fn run_close(args: &CloseArgs, interrupt: &Interrupt) -> Result<Exit> {
    let common = &args.purge;
    let mut opened =
        Opened::new(&common.handover, common.target.as_ref(), common.quiet, interrupt)?;
    let rule = opened.rule(common.rule.as_deref())?.clone();
    let purge = opened.purge_by(&rule)?;
    let trust = opened.trust(&args.trust)?;
    let key = args.key.as_ref().map(|path| open_key(path, args.passphrase_file.as_ref()));
    let key = key.transpose()?;
    let progress = Progress::on_stderr(common.quiet);
    let request = CloseRequest {
        config: &opened.config.purge,
        dir: &opened.dir,
        purge: &purge,
        trust: &trust,
        reason: args.reason.as_deref(),
        signer: key.as_ref().map(|key| key as &dyn Signer),
    };
    let done = close(&mut opened.database, &request, interrupt, &progress);
    progress.finish();
    let standing = done?;
    if common.json {
        print_json(&closing_text::closing_report(&standing))?;
    } else {
        print_lines(&closing_text::closing_text(&standing))?;
    }
    Ok(Exit::Clean)
}
