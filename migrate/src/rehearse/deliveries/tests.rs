//! What holds for deliveries as a whole, asked of the programs that people would ask.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use handover_schemas::config::{Config, DeliverableForm, DeliverableKind};
use handover_schemas::digest::Digest;
use tempfile::TempDir;
use unicode_normalization::{is_nfc, is_nfd};

use super::*;

const REPOSITORIES: [&str; 4] = ["portal", "support", "mcc", "app"];

/// What has to be found in the deliveries, and no more than that. What has to be found among the
/// photos is in `PhotoStore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    /// Components in the config.
    components: usize,
    /// Deliverables in the config, the copied databases and the photos included.
    deliverables: usize,
    /// Deliverables that were promised and never came.
    not_delivered: usize,
    /// Git repositories.
    repositories: usize,
    /// Commits that all references of one repository lead to.
    commits: usize,
    /// Branches of one repository.
    branches: usize,
    /// Tags of one repository.
    tags: usize,
    /// Files of a history, not of its latest commit, with a password in them.
    passwords_in_history: usize,
    /// Files in an installer's archive with a password in them.
    passwords_in_installers: usize,
    /// Files that the vendor's checksum files list; all of them match.
    vendor_checksums: usize,
}

/// What [`deliver`] makes, whatever the seed.
const EXPECTED: Expected = Expected {
    components: 4,
    deliverables: 17,
    not_delivered: 1,
    repositories: 4,
    commits: 15,
    branches: 2,
    tags: 3,
    passwords_in_history: 1,
    passwords_in_installers: 1,
    vendor_checksums: 3,
};

fn delivered(seed: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    deliver(&folder.path().join("deliveries"), seed).unwrap();
    folder
}

/// Mode, time and content of everything below a folder, by path.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Digest)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let name = path.strip_prefix(folder).unwrap().to_owned();
            let (time, part) = (metadata.mtime(), metadata.mtime_nsec());
            found.insert(name, (metadata.mode(), time, part, Digest::of(&content)));
        }
    }
    found
}

