//! `handover-migrate copy`, `artifacts` and `status`, run as people run them: real binaries, real databases.
//! The servers are the private ones of `./test`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]
#![expect(clippy::print_stdout, reason = "a test says with which seed it ran")]

mod again;
mod archive_recovery;
mod artifacts_again;
mod artifacts_delivery;
mod artifacts_full;
mod artifacts_moving;
mod artifacts_odd;
mod artifacts_references;
mod artifacts_resume;
mod artifacts_trust;
mod artifacts_vendor;
mod config;
mod corpus;
mod crash;
mod ends;
mod evidence;
mod find;
mod full;
mod interrupt;
mod json_schemas;
mod keys;
mod kill;
mod leave_out;
mod package_again;
mod package_damage;
mod package_flips;
mod package_keys;
mod package_made;
mod package_names;
mod package_recovery;
mod package_tools;
mod prove;
mod purge_broken;
mod purge_canaries;
mod purge_kills;
mod purge_made;
mod purge_moving;
mod purge_structure;
mod purge_tampering;
mod purge_threats;
mod refused;
mod report;
mod report_browser;
mod report_sample;
mod restore;
mod resume;
mod rights;
mod routes;
mod signatures;
mod structure;
mod support;
mod values;
