//! The signatures that evidence files were loaded with, and whether they still hold.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handover_engine::postgres::TextRow;
use handover_schemas::chain::EventKind;
use handover_schemas::digest::Digest;
use handover_schemas::evidence::EvidenceSignature;
use handover_schemas::value::escape_into;
use jiff::{SignedDuration, Timestamp};

use super::LedgerQuery;
use super::events::{RecordedEvent, events};
use super::evidence::Evidence;
use crate::attestation::detail_of;
use crate::evidence_signature::{Believed, FileDigests, Given, check};
use crate::signing::{Trust, parse_moment};

/// What the ledger keeps of a signature: all that it takes to check it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvidence {
    /// The signature.
    pub given: Given,
    /// The certificate that was believed (DER); of a DSSE signature none.
    pub sender: Option<Vec<u8>>,
    /// Digests of the file.
    pub file: FileDigests,
    /// Who was found to have signed.
    pub found: EvidenceSignature,
    /// SHA-256 of the ledger's row, which the event of the file states. FORMAT.md section 35.
    pub row: Digest,
}

/// The columns of the ledger's row.
pub const COLUMNS: [&str; 5] = ["name", "signature", "sender", "file_digests", "found"];

/// How far the moment of the check may be from that of the event and from `loaded_at`: a large file
/// takes hours to load, and the clocks are two machines'.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// All signatures, by the name of their file.
pub(super) fn signed_evidence(
    ledger: &mut dyn LedgerQuery,
) -> Result<BTreeMap<String, SignedEvidence>> {
    if !ledger.has_table("signed_evidence")? {
        return Ok(BTreeMap::new());
    }
    let table = ledger.table("signed_evidence");
    let rows = ledger.query(&format!("SELECT {} FROM {table}", COLUMNS.join(", ")))?;
    rows.into_iter()
        .map(|row| entry(row).context("the ledger's signatures of evidence files are damaged"))
        .collect()
}

fn entry(row: TextRow) -> Result<(String, SignedEvidence)> {
    let digest = row_digest(&row);
    let Ok([Some(name), Some(signature), sender, Some(file), Some(found)]) =
        <[Option<String>; 5]>::try_from(row)
    else {
        bail!("a value is missing");
    };
    let bytes = |text: &str| STANDARD.decode(text).context("a value is not base64");
    let found: EvidenceSignature = serde_json::from_str(&found).context("found")?;
    let signed = SignedEvidence {
        given: Given { format: found.format, bytes: bytes(&signature)? },
        sender: sender.as_deref().map(bytes).transpose()?,
        file: serde_json::from_str(&file).context("file_digests")?,
        found,
        row: digest,
    };
    Ok((name, signed))
}

/// SHA-256 of a row: its fields as in a line of rows, TAB between them and LF behind.
fn row_digest(row: &[Option<String>]) -> Digest {
    let mut line = Vec::new();
    for (index, field) in row.iter().enumerate() {
        if index > 0 {
            line.push(b'\t');
        }
        match field {
            Some(text) => escape_into(text.as_bytes(), &mut line),
            None => line.extend_from_slice(b"\\N"),
        }
    }
    line.push(b'\n');
    Digest::of(&line)
}

impl SignedEvidence {
    /// The signature of the evidence of this name, which is to be recorded.
    pub fn new(
        name: &str,
        given: Given,
        sender: Option<Vec<u8>>,
        file: FileDigests,
        found: EvidenceSignature,
    ) -> Result<Self> {
        let mut signed = Self { given, sender, file, found, row: Digest::of(b"") };
        signed.row = row_digest(&signed.texts(name)?);
        Ok(signed)
    }

    /// The row as the ledger writes it, in the order of [`COLUMNS`].
    pub fn texts(&self, name: &str) -> Result<[Option<String>; 5]> {
        let file = serde_json::to_string(&self.file).context("cannot write the file's digests")?;
        let found = serde_json::to_string(&self.found).context("cannot write the signers")?;
        Ok([
            Some(name.to_owned()),
            Some(STANDARD.encode(&self.given.bytes)),
            self.sender.as_ref().map(|der| STANDARD.encode(der)),
            Some(file),
            Some(found),
        ])
    }