/// What a program prints, run in a folder; it has to end well.
fn said(folder: &Path, words: &[&str]) -> String {
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_tree() {
    let (one, two) = (listing(delivered(7).path()), listing(delivered(7).path()));
    assert!(one.len() > 40, "{}", one.len());
    assert_eq!(one, two);
    for (path, (mode, time, part, _)) in &one {
        let is_script = path.extension().is_some_and(|extension| extension == "sh");
        let expected = match mode & 0o170_000 {
            0o040_000 => 0o700,
            0o120_000 => 0o777,
            _ if is_script => 0o700,
            _ => 0o600,
        };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
        assert_eq!(*part, 0, "{}", path.display());
        // From 18 March to 20 September 2022.
        assert!((1_647_536_400..1_663_606_800).contains(time), "{}", path.display());
    }
}

#[test]
fn another_seed_gives_other_repositories_and_programs() {
    let (one, two) = (listing(delivered(7).path()), listing(delivered(8).path()));
    let programs = Path::new("deliveries/portal/installers/portal-1.4.2.tar.gz");
    assert_ne!(one[programs].3, two[programs].3);
    let packs = |tree: &BTreeMap<PathBuf, (u32, i64, i64, Digest)>| {
        tree.keys()
            .filter(|path| path.extension().is_some_and(|extension| extension == "pack"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(packs(&one).len(), EXPECTED.repositories);
    assert!(packs(&one).iter().all(|pack| !two.contains_key(pack)));
}

#[test]
fn the_repositories_are_sound() {
    let (one, two) = (delivered(1), delivered(1));
    for id in REPOSITORIES {
        let source =
            |folder: &TempDir| folder.path().join("deliveries").join(id).join("source.git");
        let repository = source(&one);
        let git = |words: &[&str]| said(&repository, &[&["git"], words].concat());
        assert_eq!(git(&["fsck", "--full", "--strict"]), "");
        let references = git(&["for-each-ref"]);
        assert_eq!(references, said(&source(&two), &["git", "for-each-ref"]));
        let count = |words: &[&str]| git(words).lines().count();
        assert_eq!(count(&["rev-list", "--all"]), EXPECTED.commits);
        assert_eq!(count(&["for-each-ref", "refs/heads"]), EXPECTED.branches);
        assert_eq!(count(&["for-each-ref", "refs/tags"]), EXPECTED.tags);
        assert_eq!(git(&["symbolic-ref", "HEAD"]), "refs/heads/main\n");
        assert_eq!(count(&["rev-list", "--merges", "main"]), 1);
        assert_eq!(count(&["rev-list", "main..develop"]), 1, "work that was not merged");
        let files = git(&["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "main"]);
        assert!(files.contains("docs/Hướng dẫn cài đặt.md\n"), "{files}");
        // The merge brought what was on the branch.
        assert!(files.contains("db/migration/V5__index_"), "{files}");
    }
}

#[test]
fn one_history_has_a_password_that_its_latest_commit_has_not() {
    let folder = delivered(1);
    let mut found = 0;
    for id in REPOSITORIES {
        let repository = folder.path().join("deliveries").join(id).join("source.git");
        let git = |words: &[&str]| said(&repository, &[&["git"], words].concat());
        let changes =
            git(&["log", "--all", "--format=", "--name-status", "--reverse", "--", ".env"]);
        if !changes.is_empty() {
            assert_eq!(changes.split_whitespace().collect::<Vec<_>>(), ["A", ".env", "D", ".env"]);
            let added =
                git(&["log", "--all", "-1", "--diff-filter=A", "--format=%H", "--", ".env"]);
            let text = git(&["show", &format!("{}:.env", added.trim())]);
            assert!(text.contains("DB_PASSWORD=Tc"), "{text}");
            found += 1;
        }
        for branch in ["main", "develop"] {
            let files = git(&["ls-tree", "-r", "--name-only", branch]);
            assert!(!files.lines().any(|file| file == ".env"), "{id}, {branch}");
        }
    }
    assert_eq!(found, EXPECTED.passwords_in_history);
}

#[test]
fn the_vendors_checksums_are_right() {
    let folder = delivered(1);
    let installers = |id: &str| folder.path().join("deliveries").join(id).join("installers");
    let portal = said(&installers("portal"), &["sha256sum", "--check", "--strict", "SHA256SUMS"]);
    assert_eq!(portal, "portal-1.4.2.tar.gz: OK\ncai-dat.sh: OK\n");
    let support = said(&installers("support"), &["md5sum", "--check", "--strict", "MD5SUMS"]);
    assert_eq!(support, "support-2.0.0.zip: OK\n");
    assert_eq!((portal + &support).lines().count(), EXPECTED.vendor_checksums);
}

#[test]
fn archives_and_documents_can_be_opened() {
    let folder = delivered(1);
    let deliveries = folder.path().join("deliveries");
    let tarball = deliveries.join("portal/installers/portal-1.4.2.tar.gz");
    let tarball = tarball.to_str().unwrap();
    let names = said(&deliveries, &["tar", "tzf", tarball]);
    assert_eq!(names.lines().count(), 4, "{names}");
    let settings = "portal-1.4.2/config/application.yml";
    let settings = said(&deliveries, &["tar", "xzOf", tarball, settings]);
    assert_eq!(
        settings.matches("password: Tc").count(),
        EXPECTED.passwords_in_installers,
        "{settings}"
    );
    assert_eq!(fs::read(tarball).unwrap()[4..8], [0; 4], "no time in the gzip header");

    for (archive, member) in [
        ("support/installers/support-2.0.0.zip", "install.sh"),
        ("app/installers/so-suc-khoe-3.1.0.apk", "META-INF/MANIFEST.MF"),
        ("portal/documents/Hướng dẫn sử dụng cổng tiêm chủng.docx", "word/document.xml"),
    ] {
        let mut archive =
            zip::ZipArchive::new(File::open(deliveries.join(archive)).unwrap()).unwrap();
        let mut text = String::new();
        archive.by_name(member).unwrap().read_to_string(&mut text).unwrap();
        assert!(!text.is_empty());
    }

    let pdf = fs::read_to_string(deliveries.join("portal/documents/Sơ đồ triển khai.pdf")).unwrap();
    let (_, start) = pdf.rsplit_once("startxref\n").unwrap();
    let start: usize = start.lines().next().unwrap().parse().unwrap();
    let index = pdf.as_bytes()[start..].to_vec();
    let index = String::from_utf8(index).unwrap();
    let entries = index.lines().skip(3).take_while(|line| line.ends_with(" n "));
    for (entry, number) in entries.zip(1..) {
        let place: usize = entry.split(' ').next().unwrap().parse().unwrap();
        let object = &pdf.as_bytes()[place..];
        assert!(object.starts_with(format!("{number} 0 obj\n").as_bytes()), "{entry}");
    }
}

#[test]
fn names_of_documents_are_in_both_unicode_forms() {
    let folder = delivered(1);
    let documents = folder.path().join("deliveries/portal/documents");
    let tree = listing(&documents);
    let names: Vec<&str> = tree.keys().map(|path| path.to_str().unwrap()).collect();
    assert!(names.iter().any(|name| is_nfc(name) && !is_nfd(name)));
    assert!(names.iter().any(|name| is_nfd(name) && !is_nfc(name)));
    let empty = documents.join("Ảnh chụp màn hình");
    assert_eq!(fs::read_dir(empty).unwrap().count(), 0);
    let link = documents.join("Đặc tả API (mới nhất).md");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&link).unwrap().starts_with("# Cổng công khai"));
}

#[test]
fn the_config_lists_what_is_there() {
    let folder = delivered(1);
    // The store of photos is made with the platform.
    fs::create_dir(folder.path().join("photos")).unwrap();
    let handover = folder.path().join("handover");
    fs::create_dir(&handover).unwrap();
    let target = "postgres://owner@ministry/tiêm \"chủng\"";
    let text = config_text("sqlite:../platform.db", target, None);
    let config: Config = toml::from_str(&text).unwrap();
    config.check().unwrap();
    assert_eq!(config.source.unwrap().url, "sqlite:../platform.db");
    assert_eq!(config.target.unwrap().url, target);
    assert_eq!(config.component.len(), EXPECTED.components);

    let mut not_delivered = Vec::new();
    let mut deliverables = 0;
    for component in &config.component {
        for deliverable in &component.deliverable {
            deliverables += 1;
            let name = format!("{}/{}", component.id, deliverable.id());
            assert!(deliverable.promised.is_some() && !deliverable.requested.is_empty(), "{name}");
            let Some(path) = &deliverable.path else {
                if deliverable.kind != DeliverableKind::Database {
                    not_delivered.push(name);
                }
                continue;
            };
            let path = handover.join(path);
            let is_file = deliverable.form == DeliverableForm::File;
            assert!(if is_file { path.is_file() } else { path.is_dir() }, "{name}");
            if let Some(checksums) = &deliverable.checksums {
                assert!(path.join(checksums).is_file(), "{name}");
            }
        }
    }
    assert_eq!(deliverables, EXPECTED.deliverables);
    assert_eq!(not_delivered, ["mcc/installer"]);
    assert_eq!(not_delivered.len(), EXPECTED.not_delivered);
}

#[test]
fn the_config_names_the_table_as_the_source_has_it() {
    for (source, table) in
        [("sqlite:../platform.db", "main.feedback"), ("postgres://v@h/db", "public.feedback")]
    {
        let config: Config = toml::from_str(&config_text(source, "sqlite:t.db", None)).unwrap();
        assert_eq!(config.file_reference[0].table, table);
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = delivered(1);
    let deliveries = folder.path().join("deliveries");
    let before = listing(&deliveries);
    let error = deliver(&deliveries, 1).unwrap_err().to_string();
    assert!(error.ends_with("deliveries is already there; delete it first"), "{error}");
    assert_eq!(listing(&deliveries), before);
}
