//! The real programs, run as a person would run them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::output::print_text;
use handover_cli_kit::shell::quote;
use handover_engine::endpoint::Endpoint;
use handover_schemas::package::PACKAGES_DIR;

/// What stands in the error of `handover-minutes` where no font is installed that has all letters.
const NO_FONT: &str = "no font with all Vietnamese letters";

/// How to get the program that makes minutes.
const BUILD_MINUTES: &str = "The minutes are made by handover-minutes, a program of its own, which is \
                             not here yet. Build it beside the others, and make them later:\n\
                             cargo build --release -p handover-minutes\n";

/// Where the two programs are.
pub(super) struct Programs {
    migrate: PathBuf,
    verify: PathBuf,
}

impl Programs {
    /// Both have to be in the same folder.
    pub(super) fn find() -> Result<Self> {
        let migrate = std::env::current_exe().context("cannot find this program's own file")?;
        let verify = migrate.with_file_name("handover-verify");
        if !verify.exists() {
            bail!(
                "{} is not there; build it first: cargo build --release --workspace",
                verify.display()
            );
        }
        Ok(Self { migrate, verify })
    }

    /// Starts a copy and shows its command line. Its progress goes to standard error.
    pub(super) fn start_copy(
        &self,
        source: &Endpoint,
        target: &Endpoint,
        folder: &Path,
        extra: &[String],
    ) -> Result<Child> {
        let mut command = Command::new(&self.migrate);
        command.arg("copy");
        ends(&mut command, source, target, folder);
        command.args(extra).stdout(Stdio::piped());
        show("handover-migrate", &command)?;
        command.spawn().context("cannot start the copy")
    }

    /// Copies to the end.
    pub(super) fn copy(&self, source: &Endpoint, target: &Endpoint, folder: &Path) -> Result<()> {
        let output = self
            .start_copy(source, target, folder, &[])?
            .wait_with_output()
            .context("cannot wait for the copy")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("the copy ended with {}:\n{text}", output.status);
        }
        print_text(text.lines().last().unwrap_or_default())
    }

    /// What `status` says.
    pub(super) fn status(&self, target: &Endpoint) -> Result<String> {
        let mut command = Command::new(&self.migrate);
        command.arg("status").arg("--target").arg(target_url(target));
        print_text("")?;
        show("handover-migrate", &command)?;
        let output = command.output().context("cannot run status")?;
        if !output.status.success() {
            bail!("status ended with {}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What `handover-verify` says; an error unless it says "equal".
    pub(super) fn verify(
        &self,
        source: &Endpoint,
        target: &Endpoint,
        folder: &Path,
    ) -> Result<String> {
        let mut command = Command::new(&self.verify);
        command.arg("tables");
        ends(&mut command, source, target, folder);
        command.stdout(Stdio::piped());
        show("handover-verify", &command)?;
        let output = command
            .spawn()
            .and_then(Child::wait_with_output)
            .context("cannot run handover-verify")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("handover-verify ended with {}:\n{text}", output.status);
        }
        Ok(text)
    }
}

impl Programs {
    /// Receives what the config lists and shows what is said of it.
    pub(super) fn artifacts(
        &self,
        source: &Endpoint,
        target: &Endpoint,
        folder: &Path,
    ) -> Result<()> {
        let mut command = Command::new(&self.migrate);
        command.arg("artifacts").arg("--handover").arg(folder).stdout(Stdio::piped());
        give_passwords(&mut command, [source, target]);
        show("handover-migrate", &command)?;
        let output = command
            .spawn()
            .and_then(Child::wait_with_output)
            .context("cannot run handover-migrate artifacts")?;
        let text = String::from_utf8_lossy(&output.stdout);
        // Something is missing, so that it cannot end with 0.
        if output.status.code() != Some(i32::from(Exit::Findings.code())) {
            bail!("handover-migrate artifacts ended with {}:\n{text}", output.status);
        }
        print_text(&text)
    }

    /// What `handover-verify package` says; an error unless the package is intact.
    pub(super) fn verify_package(
        &self,
        target: &Endpoint,
        folder: &Path,
        component: &str,
    ) -> Result<String> {
        let mut command = Command::new(&self.verify);
        command.arg("package").arg(folder.join(PACKAGES_DIR).join(component));
        command.arg("--handover").arg(folder).arg("--quiet");
        give_passwords(&mut command, [target, target]);
        show("handover-verify", &command)?;
        let output = command.output().context("cannot run handover-verify package")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("handover-verify package ended with {}:\n{text}", output.status);
        }
        Ok(text)
    }
}

