//! The signatures that evidence files were loaded with, and whether they still hold.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handover_schemas::evidence::EvidenceSignature;

use super::LedgerQuery;
use super::evidence::Evidence;
use crate::evidence_signature::{Believed, FileDigests, Given, check};
use crate::postgres::TextRow;
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
}

/// All signatures, by the name of their file.
pub(super) fn signed_evidence(
    ledger: &mut dyn LedgerQuery,
) -> Result<BTreeMap<String, SignedEvidence>> {
    if !ledger.has_table("signed_evidence")? {
        return Ok(BTreeMap::new());
    }
    let table = ledger.table("signed_evidence");
    let rows = ledger
        .query(&format!("SELECT name, signature, sender, file_digests, found FROM {table}"))?;
    rows.into_iter()
        .map(|row| entry(row).context("the ledger's signatures of evidence files are damaged"))
        .collect()
}

fn entry(row: TextRow) -> Result<(String, SignedEvidence)> {
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
    };
    Ok((name, signed))
}

impl SignedEvidence {
    /// The signature as the ledger writes it.
    pub fn signature_text(&self) -> String {
        STANDARD.encode(&self.given.bytes)
    }

    /// The certificate as the ledger writes it.
    pub fn sender_text(&self) -> Option<String> {
        self.sender.as_ref().map(|der| STANDARD.encode(der))
    }
}

/// What came of looking at a signature again.
pub enum CheckedAgain {
    /// It holds, and is of those of whom the ledger says it.
    Holds,
    /// It is of keys, and no trust file was given.
    NotChecked,
}

/// Checks the signature of a file again, as of the moment of the first time.
pub fn check_again(
    evidence: &Evidence,
    signed: &SignedEvidence,
    trust: Option<&Trust>,
) -> Result<CheckedAgain> {
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
