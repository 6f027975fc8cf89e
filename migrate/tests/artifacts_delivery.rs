//! A delivery of a test: what a vendor delivered, the hand-over folder, and the commands on them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use handover_testkit::{Outcome, Run, sqlite};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::json;

/// A folder that was delivered, and a hand-over folder beside it.
pub(crate) struct Delivery {
    folder: TempDir,
    dir: Option<PathBuf>,
    target: String,
}

/// The one deliverable of most tests.
pub(crate) const DOCUMENTS: &str =
    "[[component.deliverable]]\nkind = \"document\"\npath = \"../delivered\"\n";

impl Delivery {
    /// An empty folder as the documents of component "portal", and a SQLite target.
    pub(crate) fn new() -> Self {
        Self::into_target("sqlite:../target.db")
    }

    /// The same with another target.
    pub(crate) fn into_target(url: &str) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), url)
    }

    /// The same in this folder, empty so far.
    pub(crate) fn in_folder(folder: TempDir, url: &str) -> Self {
        let delivery = Self { folder, dir: None, target: url.to_owned() };
        fs::create_dir(delivery.delivered()).unwrap();
        fs::create_dir(delivery.dir()).unwrap();
        delivery.configure(DOCUMENTS);
        delivery
    }

    /// The same delivery, received into a hand-over folder elsewhere.
    pub(crate) fn set_dir(&mut self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        self.dir = Some(dir.to_owned());
        let delivered = self.delivered();
        let target = self.beside("target.db");
        self.target = format!("sqlite:{}", target.display());
        self.configure(&DOCUMENTS.replace("../delivered", delivered.to_str().unwrap()));
    }

    /// Another target, known from the next [`Delivery::configure`] on.
    pub(crate) fn set_target(&mut self, url: &str) {
        url.clone_into(&mut self.target);
    }

    /// Writes the config: the target, component "portal", and what is given.
    pub(crate) fn configure(&self, rest: &str) {
        let text = format!(
            "[target]\nurl = \"{}\"\n[[component]]\nid = \"portal\"\nname_vi = \"Cổng\"\n\
             name_en = \"Portal\"\n{rest}",
            self.target
        );
        fs::write(self.dir().join("handover.toml"), text).unwrap();
    }

    /// A place beside everything else.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What was delivered.
    pub(crate) fn delivered(&self) -> PathBuf {
        self.beside("delivered")
    }

    /// The hand-over folder.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| self.beside("handover"))
    }

    /// The sealed package.
    pub(crate) fn package(&self) -> PathBuf {
        self.dir().join("packages/portal")
    }

    /// The folder in which the package is made.
    pub(crate) fn partial(&self) -> PathBuf {
        self.dir().join("packages/.portal.partial")
    }

    /// Delivers a file; makes the folders above it.
    pub(crate) fn put(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.delivered().join(Path::new(name.as_ref()));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs a shell script in the delivered folder.
    #[track_caller]
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        let outcome = Run::program("bash").args(["-ec", script]).dir(self.delivered()).go();
        outcome.expect(0);
        outcome
    }

    /// `handover-migrate artifacts --json`.
    pub(crate) fn receive(&self) -> Run {
        self.receive_by(Run::new("handover-migrate"))
    }

    /// The same, by a program that runs ours.
    pub(crate) fn receive_by(&self, program: Run) -> Run {
        program.args(["artifacts", "--json", "--handover"]).arg(self.dir())
    }

    /// What a run with findings says to people.
    pub(crate) fn in_words(&self) -> String {
        let run = Run::new("handover-migrate").args(["artifacts", "--quiet", "--handover"]);
        run.arg(self.dir()).go().expect(1).stdout.clone()
    }

    /// The report of a run that ends with this code.
    #[track_caller]
    pub(crate) fn received(&self, code: i32) -> Value {
        json(self.receive().arg("--quiet").go().expect(code))
    }

    /// The findings file as it is, line by line.
    pub(crate) fn findings(&self) -> Vec<Value> {
        match fs::read_to_string(self.dir().join("findings/artifacts.jsonl")) {
            Ok(text) => lines(&text),
            Err(_none) => Vec::new(),
        }
    }

    /// The findings in short: kind, path, what.
    pub(crate) fn found(&self) -> Vec<(String, String, String)> {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let short = |line: Value| (text(&line["kind"]), text(&line["path"]), text(&line["what"]));
        self.findings().into_iter().map(short).collect()
    }

    /// The lines of the package's `contents.jsonl`.
    pub(crate) fn contents(&self) -> Vec<Value> {
        lines(&fs::read_to_string(self.package().join("contents.jsonl")).unwrap())
    }

    /// One entry of the package by its original name.
    #[track_caller]
    pub(crate) fn entry(&self, name: &str) -> Value {
        let found = self.contents().into_iter().find(|entry| entry["name"] == name);
        found.unwrap_or_else(|| panic!("no entry {name}: {:#?}", self.contents()))
    }

    /// The stored form of a file.
    #[track_caller]
    pub(crate) fn stored(&self, name: &str) -> PathBuf {
        self.package().join(self.entry(name)["stored"].as_str().unwrap())
    }

    /// The seals that the ledger knows, with 1 for those that were superseded.
    pub(crate) fn seals(&self) -> BTreeMap<String, String> {
        let sql = "select seal || ' ' || (superseded_at is not null) from handover_package";
        let rows = sqlite(&self.beside("target.db"), sql);
        let pairs = rows.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(seal, old)| (seal.to_owned(), old.to_owned())).collect()
    }

    /// The seal that the same delivery gets in a hand-over folder where nothing goes wrong.
    #[track_caller]
    pub(crate) fn undisturbed_seal(&self) -> String {
        let dir = self.beside("undisturbed");
        fs::create_dir(&dir).unwrap();
        let text = fs::read_to_string(self.dir().join("handover.toml")).unwrap();
        let target = format!("\"sqlite:{}\"", self.beside("undisturbed.db").display());
        let text = text.replace(&format!("\"{}\"", self.target), &target);
        fs::write(dir.join("handover.toml"), text).unwrap();
        let run = Run::new("handover-migrate").args(["artifacts", "--json", "--handover"]);
        let outcome = run.arg(&dir).go();
        let sealed = seal(&json(&outcome));
        fs::remove_dir_all(dir).unwrap();
        sealed
    }

    /// Makes the ledger know no package any more.
    pub(crate) fn forget_ledger(&self) {
        sqlite(&self.beside("target.db"), "delete from handover_package");
    }

    /// `handover-verify package --json` of a package, against the ledger.
    pub(crate) fn verify(&self, package: &Path) -> Run {
        let run = Run::new("handover-verify").args(["package", "--json", "--quiet", "--handover"]);
        run.arg(self.dir()).arg(package)
    }

    /// The sealed package is whole, is the one the ledger knows, and holds every file that was
    /// delivered; nothing else is left in the folder of packages.
    #[track_caller]
    pub(crate) fn is_whole(&self) {
        let report = json(self.verify(&self.package()).go().expect(0));
        assert_eq!(report["verdict"], "intact", "{report:#}");
        assert!(!self.partial().exists(), "the folder of the unfinished package was left");
        for entry in self.contents().iter().filter(|entry| entry["type"] == "file") {
            let Some(name) = entry["name"].as_str() else { continue };
            let original = self.delivered().join(name);
            let stored = self.package().join(entry["stored"].as_str().unwrap());
            assert!(fs::read(&original).unwrap() == fs::read(&stored).unwrap(), "{name}");
        }
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The seal of a report's only package.
#[track_caller]
pub(crate) fn seal(report: &Value) -> String {
    report["packages"][0]["seal"].as_str().unwrap_or_else(|| panic!("{report:#}")).to_owned()
}

/// The kinds of a report's findings, with how many of each.
pub(crate) fn counts(report: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for one in report["findings"].as_array().unwrap() {
        *counts.entry(one["kind"].as_str().unwrap().to_owned()).or_default() +=
            one["count"].as_u64().unwrap();
    }
    counts
}

/// Every file below a folder whose content or name has these bytes.
pub(crate) fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let has = |text: &[u8]| text.windows(bytes.len()).any(|window| window == bytes);
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if has(path.as_os_str().as_encoded_bytes()) || has(&fs::read(&path).unwrap()) {
            found.push(path);
        }
    }
    found
}

/// Everything below a folder is for its owner alone.
#[track_caller]
pub(crate) fn is_private(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            is_private(&path);
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
}
