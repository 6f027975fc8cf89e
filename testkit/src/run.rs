//! Programs: ours, and the ones an auditor would use.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, mem};

use tempfile::TempDir;

use crate::process::{peak_resident, signal, wait_until};
use crate::server::forget_postgres_settings;

/// Path of a binary of this workspace, which `./test` builds before the tests run.
#[track_caller]
pub fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("this test is a file");
    // target/<profile>/deps/<test>
    let profile = test.parent().and_then(Path::parent).expect("a test is in a folder of its own");
    let path = profile.join(name);
    assert!(path.is_file(), "{name} is not built: run ./test, or cargo build --workspace first");
    path
}

/// What `sqlite3` prints for statements on a database file: a line for each row, `|` between
/// columns. Without the last newline.
#[track_caller]
pub fn sqlite(file: &Path, sql: &str) -> String {
    let outcome = Run::program("sqlite3").args(["-batch", "-bail"]).arg(file).arg(sql).go();
    outcome.expect(0);
    outcome.stdout.strip_suffix('\n').unwrap_or(&outcome.stdout).to_owned()
}

/// A program that is about to be run.
///
/// It gets nothing to read, the caller's environment without its `PG…` variables, and 300 seconds.
#[derive(Debug)]
pub struct Run {
    command: Command,
    limit: Duration,
}

impl Run {
    /// One of this workspace's binaries.
    #[track_caller]
    pub fn new(name: &str) -> Self {
        Self::program(binary(name))
    }

    /// Any program.
    pub fn program(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        forget_postgres_settings(&mut command);
        Self { command, limit: Duration::from_mins(5) }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives it a file to read.
    #[must_use]
    pub fn stdin(mut self, file: File) -> Self {
        self.command.stdin(file);
        self
    }

    /// Kills it, and fails the test, after this time instead of 300 seconds.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn go(self) -> Outcome {
        self.spawn().wait()
    }

    /// Starts it.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        // Files, not pipes: nothing has to read while it runs, and everything can.
        let output = tempfile::tempdir().expect("a temporary folder");
        let file = |name| File::create(output.path().join(name)).expect("a temporary file");
        self.command.stdout(file("stdout")).stderr(file("stderr"));
        let shown = format!("{:?}", self.command);
        let child =
            self.command.spawn().unwrap_or_else(|error| panic!("{shown} cannot be run: {error}"));
        let (limit, start) = (self.limit, Instant::now());
        Running { child, shown, output, limit, start, peak_resident: 0 }
    }
}

/// A program that is running; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shown: String,
    output: TempDir,
    limit: Duration,
    start: Instant,
    peak_resident: u64,
}

