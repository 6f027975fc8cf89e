//! Messages of the server (PostgreSQL documentation, "Message Formats"), read and written whole.

use std::io::{self, Read, Write};

/// A message of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its first byte.
    pub(super) kind: u8,
    /// What follows its length.
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(kind: u8, body: impl Into<Vec<u8>>) -> Self {
        Self { kind, body: body.into() }
    }

    /// Reads the next one.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let mut body = vec![0; body_length(length)?];
        from.read_exact(&mut body)?;
        Ok(Self { kind, body })
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let length = u32::try_from(self.body.len() + 4).expect("a message of the server's");
        let mut bytes = vec![self.kind];
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.body);
        to.write_all(&bytes)
    }

    /// A `NoticeResponse` or `ErrorResponse` with this text.
    pub(super) fn said(kind: u8, severity: &str, text: &str) -> Self {
        let mut body = Vec::new();
        let fields = [(b'S', severity), (b'V', severity), (b'C', "P0001"), (b'M', text)];
        for (field, value) in fields {
            body.push(field);
            body.extend(value.as_bytes());
            body.push(0);
        }
        body.push(0);
        Self { kind, body }
    }

    /// The text of a message that is nothing but one.
    pub(super) fn text(&self) -> String {
        let bytes = self.body.strip_suffix(b"\0").unwrap_or(&self.body);
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// What remains of a message whose length, with the length itself, is said in these four bytes.
pub(super) fn body_length(length: [u8; 4]) -> io::Result<usize> {
    let body =
        u32::from_be_bytes(length).checked_sub(4).and_then(|body| usize::try_from(body).ok());
    body.ok_or_else(|| io::Error::other("a message that ends before its length"))
}

/// The values of a `DataRow`; none of a body that is no such thing.
pub(super) fn values(body: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut values = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                values.push(Some(after.get(..length)?.to_vec()));
                rest = after.get(length..)?;
            }
            Err(_null) => {
                values.push(None);
                rest = after;
            }
        }
    }
    Some(values)
}

/// A `DataRow` of these values.
pub(super) fn data_row(values: &[Option<Vec<u8>>]) -> Answer {
    let mut body = u16::try_from(values.len()).expect("few columns").to_be_bytes().to_vec();
    for value in values {
        match value {
            None => body.extend((-1_i32).to_be_bytes()),
            Some(value) => {
                body.extend(u32::try_from(value.len()).expect("a small value").to_be_bytes());
                body.extend(value);
            }
        }
    }
    Answer::new(b'D', body)
}
