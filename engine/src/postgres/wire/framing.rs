//! Where the server's messages begin and end, and which of them are refused.
//!
//! Source: PostgreSQL's manual, "Message Formats": one byte of type, four of length that count
//! themselves, and so much less four of content.

use std::sync::Arc;

use super::seen::Seen;
use super::weight::{Kind, Weight};
use crate::endpoint::Line;

/// What of a message's content is kept to be looked at; a list of mechanisms and a command's tag
/// are far shorter.
const KEPT_BYTES: usize = 4096;

/// The longest message that libpq takes of types that are always short (`pqParseInput3`).
const SHORT: u32 = 30_000;

/// The longest error, notice, notification and description of columns.
const LONG: u32 = 16 << 20;

/// The longest row: a server makes it in one piece of memory, of which it has at most 1 GiB less
/// one byte (`MaxAllocSize`).
const ROW: u32 = 1 << 30;

/// The longest row of a query, which is kept in memory: definitions of objects, and keys.
const QUERY_ROW: u32 = 128 << 20;

/// Whether a proof of the password is bound to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// Without TLS, or by somebody's choice.
    NotAsked,
    /// Where the server offers it.
    Possible,
    /// The certificate has nothing to bind to.
    Impossible,
}

/// What may be proven to the server, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    pub(super) line: Line,
    pub(super) has_password: bool,
    pub(super) binding: Binding,
}

/// Why a connection is given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// `AuthenticationCleartextPassword` from somebody unverified.
    #[error(
        "the server asks for the password in clear text, and who it is was not verified, so it \
         gets none. Use sslmode=verify-full and the root of its certificate, or have its \
         pg_hba.conf say scram-sha-256"
    )]
    ClearText,
    /// `AuthenticationMD5Password` from somebody unverified.
    #[error(
        "the server asks for an MD5 digest of the password, and who it is was not verified. \
         Whoever asks chooses the salt, so that a digest can be passed on, or the password found \
         from it: the server gets none. Use sslmode=verify-full and the root of its certificate, \
         or have the account's password set anew under password_encryption = 'scram-sha-256'"
    )]
    Md5,
    /// Any proof, without a password.
    #[error(
        "the server asks for a password, and there is none; put it into PGPASSWORD, .pgpass or \
         PGPASSFILE"
    )]
    NoPassword,
    /// A server that offers binding, and a certificate that has no digest for it (RFC 5929
    /// section 4.1), such as one signed with Ed25519.
    #[error(
        "the server offers channel binding, which is not defined for the signature of its \
         certificate. Have it signed with RSA or ECDSA, or choose channel_binding=disable"
    )]
    CannotBind,
    /// A message that claims more than its type can have.
    #[error(
        "the server announced a message of {claimed} bytes of type {kind:?}, which has at most \
         {most}: this is no PostgreSQL server, or it means harm"
    )]
    TooLong {
        /// The type.
        kind: char,
        /// What it says of itself.
        claimed: u32,
        /// What is believed.
        most: u32,
    },
    /// An answer to one question that has no end.
    #[error(
        "the server's answer to one question has become too large ({what}): it is broken, or it means \
         harm"
    )]
    TooMuch {
        /// What there is too much of, and how much is taken.
        what: &'static str,
    },
    /// A message that does not even have its own length.
    #[error("what came is no message of a PostgreSQL server (a length of {0} bytes)")]
    NoMessage(u32),
}

/// The message that is coming.
#[derive(Debug)]
enum Coming {
    Header { bytes: [u8; 5], filled: usize },
    Content { kind: u8, length: u32, left: u32, kept: Vec<u8> },
}

/// Rows of a COPY in a message with more content are handed on in pieces.
const CUT_ABOVE: u32 = 1 << 20;

/// Where in the stream of messages some bytes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndOfBytes {
    /// Behind a message.
    Between,
    /// In a header, of which so many bytes have come.
    InHeader {
        /// One to four.
        came: usize,
    },
    /// In a message of rows that is handed on in pieces: so many bytes of content have come, and so many
    /// have not.
    InRows {
        /// Of the content.
        came: u32,
        /// Of the content.
        left: u32,
    },
    /// In any other message.
    InMessage,
}

