//! Rows: canonical lines, binary COPY, values of every type.

#![no_main]

#[path = "../properties/chunk_lines.rs"]
mod chunk_lines;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chunk_lines::check(bytes));
