//! The command line.

mod attest;
mod help;
mod moved;
mod purge;
mod report;
mod restore;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use handover_cli_kit::manual::{CompletionsArgs, ManualArgs};
use handover_engine::endpoint::Endpoint;
use handover_engine::sqlite::TypeOverride;
use handover_schemas::chunk::CHUNK_BYTES_MAX;
use handover_schemas::signing::trust::Role;

use crate::copy::{Owner, Reviewed};
use crate::deliverable::members::ALLOWED_BYTES;

pub use attest::AttestArgs;
pub use moved::MovedArgs;
pub use purge::{
    ApproveArgs, BackupArgs, CertifyArgs, CloseArgs, ExecuteArgs, IdentityArgs, KeyArgs, PurgeArgs,
    PurgeCommand, SelectArgs, TrustArgs, TryArgs,
};
pub use report::ReportArgs;
pub use restore::{ArchiveArgs, FindArgs, ProveArgs, RecordArgs, RestoreArgs};

/// Takes a platform over from its vendor, and proves that everything arrived.
///
/// Copies the vendor's database into the ministry's, chunk by chunk, and proves that what arrived is
/// what was there; receives everything else into sealed packages; deletes, after a backup and two
/// signatures, what nobody can verify, and puts it back. Run the same command again after any
/// interruption.
///
/// Exit codes: 0 everything asked for holds; 1 it ran and there are findings; 2 it could not be
/// done; 130 interrupted, the same command goes on.
#[derive(Debug, Parser)]
#[command(name = "handover-migrate", version, after_help = help::PROGRAM)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a handover.toml to fill in: both databases, and what is to be handed over.
    #[command(after_help = help::INIT)]
    Init(InitArgs),
    /// Copy a database and read every row back; resume a copy; or say what changed since.
    #[command(after_help = help::COPY)]
    Copy(CopyArgs),
    /// Receive everything that is not a table: check it, seal it in packages, take the inventory.
    #[command(after_help = help::ARTIFACTS)]
    Artifacts(ArtifactsArgs),
    /// Load a signed result file (CSV) into the target's ledger, or list those that are loaded.
    #[command(after_help = help::EVIDENCE)]
    Evidence(EvidenceArgs),
    /// Records that nobody can verify: select, back up, approve, delete, certify.
    #[command(subcommand, after_help = help::PURGE)]
    Purge(PurgeCommand),
    /// Find a record that was deleted in its archive.
    #[command(after_help = help::FIND)]
    Find(FindArgs),
    /// Put archived records back: tell what would be done, or do it.
    #[command(after_help = help::RESTORE)]
    Restore(RestoreArgs),
    /// Take a record and the proof that it is in a certified archive out of it.
    #[command(after_help = help::PROVE)]
    Prove(ProveArgs),
    /// Record, signed, that one of the databases was upgraded, restored elsewhere or renamed.
    #[command(after_help = help::MOVED)]
    Moved(MovedArgs),
    /// State everything that was done and found, signed; add a signature; close report and minutes.
    #[command(after_help = help::ATTEST)]
    Attest(AttestArgs),
    /// Make the report of a signed attestation: one HTML file for people.
    #[command(after_help = help::REPORT)]
    Report(ReportArgs),
    /// Show what the target's ledger says was done.
    #[command(after_help = help::STATUS)]
    Status(StatusArgs),
    /// Make a key: one that signs, or one that opens archives.
    #[command(after_help = help::KEYGEN)]
    Keygen(KeygenArgs),
    /// Make a realistic vendor platform and run the whole hand-over on it.
    #[command(after_help = help::REHEARSE)]
    Rehearse(RehearseArgs),
    /// Write manual pages: one for this program, one for each of its commands.
    Manual(ManualArgs),
    /// Print what completes these commands in bash, zsh or fish.
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The hand-over folder; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// The vendor's database: postgres://user@host:port/database or sqlite:path. It can be written
    /// into the file later.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The ministry's database.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
}

/// Arguments of `copy`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The vendor's database: postgres://user@host:port/database or sqlite:path. If it is not given,
    /// the source of the hand-over folder's handover.toml.
    ///
    /// Passwords belong into PGPASSWORD, .pgpass or PGPASSFILE. A server over TCP has to be known by
    /// its certificate (?sslrootcert=FILE) unless sslmode says less: runbooks/11-tls.md.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// The ministry's database, empty or from an earlier run of the same command. If it is not
    /// given, the target of handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder, for generated SQL and findings, with handover.toml if there is one;
    /// made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// Connections at each end.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Most bytes of rows to read from the source per second (suffix K, M or G).
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub max_rate: Option<u64>,
    /// Most canonical text in a chunk, at most 16M (suffix K, M or G): what an interruption can
    /// cost. Fixed by the first run.
    #[arg(long, value_name = "BYTES", value_parser = parse_chunk_bytes, default_value = "16M")]
    pub chunk_bytes: u64,
    /// Carry a SQLite column over as another type than its declared one maps to, besides those that
    /// handover.toml chooses. Rules may follow: 'doses.at=timestamptz, seconds since 1970-01-01'.
    #[arg(long = "map-type", value_name = "TABLE.COLUMN=TYPE")]
    pub map_type: Vec<TypeOverride>,
    /// Make nothing in the target; leave the SQL in DIR/schema, and a list of the vendor's code with when it runs.
    #[arg(long)]
    pub plan_only: bool,
    /// The SHA-256 of DIR/schema/vendor-code.sql, once somebody has read that file: code of the vendor's runs in the target
    /// during the copy only then. 'unread' lets it run though nobody has. If it is not given, the one of handover.toml.
    #[arg(long, value_name = "SHA256")]
    pub vendor_code: Option<Reviewed>,
    /// The role that owns the platform's objects in a PostgreSQL target, and as which code of the vendor's runs there: one
    /// that cannot log in, has no rights but CREATE on the database, and of which the account is a member. Needed where
    /// code of the vendor's runs; 'account' runs it with the account's own rights. If it is not given, the one of
    /// handover.toml.
    #[arg(long, value_name = "ROLE")]
    pub owner: Option<Owner>,
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

