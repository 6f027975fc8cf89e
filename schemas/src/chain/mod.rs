//! The chain of events: what was done to a hand-over, by whom, when, with which program; each event
//! bound to the one before it.
//!
//! An event is one line of text, as `COPY … TO STDOUT` prints the columns of the ledger's table:
//!
//! ```text
//! number TAB kind TAB at TAB operator TAB host TAB program TAB program_sha256 TAB detail TAB previous LF
//! ```
//!
//! Its digest is the SHA-256 of that line. `previous` is the digest of the event before it, 64
//! zeros for the first one. The digest of the last event is the **head**: whoever knows it from
//! elsewhere notices any edit, removal or reordering. FORMAT.md section 32.

mod kind;

pub use kind::EventKind;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::value::escape_into;

/// What stands in `previous` of the first event.
pub const NO_EVENT: Digest = Digest::from_bytes([0; 32]);

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// What was done.
    pub kind: EventKind,
    /// When, by the clock of the host: `YYYY-MM-DDTHH:MM:SSZ`.
    pub at: String,
    /// The account under which the program ran.
    pub operator: String,
    /// The host on which it ran.
    pub host: String,
    /// Name and version of the program.
    pub program: String,
    /// SHA-256 of the program's file.
    pub program_sha256: Digest,
    /// What it is about, a JSON document: [`EventDetail`].
    pub detail: String,
    /// Digest of the event before.
    pub previous: Digest,
}

impl Event {
    /// The line that is hashed.
    pub fn line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(512);
        let number = self.number.to_string();
        let (program_sha256, previous) =
            (self.program_sha256.to_string(), self.previous.to_string());
        let fields = [
            number.as_str(),
            self.kind.as_str(),
            &self.at,
            &self.operator,
            &self.host,
            &self.program,
            &program_sha256,
            &self.detail,
            &previous,
        ];
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                line.push(b'\t');
            }
            escape_into(field.as_bytes(), &mut line);
        }
        line.push(b'\n');
        line
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.line())
    }
}

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EventDetail {
    /// What was acted on: name of a package, of a rule, of a file; which end moved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// Number of the purge, the restore, the move or the attestation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<u64>,
    /// Digest of what came of it: a seal, a root, a statement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Digest>,
    /// Rows or files that it was about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// How it ended, where it can end in several ways.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
    /// Columns that a plan carries over as another type than they are declared as:
    /// `table.column=type`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mapped_types: Vec<String>,
    /// What was said of the vendor's code that a copy runs: the digest of the listing that somebody read, or `unread`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vendor_code: Option<String>,
    /// Connections less than `verify-full` of the program that wrote it, up to then: the end and what
    /// the line was, `source clear`, `target unverified`, `target authority`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lesser_lines: Vec<String>,
    /// SHA-256 of the ledger's row of the signature that an evidence file was loaded with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<Digest>,
}

impl EventDetail {
    /// The text that stands in the event.
    pub fn to_text(&self) -> String {
        // Texts, numbers and digests: nothing of them cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// The numbers have a gap, or one is there twice.
    #[error(
        "event {found} stands where event {expected} should: events were removed, added or reordered"
    )]
    Number {
        /// The number that belongs there.
        expected: u64,
        /// The one that is there.
        found: u64,
    },
    /// An event does not follow the one before it.
    #[error("event {number} does not follow the event before it: one of them was changed")]
    Previous {
        /// Its number.
        number: u64,
    },
    /// An event is not what its recorded digest says.
    #[error("event {number} is not what its digest says: it was changed")]
    Digest {
        /// Its number.
        number: u64,
    },
}

/// Checks that events follow one another, and gives the head: [`NO_EVENT`] if there are none. Each
/// event comes with the digest that was recorded for it.
pub fn check_chain<'e>(
    events: impl IntoIterator<Item = (&'e Event, Digest)>,
) -> Result<Digest, BrokenChain> {
    let mut head = NO_EVENT;
    for (expected, (event, recorded)) in (1..).zip(events) {
        let number = event.number;
        if number != expected {
            return Err(BrokenChain::Number { expected, found: number });
        }
        if event.previous != head {
            return Err(BrokenChain::Previous { number });
        }
        let digest = event.digest();
        if digest != recorded {
            return Err(BrokenChain::Digest { number });
        }
        head = digest;
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<(Event, Digest)> {
        let mut previous = NO_EVENT;
        [EventKind::Plan, EventKind::Copy, EventKind::Settle]
            .into_iter()
            .zip(1..)
            .map(|(kind, number)| {
                let event = Event {
                    number,
                    kind,
                    at: "2026-11-22T08:00:00Z".to_owned(),
                    operator: "an\tb".to_owned(),
                    host: "máy-chủ".to_owned(),
                    program: "handover-migrate 0.1.0".to_owned(),
                    program_sha256: Digest::of(b"program"),
                    detail: "{}".to_owned(),
                    previous,
                };
                previous = event.digest();
                (event, previous)
            })
            .collect()
    }

    fn check(events: &[(Event, Digest)]) -> Result<Digest, BrokenChain> {
        check_chain(events.iter().map(|(event, digest)| (event, *digest)))
    }

    #[test]
    fn a_line_is_what_copy_prints() {
        let (event, _) = &events()[0];
        let expected = format!(
            "1\tplan\t2026-11-22T08:00:00Z\tan\\tb\tmáy-chủ\thandover-migrate 0.1.0\t{}\t{{}}\t{}\n",
            Digest::of(b"program"),
            "0".repeat(64)
        );
        assert_eq!(String::from_utf8(event.line()).unwrap(), expected);
    }

    #[test]
    fn what_was_done_to_a_chain_is_found() {
        let good = events();
        assert_eq!(check(&good), Ok(good[2].1));
        assert_eq!(check(&[]), Ok(NO_EVENT));

        let mut edited = good.clone();
        edited[1].0.operator = "somebody".to_owned();
        assert_eq!(check(&edited), Err(BrokenChain::Digest { number: 2 }));

        // Rewritten from the middle, digests and all: only a head from elsewhere tells.
        let mut rewritten = edited;
        rewritten[1].1 = rewritten[1].0.digest();
        assert_eq!(check(&rewritten), Err(BrokenChain::Previous { number: 3 }));
        rewritten[2].0.previous = rewritten[1].1;
        rewritten[2].1 = rewritten[2].0.digest();
        assert!(check(&rewritten).is_ok_and(|head| head != good[2].1));

        let mut removed = good.clone();
        removed.remove(1);
        assert_eq!(check(&removed), Err(BrokenChain::Number { expected: 2, found: 3 }));
        let mut reordered = good.clone();
        reordered.swap(0, 1);
        assert_eq!(check(&reordered), Err(BrokenChain::Number { expected: 1, found: 2 }));
        let mut forked = good;
        forked[2].0.previous = forked[0].1;
        assert_eq!(check(&forked), Err(BrokenChain::Previous { number: 3 }));
    }
}
