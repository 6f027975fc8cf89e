//! `COPY` in and out of a test's database through `psql`, as a public tool does it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{env, thread};

use handover_schemas::copy_binary::{self, Piece};
use handover_schemas::pg_type::PgType;
use handover_testkit::Database;

/// The pinned settings, as FORMAT.md has them.
const SETTINGS: &str = "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC \
    -c extra_float_digits=1 -c bytea_output=hex -c client_encoding=UTF8 -c lc_monetary=C \
    -c row_security=off";

fn psql(database: &Database, sql: &str, input: Vec<u8>) -> Output {
    let folder =
        env::var("HANDOVER_TEST_PGBIN").expect("run ./test: HANDOVER_TEST_PGBIN is not set");
    let mut child = Command::new(PathBuf::from(folder).join("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &database.url(), "-c", sql])
        .env("PGOPTIONS", SETTINGS)
        .env_remove("PGCLIENTENCODING")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql runs");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // A server that refuses closes the pipe early; its message says why.
    let writer = thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().expect("psql ends");
    writer.join().expect("the writer ends");
    output
}

/// `COPY … FROM STDIN`, or what the server says against it.
pub(crate) fn try_copy_in(database: &Database, sql: &str, data: &[u8]) -> Result<(), String> {
    let output = psql(database, sql, data.to_vec());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(message) }
}

/// `COPY … FROM STDIN`.
pub(crate) fn copy_in(database: &Database, sql: &str, data: &[u8]) {
    try_copy_in(database, sql, data).unwrap_or_else(|message| panic!("{sql}: {message}"));
}

/// What `COPY … TO STDOUT` prints.
pub(crate) fn copy_out(database: &Database, sql: &str) -> Vec<u8> {
    let output = psql(database, sql, Vec::new());
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A tuple of a number and a value given by its binary form.
pub(crate) fn tuple(id: i64, wire: Option<&[u8]>) -> Vec<u8> {
    let mut out = vec![0, 2, 0, 0, 0, 8];
    out.extend(id.to_be_bytes());
    match wire {
        Some(bytes) => {
            out.extend(i32::try_from(bytes.len()).expect("a short value").to_be_bytes());
            out.extend(bytes);
        }
        None => out.extend((-1_i32).to_be_bytes()),
    }
    out
}

/// A binary stream of numbered values.
pub(crate) fn stream(wires: &[Option<Vec<u8>>]) -> Vec<u8> {
    let mut out = copy_binary::HEADER.to_vec();
    for (id, wire) in (0..).zip(wires) {
        out.extend(tuple(id, wire.as_deref()));
    }
    out.extend(copy_binary::TRAILER);
    out
}

/// The tuples of a whole binary stream.
pub(crate) fn tuples(stream: &[u8]) -> Vec<&[u8]> {
    let header = copy_binary::header_len(stream).expect("a header").expect("a whole header");
    let mut rest = &stream[header..];
    let mut tuples = Vec::new();
    loop {
        match copy_binary::next_piece(rest).expect("a sound stream") {
            Piece::Tuple(len) => {
                tuples.push(&rest[..len]);
                rest = &rest[len..];
            }
            Piece::Trailer => {
                assert_eq!(rest, copy_binary::TRAILER, "the trailer is the end");
                return tuples;
            }
            Piece::Incomplete => panic!("the stream is cut short"),
        }
    }
}

/// The canonical lines of binary tuples, one by one.
pub(crate) fn lines(types: &[PgType], tuples: &[&[u8]]) -> Vec<Vec<u8>> {
    let line = |tuple: &&[u8]| {
        let mut line = Vec::new();
        copy_binary::render_row(types, tuple, &mut line)
            .unwrap_or_else(|error| panic!("{error}: {tuple:?}"));
        line
    };
    tuples.iter().map(line).collect()
}

/// The lines of text, each with its LF.
pub(crate) fn split_lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&b| b == b'\n').collect()
}
