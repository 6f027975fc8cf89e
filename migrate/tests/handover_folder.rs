//! The hand-over folder and what lies beside it: nobody else may write there, no link that somebody
//! planted is followed, no secret is in an argument, in a file that others may read or in a core dump.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use handover_testkit::{Database, Outcome, Run, binary};

use crate::keys::Desk;
use crate::support::{Handover, mode, says, says_nothing_of, write_private};

const SOURCE: &str = "create table t (id integer primary key, name text);
    insert into t values (1, 'một'), (2, 'hai');";

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Refused, and nothing was done.
#[track_caller]
fn is_refused(handover: &Handover, parts: &[&str]) {
    let outcome = handover.copy().go();
    says(outcome.expect(2), parts);
    assert!(!handover.target_file().exists(), "the target was made");
    assert_eq!(fs::read_dir(handover.dir()).unwrap().count(), 0, "something was written");
}

#[test]
fn a_folder_in_which_others_may_write() {
    let handover = Handover::sqlite(SOURCE);
    let dir = handover.dir();
    fs::create_dir(&dir).unwrap();
    for (octal, said) in [(0o777, "0777"), (0o1777, "1777"), (0o770, "0770"), (0o702, "0702")] {
        set_mode(&dir, octal);
        is_refused(&handover, &["cannot use the hand-over folder", said, "chmod go-w "]);
    }
    set_mode(&dir, 0o755);
    // A folder above, in which others could rename it.
    let above = dir.parent().unwrap().to_owned();
    set_mode(&above, 0o777);
    is_refused(&handover, &["above it (mode 0777)", "chmod go-w "]);
    set_mode(&above, 0o1777);
    handover.copied();
    set_mode(&above, 0o700);
}

/// Run by root on a folder of somebody's, who could exchange what root reads and writes.
#[test]
fn a_folder_of_another_user() {
    let handover = Handover::sqlite(SOURCE);
    fs::create_dir(handover.dir()).unwrap();
    if chown(handover.dir(), Some(65_534), None).is_err() {
        // Only root may give a folder away.
        return;
    }
    is_refused(&handover, &["belongs to another user (uid 65534", "a folder of your own"]);
}

/// Links of the names under which files are made lead nowhere.
#[test]
fn links_that_somebody_planted() {
    let (source, target) = (Database::create(), Database::create());
    source.sql("create table t (id int primary key, name text); insert into t values (1, 'một')");
    let handover = Handover::postgres(&source, &target);
    let victim = handover.beside("victim");
    fs::write(&victim, "not ours").unwrap();
    let dir = handover.dir();
    for folder in ["", "schema", "findings"] {
        fs::create_dir(dir.join(folder)).unwrap();
    }
    let planted = ["schema/schema.dump", "schema/pre-data.sql", "schema/post-data.sql"];
    // The second names are those under which earlier programs made them.
    let temporary = ["schema/schema.new", "schema/pre-data.new", "schema/post-data.new"];
    for name in planted.iter().chain(&temporary) {
        symlink(&victim, dir.join(name)).unwrap();
    }
    handover.copied();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "not ours");
    for name in planted {
        assert!(!dir.join(name).is_symlink(), "{name}");
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    for entry in fs::read_dir(dir.join("schema")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} was left");
    }
    // A target that is a link to nowhere is not made through it.
    let mut handover = Handover::sqlite(SOURCE);
    let (link, elsewhere) = (handover.beside("link.db"), handover.beside("elsewhere.db"));
    symlink(&elsewhere, &link).unwrap();
    handover.set_target(&format!("sqlite:{}", link.display()));
    handover.copy().go().expect(2);
    assert!(!elsewhere.exists());
}

#[test]
fn secrets_in_files_that_others_may_read() {
    let desk = Desk::new();
    desk.person("a", "witness");
    let passphrase = desk.at("passphrase");
    let open = || desk.keygen("signing", "b.pem").arg("--passphrase-file").arg(&passphrase);
    for octal in [0o644, 0o640, 0o620, 0o604] {
        set_mode(&passphrase, octal);
        let outcome = open().go();
        says(outcome.expect(2), &["the passphrase file", "others on this machine", "chmod 600 "]);
        assert!(!desk.at("b.pem").exists());
    }
    set_mode(&passphrase, 0o400);
    open().go().expect(0);
    assert_eq!(mode(&desk.at("b.pem")), 0o600);

    // Keys that sign, and keys that open.
    set_mode(&desk.at("a.pem"), 0o644);
    let sign = Run::new("handover-migrate").args(["attest", "--sign"]).arg(desk.at("nothing"));
    let sign = sign.arg("--key").arg(desk.at("a.pem")).arg("--passphrase-file").arg(&passphrase);
    says(sign.go().expect(2), &["the key file", "a.pem", "(mode 0644)", "chmod 600 "]);
    let identity = desk.at("identity");
    write_private(&identity, "# nothing");
    set_mode(&identity, 0o644);
    let verify = Run::new("handover-verify").arg("package").arg(desk.at(""));
    says(verify.arg("--identity").arg(&identity).go().expect(2), &["(mode 0644)", "chmod 600 "]);
    // A pipe, as of a shell's <(…), is nobody else's.
    let piped = format!(
        "exec '{}' keygen archive --out '{}' --passphrase-file <(echo 'một câu đủ dài')",
        binary("handover-migrate").display(),
        desk.at("piped.age").display()
    );
    Run::program("bash").args(["-c", &piped]).go().expect(0);
}

