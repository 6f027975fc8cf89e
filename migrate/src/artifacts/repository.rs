//! A delivered git repository: checked object by object, kept as one bundle.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_schemas::package::contents::OriginalName;
use handover_schemas::package::manifest::{GitReference, GitState};
use handover_verify::interrupt::Interrupt;

use super::finding::{ArtifactFindingKind as Kind, Place};
use crate::deliverable::git::{Bundle, GitReport, inspect_and_bundle};

/// A repository that was looked at.
pub(super) struct Inspected {
    pub(super) state: GitState,
    /// The bundle, in the scratch folder; `None` if there is none.
    pub(super) bundle: Option<PathBuf>,
}

/// Looks at a repository and makes its bundle in `scratch`, a folder of ours that is made anew.
pub(super) fn inspect(
    repository: &Path,
    scratch: &Path,
    interrupt: &Interrupt,
    findings: &mut Vec<(Kind, Place)>,
) -> Result<Inspected> {
    let place = || format!("cannot use {}", scratch.display());
    if scratch.exists() {
        std::fs::remove_dir_all(scratch).with_context(place)?;
    }
    handover_verify::handover_dir::HandoverDir::open(scratch).with_context(place)?;
    let bundle = scratch.join(bundle_name(repository));
    let report = inspect_and_bundle(repository, &bundle, interrupt)
        .with_context(|| format!("cannot take over the git repository {}", repository.display()))?;
    note(&report, findings);
    let made = report.bundle == Bundle::Made;
    let sound = report.problems.is_empty() && report.more_problems == 0 && !report.shallow;
    let state = GitState {
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
    };
    Ok(Inspected { state, bundle: made.then_some(bundle) })
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
