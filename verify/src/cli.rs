//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handover_cli_kit::manual::{CompletionsArgs, ManualArgs};
use handover_engine::endpoint::Endpoint;
use handover_engine::sqlite::TypeOverride;
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;

use crate::help_text;

/// Reads what was handed over again and judges; writes to no database.
///
/// Exit codes: 0 equal, intact, holds; 1 different, damaged, does not hold; 2 it could not be
/// verified, or not be done; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "handover-verify", version, after_help = help_text::PROGRAM)]
pub struct Cli {
    /// What to verify.
    #[command(subcommand)]
    pub command: Command,
}

/// What to verify.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare two databases: every row, every column, and the catalog.
    #[command(after_help = help_text::TABLES)]
    Tables(TablesArgs),
    /// Check a sealed package: every file, every digest, nothing missing and nothing extra.
    #[command(after_help = help_text::PACKAGE)]
    Package(PackageArgs),
    /// Check purges: archive, list, approvals, ledger, certificate and database have to agree.
    #[command(after_help = help_text::PURGE)]
    Purge(PurgeArgs),
    /// Check a proof that one row is in a signed archive; needs no key to the archive.
    #[command(after_help = help_text::RECORD)]
    Record(RecordArgs),
    /// Every check there is, on everything that the folder, the databases and the packages hold.
    #[command(after_help = help_text::ALL)]
    All(AllArgs),
    /// Check the chain of events: that nothing was edited, removed, reordered or left unattested.
    #[command(after_help = help_text::LEDGER)]
    Ledger(LedgerArgs),
    /// Check a signed statement about a hand-over: signatures, and what it says against ledger,
    /// rows and packages.
    #[command(after_help = help_text::ATTESTATION)]
    Attestation(AttestationArgs),
    /// Say who signed what in an envelope, and whether the signatures hold.
    #[command(after_help = help_text::ENVELOPE)]
    Envelope(EnvelopeArgs),
    /// Check reported figures: whether they add up, and whether the databases give them.
    #[command(after_help = help_text::FIGURES)]
    Figures(FiguresArgs),
    /// Write manual pages: one for this program, one for each of its commands.
    Manual(ManualArgs),
    /// Print what completes these commands in bash, zsh or fish.
    #[command(after_help = help_text::COMPLETIONS)]
    Completions(CompletionsArgs),
}

/// Arguments of `figures`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct FiguresArgs {
    /// A figure set: a TOML file, or the name of a shipped one (see --list); may be repeated. If
    /// none is given, those of handover.toml; if it names none, every shipped one, against itself.
    #[arg(long, value_name = "FILE|NAME")]
    pub set: Vec<String>,
    /// The source. If it is not given, that of handover.toml.
    ///
    /// Passwords belong into PGPASSWORD, .pgpass or PGPASSFILE. A server over TCP has to be known by
    /// its certificate (?sslrootcert=FILE) unless sslmode says less: runbooks/11-tls.md.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The target. If it is not given, that of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// Check the sets against themselves only; open no database.
    #[arg(long, conflicts_with_all = ["source", "target"])]
    pub itself: bool,
    /// The hand-over folder, with handover.toml if there is one.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// How long each query may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub timeout: u32,
    /// List the sets that are shipped and those of handover.toml, and check nothing.
    #[arg(long, conflicts_with_all = ["set", "source", "target", "itself", "json"])]
    pub list: bool,
    /// Language of the labels.
    #[arg(long, value_enum, default_value_t = LabelLanguage::En)]
    pub lang: LabelLanguage,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Language of the labels of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelLanguage {
    /// English.
    En,
    /// Vietnamese.
    Vi,
}

/// Arguments of `purge`.
#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// The database that was purged. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with archives and statements.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// Only purges by this rule.
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// The keys that are trusted. If it is not given, the file that handover.toml names.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: Option<PathBuf>,
    /// A file with age identities that open the archives; may be repeated. With it every archived
    /// row is read, and archive and table are put together again.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// A file with the passphrase of the identity files; else HANDOVER_ESCROW_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub passphrase_file: Option<PathBuf>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `all`.
