//! Arguments of the commands about purges.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use handover_engine::endpoint::Endpoint;
use jiff::civil::Time;

use crate::purge::execute::parse_window;

/// What to do about a purge.
#[derive(Debug, Subcommand)]
pub enum PurgeCommand {
    /// Select the rows of a rule and everything that depends on them, and freeze the list.
    Select(SelectArgs),
    /// Write the listed rows into an encrypted archive, and open it again with the escrow key.
    Backup(BackupArgs),
    /// Delete one row of every table as execute will, and put it back, with the rights of the account
    /// that is given. A backup does the same with its own.
    Try(TryArgs),
    /// Sign that what was backed up may be deleted. Two people have to, neither the operator.
    Approve(ApproveArgs),
    /// Delete what was approved, row by row only what is still what was archived.
    Execute(ExecuteArgs),
    /// Certify what was deleted and which copies remain; erase keys and salts from the list.
    Certify(CertifyArgs),
    /// Give up a purge that has begun and cannot go on. Two people sign what was deleted and what was
    /// not, neither of them its operator.
    Close(CloseArgs),
}

/// Which purge.
#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// The rule, as handover.toml names it; needed if there are several.
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// The ministry's database. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with handover.toml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Who signs.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The key file (handover-migrate keygen signing makes one).
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A file with the key's passphrase. Otherwise it is taken from HANDOVER_PASSPHRASE, or asked
    /// for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Whose keys count.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// The file that says whose keys count. If it is not given, the one that handover.toml names.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

/// Secret keys that open archives.
#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// An age identity file; may be repeated.
    #[arg(long = "identity", value_name = "FILE", required = true)]
    pub identities: Vec<PathBuf>,
    /// A file with its passphrase, if it has one. Otherwise that is taken from
    /// HANDOVER_ESCROW_PASSPHRASE, or asked for.
    #[arg(long, value_name = "FILE")]
    pub identity_passphrase_file: Option<PathBuf>,
}

/// Arguments of `purge select`.
#[derive(Debug, Args)]
pub struct SelectArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    /// Give up the present selection of the rule, of which nothing was deleted.
    #[arg(long)]
    pub anew: bool,
    /// Write the keys of so many selected rows of each table into findings/purge-sample.jsonl, for
    /// people who have to judge the rule.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    pub sample: u64,
}

/// Arguments of `purge backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    #[command(flatten)]
    /// The escrow key.
    pub identity: IdentityArgs,
    /// Threads that compress and encrypt.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
}

/// Arguments of `purge try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
}

/// Arguments of `purge approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    /// Show what one would sign, in Vietnamese and English, and who signed; sign nothing.
    #[arg(long, conflicts_with_all = ["key", "passphrase_file"])]
    pub show: bool,
    /// The key file of the person who signs.
    #[arg(long, value_name = "FILE", required_unless_present = "show")]
    pub key: Option<PathBuf>,
    /// A file with the key's passphrase. Otherwise it is taken from HANDOVER_PASSPHRASE, or asked
    /// for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// For how many days the approval counts; the first who signs decides.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
    pub days: u16,
}

/// Arguments of `purge execute`.
#[derive(Debug, Args)]
pub struct ExecuteArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    #[command(flatten)]
    /// The operator's key.
    pub key: KeyArgs,
    /// Rows that are deleted in one transaction.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub batch_rows: u64,
    /// Milliseconds between two batches.
    #[arg(long, value_name = "MS", default_value = "0", value_parser = parse_milliseconds)]
    pub pause: Duration,
    /// Wait while a replica is more than so many seconds behind, or nothing is known of it.
    #[arg(long, value_name = "SECONDS")]
    pub max_lag: Option<u32>,
    /// Delete at these hours only (local time), such as 22:00-05:00.
    #[arg(long, value_name = "FROM-UNTIL", value_parser = parse_window)]
    pub window: Option<(Time, Time)>,
}

/// Arguments of `purge certify`.
#[derive(Debug, Args)]
pub struct CertifyArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    #[command(flatten)]
    /// The operator's key.
    pub key: KeyArgs,
}

/// Arguments of `purge close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    #[command(flatten)]
    /// Which purge.
    pub purge: PurgeArgs,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    /// Show what one would sign, in Vietnamese and English, and who signed; sign nothing.
    #[arg(long, conflicts_with_all = ["key", "passphrase_file"])]
    pub show: bool,
    /// Why the purge cannot go on; the first who signs says it.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The key file of the person who signs.
    #[arg(long, value_name = "FILE", required_unless_present = "show")]
    pub key: Option<PathBuf>,
    /// A file with the key's passphrase. Otherwise it is taken from HANDOVER_PASSPHRASE, or asked
    /// for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

fn parse_milliseconds(text: &str) -> Result<Duration, String> {
    let number =
        text.parse().map_err(|_error| format!("{text} is not a number of milliseconds"))?;
    Ok(Duration::from_millis(number))
}
