//! What a signature file is: CMS in DER or PEM (RFC 7468), or a DSSE envelope.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handover_schemas::evidence::SignatureFormat;

/// Longest signature file that is read. A detached signature with its certificates has some KiB.
pub const SIGNATURE_MAX: usize = 1 << 20;

/// Labels of PEM under which CMS comes: RFC 7468 section 8 and 9, and what OpenSSL's `pkcs7` writes.
const PEM_LABELS: [&str; 3] = ["CMS", "PKCS7", "PKCS #7 SIGNED DATA"];

/// A signature as it is kept: of CMS the DER, whatever it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What it is.
    pub format: SignatureFormat,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Given {
    /// Tells what a file is by its first bytes. Refuses what is no signature that is checked here,
    /// and says what to do.
    pub fn of(file: Vec<u8>) -> Result<Self> {
        if file.len() > SIGNATURE_MAX {
            bail!(
                "it is longer than {SIGNATURE_MAX} bytes, which no detached signature is; ask the \
                 sender for a signature in a file of its own"
            );
        }
        let text = file.trim_ascii_start();
        if is_open_pgp(&file) {
            bail!(
                "it is an OpenPGP signature, which this program does not read. Check it with gpg \
                 --verify, load the file without --signature, and say in --signer who signed; or \
                 ask the sender for a CMS (.p7s) or DSSE signature"
            );
        }
        if text.starts_with(b"-----BEGIN ") {
            let blocks = String::from_utf8_lossy(text).matches("-----BEGIN ").count();
            if blocks > 1 {
                bail!(
                    "it has {blocks} PEM blocks, and only one would be looked at; give the one \
                     signature in a file of its own"
                );
            }
            let labelled = PEM_LABELS.iter().find_map(|label| pem(text, label).transpose());
            let bytes = labelled.transpose()?.context(
                "it is PEM of something else than a CMS signature (BEGIN CMS or BEGIN PKCS7)",
            )?;
            return Ok(Self { format: SignatureFormat::Cms, bytes });
        }
        if text.starts_with(b"{") {
            return Ok(Self { format: SignatureFormat::Dsse, bytes: file });
        }
        if text.starts_with(b"MIME-Version:") || text.starts_with(b"Content-Type:") {
            bail!(
                "it is an S/MIME message, which holds more than the signature; take the signature \
                 out: openssl cms -cmsout -in FILE -inform SMIME -outform DER -out FILE.p7s"
            );
        }
        // SEQUENCE, with a length as DER writes it (X.690 section 10.1).
        match file.get(..2) {
            Some([0x30, 0x80]) => bail!(
                "it is CMS in BER with indefinite lengths; write it as DER: openssl cms -cmsout \
                 -inform DER -in FILE -outform DER -out FILE.p7s"
            ),
            Some([0x30, _]) => Ok(Self { format: SignatureFormat::Cms, bytes: file }),
            _ => bail!("it is neither CMS (DER or PEM) nor a DSSE envelope (JSON)"),
        }
    }
}

/// The contents of the first PEM block with this label.
pub(super) fn pem(text: &[u8], label: &str) -> Result<Option<Vec<u8>>> {
    Ok(all_pem(text, label)?.into_iter().next())
}

/// The contents of every PEM block with this label.
pub(super) fn all_pem(text: &[u8], label: &str) -> Result<Vec<Vec<u8>>> {
    let damaged = || format!("its PEM block {label} is damaged");
    let text = String::from_utf8_lossy(text);
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut blocks = Vec::new();
    let mut rest = text.as_ref();
    while let Some((_, after)) = rest.split_once(&begin) {
        let (body, after) = after.split_once(&end).with_context(damaged)?;
        let base64: String = body.split_ascii_whitespace().collect();
        blocks.push(STANDARD.decode(base64).with_context(damaged)?);
        rest = after;
    }
    Ok(blocks)
}

/// OpenPGP (RFC 9580): armour (section 6.2), or a packet (section 4.2) of a signature, of a one-pass
/// signature, of compressed data or of a marker.
fn is_open_pgp(file: &[u8]) -> bool {
    if file.trim_ascii_start().starts_with(b"-----BEGIN PGP ") {
        return true;
    }
    match file.first() {
        // The first bits are 11 and six of the type, or 10, four of the type and two of the length.
        Some(first) if first & 0xc0 == 0xc0 => matches!(first & 0x3f, 2 | 4 | 8 | 10),
        Some(first) if first & 0x80 == 0x80 => matches!((first & 0x3c) >> 2, 2 | 4 | 8 | 10),
        _ => false,
    }
}
