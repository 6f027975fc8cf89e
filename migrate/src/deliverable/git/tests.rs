//! Repositories made by the real git, honest and not.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

use super::*;

struct Delivery {
    folder: tempfile::TempDir,
}

impl Delivery {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs git in the folder `name`; gives what it writes.
    fn git(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=N", "-c", "user.email=n@example.org"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path(name))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A repository `name` with two commits, a branch, two tags.
    fn repository(&self, name: &str, options: &[&str]) {
        let path = self.folder.path().to_str().unwrap().to_owned() + "/" + name;
        self.git("", &[&["init", "-q", "-b", "main"], options, &[&path]].concat());
        fs::write(self.path(name).join("a.txt"), "one\n").unwrap();
        self.commit(name, "one");
        self.git(name, &["tag", "light"]);
        fs::write(self.path(name).join("a.txt"), "two\n").unwrap();
        self.commit(name, "two");
        self.git(name, &["tag", "-a", "-m", "release", "v1"]);
        self.git(name, &["branch", "side", "HEAD~1"]);
    }

    fn commit(&self, name: &str, message: &str) {
        self.git(name, &["add", "-A"]);
        self.git(name, &["commit", "-q", "--allow-empty", "-m", message]);
    }

    fn inspect(&self, name: &str, bundle: &str) -> GitReport {
        inspect_and_bundle(&self.path(name), &self.path(bundle), &Interrupt::default()).unwrap()
    }

    fn refused(&self, name: &str) -> String {
        let bundle = self.path("refused.bundle");
        let error = inspect_and_bundle(&self.path(name), &bundle, &Interrupt::default());
        format!("{:#}", error.unwrap_err())
    }
}

#[test]
fn a_repository_becomes_a_bundle() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let report = delivery.inspect("r", "r.bundle");
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.bundle, Bundle::Made);
    assert_eq!(report.head.as_deref(), Some(&b"refs/heads/main"[..]));
    let commit = delivery.git("r", &["rev-parse", "HEAD"]);
    assert_eq!(report.head_commit.as_ref(), Some(&commit));
    let names: Vec<_> = report.refs.iter().map(|one| one.name.as_slice()).collect();
    let expected: [&[u8]; 4] =
        [b"refs/heads/main", b"refs/heads/side", b"refs/tags/light", b"refs/tags/v1"];
    assert_eq!(names, expected);
    let tag = delivery.git("r", &["rev-parse", "refs/tags/v1"]);
    assert_eq!(report.refs.last().unwrap().object, tag);
    assert_eq!(report.tags.last().unwrap().object, commit, "the commit that is tagged");
    // Two commits, two trees, two files, one tag.
    assert_eq!((report.objects, report.object_format.as_str()), (7, "sha1"));
    assert!(!report.shallow);

    // The bundle is a repository of its own.
    delivery.git("", &["clone", "-q", "r.bundle", "again"]);
    assert_eq!(fs::read(delivery.path("again/a.txt")).unwrap(), b"two\n");
    assert_eq!(fs::metadata(delivery.path("r.bundle")).unwrap().mode() & 0o777, 0o600);
    // Nothing is left but what was there and what was asked for; the same again, byte by byte.
    delivery.inspect("r", "same.bundle");
    let bytes = |name: &str| fs::read(delivery.path(name)).unwrap();
    assert_eq!(bytes("r.bundle"), bytes("same.bundle"));
    let mut left: Vec<_> = fs::read_dir(delivery.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["again", "r", "r.bundle", "same.bundle"]);
    let error =
        inspect_and_bundle(&delivery.path("r"), &delivery.path("r.bundle"), &Interrupt::default());
    assert!(error.unwrap_err().to_string().contains("exists"));
}

#[test]
fn all_shapes_of_repositories() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let refs = delivery.inspect("r", "r.bundle").refs;
    delivery.git("", &["clone", "-q", "--mirror", "r", "bare"]);
    assert_eq!(delivery.inspect("bare", "bare.bundle").refs, refs);
    // Packed, with packed refs.
    delivery.git("bare", &["gc", "-q"]);
    let packed = delivery.inspect("bare", "packed.bundle");
    assert_eq!((packed.refs, packed.bundle, packed.objects), (refs.clone(), Bundle::Made, 7));
    // A linked worktree, and a HEAD without a branch.
    delivery.git("r", &["worktree", "add", "-q", "--detach", "../linked", "side"]);
    let linked = delivery.inspect("linked", "linked.bundle");
    assert_eq!((&linked.refs, linked.head, linked.bundle), (&refs, None, Bundle::Made));
    assert_eq!(linked.head_commit, Some(delivery.git("r", &["rev-parse", "side"])));
    assert_eq!(linked.problems, [""; 0]);

    delivery.repository("new", &["--object-format=sha256", "--ref-format=reftable"]);
    let new = delivery.inspect("new", "new.bundle");
    assert_eq!((new.object_format.as_str(), new.bundle), ("sha256", Bundle::Made));
    assert_eq!((new.refs.len(), new.head), (4, Some(b"refs/heads/main".to_vec())));
    assert_eq!(new.problems, [""; 0]);
}