const NEXT: Coming = Coming::Header { bytes: [0; 5], filled: 0 };

/// Takes the server's bytes apart, however they are cut.
#[derive(Debug)]
pub(super) struct Framing {
    trust: Trust,
    is_authenticated: bool,
    coming: Coming,
    weight: Weight,
    seen: Arc<Seen>,
}

impl Framing {
    /// For a connection on which nothing was said yet.
    pub(super) fn new(trust: Trust) -> Self {
        Self {
            trust,
            is_authenticated: false,
            coming: NEXT,
            weight: Weight::default(),
            seen: Arc::default(),
        }
    }

    /// What was noted.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    /// How the bytes that were looked at last end.
    pub(super) fn end_of_bytes(&self) -> EndOfBytes {
        match &self.coming {
            Coming::Header { filled: 0, .. } => EndOfBytes::Between,
            Coming::Header { filled, .. } => EndOfBytes::InHeader { came: *filled },
            Coming::Content { kind: b'd', left, length, .. } if *length > CUT_ABOVE => {
                EndOfBytes::InRows { came: length - left, left: *left }
            }
            Coming::Content { .. } => EndOfBytes::InMessage,
        }
    }

    /// Looks at the bytes that came next. Refuses without having looked at the rest.
    pub(super) fn look_at(&mut self, mut come: &[u8]) -> Result<(), Refusal> {
        self.seen.note_arrival();
        while !come.is_empty() {
            match &mut self.coming {
                Coming::Header { bytes, filled } => {
                    let wanted = bytes.get_mut(*filled..).unwrap_or_default();
                    let (taken, rest) = come.split_at(wanted.len().min(come.len()));
                    for (place, byte) in wanted.iter_mut().zip(taken) {
                        *place = *byte;
                    }
                    *filled += taken.len();
                    come = rest;
                    if *filled == bytes.len() {
                        let [kind, length @ ..] = *bytes;
                        self.begin(kind, u32::from_be_bytes(length))?;
                    }
                }
                Coming::Content { left, kept, .. } => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX);
                    let (taken, rest) = come.split_at(most.min(come.len()));
                    let room = kept.capacity().saturating_sub(kept.len());
                    kept.extend(taken.iter().take(room));
                    *left -= u32::try_from(taken.len()).unwrap_or(*left);
                    come = rest;
                    if *left == 0 {
                        self.end()?;
                    }
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, kind: u8, claimed: u32) -> Result<(), Refusal> {
        let Some(left) = claimed.checked_sub(4) else { return Err(Refusal::NoMessage(claimed)) };
        let most = most(kind, self.is_authenticated);
        if claimed > most {
            return Err(Refusal::TooLong { kind: kind.into(), claimed, most });
        }
        self.weight.add(Kind::of(kind), claimed)?;
        // Rows are many, and of those of a query nobody looks at more than their number of columns.
        let kept = match kind {
            b'R' | b'C' => Vec::with_capacity(KEPT_BYTES),
            b'D' => Vec::with_capacity(size_of::<u16>()),
            _ => Vec::new(),
        };
        self.coming = Coming::Content { kind, length: left, left, kept };
        if left == 0 { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Coming::Content { kind, kept, .. } = std::mem::replace(&mut self.coming, NEXT) else {
            return Ok(());
        };
        match kind {
            b'R' => self.authentication(&kept),
            b'C' => {
                let tag = kept.split(|byte| *byte == 0).next().unwrap_or_default();
                self.seen.note_command(&String::from_utf8_lossy(tag));
                Ok(())
            }
            b'D' => {
                let columns = kept.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
                self.weight.add_columns(columns)
            }
            _ => Ok(()),
        }
    }

    /// A demand for a proof, by its code.
    fn authentication(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let Some((code, rest)) = content.split_first_chunk::<4>() else { return Ok(()) };
        let code = u32::from_be_bytes(*code);
        if matches!(code, 3 | 5 | 10) && !self.trust.has_password {
            return Err(Refusal::NoPassword);
        }
        match code {
            0 => self.is_authenticated = true,
            3 if !self.trust.line.is_verified() => return Err(Refusal::ClearText),
            5 if matches!(self.trust.line, Line::Clear | Line::Unverified) => {
                return Err(Refusal::Md5);
            }
            10 if self.trust.binding == Binding::Impossible => {
                let mut mechanisms = rest.split(|byte| *byte == 0);
                if mechanisms.any(|name| name == b"SCRAM-SHA-256-PLUS") {
                    return Err(Refusal::CannotBind);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The longest message of a type.
fn most(kind: u8, is_authenticated: bool) -> u32 {
    match kind {
        _ if !is_authenticated => SHORT,
        b'd' => ROW,
        b'D' => QUERY_ROW,
        b'E' | b'N' | b'A' | b'T' | b't' | b'V' => LONG,
        _ => SHORT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Trust =
        Trust { line: Line::Unverified, has_password: true, binding: Binding::Impossible };

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], content].concat()
    }

    fn authentication(code: u32, rest: &[u8]) -> Vec<u8> {
        message(b'R', &[&code.to_be_bytes()[..], rest].concat())
    }

    fn look(trust: Trust, bytes: &[u8]) -> Result<(), Refusal> {
        Framing::new(trust).look_at(bytes)
    }

    #[test]
    fn who_gets_a_password() {
        let verified = Trust { line: Line::Host, ..STRANGER };
        let local = Trust { line: Line::Socket, ..STRANGER };
        let clear = authentication(3, b"");
        assert_eq!(look(STRANGER, &clear), Err(Refusal::ClearText));
        assert_eq!(look(local, &clear), Err(Refusal::ClearText));
        assert_eq!(look(verified, &clear), Ok(()));
        let md5 = authentication(5, b"salt");
        assert_eq!(look(STRANGER, &md5), Err(Refusal::Md5));
        assert_eq!(look(local, &md5), Ok(()));
        assert_eq!(look(verified, &md5), Ok(()));
        let none = Trust { has_password: false, ..verified };
        assert_eq!(look(none, &clear), Err(Refusal::NoPassword));
        assert_eq!(look(none, &authentication(0, b"")), Ok(()));
    }

    #[test]
    fn a_binding_that_is_offered_is_not_passed_over() {
        let offered = authentication(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        assert_eq!(look(STRANGER, &offered), Err(Refusal::CannotBind));
        assert_eq!(look(Trust { binding: Binding::Possible, ..STRANGER }, &offered), Ok(()));
        assert_eq!(look(Trust { binding: Binding::NotAsked, ..STRANGER }, &offered), Ok(()));
        assert_eq!(look(STRANGER, &authentication(10, b"SCRAM-SHA-256\0\0")), Ok(()));
    }

    #[test]
    fn messages_are_found_however_they_are_cut() {
        let stream = [
            authentication(0, b""),
            message(b'D', &[7; 100]),
            message(b'c', b""),
            message(b'C', b"COPY 17\0"),
        ]
        .concat();
        for size in 1..stream.len() {
            let mut framing = Framing::new(STRANGER);
            for piece in stream.chunks(size) {
                framing.look_at(piece).unwrap();
            }
            assert_eq!(framing.seen().take_command().as_deref(), Some("COPY 17"), "{size}");
            assert_eq!(framing.seen().take_command(), None);
        }
    }

    #[test]
    fn a_length_is_believed_within_reason() {
        let claimed = |kind: u8, length: u32| [&[kind], &length.to_be_bytes()[..]].concat();
        let after = |bytes: Vec<u8>| look(STRANGER, &[authentication(0, b""), bytes].concat());
        assert_eq!(after(claimed(b'd', ROW)), Ok(()));
        for (kind, length) in [(b'd', ROW + 1), (b'E', LONG + 1), (b'Z', SHORT + 1)] {
            let refused = after(claimed(kind, length)).unwrap_err();
            assert!(matches!(refused, Refusal::TooLong { claimed, .. } if claimed == length));
        }
        assert!(look(STRANGER, &claimed(b'E', SHORT + 1)).is_err(), "nobody is believed at first");
        assert_eq!(after(claimed(b'Z', 3)), Err(Refusal::NoMessage(3)));
    }
}
