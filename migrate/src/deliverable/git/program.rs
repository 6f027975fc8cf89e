//! Running `git` so that nothing of the repository, the user or the system configures it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use handover_cli_kit::interrupt::Interrupt;
use rustix::process::{Pid, Signal, kill_process_group};

use super::MOST;
use super::view::View;

/// Longest line that is taken from git; the rest of a longer one is passed over.
const LINE: u64 = 64 * 1024;

/// See git-config(1) and, for GIT_ variables, git(1).
const ENVIRONMENT: [(&str, &str); 10] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    ("HOME", "/nonexistent"),
    ("LC_ALL", "C"),
];

const SETTINGS: [&str; 10] = [
    "safe.directory=*",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    // Indexes that the vendor made are passed over for the objects themselves.
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "pack.useBitmaps=false",
    // More than one thread cut a pack as they happen to run.
    "pack.threads=1",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// `git` on one repository.
pub(super) struct Git<'a> {
    dir: Option<&'a Path>,
    /// A folder of ours around the repository.
    around: Option<&'a Path>,
    /// Files beside the repository, and an index of ours to compare them with.
    files: Option<(&'a Path, &'a Path)>,
    interrupt: &'a Interrupt,
}

/// How a run of git ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// What it wrote on standard error, line by line, at most [`MOST`].
    pub(super) messages: Vec<String>,
}

impl Ended {
    /// Why it failed, in its own words.
    pub(super) fn reason(&self) -> String {
        let fatal = self.messages.iter().find(|line| line.starts_with("fatal: "));
        match fatal.or(self.messages.last()) {
            Some(line) => line.clone(),
            None => format!("git ended with {}", self.status),
        }
    }
}

impl<'a> Git<'a> {
    /// On the repository of a view.
    pub(super) fn of(view: &'a View, interrupt: &'a Interrupt) -> Self {
        Self { dir: Some(&view.git_dir), around: Some(&view.path), files: None, interrupt }
    }

    /// On no repository.
    pub(super) fn alone(interrupt: &'a Interrupt) -> Self {
        Self { dir: None, around: None, files: None, interrupt }
    }

    /// The same on another repository: the folder `dir`, a git directory.
    pub(super) fn on(&self, dir: &'a Path) -> Self {
        Self { dir: Some(dir), around: None, files: None, interrupt: self.interrupt }
    }

    /// The same on no repository, for `clone`.
    pub(super) fn off(&self) -> Self {
        Self { dir: None, around: None, files: None, interrupt: self.interrupt }
    }

    /// The same beside these files, with an index of ours.
    pub(super) fn beside(&self, files: &'a Path, index: &'a Path) -> Self {
        let (dir, around, interrupt) = (self.dir, self.around, self.interrupt);
        Self { dir, around, files: Some((files, index)), interrupt }
    }

    /// Paths without our temporary folder, which says nothing to anybody.
    fn without_dir(&self, line: &str) -> String {
        let folders = [self.dir, self.around].into_iter().flatten().filter_map(Path::to_str);
        folders.fold(line.to_owned(), |line, folder| line.replace(&format!("{folder}/"), ""))
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(ENVIRONMENT);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Some((files, index)) = self.files {
            // In the environment: arguments are seen by everybody.
            command.env("GIT_WORK_TREE", files).env("GIT_INDEX_FILE", index);
        }
        command.arg("--no-pager");
        // Only a clone of our own file goes through a protocol.
        let file = if self.dir.is_none() { "always" } else { "never" };
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(["-c", "protocol.allow=never", "-c", &format!("protocol.file.allow={file}")]);
        if let Some(dir) = self.dir {
            command.arg("--git-dir").arg(dir);
        }
        command.args(arguments).current_dir("/");
        // A group of its own: git starts further programs, which end with it.
        command.process_group(0);
        command
    }

    /// Runs git, with `input` on its standard input, and has `read` take what it writes.
    pub(super) fn run(
        &self,
        arguments: &[&OsStr],
        input: Option<File>,
        read: &mut (dyn FnMut(&mut dyn BufRead) -> Result<()> + Send),
    ) -> Result<Ended> {
        self.interrupt.check()?;
        let mut command = self.command(arguments);
        command.stdin(input.map_or_else(Stdio::null, Stdio::from));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run git; install it")?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(anyhow!("git has no standard output"));
        };
        let (status, read, messages) = std::thread::scope(|scope| {
            let reading = scope.spawn(move || read(&mut BufReader::new(stdout)));
            let messages = scope.spawn(move || self.messages(stderr));
            let status = self.wait(&mut child);
            (status, reading.join(), messages.join())
        });
        self.interrupt.check()?;
        let stopped = || anyhow!("reading from git stopped");
        read.map_err(|_panic| stopped())??;
        let messages = messages.map_err(|_panic| stopped())?.context("cannot read from git")?;
        Ok(Ended { status: status.context("cannot wait for git")?, messages })
    }

    /// Runs git and gives the lines it writes.
    pub(super) fn lines(&self, arguments: &[&str]) -> Result<(Ended, Vec<Vec<u8>>)> {
        let mut lines = Vec::new();
        let ended = self.each_line(arguments, &mut |line| lines.push(line.to_vec()))?;
        Ok((ended, lines))
    }

    /// Runs git and calls `each` with every line it writes.
    pub(super) fn each_line(
        &self,
        arguments: &[&str],
        each: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Ended> {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        self.run(&arguments, None, &mut |output| {
            let mut line = Vec::new();
            while read_line(output, &mut line)? {
                each(&line);
            }
            Ok(())
        })
    }

    /// A line of output as text for a report.
    pub(super) fn text(&self, line: &[u8]) -> String {
        self.without_dir(&String::from_utf8_lossy(line))
    }

    fn messages(&self, stderr: impl Read) -> io::Result<Vec<String>> {
        let mut stderr = BufReader::new(stderr);
        let mut messages = Vec::new();
        let mut line = Vec::new();
        while read_line(&mut stderr, &mut line)? {
            if messages.len() < MOST {
                messages.push(self.text(&line));
            }
        }
        Ok(messages)
    }

    /// Waits for the end, or brings it about.
    fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.interrupt.is_raised() {
                kill_process_group(Pid::from_child(child), Signal::KILL)?;
                return child.wait();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reads a line without its end; false if there is none.
pub(super) fn read_line(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let count = from.take(LINE).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if count as u64 == LINE {
        from.skip_until(b'\n')?;
    }
    Ok(count > 0)
}
