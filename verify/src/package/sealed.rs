//! The seals that a target's ledger knows.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_engine::sqlite::{open_read_only, sqlite_error};
use handover_schemas::digest::Digest;

/// A package that was sealed.
pub(super) struct KnownSeal {
    pub(super) seal: Digest,
    pub(super) component: String,
    pub(super) superseded: bool,
}

/// All of them.
pub(super) fn known_seals(target: &Endpoint, interrupt: &Interrupt) -> Result<Vec<KnownSeal>> {
    let query = |table: &str| {
        format!("SELECT seal, component, superseded_at IS NOT NULL FROM {table} ORDER BY seal")
    };
    let context = || format!("cannot read the seals in the ledger of {target}");
    let rows: Vec<(String, String, bool)> = match target {
        Endpoint::Postgres(postgres) => {
            let mut session = Session::open(postgres, Access::ReadOnly, interrupt)?;
            let rows = session.query(&query("handover.package")).with_context(context)?;
            rows.into_iter()
                .map(|row| {
                    let mut values = row.into_iter().map(Option::unwrap_or_default);
                    let mut value = || values.next().unwrap_or_default();
                    (value(), value(), value() == "t")
                })
                .collect()
        }
        Endpoint::Sqlite(path) => {
            let connection = open_read_only(path)?;
            let mut statement = connection
                .prepare(&query("handover_package"))
                .map_err(sqlite_error)
                .with_context(context)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.and_then(Iterator::collect).map_err(sqlite_error).with_context(context)?
        }
    };
    rows.into_iter()
        .map(|(seal, component, superseded)| {
            let seal = seal.parse().with_context(context)?;
            Ok(KnownSeal { seal, component, superseded })
        })
        .collect()
}
