//! Runs: sorted records in a file without a name.
//!
//! A record is the length of its key and of its payload (32 bits each, little-endian), key,
//! payload.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use super::buffer::{length, prefix};

/// What is read or written at once.
const IO_BYTES: usize = 64 * 1024;
/// Length of a record's two lengths.
const HEADER_LEN: usize = 8;

/// A run that is complete.
pub(super) struct Run {
    file: File,
    records: u64,
    /// Size of the file.
    pub(super) bytes: u64,
    /// Size of the largest record, its header included.
    pub(super) largest: usize,
}

/// Writes a run. Records have to come in order.
pub(super) struct RunWriter {
    file: BufWriter<File>,
    records: u64,
    bytes: u64,
    largest: usize,
}

impl RunWriter {
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(IO_BYTES, tempfile::tempfile_in(dir)?);
        Ok(Self { file, records: 0, bytes: 0, largest: 0 })
    }

    pub(super) fn push(&mut self, key: &[u8], payload: &[u8]) -> io::Result<()> {
        self.begin(key.len(), payload.len())?;
        self.write(key)?;
        self.write(payload)
    }

    /// Begins a record; so many bytes have to follow.
    pub(super) fn begin(&mut self, key_bytes: usize, payload_bytes: usize) -> io::Result<()> {
        let mut header = [0; HEADER_LEN];
        let (key_len, payload_len) = header.split_at_mut(HEADER_LEN / 2);
        key_len.copy_from_slice(&length(key_bytes)?.to_le_bytes());
        payload_len.copy_from_slice(&length(payload_bytes)?.to_le_bytes());
        self.file.write_all(&header)?;
        let size = HEADER_LEN + key_bytes + payload_bytes;
        self.records += 1;
        self.bytes += size as u64;
        self.largest = self.largest.max(size);
        Ok(())
    }

    /// Writes bytes of the record that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    pub(super) fn finish(self) -> io::Result<Run> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Run { file, records: self.records, bytes: self.bytes, largest: self.largest })
    }
}

/// Reads a run record by record.
pub(super) struct RunReader {
    file: File,
    /// Records still to come.
    records: u64,
    largest: usize,
    /// What was read and not consumed is `buffer[start..end]`; the record that the reader stands
    /// at is before it.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    key_len: usize,
    payload_len: usize,
    prefix: u64,
}

impl RunReader {
    /// A reader that stands before the first record.
    pub(super) fn open(run: Run) -> Self {
        let Run { file, records, bytes: _, largest } = run;
        let (buffer, start, end) = (vec![0; IO_BYTES], 0, 0);
        let (key_len, payload_len, prefix) = (0, 0, 0);
        Self { file, records, largest, buffer, start, end, key_len, payload_len, prefix }
    }

    /// Goes to the next record; `false` if there is none.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        if self.records == 0 {
            return Ok(false);
        }
        // The buffer is about to move under the record.
        (self.key_len, self.payload_len) = (0, 0);
        self.fill(HEADER_LEN)?;
        let (key_len, payload_len) = self.lengths();
        let size = HEADER_LEN + key_len + payload_len;
        if size > self.largest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a spilled record is damaged"));
        }
        self.fill(size)?;
        self.start += size;
        (self.key_len, self.payload_len) = (key_len, payload_len);
        self.records -= 1;
        let (key, payload) = self.record();
        self.prefix = prefix(key, payload);
        Ok(true)
    }

    fn lengths(&self) -> (usize, usize) {
        let at = |start: usize| {
            let mut number = [0; HEADER_LEN / 2];
            number.copy_from_slice(&self.buffer[start..start + HEADER_LEN / 2]);
            u32::from_le_bytes(number) as usize
        };
        (at(self.start), at(self.start + HEADER_LEN / 2))
    }

    /// Reads on until at least `size` bytes are there to be consumed.
    fn fill(&mut self, size: usize) -> io::Result<()> {
        if self.end - self.start >= size {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < size {
            self.buffer.reserve_exact(size - self.buffer.len());
            self.buffer.resize(size, 0);
        }
        while self.end < size {
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.end += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Key and payload of the record that the reader stands at.
    pub(super) fn record(&self) -> (&[u8], &[u8]) {
        let payload_start = self.start - self.payload_len;
        let key_start = payload_start - self.key_len;
        (&self.buffer[key_start..payload_start], &self.buffer[payload_start..self.start])
    }

    /// Its [`prefix`].
    pub(super) fn prefix(&self) -> u64 {
        self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(records: &[(&[u8], &[u8])]) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(dir.path()).unwrap();
        for (key, payload) in records {
            writer.push(key, payload).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn records_of_any_size_come_back() {
        let huge = vec![b'x'; 3 * IO_BYTES + 17];
        let nearly = vec![b'y'; IO_BYTES - HEADER_LEN];
        let records: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"k", b""),
            (b"k", &nearly),
            (&huge, b"p"),
            (b"", b"q"),
            (b"key", &huge),
            (b"end", b"end"),
        ];
        let run = written(&records);
        assert_eq!(run.largest, HEADER_LEN + 3 + huge.len());
        let mut reader = RunReader::open(run);
        for expected in records {
            assert!(reader.advance().unwrap());
            assert_eq!(reader.record(), expected);
            assert_eq!(reader.prefix(), prefix(expected.0, expected.1));
        }
        assert!(!reader.advance().unwrap());
        assert!(!reader.advance().unwrap());
    }

    #[test]
    fn a_run_cut_short_is_an_error() {
        let run = written(&[(b"a", b"1"), (b"b", b"2")]);
        run.file.set_len(run.bytes - 1).unwrap();
        let mut reader = RunReader::open(run);
        assert!(reader.advance().unwrap());
        let error = reader.advance().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(reader.record(), (b"".as_slice(), b"".as_slice()));
    }

    #[test]
    fn a_damaged_length_is_an_error() {
        let mut run = written(&[(b"a", b"1")]);
        run.file.write_all(&[0xff; 4]).unwrap();
        run.file.rewind().unwrap();
        let error = RunReader::open(run).advance().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
