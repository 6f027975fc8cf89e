//! Reading CSV (RFC 4180), strictly.
//!
//! Files of evidence decide about records, so nothing is guessed: a quote that is not closed, text
//! behind a closing quote, a quote inside an unquoted field, a line that a carriage return alone
//! ends are errors, where programs for tables read something. Empty lines at the end of the file are no rows.
//! Fields are separated by comma or semicolon: by the one that the header line has.

use std::io::{BufRead, BufReader, Cursor, Read};

/// Most text in a row. An unclosed quote would otherwise fill the memory with the whole file.
const ROW_MAX: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A file that is not well-formed, with the line. What stands there is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(super) struct Malformed {
    pub(super) line: u64,
    pub(super) problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it has a NUL byte")]
    Nul,
    #[error("it is not UTF-8; save the file as \"CSV UTF-8\"")]
    NotUtf8,
    #[error("a quote stands inside a field that does not begin with one")]
    QuoteInside,
    #[error("text stands behind a closing quote")]
    BehindQuote,
    #[error("a quote that opens here, or further down in this row, is not closed")]
    Unclosed,
    #[error("a carriage return ends the line, without a line feed")]
    CarriageReturn,
    #[error("the line is empty, and rows follow")]
    Empty,
    #[error("the row that begins here has more than 16 MiB; perhaps a quote is not closed")]
    TooLong,
    #[error("the header has commas and semicolons; put names that have either into quotes")]
    TwoSeparators,
}

/// One row: its fields without their quotes.
#[derive(Clone, Default)]
pub(super) struct Row {
    /// The line of the file at which it begins, from 1.
    pub(super) line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Row {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The fields, each of them UTF-8.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| self.text.get(*start..*end).unwrap_or_default())
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// Where in a row the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of the row was read.
    RowStart,
    /// Behind a separator.
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field: the field's end, or the first half of a quote.
    QuoteInQuoted,
    /// Behind a carriage return outside quotes.
    CarriageReturn,
}

/// Reads a CSV file row by row, the header as the first.
pub(super) struct CsvReader<R: Read> {
    input: BufReader<std::io::Chain<Cursor<Vec<u8>>, R>>,
    parser: Parser,
}

struct Parser {
    state: State,
    /// Known once the header had one.
    separator: Option<u8>,
    is_header: bool,
    line: u64,
    /// The first of the empty lines that were just read.
    empty: Option<u64>,
}

impl<R: Read> CsvReader<R> {
    /// Begins to read; a byte order mark is passed over.
    pub(super) fn new(mut input: R) -> std::io::Result<Self> {
        let mut start = Vec::new();
        input.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
        if start == BYTE_ORDER_MARK {
            start.clear();
        }
        let input = BufReader::with_capacity(256 * 1024, Cursor::new(start).chain(input));
        let parser = Parser {
            state: State::RowStart,
            separator: None,
            is_header: true,
            line: 1,
            empty: None,
        };
        Ok(Self { input, parser })
    }

    /// What was read from, once all rows were read.
    pub(super) fn into_inner(self) -> R {
        self.input.into_inner().into_inner().1
    }

    /// Reads the next row; false at the end of the file. Errors are [`Malformed`], or of reading.
    pub(super) fn next(&mut self, row: &mut Row) -> anyhow::Result<bool> {
        (row.line, row.text, row.ends) =
            (self.parser.line, std::mem::take(&mut row.text), std::mem::take(&mut row.ends));
        row.text.clear();
        row.ends.clear();
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return Ok(self.parser.end_of_file(row)?);
            }
            let mut read = 0;
            let mut is_whole = false;
            for byte in bytes {
                read += 1;
                is_whole = self.parser.take(*byte, row)?;
                if is_whole {
                    break;
                }
            }
            self.input.consume(read);
            if row.text.len() > ROW_MAX {
                return Err(Malformed { line: row.line, problem: Problem::TooLong }.into());
            }
            if is_whole {
                self.parser.finish(row)?;
                return Ok(true);
            }
        }
    }
}

