//! Evidence: result files (CSV) that come back, with or without a signature, from the population database or the communes. Their
//! rows are loaded into the target's ledger, whole or not at all, and rules about records can refer to
//! them.
//!
//! A file is read twice. The first time it is checked to its end, and nothing is opened yet that
//! could be written to; the second time its rows are loaded, and it has to have the same digest
//! still.

mod csv;
mod file;
mod header;
mod other_form;
mod signature;
mod write;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_verify::signing::Trust;

use crate::ledger::{self, Evidence, Store};
use crate::target::Target;
use crate::target::sqlite::{open_ledger, open_target};

/// Longest name of an evidence file.
const NAME_MAX: usize = 40;

/// A file to be loaded.
#[derive(Clone, Debug)]
pub struct EvidenceRequest {
    /// The CSV file.
    pub file: PathBuf,
    /// What it is called from now on: `[a-z0-9_]{1,40}`.
    pub name: String,
    /// Who signed it, in people's words.
    pub signer: Option<String>,
    /// A file with a signature over it: CMS without the content, or a DSSE envelope.
    pub signature: Option<PathBuf>,
    /// For CMS: a file with the sender's certificate, or that of the authority which issued it.
    pub sender: Option<PathBuf>,
    /// For DSSE: whose keys count.
    pub trust: Option<Trust>,
    /// The database whose ledger it goes into.
    pub target: Endpoint,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Its rows are in the ledger now.
    Now(Evidence),
    /// They were already.
    Before(Evidence),
}

/// Loads a file, or finds that it is loaded. Refuses a file that is not well-formed, and another
/// one under a name that is taken; nothing is changed then.
pub fn load(
    request: &EvidenceRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Loaded> {
    check_name(&request.name)?;
    if let Some(signer) = &request.signer
        && (signer.trim().is_empty() || signer.chars().any(char::is_control))
    {
        bail!("--signer has to name somebody, without control characters");
    }
    let checked = file::check(&request.file, interrupt, progress)?;
    let signature = signature::checked(request, checked.sha256, interrupt)?;
    let evidence = Evidence {
        name: request.name.clone(),
        file_name: file::name(&request.file)?,
        bytes: checked.bytes,
        sha256: checked.sha256,
        rows: checked.rows,
        columns: checked.columns,
        signer: request.signer.clone(),
        signature,
        loaded_at: None,
    };
    let mut target = open(&request.target, interrupt)?;
    let begin = match target {
        Target::Postgres(_) => "BEGIN",
        Target::Sqlite(_) => "BEGIN IMMEDIATE",
    };
    target.store().execute(begin)?;
    let done = load_in_transaction(&mut target, request, &evidence, interrupt, progress);
    end(&mut target, done)
}

/// Every file that was loaded into a target, by name.
pub fn list(target: &Endpoint, interrupt: &Interrupt) -> Result<Vec<Evidence>> {
    match target {
        Endpoint::Postgres(postgres) => {
            ledger::all_evidence(&mut Session::open(postgres, Access::ReadOnly, interrupt)?)
        }
        Endpoint::Sqlite(path) => ledger::all_evidence(&mut open_ledger(path)?),
    }
}

fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !(1..=NAME_MAX).contains(&name.len()) || !name.bytes().all(plain) {
        bail!("--name has to be 1 to {NAME_MAX} of the characters a-z, 0-9 and _");
    }
    Ok(())
}

fn open(target: &Endpoint, interrupt: &Interrupt) -> Result<Target> {
    Ok(match target {
        Endpoint::Postgres(postgres) => {
            Target::Postgres(Session::open(postgres, Access::Write, interrupt)?)
        }
        Endpoint::Sqlite(path) => Target::Sqlite(open_target(path)?),
    })
}

