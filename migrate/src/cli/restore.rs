//! Arguments of the commands about archived rows.

use std::path::PathBuf;

use clap::Args;
use handover_engine::endpoint::Endpoint;
use handover_schemas::digest::Digest;

use super::{IdentityArgs, TrustArgs};

/// Which archive.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// The archive's folder. If it is not given, the archive of the rule's last purge, below the
    /// hand-over folder; find searches all archives that the ledger knows.
    #[arg(long, value_name = "DIR", conflicts_with = "rule")]
    pub archive: Option<PathBuf>,
    /// The seal that the archive has to have, as it stands on paper: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "archive")]
    pub seal: Option<Digest>,
    /// The purge rule; needed if there are archives of several.
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// The ministry's database, whose ledger knows the archive. If it is not given, the target of
    /// handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder. If it is not given, the one that the archive lies in, or this folder.
    #[arg(long, value_name = "DIR")]
    pub handover: Option<PathBuf>,
}

/// Which record. Numbers and names of people stay out of arguments, which everybody on the machine
/// can read: where `-` is given for a value, it is read as one line from standard input, in the
/// order of these options.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The table of the record, schema.name.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// A value of its key; repeated for a key of several columns, in the key's order. - reads it
    /// from standard input.
    #[arg(long, value_name = "VALUE", requires = "table")]
    pub record_key: Vec<String>,
    /// Search by identity number; repeated for somebody who had another one before (9 digits, then
    /// 12). - reads it from standard input.
    #[arg(long, value_name = "NUMBER")]
    pub identity_number: Vec<String>,
    /// Search by telephone number. - reads it from standard input.
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// Search by name, with or without marks, together with --birth-date. - reads it from standard
    /// input.
    #[arg(long, value_name = "NAME", requires = "birth_date")]
    pub name: Option<String>,
    /// The birth date: YYYY-MM-DD, DD/MM/YYYY or a year. - reads it from standard input.
    #[arg(long, value_name = "DATE", requires = "name")]
    pub birth_date: Option<String>,
}

/// Arguments of `find`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct FindArgs {
    #[command(flatten)]
    /// Which archive.
    pub archive: ArchiveArgs,
    #[command(flatten)]
    /// A key that opens it.
    pub identity: IdentityArgs,
    #[command(flatten)]
    /// Which record.
    pub record: RecordArgs,
    /// Show the row's leaf, its place in the tree, and the line of evidence for which it was
    /// selected too. They are in a file of their own, which is read for this only.
    #[arg(long)]
    pub details: bool,
    /// Show the row's own values.
    #[arg(long)]
    pub show_row: bool,
    /// Read every row of the tables in which people are searched, also if the index has the person. It
    /// is done by itself if nothing is found: for dates that nobody could read, or that are missing.
    #[arg(long)]
    pub every_row: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RestoreArgs {
    #[command(flatten)]
    /// Which archive.
    pub archive: ArchiveArgs,
    #[command(flatten)]
    /// A key that opens it.
    pub identity: IdentityArgs,
    #[command(flatten)]
    /// Which record.
    pub record: RecordArgs,
    /// The record that is found, and everything that hangs together with it: the rows it refers to,
    /// and the rows that refer to any of these. Other people, to whom rows about two people lead, are
    /// left where they are; such a row goes back once both are there.
    #[arg(long, conflicts_with_all = ["filter", "all"])]
    pub person: bool,
    /// Every row of --table with this canonical text in a column; - as the value reads it from
    /// standard input.
    #[arg(long = "where", value_name = "COLUMN=VALUE", requires = "table", conflicts_with_all = ["record_key", "all"])]
    pub filter: Option<String>,
    /// Every row of the archive.
    #[arg(long, conflicts_with_all = ["table", "identity_number", "phone", "name"])]
    pub all: bool,
    /// A file with the rows that archived ones may replace: lines of findings/restore.jsonl, or
    /// others with a table and a key like these. What is replaced goes into an archive first.
    #[arg(long, value_name = "FILE")]
    pub overwrite: Option<PathBuf>,
    /// Put the rows back. Without, it is only told what would be done.
    #[arg(long, requires_all = ["key", "reason"])]
    pub apply: bool,
    /// The operator's key file.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A file with the key's passphrase. Otherwise it is taken from HANDOVER_PASSPHRASE, or asked
    /// for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    /// Whose keys count.
    pub trust: TrustArgs,
    /// Why, for the signed statement. No names and no numbers of people.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Threads that compress and encrypt an archive of replaced rows.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    #[command(flatten)]
    /// Which archive.
    pub archive: ArchiveArgs,
    #[command(flatten)]
    /// A key that opens it.
    pub identity: IdentityArgs,
    #[command(flatten)]
    /// Which record.
    pub record: RecordArgs,
    /// What the two files are called: PREFIX.record.json, which holds the row, and
    /// PREFIX.tlog-proof.
    #[arg(long, value_name = "PREFIX")]
    pub out: PathBuf,
}
