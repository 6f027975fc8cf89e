//! Large messages of rows, cut into small ones on their way to the driver.
//!
//! The driver holds a message until all of it is there, and the room for it until its next answer of that
//! size. A row with a value of 900 MB would be there once for the driver and once for whoever reads it.
//! Where one message of rows ends and the next begins has no meaning (PostgreSQL's manual, "COPY
//! Operations": "it is not necessary for a message to hold a whole number of rows"), so that a message may
//! arrive as several.

use super::framing::EndOfBytes;

/// A message's header: its type, and its length, which counts itself.
const HEADER_LEN: usize = 5;

/// Bytes that wait for the driver, and what is known of those that come.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// The beginning of a header that has not come in whole.
    header: Vec<u8>,
    /// Content still to come of the message that is being cut.
    left: u32,
    ready: Vec<u8>,
    handed_out: usize,
}

impl Pieces {
    /// Whether what comes next may go to the driver as it is, if no message is to be cut.
    pub(super) fn are_done(&self) -> bool {
        self.header.is_empty() && self.left == 0 && !self.is_ready()
    }

    /// Whether something waits for the driver.
    pub(super) fn is_ready(&self) -> bool {
        self.handed_out < self.ready.len()
    }

    /// The most that is to be read next: no more than the message that is being cut.
    pub(super) fn most(&self, room: usize) -> usize {
        match usize::try_from(self.left) {
            Ok(left @ 1..) => room.min(left),
            _ => room,
        }
    }

    /// Gives as many bytes as there is room for.
    pub(super) fn hand_out(&mut self, room: usize) -> &[u8] {
        let begin = self.handed_out;
        self.handed_out = self.ready.len().min(begin + room);
        self.ready.get(begin..self.handed_out).unwrap_or_default()
    }

    /// Takes in bytes that came, which `end` tells the end of, and makes of them what the driver gets.
    pub(super) fn take(&mut self, come: &[u8], end: EndOfBytes) {
        self.ready.clear();
        self.handed_out = 0;
        let is_within = self.left > 0;
        if is_within {
            push_header(come.len(), &mut self.ready);
        }
        self.ready.append(&mut self.header);
        self.ready.extend_from_slice(come);
        self.left = 0;
        match end {
            EndOfBytes::Between | EndOfBytes::InMessage => {}
            EndOfBytes::InHeader { came } => {
                self.header = self.ready.split_off(self.ready.len().saturating_sub(came));
            }
            EndOfBytes::InRows { came, left } => {
                self.left = left;
                if !is_within {
                    self.cut(usize::try_from(came).unwrap_or(usize::MAX));
                }
            }
        }
    }

    /// Ends the message that began in these bytes where they end.
    fn cut(&mut self, came: usize) {
        let content = self.ready.len().saturating_sub(came);
        let header = content.saturating_sub(HEADER_LEN);
        let content = self.ready.split_off(content);
        self.ready.truncate(header);
        if !content.is_empty() {
            push_header(content.len(), &mut self.ready);
            self.ready.extend_from_slice(&content);
        }
    }
}

/// The header of a message of rows (`CopyData`) with so much content.
fn push_header(content: usize, out: &mut Vec<u8>) {
    out.push(b'd');
    let length = u32::try_from(content + size_of::<u32>()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::framing::{Binding, Framing, Trust};
    use super::*;
    use crate::endpoint::Line;

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], content].concat()
    }

    /// What the driver gets of a stream that comes in reads of so many bytes.
    fn through(stream: &[u8], size: usize) -> Vec<u8> {
        let trust = Trust { line: Line::Socket, has_password: false, binding: Binding::NotAsked };
        let (mut framing, mut pieces) = (Framing::new(trust), Pieces::default());
        let (mut rest, mut got) = (stream, Vec::new());
        while !rest.is_empty() {
            let (come, after) = rest.split_at(pieces.most(size).min(rest.len()));
            rest = after;
            framing.look_at(come).unwrap();
            pieces.take(come, framing.end_of_bytes());
            while pieces.is_ready() {
                got.extend_from_slice(pieces.hand_out(7 + size / 3));
            }
        }
        got
    }

    /// The content of all messages of rows, the other messages, and the longest content of any.
    fn taken_apart(mut stream: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, usize) {
        let (mut rows, mut others, mut longest) = (Vec::new(), Vec::new(), 0);
        while let Some(([kind, length @ ..], rest)) = stream.split_first_chunk::<HEADER_LEN>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap() - 4;
            let (content, after) = rest.split_at(length);
            stream = after;
            if *kind == b'd' {
                assert!(!content.is_empty());
                rows.extend_from_slice(content);
                longest = longest.max(content.len());
            } else {
                others.push(message(*kind, content));
            }
        }
        assert!(stream.is_empty(), "{} bytes that are no message", stream.len());
        (rows, others, longest)
    }

    #[test]
    fn a_large_message_arrives_in_pieces_however_it_comes() {
        let large: Vec<u8> = (0..1_500_000_u32).map(|at| at.to_be_bytes()[3]).collect();
        let stream = [
            message(b'R', &[0; 4]),
            message(b'd', b"small"),
            message(b'd', &large),
            message(b'd', b"x"),
            message(b'd', &large),
            message(b'd', &large),
            message(b'c', b""),
            message(b'C', b"COPY 4\0"),
        ]
        .concat();
        let (rows, others, longest) = taken_apart(&stream);
        assert_eq!(longest, large.len());
        let near = stream.len() - 2 * large.len();
        for size in [1, 2, 3, 4, 5, 6, 7, 19, 1000, 65_536, near, near + 1, near + 5] {
            let got = taken_apart(&through(&stream, size));
            assert!(got.0 == rows, "rows, with {size} at once");
            assert_eq!(got.1, others, "{size}");
            assert!(got.2 <= size.max(5), "{} with {size} at once", got.2);
        }
    }
}