/// Commits, or rolls back what an error left.
fn end<T>(target: &mut Target, done: Result<T>) -> Result<T> {
    let open = match target {
        // A session that broke off is closed, and the server rolls back.
        Target::Postgres(session) => session.is_usable(),
        // A full disk rolls back by itself.
        Target::Sqlite(connection) => !connection.is_autocommit(),
    };
    match done {
        Ok(value) => {
            target.store().execute("COMMIT").context("cannot commit; nothing was kept")?;
            Ok(value)
        }
        Err(error) if open => match target.store().execute("ROLLBACK") {
            Ok(()) => Err(error),
            Err(rollback) => Err(error.context(format!("and cannot roll back: {rollback:#}"))),
        },
        Err(error) => Err(error),
    }
}

fn load_in_transaction(
    target: &mut Target,
    request: &EvidenceRequest,
    evidence: &Evidence,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Loaded> {
    ledger::prepare_evidence(target.store())?;
    if let Target::Postgres(session) = target {
        // Another run that loads under the same name is waited for, and its file is seen then.
        session.execute("LOCK TABLE handover.evidence IN SHARE ROW EXCLUSIVE MODE")?;
    }
    if let Some(known) = ledger::evidence(target.store(), &evidence.name)? {
        is_the_same(target.store(), &known, evidence)?;
        return Ok(Loaded::Before(known));
    }
    ledger::make_evidence_table(target.store(), evidence)?;
    progress.begin("loading", [(evidence.name.clone(), evidence.rows)]);
    let mut rows = file::Rows::open(&request.file, interrupt)?;
    match target {
        Target::Postgres(session) => write::copy_in(session, evidence, &mut rows, progress)?,
        Target::Sqlite(connection) => write::insert(connection, evidence, &mut rows, progress)?,
    }
    let again = rows.finish()?;
    if again.sha256 != evidence.sha256 || again.rows != evidence.rows {
        bail!(
            "{} was changed while it was read, and nothing of it was kept; run the same command \
             again once nobody writes to it",
            request.file.display()
        );
    }
    ledger::record_evidence(target.store(), evidence)?;
    let recorded = ledger::evidence(target.store(), &evidence.name)?;
    Ok(Loaded::Now(recorded.context("the ledger does not have what was just recorded in it")?))
}

/// Refuses unless what is loaded under the name is this file.
fn is_the_same(store: &mut dyn Store, known: &Evidence, given: &Evidence) -> Result<()> {
    let name = &known.name;
    if known.sha256 != given.sha256 {
        bail!(
            "another file is loaded as {name} (SHA-256 {}, and this one has {}); evidence is not \
             replaced: give this file a name of its own",
            known.sha256,
            given.sha256
        );
    }
    if given.signer.is_some() && given.signer != known.signer {
        bail!(
            "this file is loaded as {name} already, with another signer; evidence is not changed: \
             leave --signer out, or load the file under another name"
        );
    }
    let signature = |one: &Evidence| one.signature.as_ref().map(|signed| signed.given.clone());
    if given.signature.is_some() && signature(given) != signature(known) {
        bail!(
            "this file is loaded as {name} already, without this signature; evidence is not changed: \
             leave --signature out, or load the file under another name"
        );
    }
    let digests = |one: &Evidence| one.signature.as_ref().map(|signed| signed.file.clone());
    if given.signature.is_some() && digests(given) != digests(known) {
        bail!(
            "this file is loaded as {name} already, but its SHA-384 or SHA-512 is another in the \
             ledger (file_digests of signed_evidence): somebody changed it. Find out who; then load \
             the file under another name"
        );
    }
    let table = ledger::evidence_table(store, name);
    let count = store.query(&format!("SELECT count(*) FROM {table}"))?;
    let count = count.into_iter().flatten().flatten().next().unwrap_or_default();
    if count != known.rows.to_string() {
        bail!(
            "this file is loaded as {name} already, but {table} has another number of rows than the \
             {} it had: somebody changed it. Find out who; then load the file under another name",
            known.rows
        );
    }
    Ok(())
}
