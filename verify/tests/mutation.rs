//! One thing is changed at a time in a copy of a database, and has to be found and named, and
//! nothing besides.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use handover_testkit::{Database, sqlite};
use tempfile::TempDir;

use crate::judged::{Judged, judge};

/// A change as SQL, and the findings it has to give, as [`Judged::brief`] writes them.
pub(crate) type Mutation = (&'static str, &'static [&'static str]);

/// Two databases with the same contents, made apart.
pub(crate) struct Seed {
    /// What is compared with; its sessions begin with odd settings.
    pub(crate) source: Database,
    /// What targets are copies of; nobody connects to it any more.
    original: Database,
}

const SEED: &str = concat!(include_str!("seed.sql"), include_str!("seed_objects.sql"));

impl Seed {
    /// The one with a few rows of every type and an object of every kind; made once.
    pub(crate) fn of_everything() -> &'static Self {
        static SEED_DATABASES: OnceLock<Seed> = OnceLock::new();
        SEED_DATABASES.get_or_init(|| Self::with(SEED))
    }

    /// One with what these statements make.
    pub(crate) fn with(sql: &str) -> Self {
        let source = Database::options().odd_settings().create();
        let original = Database::create();
        source.sql(sql);
        original.sql(sql);
        Self { source, original }
    }

    /// A fresh target.
    pub(crate) fn target(&self) -> Database {
        self.original.copy()
    }

    /// What is found after this change.
    #[track_caller]
    pub(crate) fn judge_after(&self, change: &str) -> Judged {
        let target = self.target();
        target.sql(&format!("set search_path = public; {change}"));
        judge(&self.source.url(), &target.url())
    }

    /// Every change gives its findings, and no other.
    #[track_caller]
    pub(crate) fn each_is_found(&self, mutations: &[Mutation]) {
        each_is_found(mutations, |change| self.judge_after(change));
    }
}

/// A SQLite file to compare with, and to make targets of.
pub(crate) struct SqliteSeed {
    pub(crate) folder: TempDir,
    pub(crate) file: PathBuf,
}

impl SqliteSeed {
    /// The one with a few rows of every type and an object of every kind.
    pub(crate) fn of_everything() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("source.db");
        sqlite(&file, include_str!("sqlite_seed.sql"));
        Self { folder, file }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }

    /// What is found after this change in a copy.
    #[track_caller]
    pub(crate) fn judge_after(&self, change: &str) -> Judged {
        let target = self.folder.path().join("target.db");
        fs::copy(&self.file, &target).unwrap();
        sqlite(&target, change);
        judge(&self.url(), &format!("sqlite:{}", target.display()))
    }
}

/// Every change gives its findings, and no other.
#[track_caller]
pub(crate) fn each_is_found(mutations: &[Mutation], judge_after: impl Fn(&str) -> Judged) {
    let mut failures = String::new();
    for (change, expected) in mutations {
        let found = judge_after(change).brief();
        if found != *expected {
            let (expected, found) = (expected.join("\n    "), found.join("\n    "));
            failures
                .push_str(&format!("{change}\n  expected\n    {expected}\n  found\n    {found}\n"));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
