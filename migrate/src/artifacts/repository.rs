//! A delivered git repository: checked object by object, kept as one bundle. What is no bundle and
//! none can be made of is kept as it was delivered, and a finding says why.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::package::contents::OriginalName;
use handover_schemas::package::manifest::{GitReference, GitState};

use super::finding::{ArtifactFindingKind as Kind, Place};
use crate::deliverable::git::{Bundle, GitReport, NotUsable, inspect_and_bundle, unbundle};

/// A repository that was looked at.
pub(super) struct Inspected {
    /// `None` if git cannot use it.
    pub(super) state: Option<GitState>,
    /// The bundle, in the scratch folder. `None`: what was delivered is kept as it is.
    pub(super) bundle: Option<PathBuf>,
}

/// Looks at a repository, or at a bundle that was delivered, and makes the bundle of a repository in
/// `scratch`, a folder of ours that is made anew.
pub(super) fn inspect(
    delivered: &Path,
    scratch: &Path,
    interrupt: &Interrupt,
    findings: &mut Vec<(Kind, Place)>,
) -> Result<Inspected> {
    let place = || format!("cannot use {}", scratch.display());
    if scratch.exists() {
        std::fs::remove_dir_all(scratch).with_context(place)?;
    }
    handover_cli_kit::handover_dir::HandoverDir::open(scratch).with_context(place)?;
    let bundle = scratch.join(bundle_name(delivered));
    let is_bundle = delivered.is_file();
    let report = if is_bundle {
        unbundle(delivered, &scratch.join("delivered.git"), interrupt)
            .and_then(|repository| inspect_and_bundle(&repository, &bundle, interrupt))
    } else {
        inspect_and_bundle(delivered, &bundle, interrupt)
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            interrupt.check()?;
            let reason = error.downcast::<NotUsable>().with_context(|| {
                format!("cannot take over the git repository {}", delivered.display())
            })?;
            findings.push((Kind::GitNotBundled, Place::what(reason.to_string())));
            return Ok(Inspected { state: None, bundle: None });
        }
    };
    note(&report, findings);
    let made = report.bundle == Bundle::Made && !is_bundle;
    Ok(Inspected { state: Some(state(report)), bundle: made.then_some(bundle) })
}

fn state(report: GitReport) -> GitState {
    let sound = report.problems.is_empty() && report.more_problems == 0 && !report.shallow;
    GitState {
        object_format: report.object_format,
        head: report.head.as_deref().map(OriginalName::of),
        head_commit: report.head_commit,
        objects: report.objects,
        references: report
            .refs
            .into_iter()
            .map(|one| GitReference { name: OriginalName::of(&one.name), object: one.object })
            .collect(),
        sound,
    }
}

/// `NAME.bundle`, from `NAME.git` or the folder that holds `.git`.
fn bundle_name(repository: &Path) -> String {
    let name = repository.canonicalize().unwrap_or_else(|_unreadable| repository.to_owned());
    let name = name.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(name);
    format!("{}.bundle", if name.is_empty() { "repository" } else { name })
}

fn note(report: &GitReport, findings: &mut Vec<(Kind, Place)>) {
    let mut find = |kind, what: String| {
        findings.push((kind, Place { what: Some(what), ..Place::default() }));
    };
    for problem in &report.problems {
        find(Kind::GitProblem, problem.clone());
    }
    if report.more_problems > 0 {
        find(Kind::GitProblem, format!("{} more", report.more_problems));
    }
    if report.shallow {
        find(Kind::GitProblem, "the history was cut off (a shallow clone)".to_owned());
    }
    if let Bundle::NotMade(reason) = &report.bundle {
        find(Kind::GitNotBundled, reason.clone());
    }
    if report.lfs_pointers > 0 {
        let what = format!("{} files that only point to git-lfs's storage", report.lfs_pointers);
        find(Kind::GitIncomplete, what);
    }
    if report.submodules > 0 {
        find(Kind::GitIncomplete, format!("{} submodules", report.submodules));
    }
    if let Some(reason) = &report.unscanned {
        find(Kind::GitProblem, format!("not looked through for secrets: {reason}"));
    }
    for path in &report.uncommitted.paths {
        let place = Place { path: Some(OriginalName::of(path)), ..Place::default() };
        findings.push((Kind::GitUncommitted, place));
    }
    if report.uncommitted.more > 0 {
        let place = Place::what(format!("{} more", report.uncommitted.more));
        findings.push((Kind::GitUncommitted, place));
    }
    for secret in &report.secrets {
        let place = Place {
            member: Some(OriginalName::of(&secret.path)),
            object: Some(secret.object.clone()),
            line: secret.line,
            what: Some(secret.kind.to_string()),
            ..Place::default()
        };
        findings.push((Kind::SecretFound, place));
    }
    if report.more_secrets > 0 {
        let what = Some(format!("{} more", report.more_secrets));
        findings.push((Kind::SecretFound, Place { what, ..Place::default() }));
    }
}
