//! One hand-over of a test: two ends, a folder, and the commands on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use handover_cli_kit::private_file;
use handover_testkit::{Database, Outcome, Run, sqlite};
use serde_json::Value;
use tempfile::TempDir;

/// Two ends and a hand-over folder. SQLite files lie beside the folder and go away with it.
pub(crate) struct Handover {
    folder: TempDir,
    dir: Option<PathBuf>,
    source: String,
    target: String,
}

impl Handover {
    /// Between two URLs.
    pub(crate) fn between(source: &str, target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, dir: None, source: source.to_owned(), target: target.to_owned() }
    }

    /// From one PostgreSQL database to another.
    pub(crate) fn postgres(source: &Database, target: &Database) -> Self {
        Self::between(&source.url(), &target.url())
    }

    /// From a new SQLite file, made by these statements, to PostgreSQL.
    pub(crate) fn sqlite_to_postgres(source_sql: &str, target: &Database) -> Self {
        let mut handover = Self::between("", &target.url());
        handover.source = format!("sqlite:{}", handover.source_file().display());
        make(&handover, source_sql);
        handover
    }

    /// From a new SQLite file, made by these statements, to another.
    pub(crate) fn sqlite(source_sql: &str) -> Self {
        let mut handover = Self::between("", "");
        handover.source = format!("sqlite:{}", handover.source_file().display());
        handover.target = format!("sqlite:{}", handover.target_file().display());
        make(&handover, source_sql);
        handover
    }

    /// Where the SQLite source is.
    pub(crate) fn source_file(&self) -> PathBuf {
        self.folder.path().join("source.sqlite")
    }

    /// Where the SQLite target is.
    pub(crate) fn target_file(&self) -> PathBuf {
        self.folder.path().join("target.sqlite")
    }

    /// The hand-over folder.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| self.folder.path().join("handover"))
    }

    /// A place beside everything else.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same ends and folder, with another source.
    pub(crate) fn set_source(&mut self, url: &str) {
        url.clone_into(&mut self.source);
    }

    /// The same ends and folder, with another target.
    pub(crate) fn set_target(&mut self, url: &str) {
        url.clone_into(&mut self.target);
    }

    /// `handover-migrate copy … --json`, which runs the source's functions.
    pub(crate) fn copy(&self) -> Run {
        self.copy_for_people().arg("--json")
    }

    /// `handover-migrate copy …`, which runs the source's functions with the rights of the account.
    pub(crate) fn copy_for_people(&self) -> Run {
        let run = self.plain_copy().args(["--vendor-code", "unread"]);
        if self.target.starts_with("sqlite:") { run } else { run.args(["--owner", "account"]) }
    }

    /// `handover-migrate copy … --json`, which runs the source's functions as a role of their own.
    pub(crate) fn copy_as(&self, owner: &str) -> Run {
        self.plain_copy().args(["--json", "--vendor-code", "unread", "--owner", owner])
    }

    /// `handover-migrate copy … --json` without a word about the source's functions.
    pub(crate) fn copy_without_code(&self) -> Run {
        self.plain_copy().arg("--json")
    }

    fn plain_copy(&self) -> Run {
        Run::new("handover-migrate")
            .args(["copy", "--source", &self.source, "--target", &self.target])
            .arg("--handover")
            .arg(self.dir())
    }

    /// Another hand-over folder.
    pub(crate) fn set_dir(&mut self, dir: &Path) {
        self.dir = Some(dir.to_owned());
    }

    /// The report of a copy that ends with 0 and says that everything is there.
    #[track_caller]
    pub(crate) fn copied(&self) -> Value {
        expect_copied(&self.copy().go())
    }

    /// What `handover-migrate status --json` says.
    #[track_caller]
    pub(crate) fn status(&self) -> Status {
        Status(json(self.ask_status().go().expect(0)))
    }

    /// `handover-migrate status --json`.
    pub(crate) fn ask_status(&self) -> Run {
        Run::new("handover-migrate").args(["status", "--json", "--target", &self.target])
    }

    /// `handover-verify tables … --json`.
    pub(crate) fn verify(&self) -> Run {
        Run::new("handover-verify")
            .args(["tables", "--json", "--source", &self.source, "--target", &self.target])
            .arg("--handover")
            .arg(self.dir())
    }

    /// What `handover-verify ledger` says.
    #[track_caller]
    pub(crate) fn ledger(&self) -> String {
        let run = Run::new("handover-verify").args(["ledger", "--target", &self.target]);
        let outcome = run.arg("--handover").arg(self.dir()).go();
        assert!(outcome.stdout.contains("events follow one another"), "{outcome:?}");
        outcome.stdout
    }

    /// The report of a verification that ends with 0 and the verdict "equal".
    #[track_caller]
    pub(crate) fn verified(&self) -> Value {
        let report = json(self.verify().go().expect(0));
        assert_eq!(report["verdict"], "equal", "{report:#}");
        report
    }
}

