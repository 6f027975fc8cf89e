//! `package.json`, `contents.jsonl` and `members.jsonl` of a package.

#![no_main]

#[path = "../properties/package_manifest.rs"]
mod package_manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| package_manifest::check(bytes));