#[derive(Debug, Args)]
pub struct AllArgs {
    /// The hand-over folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// The vendor's database. If it is not given, the source of handover.toml.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The ministry's database. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// Look at no database but those that are given here: folder and packages alone.
    #[arg(long)]
    pub offline: bool,
    /// The keys that are trusted. If it is not given, the file that handover.toml names.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: Option<PathBuf>,
    /// The head of the chain of events, as it is printed in the minutes. Without it nothing says
    /// that the ledger was not replaced as a whole, and the verdict is "unverified".
    #[arg(long, value_name = "HEAD")]
    pub head: Option<Digest>,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not that of each statement.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// A file with age identities that open packages and archives; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// A file with the passphrase of the identity files; else HANDOVER_ESCROW_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub passphrase_file: Option<PathBuf>,
    /// Write what was found as a statement of the auditor's own, to be signed elsewhere.
    #[arg(long, value_name = "FILE")]
    pub statement: Option<PathBuf>,
    /// Connections over both databases; files read at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The database with the ledger. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with the envelopes of attestations.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// The head of the chain as it is printed in the minutes: 64 hexadecimal digits.
    #[arg(long, value_name = "HEAD")]
    pub head: Option<Digest>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `attestation`.
#[derive(Debug, Args)]
pub struct AttestationArgs {
    /// The envelope, a .dsse.json file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The keys that are trusted. Keep the file apart from what is verified.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: PathBuf,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not that of the statement.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// The vendor's database, to read the copied rows again there.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The ministry's database, to compare ledger and rows. If it is not given and --handover is,
    /// the target of its handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, to check the packages.
    #[arg(long, value_name = "DIR")]
    pub handover: Option<PathBuf>,
    /// A file with age identities that open encrypted packages; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// A file with the passphrase of the identity files; else HANDOVER_ESCROW_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub passphrase_file: Option<PathBuf>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The proof, a .tlog-proof file.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// The record, a JSON file with the row.
    #[arg(long, value_name = "FILE")]
    pub record: PathBuf,
    /// The keys that are trusted. Keep the file apart from what is verified.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: PathBuf,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not today.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `envelope`.
#[derive(Debug, Args)]
pub struct EnvelopeArgs {
    /// The envelope, a .dsse.json file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The keys that are trusted. Keep the file apart from what is verified.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: PathBuf,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not today.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// Print, for each signature, the commands that verify it with OpenSSL.
    #[arg(long)]
    pub explain: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `package`.
#[derive(Debug, Args)]
pub struct PackageArgs {
    /// The package's folder.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The seal that it should have, from the hand-over minutes: 64 hexadecimal digits.
    #[arg(long, value_name = "SEAL")]
    pub seal: Option<Digest>,
    /// Compare the seal with the ledger in this database, the hand-over's target.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// Compare the seal with the ledger in the target of this hand-over folder's handover.toml.
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    pub handover: Option<PathBuf>,
    /// A file with age identities (secret keys) that open encrypted packages; may be repeated. If
    /// it is encrypted itself, its passphrase is asked for.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// A file with the passphrase of the identity files; else HANDOVER_ESCROW_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub passphrase_file: Option<PathBuf>,
    /// Files read at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `tables`.
#[derive(Debug, Args)]
pub struct TablesArgs {
    /// What should be: postgres://user@host:port/database or sqlite:path. If it is not given, the
    /// source of the hand-over folder's handover.toml.
    ///
    /// Passwords belong into PGPASSWORD, .pgpass or PGPASSFILE. A server over TCP has to be known by
    /// its certificate (?sslrootcert=FILE) unless sslmode says less: runbooks/11-tls.md.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// What is. If it is not given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, with handover.toml if there is one; keys behind findings go into its
    /// findings/verify-tables.jsonl.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// Connections over both ends together.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Read only so many per cent of the chunks of large tables; the verdict is then never "equal".
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub sample: Option<u8>,
    /// Print, for each table, the psql or sqlite3 command that gives the same digest. For one
    /// table alone, and its chunks, name it. Commands for chunks hold keys.
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "")]
    pub explain: Option<String>,
    /// Read a SQLite column as another type than its declared one maps to, as it was copied;
    /// besides those that handover.toml chooses.
    #[arg(long = "map-type", value_name = "TABLE.COLUMN=TYPE")]
    pub map_type: Vec<TypeOverride>,
    /// Do not compare a table of the source (schema.name), besides those that handover.toml leaves
    /// out; the report names it.
    #[arg(long, value_name = "TABLE")]
    pub leave_out: Vec<String>,
    /// Show keys in the report, though they may be people's numbers or names.
    #[arg(long)]
    pub show_keys: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}