    /// Refuses a row that is not the one with which the evidence was loaded, as its event tells.
    pub(super) fn is_as_loaded(&self, evidence: &Evidence, event: &RecordedEvent) -> Result<()> {
        let number = event.event.number;
        if detail_of(event)?.signature != Some(self.row) {
            bail!(
                "the ledger's row of it (signed_evidence) is not the one that event {number} tells of"
            );
        }
        let checked_on = parse_moment(&self.found.checked_on)?;
        let of_event = parse_moment(&event.event.at)?;
        let loaded_at = evidence.loaded_at.as_deref().and_then(clock_of_target);
        let loaded_at = loaded_at.context("the ledger's loaded_at is not a moment")?;
        for (what, moment) in [("its event is", of_event), ("loaded_at is", loaded_at)] {
            if !is_near(checked_on, moment) {
                bail!(
                    "the ledger says that it was checked as of {checked_on}, and {what} of {moment}, \
                     more than {} hours away",
                    NEAR.as_hours()
                );
            }
        }
        Ok(())
    }
}

fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).unsigned_abs() <= NEAR.unsigned_abs()
}

/// A moment as PostgreSQL writes it, or as SQLite's CURRENT_TIMESTAMP does, which is UTC.
fn clock_of_target(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The event of the evidence's loading.
fn event_of(ledger: &mut dyn LedgerQuery, name: &str) -> Result<Option<RecordedEvent>> {
    Ok(events(ledger)?.into_iter().find(|one| {
        one.event.kind == EventKind::Evidence
            && detail_of(one).is_ok_and(|detail| detail.subject.as_deref() == Some(name))
    }))
}

/// What came of looking at a signature again.
pub enum CheckedAgain {
    /// It holds, and is of those of whom the ledger says it.
    Holds,
    /// It is of keys, and no trust file was given.
    NotChecked,
}

/// Checks the signature of a file again, as of the moment of the first time. The outer error says that
/// the ledger cannot be read, the inner one that the signature does not hold.
pub fn check_again(
    ledger: &mut dyn LedgerQuery,
    evidence: &Evidence,
    signed: &SignedEvidence,
    trust: Option<&Trust>,
) -> Result<Result<CheckedAgain>> {
    let event = event_of(ledger, &evidence.name)?;
    Ok(holds_again(event.as_ref(), evidence, signed, trust))
}

fn holds_again(
    event: Option<&RecordedEvent>,
    evidence: &Evidence,
    signed: &SignedEvidence,
    trust: Option<&Trust>,
) -> Result<CheckedAgain> {
    let event = event.context("no event of the ledger tells of this evidence")?;
    signed.is_as_loaded(evidence, event)?;
    if signed.sender.is_none() && trust.is_none() {
        return Ok(CheckedAgain::NotChecked);
    }
    if signed.file.sha256 != evidence.sha256 {
        bail!("the ledger's signature is over a file with another SHA-256");
    }
    let believed = Believed { sender: signed.sender.as_deref(), trust };
    let moment = parse_moment(&signed.found.checked_on)?;
    let found = check(&signed.given, &signed.file, believed, moment)?;
    if found != signed.found {
        bail!("the ledger's signature is of somebody else than the ledger says");
    }
    Ok(CheckedAgain::Holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_row() {
        let row = ["x", "AA==", "", "{}", "a\tb"].map(|text| Some(text.to_owned()));
        let mut row = row.to_vec();
        row[2] = None;
        assert_eq!(row_digest(&row), Digest::of(b"x\tAA==\t\\N\t{}\ta\\tb\n"));
    }

    #[test]
    fn moments_of_either_target_are_near_or_not() {
        let at = parse_moment("2026-11-22T08:30:00Z").unwrap();
        for (text, near) in [
            ("2026-11-22 08:30:00", true),
            ("2026-11-22 08:30:00.123456+00", true),
            ("2026-11-23 15:29:59+07", true),
            ("2026-11-23 15:30:01+07", false),
            ("2026-11-21 08:29:59", false),
        ] {
            assert_eq!(is_near(at, clock_of_target(text).unwrap()), near, "{text}");
        }
        assert!(!is_near(Timestamp::MIN, Timestamp::MAX));
        assert_eq!(clock_of_target("yesterday"), None);
    }
}
