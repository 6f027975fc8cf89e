//! The commands that verify a signature of an envelope without our programs.

use std::path::Path;

use handover_cli_kit::shell::quote;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::public_key::PublicKey;

use super::envelope::{Found, found};
use super::trust::{Signatory, Trust};

/// For each signature that a trusted key made, or is said to have made, the commands that verify it.
/// `file` is where the envelope is.
pub fn openssl_commands(
    file: &Path,
    envelope: &Envelope,
    trust: &Trust,
) -> Vec<(Signatory, String)> {
    let message = envelope.pae();
    let signatures = envelope.signatures.iter().enumerate();
    signatures
        .filter_map(|(number, signature)| match found(signature, trust, &message) {
            Found::By(key) | Found::NotBy(key) => {
                Some((key.signatory(), commands(file, number, &key.entry.public_key)))
            }
            Found::Nobody => None,
        })
        .collect()
}

/// Shell commands that verify, with OpenSSL 3, the signature at a place (counted from 0) of an
/// envelope. Python takes the JSON apart and does nothing else. They work in a temporary folder, and
/// end with 0 and `Signature Verified Successfully` if the signature holds.
fn commands(envelope: &Path, signature: usize, key: &PublicKey) -> String {
    let file = quote(&envelope.display().to_string());
    let pem = key.to_pem();
    // Standard and URL-safe base64, padded or not, as DSSE allows.
    let python = format!(
        r#"import base64, json, sys
def put(name, text):
    text = text.replace("-", "+").replace("_", "/").rstrip("=")
    open(name, "wb").write(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
envelope = json.load(open(sys.argv[1]))
put(sys.argv[2] + "/body", envelope["payload"])
put(sys.argv[2] + "/s.bin", envelope["signatures"][{signature}]["sig"])
open(sys.argv[2] + "/type", "w").write(envelope["payloadType"])"#
    );
    format!(
        r#"(set -e
d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
cat > "$d/k.pem" <<'END'
{pem}END
python3 - {file} "$d" <<'END'
{python}
END
printf 'DSSEv1 %d ' "$(($(wc -c < "$d/type")))" > "$d/pae.bin"
cat "$d/type" >> "$d/pae.bin"
printf ' %d ' "$(($(wc -c < "$d/body")))" >> "$d/pae.bin"
cat "$d/body" >> "$d/pae.bin"
openssl pkeyutl -verify -pubin -inkey "$d/k.pem" -rawin -in "$d/pae.bin" -sigfile "$d/s.bin")
"#
    )
}