impl Parser {
    /// Takes in a byte; true if it ended a row.
    fn take(&mut self, byte: u8, row: &mut Row) -> Result<bool, Malformed> {
        if byte == 0 {
            return Err(self.here(Problem::Nul));
        }
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::QuoteInQuoted,
            (State::Quoted, _) => {
                self.line += u64::from(byte == b'\n');
                row.text.push(byte);
            }
            (State::CarriageReturn, b'\n') => return Ok(self.end_line(row)),
            (State::CarriageReturn, _) => return Err(self.here(Problem::CarriageReturn)),
            (State::QuoteInQuoted, b'"') => {
                row.text.push(b'"');
                self.state = State::Quoted;
            }
            (State::RowStart | State::FieldStart, b'"') => self.state = State::Quoted,
            (_, b'"') => return Err(self.here(Problem::QuoteInside)),
            (State::RowStart, b'\n') => self.end_empty_line(row),
            // No field is ended: that tells an empty line.
            (State::RowStart, b'\r') => self.state = State::CarriageReturn,
            (_, b'\n') => {
                row.end_field();
                return Ok(self.end_line(row));
            }
            (_, b'\r') => {
                row.end_field();
                self.state = State::CarriageReturn;
            }
            (_, b',' | b';') if self.separates(byte)? => {
                row.end_field();
                self.state = State::FieldStart;
            }
            (State::QuoteInQuoted, _) => return Err(self.here(Problem::BehindQuote)),
            (_, _) => {
                row.text.push(byte);
                self.state = State::Plain;
            }
        }
        Ok(false)
    }

    /// Whether this comma or semicolon separates fields. In a file whose header has neither, both do:
    /// such a row has too many fields, and is not taken for one.
    fn separates(&mut self, byte: u8) -> Result<bool, Malformed> {
        match self.separator {
            Some(separator) if separator == byte => Ok(true),
            Some(_) if self.is_header => Err(self.here(Problem::TwoSeparators)),
            Some(_) => Ok(false),
            None => {
                self.separator = self.is_header.then_some(byte);
                Ok(true)
            }
        }
    }

    /// Behind the line feed of a row; true unless the line was empty.
    fn end_line(&mut self, row: &mut Row) -> bool {
        if row.ends.is_empty() {
            self.end_empty_line(row);
            return false;
        }
        self.line += 1;
        self.state = State::RowStart;
        true
    }

    fn end_empty_line(&mut self, row: &mut Row) {
        self.empty.get_or_insert(self.line);
        self.line += 1;
        self.state = State::RowStart;
        row.line = self.line;
    }

    /// A row is there with all its fields.
    fn finish(&mut self, row: &Row) -> Result<(), Malformed> {
        if let Some(line) = self.empty {
            return Err(Malformed { line, problem: Problem::Empty });
        }
        // Field by field: bytes on both sides of a separator could make up one character.
        if row.fields().any(|field| str::from_utf8(field).is_err()) {
            return Err(Malformed { line: row.line, problem: Problem::NotUtf8 });
        }
        self.is_header = false;
        Ok(())
    }

    /// The file may end without a line feed; true if that ends a row.
    fn end_of_file(&mut self, row: &mut Row) -> Result<bool, Malformed> {
        match self.state {
            State::RowStart => return Ok(false),
            State::Quoted => {
                return Err(Malformed { line: row.line, problem: Problem::Unclosed });
            }
            State::CarriageReturn => return Err(self.here(Problem::CarriageReturn)),
            State::FieldStart | State::Plain | State::QuoteInQuoted => row.end_field(),
        }
        self.state = State::RowStart;
        self.finish(row)?;
        Ok(true)
    }

    fn here(&self, problem: Problem) -> Malformed {
        Malformed { line: self.line, problem }
    }
}

#[cfg(test)]
mod tests;
