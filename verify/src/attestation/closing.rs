//! The closing of an attestation: what it binds is there, and nothing else is.

use std::io::ErrorKind;
use std::path::{Component, Path};

use anyhow::{Context, Result};
use handover_schemas::attestation::{Closing, HandoverAttestation, Outcome};
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::digest::Digest;
use handover_schemas::package::PACKAGES_DIR;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use super::check::tell_other_signatures;
use super::regular_file::read_regular;
use crate::signing::{Checked, Demand, Trust, check_envelope, day_of, meets};
use handover_cli_kit::handover_dir::attestations::{
    ATTESTATIONS_DIR, BOUND_DIRS, FINDINGS_DIR, MADE_FROM_IT, closing_file, envelope_file,
    made_file,
};

/// A closing to check.
pub struct ClosingRequest<'a> {
    /// The hand-over folder.
    pub handover: &'a Path,
    /// Number of the attestation.
    pub number: u64,
    /// Whether no later attestation was made. Of what an earlier closing binds, only the files that
    /// were made from its attestation are compared: config and statements have changed since.
    pub is_last: bool,
    /// Whose keys count.
    pub trust: &'a Trust,
}

/// Checks the closing of an attestation: its signatures, that it is about this attestation as it was
/// signed then, and the files that it names. Nothing to say if there is none.
pub fn verify_closing(request: &ClosingRequest<'_>, outcome: &mut Outcome) -> Result<()> {
    let path = request.handover.join(closing_file(request.number));
    let text = match read_regular(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let what = format!(
                "report and minutes of attestation {}: nothing binds them to it (handover-migrate \
                 attest --close)",
                request.number
            );
            // What nothing binds must not pass for what was signed.
            if made_from(request).is_empty() {
                outcome.not_checked(what);
            } else {
                outcome.unverified(what);
            }
            return Ok(());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if let Err(error) = check_closing(request, &text, outcome) {
        outcome.find(format!("{}: {error:#}", path.display()));
    }
    Ok(())
}

fn check_closing(request: &ClosingRequest<'_>, text: &[u8], outcome: &mut Outcome) -> Result<()> {
    let number = request.number;
    let envelope = Envelope::parse(text)?;
    let day = day_of(&Statement::<Closing>::parse(envelope.body())?.predicate.closed_on)?;
    let checked = check_envelope(&envelope, request.trust, day)?;
    let statement = checked.statement::<Closing>()?;
    let closing = &statement.predicate;
    let demand = Demand { roles: HandoverAttestation::ROLES.to_vec(), not: Vec::new() };
    let people = meets(&checked, &demand);
    let is_enough = check_signer(closing, &checked, outcome) && people.is_ok();
    tell_other_signatures(("closing", &checked), is_enough, outcome);
    check_attested(request, closing, outcome);
    if statement.subject != closing.subjects() {
        outcome.find(format!("the subjects of closing {number} are not what it states"));
    }
    check_files(request, closing, outcome);
    for name in made_from(request) {
        if closing.files.iter().all(|file| file.name != name) {
            outcome.find(format!("{name} is not among what was closed"));
        }
    }
    if request.is_last {
        check_others(request.handover, closing, outcome)?;
    }
    match people {
        Ok(people) => {
            let names: Vec<&str> = people.iter().map(|one| one.name.as_str()).collect();
            outcome.checked(format!("report and minutes are bound by {}", names.join(" and ")));
        }
        Err(missing) => outcome.unverified(format!(
            "report and minutes are not bound by both sides yet (handover-migrate attest --sign): \
             {missing:#}"
        )),
    }
    Ok(())
}

/// Report and minutes that are there.
fn made_from(request: &ClosingRequest<'_>) -> Vec<String> {
    let names = MADE_FROM_IT.iter().map(|what| made_file(request.number, what));
    names.filter(|name| request.handover.join(name).symlink_metadata().is_ok()).collect()
}

/// Whether who closed it is among those who signed.
fn check_signer(closing: &Closing, checked: &Checked, outcome: &mut Outcome) -> bool {
    let Some(keyid) = closing.closed_by else { return true };
    let signed = checked.signers.iter().any(|signer| signer.keyid == keyid);
    if !signed {
        outcome.find(format!(
            "closing {} lacks the signature of the key that closed it, {keyid}",
            closing.attestation
        ));
    }
    signed
}

/// It is about this attestation, and every signature that was under it then still is.
fn check_attested(request: &ClosingRequest<'_>, closing: &Closing, outcome: &mut Outcome) {
    let number = request.number;
    let attested = read_regular(&request.handover.join(envelope_file(number)))
        .ok()
        .and_then(|text| Envelope::parse(&text).ok());
    let about = attested.filter(|one| Digest::of(one.body()) == closing.statement);
    let Some(attested) = about.filter(|_one| closing.attestation.0 == number) else {
        outcome.find(format!("the closing of attestation {number} is about another statement"));
        return;
    };
    let now: Vec<Digest> = attested.signature_digests();
    if now.starts_with(&closing.signatures) {
        outcome.checked(format!(
            "{} signatures are those that attestation {number} had when it was closed",
            closing.signatures.len()
        ));
    } else {
        outcome.find(format!(
            "the signatures of attestation {number} are not those that it had when it was closed"
        ));
    }
}

fn check_files(request: &ClosingRequest<'_>, closing: &Closing, outcome: &mut Outcome) {
    let number = request.number;
    let made_from_it = |name: &str| MADE_FROM_IT.iter().any(|what| name == made_file(number, what));
    for file in closing.files.iter().filter(|file| request.is_last || made_from_it(&file.name)) {
        // A name that leads elsewhere is none that a closing has.
        let mut parts = Path::new(&file.name).components();
        let is_name = parts.all(|part| matches!(part, Component::Normal(_)));
        let path = request.handover.join(&file.name);
        let found = is_name.then(|| read_regular(&path).ok()).flatten();
        match found {
            Some(bytes) if Digest::of(&bytes) == file.sha256 => {
                outcome.checked(format!("{} is the one that was closed", file.name));
            }
            Some(_) => outcome.find(format!("{} is not the file that was closed", path.display())),
            None => outcome.find(format!("{} is not there", path.display())),
        }
    }
}

/// Nothing came into the folders whose files it binds. Of what lies beside them it is said that
/// nothing binds it.
fn check_others(handover: &Path, closing: &Closing, outcome: &mut Outcome) -> Result<()> {
    for name in bound_files(handover)? {
        if closing.files.iter().all(|file| file.name != name) {
            outcome.find(format!(
                "{} was not there when attestation {} was closed",
                handover.join(&name).display(),
                closing.attestation
            ));
        }
    }
    let known = [ATTESTATIONS_DIR, PACKAGES_DIR, FINDINGS_DIR, CONFIG_FILE];
    let others = names_in(handover, "")?
        .into_iter()
        .filter(|(name, _is_folder)| known.iter().chain(&BOUND_DIRS).all(|known| name != known));
    for (name, _is_folder) in others {
        outcome.not_checked(format!("{name} in the hand-over folder: nothing binds it"));
    }
    Ok(())
}

/// The files of the hand-over folder that a closing binds besides what was made from the
/// attestation, by name: the config, and everything in [`BOUND_DIRS`].
pub fn bound_files(handover: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let root = names_in(handover, "")?;
    files.extend(root.into_iter().map(|(name, _)| name).filter(|name| name == CONFIG_FILE));
    for folder in BOUND_DIRS {
        add_files_below(handover, folder, &mut files)?;
    }
    Ok(files)
}

fn add_files_below(handover: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    for (name, is_folder) in names_in(handover, folder)? {
        let name = format!("{folder}/{name}");
        if is_folder {
            add_files_below(handover, &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

/// What is in a folder, in order; with whether it is a folder itself. Nothing if it is not there.
fn names_in(handover: &Path, folder: &str) -> Result<Vec<(String, bool)>> {
    let folder = handover.join(folder);
    let place = || format!("cannot read {}", folder.display());
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(place),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(place)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.push((name, entry.file_type().with_context(place)?.is_dir()));
    }
    names.sort();
    Ok(names)
}