/// A linked worktree has a HEAD of its own, which each ref storage keeps in another place; so it
/// has refs of its own.
#[test]
fn a_linked_worktree_is_recorded_with_its_own_head() {
    for storage in ["files", "reftable"] {
        let delivery = Delivery::new();
        delivery.repository("r", &[&format!("--ref-format={storage}")]);
        delivery.git("r", &["worktree", "add", "-q", "../linked", "side"]);
        fs::write(delivery.path("linked/b.txt"), "three\n").unwrap();
        delivery.commit("linked", "three");
        let commit = delivery.git("linked", &["rev-parse", "HEAD"]);
        delivery.git("linked", &["update-ref", "refs/worktree/mine", "HEAD"]);
        let report = delivery.inspect("linked", "linked.bundle");
        assert_eq!(report.head.as_deref(), Some(&b"refs/heads/side"[..]), "{storage}");
        assert_eq!(report.head_commit.as_ref(), Some(&commit), "{storage}");
        assert_eq!(report.problems, [""; 0], "{storage}");
        assert_eq!(report.bundle, Bundle::Made, "{storage}");
        let mine = |one: &&GitRef| one.name == b"refs/worktree/mine";
        assert_eq!(report.refs.iter().filter(mine).count(), 1, "{storage}: {:?}", report.refs);
        delivery.git("", &["clone", "-q", "linked.bundle", "again"]);
        assert_eq!(delivery.git("again", &["rev-parse", "HEAD"]), commit, "{storage}");
        // The repository itself has the HEAD that it had.
        let main = delivery.inspect("r", "r.bundle");
        assert_eq!(main.head.as_deref(), Some(&b"refs/heads/main"[..]), "{storage}");
        assert_eq!(main.problems, [""; 0], "{storage}");
        // What is wrong with its HEAD is found, and named without our folders.
        delivery.git("linked", &["checkout", "-q", "--detach"]);
        delivery.git("linked", &["update-ref", "-d", "refs/worktree/mine"]);
        delivery.git("r", &["update-ref", "-d", "refs/heads/side"]);
        let (fan, rest) = commit.split_at(2);
        fs::remove_file(delivery.path("r/.git/objects").join(fan).join(rest)).unwrap();
        let report = delivery.inspect("linked", "broken.bundle");
        let problems = report.problems.join("\n");
        assert!(problems.contains("HEAD"), "{storage}: {problems}");
        assert!(!problems.contains(delivery.folder.path().to_str().unwrap()), "{problems}");
    }
}

/// git 2.48 and later call refs that are links damaged: its fsck has to find what was delivered,
/// and nothing of ours.
#[test]
fn git_sees_refs_as_they_were_delivered_and_no_links() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    delivery.git("r", &["pack-refs"]);
    fs::create_dir(delivery.path("ours")).unwrap();
    let (repo, ours) = (delivery.path("r"), delivery.path("ours"));
    let view = View::make(&repo, &ours, &Interrupt::default()).unwrap();
    for name in ["HEAD", "packed-refs", "refs/heads/main"] {
        let (kept, delivered) = (view.path.join(name), repo.join(".git").join(name));
        assert!(fs::symlink_metadata(&kept).unwrap().is_file(), "{name}");
        assert_eq!(fs::read(kept).unwrap(), fs::read(delivered).unwrap(), "{name}");
    }
    assert!(fs::symlink_metadata(view.path.join("refs")).unwrap().is_dir());

    // A link could lead to a repository of ours.
    let secret = delivery.path("secret");
    fs::write(&secret, "0123456789012345678901234567890123456789\n").unwrap();
    std::os::unix::fs::symlink(&secret, repo.join(".git/refs/heads/linked")).unwrap();
    assert!(delivery.refused("r").contains("neither a file nor a folder"));
}

