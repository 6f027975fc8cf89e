//! A finished rehearsal, and copies of it on which one thing at a time is changed.

use std::fs;
use std::path::{Path, PathBuf};

use handover_testkit::{Database, Outcome, Run, sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::checker::{checker, open_key};
use crate::purge_broken::copy_folder;
use crate::purge_made::Engine;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Source,
    Target,
}

/// One thing that somebody changes.
pub(crate) struct Manipulation {
    /// What sort of thing, for the count.
    pub(crate) kind: &'static str,
    /// What exactly.
    pub(crate) what: String,
    pub(crate) deed: Deed,
}

/// How it is changed; places of files are below the folder of the rehearsal.
pub(crate) enum Deed {
    /// What files hold afterwards; nothing: they are gone.
    Files(Vec<(String, Option<Vec<u8>>)>),
    /// Files and folders that get another name.
    Moved(Vec<(String, String)>),
    /// Statements in one of the databases.
    Sql(End, String),
}

/// A rehearsal that ended as it should.
pub(crate) struct Rehearsed {
    folder: TempDir,
    /// Source and target, if they are not files.
    databases: Option<[Database; 2]>,
    /// The head that stands on paper.
    head: String,
}

impl Rehearsed {
    pub(crate) fn on(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases =
            (engine == Engine::Postgres).then(|| [Database::create(), Database::create()]);
        let mut run = Run::new("handover-migrate")
            .args(["rehearse", "--doses", "2000", "--dir"])
            .arg(folder.path().join("rehearsal"));
        if let Some([source, target]) = &databases {
            run = run.args(["--source", &source.url(), "--target", &target.url()]);
        }
        let outcome = run.go();
        outcome.expect(0);
        let head =
            outcome.stdout.lines().rev().find_map(|line| line.strip_prefix("head ")).unwrap();
        let head = head.split_whitespace().next().unwrap().to_owned();
        let rehearsed = Self { folder, databases, head };
        let passphrase = String::from_utf8(rehearsed.read("keys/passphrase")).unwrap();
        open_key(&rehearsed.at(""), "keys/escrow.age", &passphrase);
        rehearsed
    }

    pub(crate) fn engine(&self) -> Engine {
        if self.databases.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// A place in the folder of the rehearsal.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join("rehearsal").join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap()
    }

    /// What a query prints.
    pub(crate) fn query(&self, end: End, sql: &str) -> String {
        match &self.databases {
            Some(databases) => databases[index(end)].query(sql),
            None => sqlite(&self.at(file_of(end)), sql),
        }
    }

    pub(crate) fn copy(&self) -> Desk<'_> {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&self.at(""), folder.path());
        let databases = self.databases.as_ref().map(|all| all.each_ref().map(Database::copy));
        Desk { rehearsed: self, folder, databases }
    }
}

/// What two programs say that share no line.
pub(crate) struct Judged {
    /// `handover-verify all`.
    pub(crate) auditor: Outcome,
    /// `schemas/checker`.
    pub(crate) checker: Outcome,
}

/// A copy of a rehearsal, as it was but while something is changed.
pub(crate) struct Desk<'a> {
    rehearsed: &'a Rehearsed,
    folder: TempDir,
    databases: Option<[Database; 2]>,
}

impl Desk<'_> {
    /// What the auditor says, who has the head from paper, the escrow key and a trust file.
    pub(crate) fn judged(&self) -> Outcome {
        let at = |name: &str| self.folder.path().join(name);
        let mut run = Run::new("handover-verify")
            .args(["all", "--quiet", "--head", &self.rehearsed.head, "--handover"])
            .arg(at("handover"))
            .arg("--identity")
            .arg(at("keys/escrow.age"))
            .arg("--passphrase-file")
            .arg(at("keys/passphrase"))
            .arg("--trust")
            .arg(at("trust.toml"));
        if let Some([source, target]) = &self.databases {
            run = run.args(["--source", &source.url(), "--target", &target.url()]);
        }
        run.go()
    }

    /// What the independent checker says, to whom the same was given.
    pub(crate) fn checked(&self) -> Outcome {
        let at = |name: &str| self.folder.path().join(name);
        let urls = match &self.databases {
            Some(databases) => databases.each_ref().map(Database::url),
            None => [End::Source, End::Target]
                .map(|end| format!("sqlite:{}", at(file_of(end)).display())),
        };
        checker(&at("handover"))
            .args(["--head", &self.rehearsed.head, "--source", &urls[0], "--target", &urls[1]])
            .arg("--trust")
            .arg(at("trust.toml"))
            .arg("--identity")
            .arg(at("keys/escrow.age.open"))
            .arg("--proof")
            .arg(at("proof/somebody"))
            .go()
    }

    fn both(&self) -> Judged {
        Judged { auditor: self.judged(), checker: self.checked() }
    }

    /// What both say while something is changed.
    pub(crate) fn judged_after(&mut self, deed: &Deed) -> Judged {
        match deed {
            Deed::Files(files) => {
                let before: Vec<Option<Vec<u8>>> = files
                    .iter()
                    .map(|(name, _)| fs::read(self.folder.path().join(name)).ok())
                    .collect();
                for (name, bytes) in files {
                    put(&self.folder.path().join(name), bytes.as_deref());
                }
                let judged = self.both();
                for ((name, _), bytes) in files.iter().zip(before) {
                    put(&self.folder.path().join(name), bytes.as_deref());
                }
                judged
            }
            Deed::Moved(names) => {
                let at = |name: &String| self.folder.path().join(name);
                for (from, to) in names {
                    fs::rename(at(from), at(to)).unwrap();
                }
                let judged = self.both();
                for (from, to) in names.iter().rev() {
                    fs::rename(at(to), at(from)).unwrap();
                }
                judged
            }
            Deed::Sql(end, statements) => {
                self.run(*end, statements);
                let judged = self.both();
                self.restore(*end);
                judged
            }
        }
    }

    fn run(&self, end: End, statements: &str) {
        if let Some(databases) = &self.databases {
            let statements = format!("set session_replication_role = replica; {statements}");
            databases[index(end)].sql(&statements);
            return;
        }
        let connection = Connection::open(self.folder.path().join(file_of(end))).unwrap();
        connection.execute_batch("pragma foreign_keys = off").unwrap();
        let done = connection.execute_batch(statements);
        assert!(done.is_ok(), "{statements}\n{done:?}");
    }

    /// The database as it was.
    fn restore(&mut self, end: End) {
        let file = file_of(end);
        if let (Some(databases), Some(originals)) = (&mut self.databases, &self.rehearsed.databases)
        {
            databases[index(end)] = originals[index(end)].copy();
        } else {
            fs::copy(self.rehearsed.at(file), self.folder.path().join(file)).unwrap();
        }
    }
}

fn index(end: End) -> usize {
    usize::from(end == End::Target)
}

fn file_of(end: End) -> &'static str {
    match end {
        End::Source => "platform.db",
        End::Target => "target.db",
    }
}

/// Gives a file these bytes; nothing: takes it away, and the folder that was made for it.
fn put(path: &Path, bytes: Option<&[u8]>) {
    if let Some(bytes) = bytes {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        return;
    }
    fs::remove_file(path).unwrap();
    // Fails if anything is in it, and then it was not made for this file alone.
    drop(fs::remove_dir(path.parent().unwrap()));
}
