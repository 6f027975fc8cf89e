//! Private database servers and helpers for the tests of this workspace.
//!
//! `./test` starts one PostgreSQL cluster and says in the environment where it is:
//!
//! | variable | meaning |
//! |---|---|
//! | `HANDOVER_TEST_POSTGRES` | URL of the cluster's superuser and database `postgres` |
//! | `HANDOVER_TEST_PGBIN` | folder of the PostgreSQL programs |
//! | `HANDOVER_TEST_PGBIN_14`, `_18` | the same of an old and of a new PostgreSQL |
//! | `HANDOVER_TEST_DIR` | folder with a short path, removed at the end, for [`Cluster`]s |
//! | `HANDOVER_TEST_BAGIT` | the program `bagit.py` of the Library of Congress |
//! | `HANDOVER_TEST_JSONSCHEMA` | a Python that has the package `jsonschema` |
//!
//! - [`Database`]: a fresh database on that cluster, dropped again. This is what most tests want.
//! - [`Cluster`]: a server of the test's own, which may be killed and started again.
//! - [`Authority`]: certificates for a [`Cluster`] that listens by TCP.
//! - [`LyingServer`]: stands before that cluster, and tells one lie.
//! - [`Run`]: runs one of our binaries to its end; [`Running`]: one that is still running, to be
//!   interrupted or killed.
//! - [`sqlite`]: SQL through the `sqlite3` program.
//! - [`random_schema`]: schemas and rows made from a seed.
//! - [`every_seed`]: a few seeds in every run, and many when asked for.
//! - [`check_manual`], [`check_completions`]: what a program prints for `man` and for shells.
//! - [`generated_file`], [`violations`]: JSON Schemas, and documents that keep to them.
//!
//! On both servers the superuser `postgres` needs no password, every other role does.
//! Helpers panic when they cannot do what was asked: a test has no use for the error.
#![expect(clippy::panic, reason = "a helper that fails is a failed test, and says why")]

mod certificates;
mod cluster;
mod database;
mod json_schema;
mod lying_server;
mod manual;
mod process;
pub mod random_schema;
mod run;
mod seeds;
mod server;

pub use certificates::{Authority, Identity};
pub use cluster::Cluster;
pub use database::{Collation, Database, Options, Role};
pub use json_schema::{generated_file, violations};
pub use lying_server::{CONTROLS, Census, Lie, LyingServer, Told};
pub use manual::{check_completions, check_manual};
pub use run::{MEMORY_MAX, Outcome, Run, Running, binary, sqlite};
pub use seeds::every_seed;
pub use server::{Server, programs_of};