#[test]
fn nothing_to_bundle() {
    let delivery = Delivery::new();
    delivery.git("", &["init", "-q", "-b", "main", "empty"]);
    let report = delivery.inspect("empty", "empty.bundle");
    assert_eq!(report.bundle, Bundle::NotMade("the repository is empty".to_owned()));
    assert_eq!((report.head_commit, report.objects, report.problems), (None, 0, Vec::new()));
    assert!(!delivery.path("empty.bundle").exists());

    delivery.repository("r", &[]);
    let url = format!("file://{}", delivery.path("r").display());
    delivery.git("", &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let report = delivery.inspect("shallow", "shallow.bundle");
    assert!(report.shallow);
    assert!(matches!(report.bundle, Bundle::NotMade(why) if why.contains("full clone")));

    fs::create_dir(delivery.path("folder")).unwrap();
    assert!(delivery.refused("folder").contains("is not a git repository"));
    assert!(delivery.refused("missing").contains("cannot read"));
}

/// A repository must not lead to another one of the people who take it over.
#[test]
fn repositories_of_others_are_not_taken() {
    let ours = Delivery::new();
    ours.repository("private", &[]);
    let delivery = Delivery::new();
    fs::create_dir_all(delivery.path("d/r")).unwrap();
    let private = ours.path("private/.git");
    fs::write(delivery.path("d/r/.git"), format!("gitdir: {}\n", private.display())).unwrap();
    assert!(delivery.refused("d/r").contains("is outside of"));
    fs::remove_file(delivery.path("d/r/.git")).unwrap();
    std::os::unix::fs::symlink(&private, delivery.path("d/r/.git")).unwrap();
    assert!(delivery.refused("d/r").contains("is outside of"));

    // Borrowed objects: refs name commits that only the other repository has.
    delivery.git("", &["clone", "-q", "--bare", "--shared", private.to_str().unwrap(), "shared"]);
    let report = delivery.inspect("shared", "shared.bundle");
    assert!(report.problems.iter().any(|line| line.contains("objects of another repository")));
    assert!(matches!(report.bundle, Bundle::NotMade(_)), "{report:?}");
    assert_eq!(report.objects, 0);
}

#[test]
fn a_broken_object_is_named() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let blob = delivery.git("r", &["rev-parse", "HEAD:a.txt"]);
    let (fan, rest) = blob.split_at(2);
    let file = delivery.path("r/.git/objects").join(fan).join(rest);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, b"no object").unwrap();
    let report = delivery.inspect("r", "r.bundle");
    let problems = report.problems.join("\n");
    assert!(problems.contains(&blob), "{problems}");
    assert!(!problems.contains(delivery.folder.path().to_str().unwrap()), "{problems}");
    assert!(matches!(report.bundle, Bundle::NotMade(why) if why.contains("git cannot make one")));
    assert!(report.unscanned.is_some());
    assert!(!delivery.path("r.bundle").exists());
    // A missing one.
    fs::remove_file(&file).unwrap();
    let report = delivery.inspect("r", "r.bundle");
    assert!(report.problems.contains(&format!("missing blob {blob}")), "{:?}", report.problems);
    assert!(matches!(report.bundle, Bundle::NotMade(_)));
}

/// Everything in a repository that can name a program names one that leaves a file.
#[test]
fn no_program_of_the_vendor_runs() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let trap = delivery.path("trap");
    let left = delivery.path("it ran");
    fs::write(&trap, format!("#!/bin/sh\ntouch '{}'\ncat\n", left.display())).unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(delivery.path("r/.gitattributes"), "* filter=trap diff=trap\n").unwrap();
    delivery.commit("r", "attributes");
    let keys = [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "diff.trap.textconv",
        "diff.external",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "pager.bundle",
        "pager.fsck",
        "pager.for-each-ref",
        "gpg.program",
    ];
    for key in keys {
        delivery.git("r", &["config", key, trap.to_str().unwrap()]);
    }
    let shell = format!("!{}", trap.display());
    for name in ["fsck", "bundle", "for-each-ref", "rev-list", "cat-file", "clone"] {
        delivery.git("r", &["config", &format!("alias.{name}"), &shell]);
    }
    for setting in ["remote.origin.promisor=true", "extensions.partialClone=origin"] {
        let (key, value) = setting.split_once('=').unwrap();
        delivery.git("r", &["config", key, value]);
    }
    let upload = format!("ext::{}", trap.display());
    delivery.git("r", &["config", "remote.origin.url", &upload]);
    // A missing object, which a partial clone would fetch.
    let blob = delivery.git("r", &["rev-parse", "side:a.txt"]);
    let (fan, rest) = blob.split_at(2);
    fs::remove_file(delivery.path("r/.git/objects").join(fan).join(rest)).unwrap();
    let hooks = delivery.path("r/.git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["post-checkout", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"] {
        fs::copy(&trap, hooks.join(hook)).unwrap();
    }
    // The trap works: git itself falls into it.
    Command::new("git").arg("status").current_dir(delivery.path("r")).output().unwrap();
    assert!(left.exists(), "git status did not run the trap");
    fs::remove_file(&left).unwrap();

    let report = delivery.inspect("r", "r.bundle");
    assert!(!left.exists(), "a program of the vendor ran");
    assert!(report.problems.contains(&format!("missing blob {blob}")), "{:?}", report.problems);
}

