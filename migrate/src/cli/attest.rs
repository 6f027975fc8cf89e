//! Arguments of `attest`.

use std::path::PathBuf;

use clap::Args;
use handover_engine::endpoint::Endpoint;

use super::TrustArgs;

/// Arguments of `attest`.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// Add a signature to this envelope, and do nothing else. Needs no database.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["close", "target"])]
    pub sign: Option<PathBuf>,
    /// Close the last attestation: bind the report and the minutes that were made from it.
    #[arg(long)]
    pub close: bool,
    /// The key that signs. Without it the envelope is made unsigned, to be signed elsewhere.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A file with the key's passphrase. Otherwise it is taken from HANDOVER_PASSPHRASE, or asked
    /// for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Whose keys count.
    #[command(flatten)]
    pub trust: TrustArgs,
    /// The ministry's database. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with handover.toml; envelopes go into its attestations/.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}
