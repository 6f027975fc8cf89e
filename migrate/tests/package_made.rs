//! Packages for tests: something is delivered, and `handover-migrate artifacts` seals it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};

use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::Digest;
use handover_schemas::package::manifest::PackageManifest;
use handover_schemas::package::report::{PackageReport, PackageVerdict};
use handover_testkit::{Outcome, Run};
use handover_verify::package::{Identities, PackageRequest, verify_package};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::json;

/// A folder with what was delivered, and the hand-over beside it.
pub(crate) struct Delivery {
    folder: TempDir,
}

impl Delivery {
    /// A hand-over of one component, `portal`, with documents in an empty folder. `package` is the
    /// section `[package]` of the config, `more` are deliverables besides.
    pub(crate) fn new(package: &str, more: &str) -> Self {
        let delivery = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(delivery.delivered()).unwrap();
        delivery.configure(package, more);
        delivery
    }

    /// Writes the config anew.
    pub(crate) fn configure(&self, package: &str, more: &str) {
        fs::create_dir_all(self.handover()).unwrap();
        let config = format!(
            "[target]\nurl = \"sqlite:target.db\"\n[package]\n{package}\n\
             [[component]]\nid = \"portal\"\nname_vi = \"Cổng công khai\"\nname_en = \"Portal\"\n\
             [[component.deliverable]]\nkind = \"document\"\npath = \"../delivered\"\n{more}"
        );
        fs::write(self.handover().join("handover.toml"), config).unwrap();
    }

    /// The same with a few files of every sort in it.
    pub(crate) fn of_every_sort(package: &str) -> Self {
        let delivery = Self::new(package, "");
        let root = delivery.delivered();
        fs::create_dir_all(root.join("tài liệu/trống")).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("tài liệu/Hướng dẫn.txt"), "Xin chào\n".repeat(200)).unwrap();
        fs::write(root.join("src/Main.java"), "class Main {}\n").unwrap();
        fs::write(root.join("src/A.txt"), "upper\n").unwrap();
        fs::write(root.join("src/a.txt"), "lower\n").unwrap();
        fs::write(root.join("src/empty"), "").unwrap();
        fs::write(root.join("image.bin"), (0..=255).cycle().take(70_000).collect::<Vec<u8>>())
            .unwrap();
        symlink("src/Main.java", root.join("link")).unwrap();
        let archive = Run::program("tar").args(["czf", "src.tar.gz", "src"]).dir(&root).go();
        archive.expect(0);
        delivery
    }

    /// What the vendor delivered.
    pub(crate) fn delivered(&self) -> PathBuf {
        self.folder.path().join("delivered")
    }

    /// The hand-over folder.
    pub(crate) fn handover(&self) -> PathBuf {
        self.folder.path().join("handover")
    }

    /// A place beside both.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The package.
    pub(crate) fn package(&self) -> PathBuf {
        self.handover().join("packages/portal")
    }

    /// `handover-migrate artifacts --json`.
    pub(crate) fn artifacts(&self) -> Outcome {
        Run::new("handover-migrate")
            .args(["artifacts", "--json", "--quiet", "--handover"])
            .arg(self.handover())
            .go()
    }

    /// Makes the package, without a finding.
    #[track_caller]
    pub(crate) fn made(&self) -> Value {
        let report = json(self.artifacts().expect(0));
        assert_eq!(report["packages"][0]["outcome"], "sealed", "{report:#}");
        report
    }

    /// `handover-verify package --json`.
    pub(crate) fn verify(&self) -> Run {
        verify(&self.package())
    }
}

/// `handover-verify package --json` on a folder.
pub(crate) fn verify(package: &Path) -> Run {
    Run::new("handover-verify").args(["package", "--json", "--quiet"]).arg(package)
}

/// What the verifier finds, without starting a process.
#[track_caller]
pub(crate) fn judged(package: &Path) -> PackageReport {
    judged_with(package, None, &[])
}

/// The same with a seal to compare with, and files of keys.
#[track_caller]
pub(crate) fn judged_with(
    package: &Path,
    seal: Option<Digest>,
    identities: &[PathBuf],
) -> PackageReport {
    let identities = Identities::read(identities).unwrap();
    let request =
        PackageRequest { dir: package.to_owned(), seal, ledger: None, identities, jobs: 1 };
    verify_package(&request, &Interrupt::default(), &Progress::silent()).unwrap()
}