/// A configuration may tell fsck to pass over what is wrong.
#[test]
fn the_vendor_does_not_set_what_fsck_passes_over() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let tree = delivery.git("r", &["rev-parse", "HEAD^{tree}"]);
    let text =
        format!("tree {tree}\nauthor N <n@example.org 0 +0000\ncommitter N <n> 0 +0000\n\nx\n");
    fs::write(delivery.path("commit"), text).unwrap();
    let arguments = ["hash-object", "-t", "commit", "-w", "--literally", "../commit"];
    let commit = delivery.git("r", &arguments);
    delivery.git("r", &["update-ref", "refs/heads/bad", &commit]);
    for check in ["fsck.badEmail", "fsck.missingEmail", "fsck.missingSpaceBeforeDate"] {
        delivery.git("r", &["config", check, "ignore"]);
    }
    let report = delivery.inspect("r", "r.bundle");
    assert!(report.problems.iter().any(|line| line.contains(&commit)), "{:?}", report.problems);
    // It is how the vendor made it, and can be taken over as it is.
    assert_eq!(report.bundle, Bundle::Made);
}

#[test]
fn secrets_of_the_whole_history() {
    let delivery = Delivery::new();
    delivery.repository("r", &[]);
    let write = |name: &str, text: &[u8]| fs::write(delivery.path("r").join(name), text).unwrap();
    write("cấu hình.properties", b"a=1\ndb.password=hunter2\n");
    write("store.jks", b"\xfe\xed");
    write("big.txt", &[b"x\n".repeat(3 << 20), b"password=hunter2\n".to_vec()].concat());
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    write("model.bin", pointer.as_bytes());
    delivery.commit("r", "with a secret");
    let object = delivery.git("r", &["rev-parse", "HEAD:cấu hình.properties"]);
    let store = delivery.git("r", &["rev-parse", "HEAD:store.jks"]);
    let head = delivery.git("r", &["rev-parse", "HEAD"]);
    fs::remove_file(delivery.path("r/cấu hình.properties")).unwrap();
    fs::remove_file(delivery.path("r/store.jks")).unwrap();
    let submodule = format!("160000,{head},sub");
    delivery.commit("r", "without it");
    delivery.git("r", &["update-index", "--add", "--cacheinfo", &submodule]);
    delivery.git("r", &["commit", "-q", "-m", "a submodule"]);
    let report = delivery.inspect("r", "r.bundle");
    let mut secrets = report.secrets;
    secrets.sort_by(|a, b| a.path.cmp(&b.path));
    let path = "cấu hình.properties".as_bytes().to_vec();
    let expected = [
        HistorySecret { path, object, kind: SecretKind::Password, line: Some(2) },
        HistorySecret {
            path: b"store.jks".to_vec(),
            object: store,
            kind: SecretKind::KeyStore,
            line: None,
        },
    ];
    assert_eq!(secrets, expected);
    assert_eq!((report.lfs_pointers, report.submodules, report.unscanned), (1, 1, None));
    assert_eq!(report.bundle, Bundle::Made);
}

/// git and what it started end when somebody asks to stop.
#[test]
fn an_interrupt_ends_git() {
    let interrupt = Interrupt::default();
    let git = Git::alone(&interrupt);
    let (reader, writer) = std::io::pipe().unwrap();
    // git waits for the end of its input, which does not come.
    let input = fs::File::from(std::os::fd::OwnedFd::from(reader));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(200));
            interrupt.raise();
        });
        let arguments = ["hash-object", "--stdin"].map(std::ffi::OsStr::new);
        let ended = git.run(&arguments, Some(input), &mut |output| {
            std::io::copy(output, &mut std::io::sink())?;
            Ok(())
        });
        let error = ended.err().expect("it was interrupted");
        assert!(error.is::<handover_cli_kit::interrupt::Interrupted>(), "{error:#}");
    });
    drop(writer);
}