/// Arguments of `artifacts`.
#[derive(Debug, Args)]
pub struct ArtifactsArgs {
    /// The hand-over folder. Its handover.toml lists what was delivered; packages are made below
    /// it, in packages/.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// The ministry's database, whose ledger keeps the seals. If it is not given, the target of
    /// handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// Only this component; may be repeated.
    #[arg(long, value_name = "ID")]
    pub component: Vec<String>,
    /// Seal anew what is not what was sealed any more. The old package is kept beside the new one.
    #[arg(long)]
    pub renew: bool,
    /// Files read at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Bytes that may be decompressed to look into all archives together, beyond 20 times their
    /// sizes. Archives that are not looked into are findings.
    #[arg(long, value_name = "BYTES", default_value_t = ALLOWED_BYTES)]
    pub archive_bytes: u64,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// The CSV file: a header line, comma or semicolon, UTF-8.
    #[arg(long, value_name = "FILE", required_unless_present = "list", requires = "name")]
    pub file: Option<PathBuf>,
    /// What it is called from now on: at most 40 of the characters a-z, 0-9 and _. Its rows go into
    /// the table handover.evidence_NAME (SQLite: handover_evidence_NAME).
    #[arg(long, value_name = "NAME", requires = "file")]
    pub name: Option<String>,
    /// Who signed the file, in words. Nothing is checked by it.
    #[arg(long, value_name = "TEXT", requires = "file")]
    pub signer: Option<String>,
    /// A file with the sender's signature, which is checked: CMS without the content (.p7s, DER or
    /// PEM), or an in-toto statement in a DSSE envelope.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub signature: Option<PathBuf>,
    /// Who is believed, for a CMS signature: the sender's own certificate, or that of the authority
    /// which issued it (PEM or DER).
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub sender: Option<PathBuf>,
    /// Who is believed, for a DSSE signature: the file that says whose keys count, with the role
    /// outside_body. If it is not given, the one that handover.toml names.
    #[arg(long, value_name = "FILE", requires = "signature", conflicts_with = "sender")]
    pub trust: Option<PathBuf>,
    /// List the files that are loaded.
    #[arg(long, conflicts_with = "file")]
    pub list: bool,
    /// The ministry's database. If it is not given, the target of the hand-over folder's
    /// handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// No progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The target of a copy. If it is not given, the target of the hand-over folder's
    /// handover.toml.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The hand-over folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub handover: PathBuf,
    /// One JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// What the key is for.
    #[command(subcommand)]
    pub purpose: KeyPurpose,
}

/// What a key is for.
#[derive(Debug, Subcommand)]
pub enum KeyPurpose {
    /// A key that signs (Ed25519, in PKCS#8 encrypted with a passphrase, as openssl reads it).
    Signing(SigningKeyArgs),
    /// A key that opens archives (an age identity, in a file encrypted with a passphrase, as age
    /// reads it).
    Archive(ArchiveKeyArgs),
}

/// Arguments of `keygen signing`.
#[derive(Debug, Args)]
pub struct SigningKeyArgs {
    /// The file to make; nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A file with the passphrase, of at least 12 characters; else HANDOVER_PASSPHRASE is taken, or
    /// it is asked for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Whose key it will be, for the entry in trust.toml: lower-case letters, digits and -.
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// The person's name.
    #[arg(long)]
    pub name: Option<String>,
    /// For whom the person acts.
    #[arg(long)]
    pub organisation: Option<String>,
    /// What the person may sign as: data_owner, custodian, operator, auditor, witness, giving_side,
    /// receiving_side or outside_body; may be repeated.
    #[arg(long)]
    pub role: Vec<Role>,
}

/// Arguments of `keygen archive`.
#[derive(Debug, Args)]
pub struct ArchiveKeyArgs {
    /// The file to make; nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A file with the passphrase, of at least 12 characters; else HANDOVER_ESCROW_PASSPHRASE is
    /// taken, or it is asked for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Arguments of `rehearse`.
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// Where to put the platform, the target and the hand-over folder; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "rehearsal")]
    pub dir: PathBuf,
    /// How many doses the platform has.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub doses: u64,
    /// Another seed makes another platform; the same one the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// An empty PostgreSQL database to put the platform into, instead of SQLite.
    #[arg(long, value_name = "URL")]
    pub source: Option<Endpoint>,
    /// An empty PostgreSQL database to copy it to, instead of SQLite.
    #[arg(long, value_name = "URL")]
    pub target: Option<Endpoint>,
    /// The role that owns the platform's objects there, as with copy.
    #[arg(long, value_name = "ROLE", requires = "target")]
    pub owner: Option<Owner>,
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    let expected = || format!("{text} is not a number of bytes such as 500K, 16M or 1G");
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (text.get(..at), 1 << 10),
        Some((at, 'M' | 'm')) => (text.get(..at), 1 << 20),
        Some((at, 'G' | 'g')) => (text.get(..at), 1 << 30),
        _ => (Some(text), 1),
    };
    let number: u64 = digits.and_then(|d| d.parse().ok()).ok_or_else(expected)?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(expected)
}

fn parse_chunk_bytes(text: &str) -> Result<u64, String> {
    let bytes = parse_bytes(text)?;
    if bytes > CHUNK_BYTES_MAX {
        return Err("a chunk holds at most 16M of text".to_owned());
    }
    Ok(bytes)
}
