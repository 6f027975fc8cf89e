//! A bare git repository, made from a history by the real `git`.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What a commit does to one file.
#[derive(Clone)]
pub(super) enum Change {
    /// Its whole new text.
    Write { path: String, text: String, is_program: bool },
    /// It goes away.
    Remove { path: String },
}

/// A commit. Parents are the tip of its branch and what is named here.
pub(super) struct Commit {
    pub(super) branch: &'static str,
    /// The branch it begins at, if it is the first of its own.
    pub(super) from: Option<&'static str>,
    /// The branch it merges. Its changes have to be among `changes`.
    pub(super) merge: Option<&'static str>,
    /// `Name <address>`.
    pub(super) author: &'static str,
    /// Seconds since 1970.
    pub(super) at: i64,
    pub(super) message: String,
    pub(super) changes: Vec<Change>,
    /// A tag for it: its name, and its text if it is an annotated one.
    pub(super) tag: Option<(String, Option<String>)>,
}

/// Makes a bare repository at `path`, which is not there yet. The same history gives the same
/// bytes: all objects are in one pack, written by one thread.
pub(super) fn make_repository(path: &Path, history: &[Commit]) -> Result<()> {
    let mut init = git(path);
    init.args(["init", "--quiet", "--bare", "--initial-branch=main", "--template="]).arg(path);
    run(&mut init, path)?;

    let mut stream = tempfile::tempfile().context("cannot make a temporary file")?;
    stream
        .write_all(&import_stream(history))
        .and_then(|()| stream.rewind())
        .context("cannot write a temporary file")?;
    let mut import = git(path);
    // Without this, git would make a file for each object of so small a history.
    import.args(["-c", "fastimport.unpackLimit=1", "--git-dir"]).arg(path);
    import.args(["fast-import", "--quiet", "--done"]).stdin::<File>(stream);
    run(&mut import, path)
}

/// A git that hears nothing of this machine's configuration.
fn git(path: &Path) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    if let Some(programs) = std::env::var_os("PATH") {
        command.env("PATH", programs);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("HOME", path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

fn run(command: &mut Command, path: &Path) -> Result<()> {
    let output =
        command.output().context("cannot run git; the rehearsal needs it: apt-get install git")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git could not make {} ({}): {}", path.display(), output.status, said.trim());
    }
    Ok(())
}

/// The history in the words of `git fast-import`.
fn import_stream(history: &[Commit]) -> Vec<u8> {
    let mut stream = String::new();
    for (place, commit) in history.iter().enumerate() {
        let Commit { branch, author, at, .. } = commit;
        let mark = place + 1;
        stream += &format!("commit refs/heads/{branch}\nmark :{mark}\n");
        stream += &format!("author {author} {at} +0700\ncommitter {author} {at} +0700\n");
        push_data(&mut stream, &commit.message);
        if let Some(from) = commit.from {
            stream += &format!("from refs/heads/{from}\n");
        }
        if let Some(merge) = commit.merge {
            stream += &format!("merge refs/heads/{merge}\n");
        }
        for change in &commit.changes {
            match change {
                Change::Write { path, text, is_program } => {
                    let mode = if *is_program { "100755" } else { "100644" };
                    stream += &format!("M {mode} inline {path}\n");
                    push_data(&mut stream, text);
                }
                Change::Remove { path } => stream += &format!("D {path}\n"),
            }
        }
        match &commit.tag {
            Some((name, Some(text))) => {
                stream += &format!("tag {name}\nfrom :{mark}\ntagger {author} {at} +0700\n");
                push_data(&mut stream, text);
            }
            Some((name, None)) => {
                stream += &format!("reset refs/tags/{name}\nfrom :{mark}\n\n");
            }
            None => {}
        }
    }
    stream += "done\n";
    stream.into_bytes()
}

fn push_data(stream: &mut String, text: &str) {
    *stream += &format!("data {}\n{text}\n", text.len());
}