impl Running {
    /// Process id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.output.path().join(name)).expect("the output is kept");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends it a signal: `INT`, `TERM`, `STOP`, …
    pub fn signal(&self, name: &str) {
        signal(name, &[self.child.id()]);
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.look_at_memory();
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn look_at_memory(&mut self) {
        let peak = peak_resident(self.child.id()).unwrap_or_default();
        self.peak_resident = self.peak_resident.max(peak);
    }

    /// Polls until the condition holds; false if the program ended first. Fails the test when its
    /// time is up.
    #[track_caller]
    pub fn wait_for(&mut self, mut condition: impl FnMut(&Self) -> bool) -> bool {
        let mut held = false;
        let left = self.limit.saturating_sub(self.start.elapsed());
        let in_time = wait_until(left, || {
            let ended = self.has_ended();
            held = condition(self);
            held || ended
        });
        assert!(
            in_time,
            "{} did not come so far in {:?}\n{}",
            self.shown,
            self.limit,
            self.stderr()
        );
        held
    }

    /// Kills it with SIGKILL and waits until it is gone.
    #[track_caller]
    pub fn kill(mut self) -> Outcome {
        self.child.kill().expect("it can be killed");
        self.wait()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let left = self.limit.saturating_sub(self.start.elapsed());
        let mut status: Option<ExitStatus> = None;
        wait_until(left, || {
            self.look_at_memory();
            status = self.child.try_wait().expect("it is a child of this process");
            status.is_some()
        });
        let Some(status) = status else {
            self.child.kill().expect("it can be killed");
            panic!("{} did not end in {:?}\n{}", self.shown, self.limit, self.stderr());
        };
        Outcome {
            code: status.code(),
            signal: status.signal(),
            stdout: self.read("stdout"),
            stderr: self.read("stderr"),
            took: self.start.elapsed(),
            peak_resident: self.peak_resident,
            shown: mem::take(&mut self.shown),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a program ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output; invalid UTF-8 is replaced.
    pub stdout: String,
    /// Standard error; invalid UTF-8 is replaced.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
    /// The most memory it was seen to have resident, in bytes.
    pub peak_resident: u64,
    shown: String,
}

impl Outcome {
    /// Fails the test, showing everything, unless it ended with this code.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert!(
            self.code == Some(code),
            "{}\nended with {:?} (signal {:?}), not {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.shown,
            self.code,
            self.signal,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Most memory that any of our commands may have resident, however bad what it is given.
pub const MEMORY_MAX: u64 = 512 * 1024 * 1024;

/// Longest time that one of our commands may go on without a line of progress.
const QUIET_MAX: f64 = 15.0;

impl Outcome {
    /// What none of our programs may do, whatever others give it: it ends with no code of its own, panics, takes
    /// more than [`MEMORY_MAX`], goes on without a word, or writes what steers a terminal.
    pub fn misbehaviour(&self) -> Option<String> {
        let ended = self.code.is_some_and(|code| [0, 1, 2, 130].contains(&code));
        let quiet = self.longest_quiet();
        let wrong = if !ended {
            format!("it ended with {:?} (signal {:?})", self.code, self.signal)
        } else if self.stderr.contains("panicked") {
            "it panicked".to_owned()
        } else if self.peak_resident > MEMORY_MAX {
            format!("it took {} MiB", self.peak_resident / 1024 / 1024)
        } else if quiet > QUIET_MAX {
            format!("it said nothing for {quiet:.1} s")
        } else if let Some(bad) =
            self.stdout.chars().chain(self.stderr.chars()).find(|c| steers(*c))
        {
            format!("it wrote {bad:?}")
        } else {
            return None;
        };
        Some(format!("{wrong}\n{}\n{}\n{}", self.shown, self.stdout, self.stderr))
    }

    /// The longest time, in seconds, between two lines of progress such as `[    1.5s] …`.
    fn longest_quiet(&self) -> f64 {
        let time = |line: &str| line.strip_prefix('[')?.split_once("s]")?.0.trim().parse().ok();
        let mut times: Vec<f64> = self.stderr.lines().filter_map(time).collect();
        times.insert(0, 0.0);
        times.push(self.took.as_secs_f64());
        times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
    }
}

/// Whether a character steers a terminal: controls, and those that turn the direction of text (Unicode Bidirectional
/// Algorithm, UAX #9).
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Run {
        Run::program("sh").args(["-c", script])
    }

    #[test]
    fn output_and_code_are_told_apart() {
        let outcome = shell("echo out; echo err >&2; pwd >&2; exit 3").dir("/").go();
        assert_eq!((outcome.code, outcome.signal), (Some(3), None));
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n/\n"));
    }

    #[test]
    fn more_output_than_a_pipe_holds_is_no_trouble() {
        let outcome = shell("head -c 300000 /dev/zero | tr '\\0' x; exit 0").go();
        assert_eq!(outcome.expect(0).stdout.len(), 300_000);
    }

    #[test]
    #[should_panic(expected = "ended with Some(1) (signal None), not 0")]
    fn an_unexpected_code_shows_everything() {
        shell("exit 1").go().expect(0);
    }

    #[test]
    #[should_panic(expected = "did not end in 50ms")]
    fn a_program_that_hangs_is_killed() {
        shell("exec sleep 100").limit(Duration::from_millis(50)).go();
    }

    #[test]
    fn a_running_program_can_be_watched_and_killed() {
        let mut running = shell("echo ready >&2; exec sleep 100").spawn();
        assert!(running.wait_for(|running| running.stderr().contains("ready")));
        assert!(!running.has_ended());
        assert_eq!(running.kill().signal, Some(9));

        let mut running =
            shell("trap 'exit 130' INT; echo ready; while :; do sleep 0.01; done").spawn();
        assert!(running.wait_for(|running| running.stdout().contains("ready")));
        running.signal("INT");
        assert_eq!(running.wait().code, Some(130));
        assert!(!shell("exit 0").spawn().wait_for(|_| false), "it ended first");
    }

    #[test]
    fn settings_for_postgres_do_not_leak_in() {
        // A process cannot change its own environment safely: this test runs itself once more.
        if env::var_os("PGSERVICE").is_none() {
            let name = "run::tests::settings_for_postgres_do_not_leak_in";
            let again = Run::program(env::current_exe().unwrap()).args(["--exact", name]);
            again.env("PGSERVICE", "leak").go().expect(0);
            return;
        }
        let names = shell("env").env("PGPASSWORD", "x").go().stdout;
        let names: Vec<&str> = names.lines().filter(|line| line.starts_with("PG")).collect();
        assert_eq!(names, ["PGPASSWORD=x"]);
    }

    #[test]
    fn our_binaries_are_found() {
        assert!(binary("handover-migrate").is_file());
        assert!(binary("handover-verify").is_file());
    }

    #[test]
    fn sqlite_prints_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.sqlite");
        assert_eq!(sqlite(&file, "create table t (a); insert into t values (1), (2)"), "");
        assert_eq!(sqlite(&file, "select a, a + 1 from t"), "1|2\n2|3");
    }
}
