//! Everybody on the machine sees the arguments of a program: those of the programs that ours run hold
//! nothing that the vendor chose.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use handover_testkit::{Cluster, Database, programs_of};
use tempfile::TempDir;

use crate::artifacts_delivery::{DOCUMENTS, Delivery};
use crate::support::{Handover, expect_copied, says};

/// Programs that write their arguments into a file and then are the real ones.
pub(crate) struct Watched {
    folder: TempDir,
}

impl Watched {
    /// These programs, as they are in a folder.
    pub(crate) fn of(real: &Path, names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let script = format!(
                "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" >> '{0}/arguments'\n\
                 [ \"$1\" = --version ] || env | grep ^PG >> '{0}/environment'\nexec '{1}' \"$@\"\n",
                folder.path().display(),
                real.join(name).display()
            );
            let file = folder.path().join(name);
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }

    /// `PATH` with them at first.
    pub(crate) fn path(&self) -> String {
        format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap())
    }

    /// What they were given so far.
    pub(crate) fn arguments(&self) -> String {
        fs::read_to_string(self.folder.path().join("arguments")).unwrap()
    }

    /// Their `PG…` variables; not of `--version`, which connects to nothing.
    pub(crate) fn environment(&self) -> String {
        fs::read_to_string(self.folder.path().join("environment")).unwrap()
    }
}

/// The usual PostgreSQL programs.
pub(crate) fn usual_programs() -> PathBuf {
    std::env::var_os("HANDOVER_TEST_PGBIN").unwrap().into()
}

/// Names in pairs that a pattern could take for each other: one is left out, the other stays.
const PAIRS: [(&str, &str); 16] = [
    ("Ab", "ab"),
    ("AB", "aB"),
    ("a.b", "a_b"),
    ("a\"b", "a\"\"b"),
    ("a$b", "ab$"),
    ("a*b", "aab"),
    ("a?c", "abc"),
    ("-x", "x"),
    ("--file=y", "y"),
    ("Bệnh nhân", "bệnh nhân"),
    ("😀1f", "😁1f"),
    ("\\x41", "A"),
    ("a\\b", "a\\\\b"),
    ("(a|b)", "b"),
    ("[ab]", "a"),
    ("^it's$", "it's"),
];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn leave_out(handover: &Handover, names: &[&str]) {
    let entry = |name: &&str| {
        let table = serde_json::to_string(&format!("S.p.{name}")).unwrap();
        format!("[[leave_out]]\ntable = {table}\nreason = \"sent long ago\"\n")
    };
    fs::create_dir_all(handover.dir()).unwrap();
    let config: String = names.iter().map(entry).collect();
    fs::write(handover.dir().join("handover.toml"), config).unwrap();
}

#[track_caller]
fn leaves_out_those_and_shows_none(source: &Database, real: &Path) {
    let names = PAIRS.iter().flat_map(|(left_out, kept)| [left_out, kept]);
    let tables: Vec<String> = names
        .map(|name| format!("create table \"S.p\".{} (i int primary key);", quoted(name)))
        .collect();
    let tables = tables.join(" ");
    source.sql(&format!("create schema \"S.p\"; {tables}"));
    let target = Database::create();
    let handover = Handover::postgres(source, &target);
    leave_out(&handover, &PAIRS.map(|(left_out, _)| left_out));
    let watched = Watched::of(real, &["pg_dump", "pg_restore"]);
    expect_copied(&handover.copy().env("PATH", watched.path()).go());

    let mut kept = PAIRS.map(|(_, kept)| kept);
    kept.sort_unstable();
    let there = target.query(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'S.p' and c.relkind = 'r' order by c.relname collate \"C\"",
    );
    assert_eq!(there.lines().collect::<Vec<_>>(), kept);
    let arguments = watched.arguments();
    assert_eq!(arguments.matches("--exclude-table=").count(), PAIRS.len(), "{arguments}");
    for line in arguments.lines().filter_map(|line| line.strip_prefix("--exclude-table=")) {
        let plain = |c: char| "\\x.".contains(c) || c.is_ascii_hexdigit();
        assert!(line.chars().all(plain), "{line}");
        assert!(line.split('.').all(|part| part.starts_with("\\x")), "{line}");
    }
    // Two letters are found in anything, and one of the names looks like an escape.
    let telling = |name: &str| name.chars().count() > 2 && !name.starts_with('\\');
    for (left_out, _) in PAIRS.iter().filter(|(name, _)| telling(name)) {
        assert!(!arguments.contains(left_out), "{left_out} in {arguments}");
    }
    assert!(!arguments.contains("S.p"), "{arguments}");
}

#[test]
fn left_out_tables_with_the_usual_programs() {
    leaves_out_those_and_shows_none(&Database::create(), &usual_programs());
}

#[test]
fn left_out_tables_with_newer_programs() {
    leaves_out_those_and_shows_none(&Database::create(), &programs_of(18));
}

#[test]
fn left_out_tables_of_an_older_server() {
    let cluster = Cluster::start_version(14);
    let source = Database::options().create_on(cluster.server());
    leaves_out_those_and_shows_none(&source, &usual_programs());
}

#[test]
fn left_out_tables_of_a_newer_server() {
    let cluster = Cluster::start_version(18);
    let source = Database::options().create_on(cluster.server());
    leaves_out_those_and_shows_none(&source, &programs_of(18));
}

/// Where a character has no number of Unicode's in the server, it is anything; that is told apart by
/// the catalog.
#[test]
fn left_out_tables_in_another_encoding() {
    let source = Database::options().encoding("LATIN2").create();
    source.sql(
        "create schema \"S.p\"; create table \"S.p\".\"bč\" (i int); create table \"S.p\".\"BČ\" (i int)",
    );
    let target = Database::create();
    let handover = Handover::postgres(&source, &target);
    leave_out(&handover, &["bč"]);
    let watched = Watched::of(&usual_programs(), &["pg_dump", "pg_restore"]);
    expect_copied(&handover.copy().env("PATH", watched.path()).go());
    assert!(watched.arguments().contains("=\\x53\\x2e\\x70.\\x62*\n"), "{}", watched.arguments());
    let there = target.query("select relname from pg_class where relname in ('bč', 'BČ')");
    assert_eq!(there, "BČ");

    source.sql("create table \"S.p\".\"bď\" (i int)");
    let target = Database::create();
    let handover = Handover::postgres(&source, &target);
    leave_out(&handover, &["bč"]);
    let refused = handover.copy().go();
    says(refused.expect(2), &["S.p.bč cannot be left out alone", "2 tables fit it"]);
}

/// Where the git directory is, and what branches and files are called, is the vendor's choice.
#[test]
fn a_delivered_repository() {
    let delivery = Delivery::new();
    let documents = DOCUMENTS.replace("document", "source_code");
    delivery.configure(&format!("{documents}form = \"git\"\n"));
    delivery.shell(
        "git init -q -b vendors-branch; \
         git config user.email a@b; git config user.name A; \
         echo 1 > vendors-file; git add vendors-file; git commit -qm vendors-message; \
         git tag vendors-tag; \
         mkdir vendors-folder; mv .git vendors-folder/vendors-git; \
         echo 'gitdir: vendors-folder/vendors-git' > .git",
    );
    let git = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .find(|folder| folder.join("git").is_file())
        .unwrap();
    let watched = Watched::of(&git, &["git"]);
    let received = delivery.receive().env("PATH", watched.path()).go();
    let arguments = watched.arguments();
    assert!(arguments.contains("\nconfig\n") && arguments.contains("\nfsck\n"), "{received:?}");
    assert!(!arguments.contains("vendors-"), "{arguments}");
}
