//! What a vendor delivers: checksum files, files with secrets, archives.

#![no_main]

#[path = "../properties/vendor_files.rs"]
mod vendor_files;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vendor_files::check(bytes));
