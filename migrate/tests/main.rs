//! `handover-migrate copy` and `status`, run as people run them: real binaries, real databases.
//! The servers are the private ones of `./test`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

mod ends;
mod json_schemas;
mod kill;
mod routes;
mod structure;
mod support;
mod values;
