//! What the fuzzers have found worth keeping, through the same checks. New inputs are found as
//! `fuzz/README.md` says.

#![expect(clippy::print_stdout, reason = "says which file it was")]

#[path = "../../fuzz/properties/bag_manifest.rs"]
mod bag_manifest;
#[path = "../../fuzz/properties/chunk_lines.rs"]
mod chunk_lines;
#[path = "../../fuzz/properties/config.rs"]
mod config;
#[path = "../../fuzz/properties/package_manifest.rs"]
mod package_manifest;
#[path = "../../fuzz/properties/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn manifests_of_a_package() {
    replay("bag_manifest", bag_manifest::check);
}

#[test]
fn lists_of_a_package() {
    replay("package_manifest", package_manifest::check);
}

#[test]
fn rows() {
    replay("chunk_lines", chunk_lines::check);
}

#[test]
fn configs() {
    replay("config", config::check);
}
