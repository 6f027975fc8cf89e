//! `handover-migrate copy` and `status`, run as people run them: real binaries, real databases.
//! The servers are the private ones of `./test`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]
#![expect(clippy::print_stdout, reason = "a test says with which seed it ran")]

mod again;
mod config;
mod corpus;
mod crash;
mod ends;
mod full;
mod interrupt;
mod json_schemas;
mod kill;
mod leave_out;
mod refused;
mod resume;
mod rights;
mod routes;
mod structure;
mod support;
mod values;
