//! `handover-migrate keygen`.

use anyhow::{Context, Result};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::output::{Lines, print_lines};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource, SIGNING_VARIABLE};
use handover_schemas::date::Date;
use handover_schemas::signing::public_key::PublicKey;
use handover_schemas::signing::trust::{TRUST_FILE, TrustFile, TrustedKey};
use handover_verify::signing::today;

use crate::cli::{ArchiveKeyArgs, KeyPurpose, KeygenArgs, SigningKeyArgs};
use crate::keys::{make_archive_key, make_signing_key};

/// How long a key counts, unless people write another day into the trust file.
const YEARS_VALID: u16 = 2;

/// Runs the command.
pub fn run(args: KeygenArgs) -> Result<Exit> {
    match args.purpose {
        KeyPurpose::Signing(args) => signing(args),
        KeyPurpose::Archive(args) => archive(args),
    }
}

fn signing(args: SigningKeyArgs) -> Result<Exit> {
    let today = today()?;
    let passphrase = PassphraseSource::new(args.passphrase_file.clone(), SIGNING_VARIABLE);
    let key = make_signing_key(&args.out, &passphrase)?;
    let out = args.out.display().to_string();
    let entry = entry(args, key, today)?;
    let mut lines = Lines::new();
    writeln!(lines, "made         {out}");
    writeln!(lines, "public key   {key}");
    writeln!(lines, "fingerprint  {}", key.keyid());
    writeln!(lines);
    writeln!(lines, "For {TRUST_FILE}, once the fingerprint was compared with its owner:");
    writeln!(lines);
    for line in entry.lines() {
        writeln!(lines, "{line}");
    }
    print_lines(&lines)?;
    Ok(Exit::Clean)
}

/// The key's entry in a trust file. What was not given is empty, which a trust file must not be.
fn entry(args: SigningKeyArgs, key: PublicKey, today: Date) -> Result<String> {
    let entry = TrustedKey {
        public_key: key,
        person: args.person.unwrap_or_default(),
        name: args.name.unwrap_or_default(),
        organisation: args.organisation.unwrap_or_default(),
        roles: args.role,
        valid_from: today,
        valid_until: today.years_later(YEARS_VALID)?,
    };
    toml::to_string(&TrustFile { key: vec![entry] }).context("cannot write TOML")
}

fn archive(args: ArchiveKeyArgs) -> Result<Exit> {
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    let recipient = make_archive_key(&args.out, &passphrase)?;
    let mut lines = Lines::new();
    writeln!(lines, "made       {}", args.out.display());
    writeln!(lines, "recipient  {recipient}");
    print_lines(&lines)?;
    Ok(Exit::Clean)
}
