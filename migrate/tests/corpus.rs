//! What the fuzzers have found worth keeping of files that a vendor delivers, through the same
//! checks. New inputs are found as `fuzz/README.md` says.

#[path = "../../fuzz/properties/replay.rs"]
mod replay;
#[path = "../../fuzz/properties/vendor_files.rs"]
mod vendor_files;

#[test]
fn files_of_a_vendor() {
    replay::replay("vendor_files", vendor_files::check);
}