/// Everybody on the machine sees a program's arguments.
#[test]
fn a_password_in_an_argument() {
    let refused = |outcome: &Outcome| {
        says(outcome.expect(2), &["the url has a password", ".pgpass or PGPASSWORD"]);
        says_nothing_of(outcome, &["s3cret"]);
    };
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://reader:s3cret@127.0.0.1:1/x",
        "postgres://reader@127.0.0.1:1/x?password=s3cret",
        "postgresql://:s3cret@127.0.0.1:1/x",
    ] {
        for (program, words) in [
            ("handover-migrate", &["copy", "--source", url, "--target", "sqlite:x"][..]),
            ("handover-migrate", &["copy", "--source", "sqlite:x", "--target", url]),
            ("handover-migrate", &["status", "--target", url]),
            ("handover-migrate", &["init", "--source", url]),
            ("handover-migrate", &["rehearse", "--target", url]),
            ("handover-verify", &["tables", "--source", url, "--target", "sqlite:x"]),
            ("handover-verify", &["figures", "--source", url]),
            ("handover-verify", &["all", "--target", url]),
        ] {
            refused(&Run::new(program).args(words).dir(folder.path()).go());
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What a killed run was writing goes with the next one, if it is what our programs make, and if nobody
/// is writing it.
#[test]
fn what_a_killed_run_was_writing() {
    let (source, target) = (Database::create(), Database::create());
    source.sql("create table t (id int primary key)");
    let handover = Handover::postgres(&source, &target);
    let schema = handover.dir().join("schema");
    fs::create_dir_all(&schema).unwrap();
    let victim = handover.beside("victim");
    fs::write(&victim, "not ours").unwrap();
    for name in [".new-aB3dE6", ".new-writes", ".new-public", ".new-seven77", "new-aB3dE6"] {
        write_private(&schema.join(name), "half");
    }
    set_mode(&schema.join(".new-public"), 0o644);
    symlink(&victim, schema.join(".new-linked")).unwrap();
    fs::create_dir(schema.join(".new-folder")).unwrap();
    let writing = fs::File::open(schema.join(".new-writes")).unwrap();
    writing.lock().unwrap();
    handover.copied();
    let left = fs::read_dir(&schema).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.filter_map(|name| name.into_string().ok()).collect();
    left.retain(|name| name.contains("new-"));
    left.sort_unstable();
    let kept =
        [".new-folder", ".new-linked", ".new-public", ".new-seven77", ".new-writes", "new-aB3dE6"];
    assert_eq!(left, kept);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "not ours");
    drop(writing);
    handover.copy().go().expect(0);
}

/// Other programs of the same account cannot read the memory: `/proc/PID` of a process that is not
/// dumpable is root's (proc(5)).
#[test]
fn the_memory_is_nobody_elses() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me@{}/x?sslmode=disable", silent.local_addr().unwrap());
    // Not TMPDIR, which may be closed to another user.
    let folder = tempfile::tempdir_in(std::env::var("HANDOVER_TEST_DIR").unwrap()).unwrap();
    set_mode(folder.path(), 0o755);
    for (name, words) in [("handover-migrate", "status"), ("handover-verify", "ledger")] {
        let program = folder.path().join(name);
        fs::copy(binary(name), &program).unwrap();
        set_mode(&program, 0o755);
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let run = if is_root {
            // Everything of root's is root's.
            let user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
            Run::program("setpriv").args(user).arg(&program)
        } else {
            Run::program(&program)
        };
        let run = run.args([words, "--target", &url]).env("HOME", folder.path());
        let mut running = run.dir(folder.path()).spawn();
        let process = format!("/proc/{}", running.process_id());
        let is_this = |_: &_| {
            let name_there = fs::read_to_string(format!("{process}/comm")).unwrap_or_default();
            let owner = fs::metadata(format!("{process}/stat")).map(|status| status.uid());
            name.starts_with(name_there.trim()) && owner.is_ok_and(|owner| owner == 0)
        };
        assert!(running.wait_for(is_this), "{name} ended: {}", running.stderr());
        let of = fs::read_to_string(format!("{process}/status")).unwrap();
        let user = of.lines().find(|line| line.starts_with("Uid:")).unwrap();
        assert!(!user.split_whitespace().any(|uid| uid == "0"), "it runs as root: {user}");
        running.kill();
    }
    drop(silent);
}

/// Whatever the shell allows, no program leaves its memory on the disk. It is asked for its limit while
/// it waits: for a server that says nothing, or for somebody who writes into a pipe.
#[test]
fn no_core_dumps() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me@{}/x?sslmode=disable", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    Run::program("mkfifo").arg(&pipe).go().expect(0);
    let pipe = pipe.display().to_string();
    for (program, words) in [
        ("handover-migrate", format!("status --target '{url}'")),
        ("handover-verify", format!("ledger --target '{url}'")),
        ("handover-minutes", format!("--trust '{pipe}' --out x --attestation '{pipe}'")),
    ] {
        let program = binary(program);
        let script = format!("ulimit -c unlimited; exec '{}' {words}", program.display());
        let mut running = Run::program("bash").args(["-c", &script]).spawn();
        let limits = format!("/proc/{}/limits", running.process_id());
        let has_none = |_: &_| {
            let text = fs::read_to_string(&limits).unwrap_or_default();
            let core = text.lines().find(|line| line.starts_with("Max core file size"));
            core.is_some_and(|line| {
                line.split_whitespace().filter(|word| *word == "0").count() == 2
            })
        };
        assert!(running.wait_for(has_none), "{script} ended: {}", running.stderr());
        running.kill();
    }
    drop(silent);
}
