//! `RECOVERY.md`: how to read a package without our programs, in Vietnamese and English. Every
//! command of it is run by a test, as it stands there.

use super::manifest::Encoding;
use crate::quoting::{filled, markdown_text};

const TEMPLATE: &str = include_str!("recovery.md");

/// The text for a package whose payload has this encoding.
pub fn recovery_text(identifier: &str, encoding: &Encoding) -> String {
    let (decode, programs) = match (encoding.zstd, encoding.is_encrypted()) {
        (false, false) => ("cat", "`sha256sum`, `python3`"),
        (true, false) => ("zstd -dcq", "`sha256sum`, `zstd`, `python3`"),
        (false, true) => ("age -d -i \"$IDENTITY\"", "`sha256sum`, `age`, `python3`"),
        (true, true) => ("age -d -i \"$IDENTITY\"", "`sha256sum`, `age`, `zstd`, `python3`"),
    };
    let then = if encoding.zstd && encoding.is_encrypted() { " | zstd -dcq" } else { "" };
    let identity = if encoding.is_encrypted() { IDENTITY } else { "" };
    filled(
        TEMPLATE,
        &[
            ("identifier", &markdown_text(identifier)),
            ("programs", programs),
            ("identity", identity),
            ("suffix", encoding.suffix()),
            ("decode", decode),
            ("then", then),
        ],
    )
}

/// The row of the table of variables that an encrypted package needs.
const IDENTITY: &str = "| `IDENTITY` | tệp khóa bí mật age của một người nhận / \
                        a recipient's age identity file |\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_the_template_is_left() {
        for (zstd, encrypted) in [(false, false), (true, false), (false, true), (true, true)] {
            let age_recipients = if encrypted { vec!["age1x".to_owned()] } else { Vec::new() };
            let text = recovery_text("portal", &Encoding { zstd, age_recipients });
            for left in
                ["{identifier}", "{programs}", "{identity}", "{suffix}", "{decode}", "{then}"]
            {
                assert!(!text.contains(left), "{left}");
            }
            assert_eq!(text.contains("IDENTITY"), encrypted);
            assert_eq!(text.contains("zstd"), zstd);
        }
    }
}
