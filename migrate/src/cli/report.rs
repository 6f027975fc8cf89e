//! Arguments of `report`.

use std::path::PathBuf;

use clap::Args;
use handover_schemas::date::Date;

use super::TrustArgs;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The hand-over folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// The signed attestation. If it is not given, the last one in DIR/attestations.
    #[arg(long, value_name = "FILE")]
    pub attestation: Option<PathBuf>,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    /// The file to write. If it is not given, NNNN-report.html beside the attestation. An earlier
    /// report gives way unless the attestation was closed with it; no other file is written over.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A folder for the report's tables as CSV, whole.
    #[arg(long, value_name = "DIR")]
    pub csv: Option<PathBuf>,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not that of the statement.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
}
