//! `handover-verify all`: every check there is, on everything that the folder, the databases and
//! the packages hold.
//!
//! tables → packages → purges → ledger → attestations → figures. Nothing one check says is believed
//! by another: seals come from the ledger or from a signed attestation, digests from reading.

mod attestations;
mod audit;
mod figures;
mod folder;
mod head;
mod packages;
mod purges;
mod tables;

use std::path::PathBuf;

use anyhow::Result;
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::sqlite::TypeOverride;
use handover_schemas::attestation::{AllCheck, AllReport, CheckVerdict, Outcome};
use handover_schemas::config::Config;
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;

use self::attestations::{Attestations, check_attestations};
use self::figures::check_figures;
use self::folder::check_folder;
use self::packages::check_packages;
use self::purges::{check_purges, check_statements};
use self::tables::{PlannedTables, check_tables};
use crate::attestation::transforms;
use crate::ledger::check::{LedgerRequest, verify_ledger};
use crate::ledger::events::events;
use crate::ledger::{ledger_of, open};
use crate::package::Identities;
use crate::purge::ledger::{PurgeEntry, database_id, purges};
use crate::signing::Trust;

pub use audit::audit_envelope;

/// Everything that is there to be checked.
pub struct AllRequest {
    /// The hand-over folder.
    pub handover: PathBuf,
    /// Its config.
    pub config: Config,
    /// The vendor's database.
    pub source: Option<Endpoint>,
    /// The ministry's database.
    pub target: Option<Endpoint>,
    /// Whose keys count.
    pub trust: Option<Trust>,
    /// Whether somebody named that file; otherwise the folder's own config does.
    pub trust_is_given: bool,
    /// Keys that open packages and archives.
    pub identities: Identities,
    /// The head of the chain of events, as it is printed in the minutes.
    pub head: Option<Digest>,
    /// The day as of which keys are judged; that of each statement if there is none.
    pub at: Option<Date>,
    /// Connections over both databases; files read at the same time.
    pub jobs: usize,
}

/// What ends a check early, and what tells how far it is.
#[derive(Clone, Copy)]
struct Watch<'a> {
    interrupt: &'a Interrupt,
    progress: &'a Progress,
}

/// Checks everything.
pub fn verify_all(
    request: &AllRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<AllReport> {
    let watch = Watch { interrupt, progress };
    let mut all = All { checks: Vec::new(), not_checked: Vec::new() };
    let attested = Attestations::read(request)?;
    if request.trust.is_some() && !request.trust_is_given {
        all.run("trust", |outcome| {
            outcome.unverified(
                "whose keys count: handover.toml names the trust file, and a folder is not to be believed about \
                 that; give the one that you got from the parties (--trust)",
            );
            Ok(())
        })?;
    }
    check_folder(&request.handover, &mut all)?;
    let recorded = recorded(request, &mut all, watch)?;
    let purges = recorded.as_ref().map(|recorded| recorded.purges.as_slice()).unwrap_or_default();
    match (&request.source, &request.target) {
        (Some(source), Some(target)) => {
            all.run("tables", |outcome| {
                let overrides = recorded.as_ref().map(|one| one.type_overrides.as_slice());
                let tables = PlannedTables { purges, overrides: overrides.unwrap_or_default() };
                check_tables(request, (source, target), &tables, outcome, watch)
            })?;
        }
        _ => all.not_checked("rows of source against target: give both databases"),
    }
    check_packages(request, &attested, &mut all, watch)?;
    if let Some(target) = &request.target {
        if !purges.is_empty() {
            check_purges(request, target, purges, &mut all, watch)?;
        }
        let mut head = None;
        all.run("ledger", |outcome| {
            let ledger = LedgerRequest {
                target: target.clone(),
                handover: request.handover.clone(),
                head: request.head,
            };
            let report = verify_ledger(&ledger, interrupt)?;
            head = report.head;
            *outcome = report.outcome;
            if request.head.is_none() {
                outcome.unverified("no head known from elsewhere was given (--head)");
            }
            Ok(())
        })?;
        check_attestations(request, &attested, &mut all, watch)?;
        check_figures(request, &attested, &mut all, watch)?;
        return Ok(all.finish(recorded.and_then(|recorded| recorded.identity), head));
    }
    all.not_checked("ledger, purges in the database and rows: give the target (--target)");
    check_statements(request, &attested, &mut all)?;
    check_attestations(request, &attested, &mut all, watch)?;
    Ok(all.finish(None, None))
}

/// What the ledger knows, for the checks that need it.
struct Recorded {
    identity: Option<String>,
    purges: Vec<PurgeEntry>,
    /// Types that people chose for columns of a SQLite source.
    type_overrides: Vec<TypeOverride>,
}

fn recorded(request: &AllRequest, all: &mut All, watch: Watch<'_>) -> Result<Option<Recorded>> {
    let Some(target) = &request.target else { return Ok(None) };
    let read = || -> Result<Recorded> {
        let mut end = open(target, watch.interrupt)?;
        let ledger = ledger_of(&mut end);
        let events = events(ledger)?;
        let overrides = transforms(&events)?.into_iter().map(|text| text.parse());
        Ok(Recorded {
            identity: database_id(ledger)?,
            purges: purges(ledger)?,
            type_overrides: overrides.collect::<Result<_>>()?,
        })
    };
    match read() {
        Ok(recorded) => Ok(Some(recorded)),
        Err(error) if is_interrupt(&error) => Err(error),
        Err(error) => {
            let mut outcome = Outcome::default();
            outcome.find(format!("the ledger cannot be read: {error:#}"));
            all.push("reading the ledger", outcome);
            Ok(None)
        }
    }
}

fn is_interrupt(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Interrupted>())
}

/// The checks so far.
struct All {
    checks: Vec<AllCheck>,
    not_checked: Vec<String>,
}

impl All {
    /// Runs a check. One that cannot be done is "unverified"; the others go on.
    fn run(
        &mut self,
        name: impl Into<String>,
        check: impl FnOnce(&mut Outcome) -> Result<()>,
    ) -> Result<()> {
        let mut outcome = Outcome::default();
        match check(&mut outcome) {
            Ok(()) => {}
            Err(error) if is_interrupt(&error) => return Err(error),
            Err(error) => outcome.unverified(format!("{error:#}")),
        }
        self.push(name, outcome);
        Ok(())
    }

    fn push(&mut self, name: impl Into<String>, outcome: Outcome) {
        self.checks.push(AllCheck::new(name, outcome));
    }

    fn not_checked(&mut self, what: impl Into<String>) {
        self.not_checked.push(what.into());
    }

    fn finish(self, database: Option<String>, head: Option<Digest>) -> AllReport {
        let verdict = if self.checks.is_empty() {
            // Nothing was looked at: nothing holds.
            CheckVerdict::Unverified
        } else {
            CheckVerdict::worst(self.checks.iter().map(|check| check.verdict))
        };
        AllReport { verdict, database, head, checks: self.checks, not_checked: self.not_checked }
    }
}