/// Fails unless the package is damaged, and a finding names this path.
#[track_caller]
pub(crate) fn is_located(report: &PackageReport, path: &str, what: &str) {
    assert_eq!(report.verdict, PackageVerdict::Damaged, "{what}: {report:#?}");
    let paths = report.findings.iter().filter_map(|finding| finding.path.as_deref());
    assert!(paths.into_iter().any(|found| found == path), "{what}: not {path}: {report:#?}");
}

/// The seal: SHA-256 of the tag manifest.
pub(crate) fn seal(package: &Path) -> Digest {
    Digest::of(&fs::read(package.join("tagmanifest-sha256.txt")).unwrap())
}

/// Everything below a folder but folders, as relative paths in order.
pub(crate) fn files_below(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// A copy of a package, to be damaged.
pub(crate) fn copy_of(package: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in files_below(package) {
        let place = copy.path().join(&file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let kind = package.join(&file).symlink_metadata().unwrap().file_type();
        assert!(!kind.is_symlink() && !kind.is_fifo(), "{file}");
        fs::copy(package.join(&file), place).unwrap();
    }
    copy
}

/// Makes all checksums right again after a change, as a forger would: payload manifests, counts,
/// `package.json`, tag manifest. Only the seal gives it away then.
pub(crate) fn seal_anew(package: &Path) {
    let payload: Vec<String> =
        files_below(package).into_iter().filter(|file| file.starts_with("data/")).collect();
    let mut manifest = String::new();
    let mut bytes = 0;
    for file in &payload {
        let content = fs::read(package.join(file)).unwrap();
        bytes += content.len();
        manifest += &format!("{}  {file}\n", Digest::of(&content));
    }
    fs::write(package.join("manifest-sha256.txt"), manifest).unwrap();
    let info = fs::read_to_string(package.join("bag-info.txt")).unwrap();
    let (kept, _) = info.rsplit_once("Payload-Oxum").unwrap();
    let info = format!("{kept}Payload-Oxum: {bytes}.{}\n", payload.len());
    fs::write(package.join("bag-info.txt"), info).unwrap();
    count_anew(package);
    list_anew(package);
}

/// Makes `package.json` right for what is in `contents.jsonl` and `members.jsonl`, if these are
/// not encoded.
pub(crate) fn count_anew(package: &Path) {
    let path = package.join("package.json");
    let mut manifest = PackageManifest::parse(&fs::read(&path).unwrap()).unwrap();
    for listing in [Some(&mut manifest.contents), manifest.members.as_mut()].into_iter().flatten() {
        if !manifest.encoding.suffix().is_empty() {
            continue;
        }
        let Ok(text) = fs::read(package.join(&listing.stored)) else { continue };
        listing.bytes = text.len() as u64;
        listing.lines = text.split_inclusive(|byte| *byte == b'\n').count() as u64;
        listing.sha256 = Digest::of(&text);
    }
    fs::write(path, manifest.to_text().unwrap()).unwrap();
}

/// Makes the tag manifest right for the files that are there.
pub(crate) fn list_anew(package: &Path) {
    let mut text = String::new();
    for file in files_below(package) {
        if !file.contains('/') && file != "tagmanifest-sha256.txt" {
            let digest = Digest::of(&fs::read(package.join(&file)).unwrap());
            text += &format!("{digest}  {file}\n");
        }
    }
    fs::write(package.join("tagmanifest-sha256.txt"), text).unwrap();
}

/// Makes folders in folders, each with this name, and a file in the last one: its path may be
/// longer than system calls take.
#[track_caller]
pub(crate) fn deep(root: &Path, name: &str, depth: usize) {
    let script =
        "set -e; for i in $(seq \"$1\"); do mkdir -p \"$0\"; cd \"$0\"; done; echo x > file";
    Run::program("bash").args(["-c", script, name, &depth.to_string()]).dir(root).go().expect(0);
}

/// Adds bytes to a file.
pub(crate) fn append(path: &Path, bytes: &[u8]) {
    File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Makes keys with `age-keygen`: files with identities, and their recipients.
pub(crate) fn keys(folder: &Path, count: usize) -> (Vec<PathBuf>, Vec<String>) {
    fs::create_dir_all(folder).unwrap();
    let make = |number| {
        let file = folder.join(format!("key{number}.txt"));
        Run::program("age-keygen").arg("-o").arg(&file).go().expect(0);
        let recipient = Run::program("age-keygen").arg("-y").arg(&file).go();
        (file, recipient.expect(0).stdout.trim().to_owned())
    };
    (0..count).map(make).unzip()
}

/// The lines of `[package]` for recipients.
pub(crate) fn recipients(keys: &[String]) -> String {
    format!("recipients = {keys:?}")
}
