//! Manifests and `bag-info.txt` of a package.

#![no_main]

#[path = "../properties/bag_manifest.rs"]
mod bag_manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bag_manifest::check(bytes));
