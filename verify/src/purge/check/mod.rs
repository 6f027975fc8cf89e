//! `handover-verify purge`: whether archive, list, approvals, ledger, certificate and database
//! agree.
//!
//! What the ledger says is believed nowhere: the tree is computed from its leaves and from the
//! archive's, signatures bind both, and the tables are read again.

mod archive;
mod certificate;
mod database;
mod evidence;
mod merge;
mod restores;
mod signatures;
mod state;
mod sums;

use std::path::PathBuf;

use anyhow::{Result, bail};
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::verdict::{
    PurgeFinding, PurgeFindingKind, PurgeVerdict, PurgeVerdictEntry, PurgeVerdictReport,
};

use super::ledger::{PurgeEntry, purges};
use crate::endpoint::Endpoint;
use crate::interrupt::Interrupt;
use crate::ledger::moves::{moves, target_place};
use crate::ledger::{LedgerQuery, ledger_of, open};
use crate::package::Identities;
use crate::postgres::place;
use crate::progress::Progress;
use crate::reader::End;
use crate::signing::Trust;

/// What to check, and with what.
pub struct PurgeRequest {
    /// The database that was purged.
    pub target: Endpoint,
    /// The hand-over folder, with archives and statements.
    pub handover: PathBuf,
    /// Only purges by this rule.
    pub rule: Option<String>,
    /// Whose keys count; signatures are not checked without.
    pub trust: Option<Trust>,
    /// Keys that open archives.
    pub identities: Identities,
}

/// Checks all purges, or those of a rule; given-up ones are passed over.
pub fn verify_purges(
    request: &PurgeRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<PurgeVerdictReport> {
    let mut end = open(&request.target, interrupt)?;
    let mut entries = Vec::new();
    for purge in purges(ledger_of(&mut end))? {
        let wanted = request.rule.as_ref().is_none_or(|rule| *rule == purge.selection.rule.name);
        if !wanted {
            continue;
        }
        let mut check = Check::new(request, &mut end, &purge, interrupt, progress);
        check.check_state();
        if purge.state != PurgeState::Abandoned {
            check.run()?;
            entries.push(check.finish());
        } else if !check.entry.findings.is_empty() {
            // It is called given up, and rows were deleted.
            entries.push(check.finish());
        }
    }
    if entries.is_empty() {
        bail!("the ledger of {} knows of no such purge: nothing was checked", request.target);
    }
    let verdict = entries.iter().map(|entry| entry.verdict).max();
    Ok(PurgeVerdictReport { verdict: verdict.unwrap_or(PurgeVerdict::Unverified), purges: entries })
}

/// The work on one purge.
struct Check<'a> {
    request: &'a PurgeRequest,
    end: &'a mut End,
    purge: &'a PurgeEntry,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    entry: PurgeVerdictEntry,
}

impl<'a> Check<'a> {
    fn new(
        request: &'a PurgeRequest,
        end: &'a mut End,
        purge: &'a PurgeEntry,
        interrupt: &'a Interrupt,
        progress: &'a Progress,
    ) -> Self {
        let entry = PurgeVerdictEntry {
            number: purge.number,
            rule: purge.selection.rule.name.clone(),
            state: purge.state,
            verdict: PurgeVerdict::Holds,
            checked: Vec::new(),
            findings: Vec::new(),
            later: Vec::new(),
            not_checked: Vec::new(),
        };
        Self { request, end, purge, interrupt, progress, entry }
    }

    fn run(&mut self) -> Result<()> {
        self.check_list()?;
        let archive = self.check_archive()?;
        self.check_sums()?;
        self.check_statements()?;
        self.check_evidence()?;
        self.check_place()?;
        self.check_tables(archive.as_ref())
    }

    /// A database that is not where its ledger knows it is read like any other, and is not the one
    /// in which rows are deleted or put back.
    fn check_place(&mut self) -> Result<()> {
        let moves = moves(self.ledger())?;
        let purges = purges(self.ledger())?;
        let End::Postgres(session) = &mut *self.end else { return Ok(()) };
        let now = place(session)?;
        if let Some(known) = target_place(&moves, &purges).filter(|known| *known != now) {
            self.not_checked(format!(
                "that this is the database in use: its ledger is known at another place ({known}), \
                 and this is {now} (handover-migrate moved target records a move)"
            ));
        }
        Ok(())
    }

    fn finish(mut self) -> PurgeVerdictEntry {
        self.entry.findings.sort();
        self.entry.findings.dedup();
        if !self.entry.findings.is_empty() {
            self.entry.verdict = PurgeVerdict::Differs;
        }
        self.entry
    }

    fn ledger(&mut self) -> &mut dyn LedgerQuery {
        ledger_of(self.end)
    }

    fn find(&mut self, kind: PurgeFindingKind, message: impl Into<String>) {
        self.entry.findings.push(PurgeFinding { kind, message: message.into() });
    }

    fn checked(&mut self, what: impl Into<String>) {
        self.entry.checked.push(what.into());
    }

    fn not_checked(&mut self, what: impl Into<String>) {
        self.entry.not_checked.push(what.into());
    }

    /// Something that was asked for and could not be looked at.
    fn unverified(&mut self, what: impl Into<String>) {
        self.entry.verdict = PurgeVerdict::Unverified;
        self.not_checked(what);
    }
}
