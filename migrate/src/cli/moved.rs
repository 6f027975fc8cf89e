//! Arguments of `moved`.

use std::path::PathBuf;

use clap::Args;
use handover_engine::endpoint::Endpoint;
use handover_schemas::moved::MovedEnd;

use super::{KeyArgs, TrustArgs};

/// Arguments of `moved`.
#[derive(Debug, Args)]
pub struct MovedArgs {
    /// Which database is at another place now: source or target.
    #[arg(value_name = "END")]
    pub end: MovedEnd,
    /// The vendor's database where it is now. If it is not given, the source of handover.toml.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The ministry's database where it is now. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with handover.toml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    #[command(flatten)]
    /// The operator's key.
    pub key: KeyArgs,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    /// What was done to it, for the signed statement: "upgraded to PostgreSQL 18, work order 31".
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}
