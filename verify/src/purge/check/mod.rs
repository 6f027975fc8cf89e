//! `handover-verify purge`: whether archive, list, approvals, ledger, certificate and database
//! agree.
//!
//! What the ledger says is believed nowhere: the tree is computed from its leaves and from the
//! archive's, signatures bind both, and the tables are read again.

mod archive;
mod back;
mod certificate;
mod closing;
mod database;
mod evidence;
mod merge;
mod restores;
mod signatures;
mod state;
mod sums;

use std::path::PathBuf;

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::place;
use handover_engine::reader::End;
use handover_schemas::leaf::logical_name;
use handover_schemas::name::TableName;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::verdict::{
    PurgeFinding, PurgeFindingKind, PurgeVerdict, PurgeVerdictEntry, PurgeVerdictReport,
};

use super::ledger::{PurgeEntry, purges};
use crate::ledger::moves::{moves, target_place};
use crate::ledger::{LedgerQuery, ledger_of, open};
use crate::package::Identities;
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
    let all = purges(ledger_of(&mut end))?;
    for purge in &all {
        let wanted = request.rule.as_ref().is_none_or(|rule| *rule == purge.selection.rule.name);
        if !wanted {
            continue;
        }
        let mut check = Check::new(request, &mut end, (purge, &all), (interrupt, progress));
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
    /// Every purge of the ledger, in the order of their numbers.
    purges: &'a [PurgeEntry],
    interrupt: &'a Interrupt,
    progress: &'a Progress,
    entry: PurgeVerdictEntry,
}

impl<'a> Check<'a> {
    fn new(
        request: &'a PurgeRequest,
        end: &'a mut End,
        (purge, purges): (&'a PurgeEntry, &'a [PurgeEntry]),
        (interrupt, progress): (&'a Interrupt, &'a Progress),
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
        Self { request, end, purge, purges, interrupt, progress, entry }
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
        let End::Postgres(session) = &mut *self.end else { return Ok(()) };
        let now = place(session)?;
        if let Some(known) = target_place(&moves, self.purges).filter(|known| *known != now) {
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

    /// A table is not what this purge left: a change outside the tool, unless a later purge has dealt
    /// with the table since, which is looked at by itself.
    fn changed_later(&mut self, table: &TableName, message: String) {
        let own = logical_name(table);
        let later = self.purges.iter().find(|later| {
            later.number > self.purge.number
                && later.has_deleted()
                && later.selection.tables.iter().any(|one| logical_name(one.name()) == own)
        });
        match later {
            Some(later) => self.not_checked(format!(
                "{message}: purge {} is a later one of this table, and is looked at by itself",
                later.number
            )),
            None => self.entry.later.push(message),
        }
    }

    /// Something that was asked for and could not be looked at.
    fn unverified(&mut self, what: impl Into<String>) {
        self.entry.verdict = PurgeVerdict::Unverified;
        self.not_checked(what);
    }
}
