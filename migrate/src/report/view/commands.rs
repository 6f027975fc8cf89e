//! How to check everything oneself.

use handover_cli_kit::shell::quote;
use serde::Serialize;

use super::SignedAttestation;

/// Most packages whose seals are checked by command.
const SEALS_MAX: usize = 12;

/// Shell commands, run in the hand-over folder.
#[derive(Serialize)]
pub(super) struct Commands {
    /// Everything at once.
    all: String,
    /// The attestation against packages and databases.
    attestation: String,
    /// The chain of events.
    ledger: String,
    /// Commands for OpenSSL, for each signature.
    signatures: String,
    /// The digest of the statement, without our programs.
    statement: String,
    /// The seals, without our programs.
    seals: Vec<String>,
    seals_left: usize,
}

impl Commands {
    pub(super) fn of(signed: &SignedAttestation) -> Self {
        let file = quote(&format!("attestations/{}", signed.file_name));
        let attestation = &signed.attestation;
        let (_, head) = attestation.head(signed.statement);
        let packages = attestation.packages.iter().filter(|package| !package.superseded);
        let mut seals: Vec<String> = packages
            .map(|package| {
                let list = format!("packages/{}/tagmanifest-sha256.txt", package.name);
                format!("echo {} | sha256sum -c", quote(&format!("{}  {list}", package.seal)))
            })
            .collect();
        let seals_left = seals.len().saturating_sub(SEALS_MAX);
        seals.truncate(SEALS_MAX);
        Self {
            all: format!("handover-verify all --handover . --trust TRUST.toml --head {head}"),
            attestation: format!(
                "handover-verify attestation {file} --handover . --trust TRUST.toml"
            ),
            ledger: format!("handover-verify ledger --handover . --head {head}"),
            signatures: format!("handover-verify envelope {file} --trust TRUST.toml --explain"),
            statement: format!(
                "sed -n 's/.*\"payload\": \"\\([^\"]*\\)\".*/\\1/p' {file} | base64 -d | sha256sum"
            ),
            seals,
            seals_left,
        }
    }
}
