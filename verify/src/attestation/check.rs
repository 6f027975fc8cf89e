//! `handover-verify attestation`: whether a signed statement about a hand-over holds.
//!
//! What it says is gathered again from the ledger, and from there held against the rows and the
//! packages, as far as they are given.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::reader::End;
use handover_schemas::attestation::{AttestationReport, HandoverAttestation, Outcome, StatedKey};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::leaf::{TableContent, TableLeaf, handover_root};
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use super::gather::gather;
use super::regular_file::read_regular;
use super::rows::{Copied, Side};
use crate::ledger::events::{RecordedAttestation, attestations};
use crate::ledger::evidence::all_evidence;
use crate::ledger::signed_evidence::{CheckedAgain, check_again};
use crate::ledger::{LedgerQuery, ledger_of, open};
use crate::package::{Identities, PackageRequest, verify_package};
use crate::signing::{Checked, Demand, Trust, check_envelope, day_of, meets};

/// What to check, and against what.
pub struct AttestationRequest {
    /// The envelope.
    pub file: PathBuf,
    /// Whose keys count.
    pub trust: Trust,
    /// The day as of which keys are judged; that of the statement if there is none.
    pub at: Option<Date>,
    /// The vendor's database.
    pub source: Option<Endpoint>,
    /// The ministry's database.
    pub target: Option<Endpoint>,
    /// The folder with the packages.
    pub packages: Option<PathBuf>,
    /// Keys that open packages.
    pub identities: Identities,
}

