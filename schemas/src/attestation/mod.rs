//! What the parties sign about a hand-over: everything that the ledger of the target says, at one
//! moment, bound to the head of its chain of events.
//!
//! It is made from the ledger alone. What the ledger does not know is not stated, and stands under
//! `notChecked`. It holds counts, digests, names of tables and what people wrote into
//! `handover.toml`; no row, no key.

mod all;
mod audit;
mod check;
mod closing;
mod finding;
mod key;
mod purge;
mod report;
mod stated;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use all::{AllCheck, AllReport};
pub use audit::{Audit, AuditedCheck, CheckVerdict};
pub use check::{AttestationReport, LedgerReport, Outcome};
pub use closing::{ClosedFile, Closing};
pub use finding::{StatedFinding, StatedFindingKind};
pub use key::StatedKey;
pub use purge::{StatedGroup, StatedPurge, StatedPurgeTable, StatedRestore, StatedSummary};
pub use report::AttestReport;
pub use stated::{
    OwnEvent, RootsOver, StatedChain, StatedCopy, StatedDeliverable, StatedEnd, StatedEvent,
    StatedEvidence, StatedLedgerTable, StatedLeftOut, StatedMove, StatedPackage, StatedTable,
    StatedTool, TableState,
};

use crate::chain::{Event, EventDetail, EventKind};
use crate::config::MinutesConfig;
use crate::digest::Digest;
use crate::figures::stated::StatedFigures;
use crate::signing::statement::{Predicate, Subject, U64Text};
use crate::signing::trust::Role;

/// The state of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HandoverAttestation {
    /// Which attestation of this database it is, from 1.
    pub number: U64Text,
    /// When it was made: `YYYY-MM-DDTHH:MM:SSZ`.
    pub stated_on: String,
    /// What the parties agreed on, as `handover.toml` had it.
    pub minutes: MinutesConfig,
    /// The database in which the ledger stands.
    pub target: StatedEnd,
    /// The copy of the vendor's database; absent if none was begun.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub copy: Option<StatedCopy>,
    /// What else was to be handed over, received or missing.
    pub deliverables: Vec<StatedDeliverable>,
    /// Every package that was ever sealed.
    pub packages: Vec<StatedPackage>,
    /// Result files that were loaded.
    pub evidence: Vec<StatedEvidence>,
    /// Purges, in their order.
    pub purges: Vec<StatedPurge>,
    /// Restores, in their order.
    pub restores: Vec<StatedRestore>,
    /// Moves of the databases, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub moves: Vec<StatedMove>,
    /// Reported figures: whether they add up, and whether the databases give them.
    pub figures: Vec<StatedFigures>,
    /// What is not as it should be.
    pub findings: Vec<StatedFinding>,
    /// What this statement does not rest on a check of, in sentences.
    pub not_checked: Vec<NotChecked>,
    /// What was done, event by event.
    pub timeline: Vec<StatedEvent>,
    /// Whose keys counted.
    pub trusted_keys: Vec<StatedKey>,
    /// Programs that did it.
    pub tools: Vec<StatedTool>,
    /// The chain of events and the ledger's tables at that moment.
    pub ledger: StatedChain,
}

/// Something that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotChecked {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

impl Predicate for HandoverAttestation {
    const TYPE: &'static str = "urn:handover:attestation:v1";
}

impl HandoverAttestation {
    /// The roles whose signatures an attestation needs, each by another person.
    pub const ROLES: [Role; 2] = [Role::GivingSide, Role::ReceivingSide];

    /// What it is about: the root of the copied tables, the seals of present packages and of
    /// archives, and the head of the chain.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        if let Some(root) = self.copy.as_ref().and_then(|copy| copy.root) {
            subjects.push(Subject::new("handover-root", root));
        }
        for package in self.packages.iter().filter(|package| !package.superseded) {
            subjects.push(Subject::new(format!("package:{}", package.name), package.seal));
        }
        subjects.push(Subject::new("ledger-head", self.ledger.head));
        subjects
    }

    /// The last event that a head on paper has to cover, and its digest: that of the attestation's own event, which
    /// follows from the statement (of which this is the SHA-256). Statements of earlier versions do not tell that event:
    /// of them, the last one that they state.
    pub fn head(&self, statement: Digest) -> (u64, Digest) {
        let StatedChain { head, events, own_event, .. } = &self.ledger;
        let Some(own) = own_event else { return (events.0, *head) };
        let number = events.0.saturating_add(1);
        let detail = EventDetail {
            number: Some(self.number.0),
            sha256: Some(statement),
            lesser_lines: own.lesser_lines.clone(),
            ..EventDetail::default()
        };
        let event = Event {
            number,
            kind: EventKind::Attest,
            at: self.stated_on.clone(),
            operator: own.operator.clone(),
            host: own.host.clone(),
            program: own.program.clone(),
            program_sha256: own.program_sha256,
            detail: detail.to_text(),
            previous: *head,
        };
        (number, event.digest())
    }

    /// Whether nothing is outstanding.
    pub fn is_complete(&self) -> bool {
        self.findings.is_empty()
    }

    /// Seal of a present package.
    pub fn seal(&self, package: &str) -> Option<Digest> {
        let mut present = self.packages.iter().filter(|one| !one.superseded);
        present.find(|one| one.name == package).map(|one| one.seal)
    }
}