impl Programs {
    /// Runs `handover-migrate` and gives what it says; an error unless it ends with this code.
    pub(super) fn migrate(&self, words: &[&OsStr], code: i32) -> Result<String> {
        let mut command = Command::new(&self.migrate);
        command.args(words);
        said("handover-migrate", &mut command, code)
    }

    /// The same, shown as a person would type it; it has to end with 0.
    pub(super) fn shown(&self, words: &[&OsStr], databases: &[&Endpoint]) -> Result<String> {
        self.shown_ending(words, databases, 0)
    }

    /// The same; it has to end with this code.
    pub(super) fn shown_ending(
        &self,
        words: &[&OsStr],
        databases: &[&Endpoint],
        code: i32,
    ) -> Result<String> {
        let mut command = Command::new(&self.migrate);
        command.args(words);
        for database in databases {
            give_passwords(&mut command, [database, database]);
        }
        show("handover-migrate", &command)?;
        said("handover-migrate", &mut command, code)
    }

    /// What a command of `handover-verify` says; it has to end with this code.
    pub(super) fn verified(
        &self,
        words: &[&OsStr],
        databases: &[&Endpoint],
        code: i32,
    ) -> Result<String> {
        let mut command = Command::new(&self.verify);
        command.args(words);
        for database in databases {
            give_passwords(&mut command, [database, database]);
        }
        show("handover-verify", &command)?;
        said("handover-verify", &mut command, code)
    }

    /// What `handover-minutes` says. If that program is not beside this one, or no font is
    /// installed that has all letters, how to get it: minutes can be made later.
    pub(super) fn minutes(&self, words: &[OsString]) -> Result<String> {
        let program = self.migrate.with_file_name("handover-minutes");
        if !program.exists() {
            return Ok(BUILD_MINUTES.to_owned());
        }
        let mut command = Command::new(program);
        command.args(words).stderr(Stdio::piped());
        show("handover-minutes", &command)?;
        let output = command.output().context("cannot run handover-minutes")?;
        let problem = String::from_utf8_lossy(&output.stderr);
        if problem.contains(NO_FONT) {
            return Ok(format!("{problem}The minutes can be made later; the rehearsal goes on.\n"));
        }
        if !output.status.success() {
            bail!("handover-minutes ended with {}:\n{problem}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What `handover-verify record` says; an error unless the proof holds.
    pub(super) fn verify_record(&self, prefix: &Path, trust: &Path) -> Result<String> {
        let with = |suffix: &str| {
            let mut path = prefix.as_os_str().to_owned();
            path.push(suffix);
            path
        };
        let mut command = Command::new(&self.verify);
        command.arg("record").arg("--proof").arg(with(".tlog-proof"));
        command.arg("--record").arg(with(".record.json")).arg("--trust").arg(trust);
        show("handover-verify", &command)?;
        said("handover-verify", &mut command, 0)
    }

    /// What `handover-verify purge` says; an error unless everything holds.
    pub(super) fn verify_purge(
        &self,
        target: &Endpoint,
        folder: &Path,
        more: &[PathBuf],
    ) -> Result<String> {
        let mut command = Command::new(&self.verify);
        command.arg("purge").arg("--handover").arg(folder).args(more).arg("--quiet");
        give_passwords(&mut command, [target, target]);
        show("handover-verify", &command)?;
        said("handover-verify", &mut command, 0)
    }
}

/// Runs a program to its end; its progress goes to standard error.
fn said(program: &str, command: &mut Command, code: i32) -> Result<String> {
    let output = command
        .stdout(Stdio::piped())
        .spawn()
        .and_then(Child::wait_with_output)
        .with_context(|| format!("cannot run {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() != Some(code) {
        bail!("{program} ended with {}:\n{text}", output.status);
    }
    Ok(text)
}

fn ends(command: &mut Command, source: &Endpoint, target: &Endpoint, folder: &Path) {
    command.arg("--source").arg(target_url(source));
    command.arg("--target").arg(target_url(target));
    command.arg("--handover").arg(folder);
    give_passwords(command, [source, target]);
}

/// A password goes by the environment.
fn give_passwords(command: &mut Command, ends: [&Endpoint; 2]) {
    for endpoint in ends {
        if let Endpoint::Postgres(postgres) = endpoint
            && let Some(password) = postgres.password()
        {
            command.env("PGPASSWORD", password);
        }
    }
}

/// The URL to give to a program: no password stands in an argument.
fn target_url(endpoint: &Endpoint) -> String {
    endpoint.to_string()
}

/// Shows a command as a person would type it.
fn show(program: &str, command: &Command) -> Result<()> {
    let words: Vec<String> =
        command.get_args().map(|word| quote(&word.to_string_lossy())).collect();
    print_text(&format!("$ {program} {}\n", words.join(" ")))
}