/// Checks an attestation.
pub fn verify_attestation(
    request: &AttestationRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<AttestationReport> {
    let place = || request.file.display().to_string();
    let text = read_regular(&request.file).with_context(|| format!("cannot read {}", place()))?;
    let mut outcome = Outcome::default();
    let (checked, stated) = match signed(request, &text, &mut outcome) {
        Ok(signed) => signed,
        Err(error) => {
            outcome.find(format!("{}: {error:#}", place()));
            return Ok(report(None, None, None, outcome));
        }
    };
    check_itself(&stated, &mut outcome);
    check_keys(&request.trust, &stated.predicate, &mut outcome);
    if let Some(target) = &request.target {
        check_databases(request, target, &stated, &mut outcome, (interrupt, progress))?;
    } else {
        outcome.not_checked("ledger and rows: give the database (--target)");
    }
    if let Some(packages) = &request.packages {
        check_packages(request, packages, &stated, &mut outcome, (interrupt, progress))?;
    }
    let digest = stated.to_bytes().ok().map(|bytes| Digest::of(&bytes));
    Ok(report(Some(&checked), Some(&stated.predicate), digest, outcome))
}

fn report(
    checked: Option<&Checked>,
    stated: Option<&HandoverAttestation>,
    statement: Option<Digest>,
    outcome: Outcome,
) -> AttestationReport {
    let signers = checked.map(|checked| checked.signers.as_slice()).unwrap_or_default();
    AttestationReport {
        verdict: outcome.verdict(),
        number: stated.map(|stated| stated.number.0),
        statement,
        head: stated.map(|stated| stated.ledger.head),
        signed_by: signers.iter().map(|one| one.name.clone()).collect(),
        stated_findings: stated.map_or(0, |stated| stated.findings.len() as u64),
        outcome,
    }
}

type Signed = (Checked, Statement<HandoverAttestation>);

/// Signatures first: nothing of what is not signed is believed.
fn signed(request: &AttestationRequest, text: &[u8], outcome: &mut Outcome) -> Result<Signed> {
    let envelope = Envelope::parse(text)?;
    // The day is the statement's own; it counts only if a signature over it holds.
    let stated = Statement::<HandoverAttestation>::parse(envelope.body());
    let stated_on = stated.as_ref().ok().map(|one| day_of(&one.predicate.stated_on)).transpose()?;
    let at = match request.at.or(stated_on) {
        Some(day) => day,
        None => crate::signing::today()?,
    };
    let checked = check_envelope(&envelope, &request.trust, at)?;
    let statement = checked.statement::<HandoverAttestation>()?;
    let demand = Demand { roles: HandoverAttestation::ROLES.to_vec(), not: Vec::new() };
    let people = meets(&checked, &demand);
    tell_other_signatures(("attestation", &checked), people.is_ok(), outcome);
    match people {
        Ok(people) => {
            let people: Vec<&str> = people.iter().map(|one| one.name.as_str()).collect();
            outcome.checked(format!("signed for both sides, by {}", people.join(" and ")));
        }
        Err(missing) => outcome.find(format!("signatures: {missing:#}")),
    }
    Ok((checked, statement))
}

/// Tells of signatures that do not count. Beside enough others they change nothing: anybody could add
/// one, and make an honest statement fail.
pub(super) fn tell_other_signatures(
    (what, checked): (&str, &Checked),
    is_enough: bool,
    outcome: &mut Outcome,
) {
    if is_enough {
        for other in checked.beside_enough() {
            outcome.not_checked(format!("signatures of the {what}: {other}"));
        }
    } else {
        for other in checked.without_weight().into_iter().chain(checked.odd()) {
            outcome.find(format!("signatures of the {what}: {other}"));
        }
    }
}

/// The trust file says of every key what it said when the attestation was made.
fn check_keys(trust: &Trust, stated: &HandoverAttestation, outcome: &mut Outcome) {
    let now = trust.stated_keys();
    let mut kept = 0;
    let mut others = false;
    for key in &stated.trusted_keys {
        let known = now.iter().find(|known| known.keyid == key.keyid);
        match known {
            Some(known) if known == key => kept += 1,
            Some(known) if is_shortened(key, known) => outcome.not_checked(format!(
                "the key {} of {}: it counts until {} only, which was {} when this was stated",
                key.keyid, key.name, known.valid_until, key.valid_until
            )),
            Some(_) | None => {
                others = true;
                outcome.find(format!(
                    "the trust file says something else of the key {} of {} than when this was \
                     stated, or lacks it",
                    key.keyid, key.name
                ));
            }
        }
    }
    let added = now.iter().filter(|key| stated.trusted_keys.iter().all(|k| k.keyid != key.keyid));
    for key in added {
        outcome.not_checked(format!(
            "the key {} of {}: it came into the trust file after this was stated",
            key.keyid, key.name
        ));
    }
    if !others && kept > 0 {
        outcome.checked(format!("{kept} trusted keys are those that it states"));
    }
}

/// A key that was lost later counts for fewer days; whether it counted on the day of a signature is
/// judged with that signature.
fn is_shortened(then: &StatedKey, now: &StatedKey) -> bool {
    now.valid_until < then.valid_until
        && StatedKey { valid_until: then.valid_until, ..now.clone() } == *then
}

/// What can be told from the statement alone.
fn check_itself(statement: &Statement<HandoverAttestation>, outcome: &mut Outcome) {
    let stated = &statement.predicate;
    if statement.subject == stated.subjects() {
        outcome.checked("its subjects are what it states");
    } else {
        outcome.find("its subjects are not what it states");
    }
    let last = stated.timeline.last().map(|event| event.digest);
    let is_last = last.is_none_or(|digest| digest == stated.ledger.head);
    if !is_last || stated.timeline.len() as u64 != stated.ledger.events.0 {
        outcome.find("its timeline does not end in the head that it states");
    }
    let Some(copy) = &stated.copy else { return };
    let hashed = copy.tables.iter().filter_map(|table| {
        let (chunks, rows, bytes) = (table.chunks.0, table.rows.0, table.bytes.0);
        let content = TableContent::Hashed { chunks, root: table.target_root?, rows, bytes };
        Some(TableLeaf { table: &table.name, content })
    });
    let excluded = copy
        .left_out
        .iter()
        .map(|table| TableLeaf { table: &table.name, content: TableContent::Excluded });
    let leaves: Vec<TableLeaf<'_>> = hashed.chain(excluded).collect();
    if copy.root.is_some_and(|root| handover_root(&leaves).ok() != Some(root)) {
        outcome.find("the root of the hand-over does not follow from the tables it states");
    } else if copy.root.is_some() {
        outcome.checked("the root of the hand-over follows from the tables it states");
    }
}

fn check_databases(
    request: &AttestationRequest,
    target: &Endpoint,
    statement: &Statement<HandoverAttestation>,
    outcome: &mut Outcome,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<()> {
    let stated = &statement.predicate;
    let mut end = open(target, interrupt)?;
    let recorded = attestations(ledger_of(&mut end))?;
    if !is_recorded(statement, &recorded, outcome)? {
        return Ok(());
    }
    let now = match gather(ledger_of(&mut end), &[]) {
        Ok(now) => now,
        Err(error) => {
            outcome.find(format!("the ledger: {error:#}"));
            return Ok(());
        }
    };
    compare(stated, &now, outcome);
    check_evidence(ledger_of(&mut end), &request.trust, outcome)?;
    let Some(copied) = Copied::read(&mut end, stated)? else { return Ok(()) };
    let both = (interrupt, progress);
    copied.check((&mut end, Side::Target), &now, outcome, both)?;
    if let Some(source) = &request.source {
        let mut source: End = open(source, interrupt)?;
        copied.check((&mut source, Side::Source), &now, outcome, both)?;
    } else {
        outcome.not_checked("rows of the source: give it (--source)");
    }
    Ok(())
}

/// Signatures of evidence files still hold.
fn check_evidence(
    ledger: &mut dyn LedgerQuery,
    trust: &Trust,
    outcome: &mut Outcome,
) -> Result<()> {
    for file in all_evidence(ledger)? {
        let (name, sha256) = (&file.name, file.sha256);
        let Some(signed) = &file.signature else {
            outcome.not_checked(format!(
                "who the evidence {name} is from: it carries no signature: compare its SHA-256 \
                 {sha256} with the sender's letter"
            ));
            continue;
        };
        match check_again(ledger, &file, signed, Some(trust))? {
            Ok(CheckedAgain::Holds) => {
                for line in signed.found.lines() {
                    outcome.checked(format!("evidence {name} is signed: {line}"));
                }
            }
            Ok(CheckedAgain::NotChecked) => {
                outcome.not_checked(format!("the signature of the evidence {name}: no keys count"));
            }
            Err(error) => outcome
                .find(format!("the signature of the evidence {name} does not hold: {error:#}")),
        }
    }
    Ok(())
}

/// Whether the ledger has this very statement.
fn is_recorded(
    statement: &Statement<HandoverAttestation>,
    recorded: &[RecordedAttestation],
    outcome: &mut Outcome,
) -> Result<bool> {
    let number = statement.predicate.number;
    let known = recorded.iter().find(|one| one.number == number.0);
    let bytes = statement.to_bytes().context("cannot write the statement")?;
    if known.is_some_and(|known| known.statement.as_bytes() == bytes) {
        outcome.checked("the ledger has this statement");
        return Ok(true);
    }
    outcome.find(match known {
        Some(_) => format!("attestation {number} of this database states something else"),
        None => format!("this database knows of no attestation {number}: it is about another one"),
    });
    Ok(false)
}

/// What the statement says against what the ledger says now.
fn compare(stated: &HandoverAttestation, now: &HandoverAttestation, outcome: &mut Outcome) {
    if stated.target != now.target {
        outcome.find(format!(
            "it is about the database {}, and this one is {}",
            stated.target.identity, now.target.identity
        ));
    }
    if !now.timeline.starts_with(&stated.timeline) {
        outcome.find("the ledger's events do not begin with those that it states");
        return;
    }
    let own = stated.timeline.len() as u64 + 1;
    let later = now.timeline.iter().filter(|event| {
        event.number.0 > own && event.kind != handover_schemas::chain::EventKind::Close
    });
    let later = later.count();
    if later > 0 {
        outcome.find(format!(
            "it was made for an earlier state: {later} events followed that it does not state"
        ));
        return;
    }
    let parts = [
        ("copy and tables", stated.copy == now.copy),
        ("deliverables", stated.deliverables == now.deliverables),
        ("packages", stated.packages == now.packages),
        ("evidence", stated.evidence == now.evidence),
        ("purges", stated.purges == now.purges),
        ("restores", stated.restores == now.restores),
        ("moves", stated.moves == now.moves),
        ("the ledger's tables", stated.ledger.tables == now.ledger.tables),
    ];
    for (what, same) in parts {
        if same {
            outcome.checked(format!("{what}: the ledger says the same"));
        } else {
            outcome.find(format!("{what}: the ledger says something else now"));
        }
    }
}

fn check_packages(
    request: &AttestationRequest,
    folder: &Path,
    statement: &Statement<HandoverAttestation>,
    outcome: &mut Outcome,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<()> {
    let present = statement.predicate.packages.iter().filter(|package| !package.superseded);
    for package in present {
        let package_request = PackageRequest {
            dir: folder.join(&package.name),
            seal: Some(package.seal),
            ledger: None,
            identities: request.identities.clone(),
            jobs: PACKAGE_JOBS,
        };
        let name = &package.name;
        match verify_package(&package_request, interrupt, progress) {
            Ok(report) => match report.verdict {
                PackageVerdict::Intact => {
                    outcome.checked(format!("package {name} is whole and has the stated seal"));
                }
                PackageVerdict::Unverified => {
                    outcome.unverified(format!("package {name} could not be checked whole"));
                }
                PackageVerdict::NotOfProfile | PackageVerdict::Damaged => outcome.find(format!(
                    "package {name} is damaged or another one ({} findings; handover-verify \
                     package names them)",
                    report.findings.len()
                )),
            },
            Err(error) => {
                interrupt.check()?;
                outcome.find(format!("package {name}: {error:#}"));
            }
        }
    }
    Ok(())
}

/// Files read at the same time.
const PACKAGE_JOBS: usize = 2;
