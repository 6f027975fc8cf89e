//! Manual pages and completions.

use handover_testkit::{check_completions, check_manual};

#[test]
fn every_command_has_a_page() {
    check_manual("handover-migrate");
}

#[test]
fn shells_complete_every_command() {
    check_completions("handover-migrate");
}