fn make(handover: &Handover, source_sql: &str) {
    // Statements that begin with a comment would be taken for an option.
    sqlite(&handover.source_file(), &format!("\n{source_sql}"));
}

/// The document a command printed.
#[track_caller]
pub(crate) fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", outcome.stdout, outcome.stderr))
}

/// The report of a copy that has to be complete.
#[track_caller]
pub(crate) fn expect_copied(outcome: &Outcome) -> Value {
    let report = json(outcome.expect(0));
    assert_eq!(report["outcome"], "copied", "{report:#}");
    report
}

/// Tables of a report by name.
pub(crate) fn by_table(report: &Value) -> BTreeMap<String, &Value> {
    let tables = report["tables"].as_array().unwrap();
    tables.iter().map(|table| (table["table"].as_str().unwrap().to_owned(), table)).collect()
}

/// One table of a report.
#[track_caller]
pub(crate) fn table<'r>(report: &'r Value, name: &str) -> &'r Value {
    by_table(report).remove(name).unwrap_or_else(|| panic!("no table {name} in {report:#}"))
}

/// All findings' messages, a table's among them, one a line.
pub(crate) fn messages(report: &Value) -> String {
    let of_tables = report["tables"].as_array().into_iter().flatten();
    let all = of_tables.chain([report]).flat_map(|place| place["findings"].as_array().unwrap());
    let messages: Vec<&str> = all.map(|finding| finding["message"].as_str().unwrap()).collect();
    messages.join("\n")
}

/// What `status --json` said.
pub(crate) struct Status(pub(crate) Value);

impl Status {
    /// A number summed over all tables: `planned`, `copied`, `read_back`, `rows`.
    pub(crate) fn sum(&self, what: &str) -> u64 {
        self.0["tables"].as_array().unwrap().iter().map(|t| t[what].as_u64().unwrap()).sum()
    }

    /// The same per table.
    pub(crate) fn per_table(&self, what: &str) -> BTreeMap<String, u64> {
        let number = |table: &Value| table[what].as_u64().unwrap();
        by_table(&self.0).into_iter().map(|(name, table)| (name, number(table))).collect()
    }

    /// `rows`, `structure` or `done`.
    pub(crate) fn stage(&self) -> &str {
        self.0["stage"].as_str().unwrap()
    }

    /// Runs that did not come to their end.
    pub(crate) fn interruptions(&self) -> u64 {
        self.0["interruptions"].as_u64().unwrap()
    }
}

/// Runs the commands of a verifier's report in bash: each has to print the digest beside it.
/// Returns how many ran, and the reasons of those ends that have none.
#[track_caller]
pub(crate) fn commands_give_digests(report: &Value) -> (usize, Vec<String>) {
    let (mut ran, mut reasons) = (0, Vec::new());
    for (name, table) in by_table(report) {
        for end in ["source", "target"] {
            let Some(command) = table[end]["command"].as_str() else {
                let reason = table[end]["command_reason"].as_str();
                let reason = reason.unwrap_or_else(|| panic!("{name} {end}: no reason given"));
                reasons.push(format!("{name}: {reason}"));
                continue;
            };
            let printed = Run::program("bash").args(["-c", command]).go();
            let digest = table[end]["digest"].as_str().unwrap();
            assert_eq!(printed.expect(0).stdout.trim_end(), digest, "{name} {end}: {command}");
            ran += 1;
        }
    }
    (ran, reasons)
}

/// Fails if anything a command said holds one of these.
#[track_caller]
pub(crate) fn says_nothing_of(outcome: &Outcome, secrets: &[&str]) {
    for secret in secrets {
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains(secret), "{secret} is shown:\n{text}");
        }
    }
}

/// Fails unless standard error has all of these.
#[track_caller]
pub(crate) fn says(outcome: &Outcome, parts: &[&str]) {
    for part in parts {
        assert!(outcome.stderr.contains(part), "not said: {part}\n{}", outcome.stderr);
    }
}

/// Fails unless standard output has all of these.
#[track_caller]
pub(crate) fn prints(outcome: &Outcome, parts: &[&str]) {
    for part in parts {
        assert!(outcome.stdout.contains(part), "not printed: {part}\n{}", outcome.stdout);
    }
}

/// Permissions of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Writes a file with a key or a passphrase, as its owner has it.
#[track_caller]
pub(crate) fn write_private(file: &Path, content: impl AsRef<[u8]>) {
    private_file::replace(file, content.as_ref()).unwrap();
}
