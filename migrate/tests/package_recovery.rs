//! `RECOVERY.md`, word for word: its commands alone bring everything back that was delivered.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use filetime::FileTime;
use handover_testkit::{Outcome, Run};
use handover_verify::file_tree::{FileKind, Found, Walk};

use crate::package_made::{Delivery, deep, judged, keys, list_anew, recipients};

const REPOSITORY: &str = "[[component.deliverable]]\nkind = \"source_code\"\nform = \"git\"\n\
                          path = \"../portal.git\"\n";

/// A delivery with everything that a file system allows and people do.
fn delivery(package: &str) -> Delivery {
    let delivery = Delivery::new(package, REPOSITORY);
    let root = delivery.delivered();
    let folder = |name: &[u8]| {
        let path = root.join(OsStr::from_bytes(name));
        fs::create_dir_all(&path).unwrap();
        path
    };
    let file = |name: &[u8], content: &[u8]| {
        fs::write(root.join(OsStr::from_bytes(name)), content).unwrap();
    };
    folder("tài liệu/thư mục trống".as_bytes());
    file("tài liệu/Hướng dẫn sử dụng.txt".as_bytes(), "Xin chào".as_bytes());
    // The same name composed and decomposed, side by side.
    file("tài liệu/Đề án é.txt".as_bytes(), b"NFC");
    file("tài liệu/Đề án e\u{301}.txt".as_bytes(), b"NFD");
    folder(b"latin-\xe9\xff");
    file(b"latin-\xe9\xff/t\xean.doc", b"not UTF-8");
    folder(b"with space");
    file(b"with space/ a  b ", b"spaces");
    file(b"with space/two\nlines\ttab", b"a line feed");
    file(b"with space/'\"$(id)`;\\", b"characters of a shell");
    file(b"-rf", b"like an option");
    file(b"*", b"a star");
    file(b"CON", b"a device of Windows");
    file(b"Case", b"1");
    file(b"case", b"2");
    file(b"empty", b"");
    let large: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    file(b"large.bin", &large);
    file(b"zeros.bin", &vec![0; 300_000]);
    let long = "thư-mục-dài-".repeat(14);
    let path = [long.as_str(); 15].join("/");
    assert!(path.len() > 3000);
    folder(path.as_bytes());
    file(format!("{path}/cuối.txt").as_bytes(), b"deep down");
    // Longer than any path that a system call takes.
    deep(&root, &long, 30);
    symlink("empty", root.join("link")).unwrap();
    symlink("../../gone/à", root.join("tài liệu/dangling")).unwrap();
    symlink(OsStr::from_bytes(b"t\xff"), root.join(OsStr::from_bytes(b"l\xff"))).unwrap();
    symlink("/etc", root.join("away")).unwrap();
    make_repository(&delivery.beside("portal.git"));
    set_attributes(&root);
    delivery
}

fn set_attributes(root: &Path) {
    let modes = [("large.bin", 0o640), ("empty", 0o400), ("-rf", 0o755), ("with space", 0o750)];
    for (name, mode) in modes {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let times = [
        ("with space/ a  b ", 1_262_304_000, 123_456_789),
        ("case", -86_400, 5),
        ("large.bin", 4_102_444_800, 999_999_999),
        ("with space", 1_000_000_000, 1),
        ("tài liệu", 1_600_000_000, 0),
    ];
    for (name, seconds, nanoseconds) in times {
        let time = FileTime::from_unix_time(seconds, nanoseconds);
        filetime::set_file_mtime(root.join(name), time).unwrap();
    }
}

/// A bare repository with two branches and a tag.
fn make_repository(place: &Path) {
    let script = "git init -q -b main work && cd work && \
                  git config user.name An && git config user.email an@example.vn && \
                  echo 'class Main {}' > Main.java && git add . && git commit -q -m 'Đầu tiên' && \
                  git tag -a v1 -m 'Bản 1' && git checkout -q -b phát-triển && \
                  echo '// more' >> Main.java && git commit -q -a -m 'Thứ hai' && \
                  git checkout -q main && git clone -q --mirror . \"$0\" && cd .. && rm -r work";
    let folder = place.parent().unwrap();
    Run::program("sh").args(["-c", script]).arg(place).dir(folder).go().expect(0);
}

/// What somebody sees of an entry of a folder.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    File { content: Vec<u8>, mode: u32, modified: (i64, u32) },
    Folder { mode: u32, modified: (i64, u32) },
    Link { target: Vec<u8> },
}

/// Everything below a folder, by the bytes of its path, which may be longer than system calls take.
fn tree(root: &Path) -> BTreeMap<Vec<u8>, Seen> {
    let see = |found: Found| {
        let status = found.folder.status(found.name()).unwrap();
        let (mode, modified) = (status.mode, status.modified);
        let seen = match found.kind {
            FileKind::Directory => Seen::Folder { mode, modified },
            FileKind::Symlink => {
                let target = found.folder.link_target(found.name()).unwrap();
                Seen::Link { target: target.into_vec() }
            }
            _ => {
                let (mut file, _) = found.folder.file(found.name()).unwrap();
                let mut content = Vec::new();
                file.read_to_end(&mut content).unwrap();
                Seen::File { content, mode, modified }
            }
        };
        (found.path, seen)
    };
    Walk::new(root).unwrap().map(|found| see(found.unwrap())).collect()
}

/// The `sh` blocks of a page, in order.
fn blocks(page: &str) -> Vec<String> {
    let blocks: Vec<String> = page
        .split("\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect();
    assert_eq!(blocks.len(), 7);
    blocks
}

/// Runs every block of a package's page; what each said.
fn recover(package: &Path, out: &Path, identity: Option<&Path>) -> Vec<Outcome> {
    let page = fs::read_to_string(package.join("RECOVERY.md")).unwrap();
    blocks(&page)
        .into_iter()
        .map(|block| {
            let run = Run::program("sh").args(["-e", "-c", &block]).env("OUT", out).dir(package);
            identity.into_iter().fold(run, |run, file| run.env("IDENTITY", file)).go()
        })
        .collect()
}

/// Runs the page; everything that was delivered has to be there again.
fn everything_comes_back(delivery: &Delivery, out: &Path, identity: Option<&Path>) {
    let package = delivery.package();
    let before = judged(&package);
    assert_eq!(before.findings, []);
    let said = recover(&package, out, identity);
    for outcome in &said {
        outcome.expect(0);
    }
    let seal = before.seal.unwrap().to_string();
    assert!(said[0].stdout.starts_with(&seal), "{}", said[0].stdout);
    assert_eq!(said[1].stdout, "");
    let (there, listed) = said[2].stdout.trim_end().split_once('\n').unwrap();
    assert_eq!(there, listed);
    assert!(said[3].stdout.starts_with("{\"type\":\"file\",\"stored\":\"data/document/"));
    let digest = said[4].stdout.split(' ').next().unwrap();
    assert!(said[3].stdout.lines().next().unwrap().contains(digest), "{digest}");

    assert_eq!(tree(&out.join("document")), tree(&delivery.delivered()));
    let references = |repository: &Path| {
        let refs = Run::program("git").args(["show-ref", "--head", "--dereference"]);
        refs.dir(repository).go().expect(0).stdout.clone()
    };
    let delivered = references(&delivery.beside("portal.git"));
    assert!(delivered.contains("refs/tags/v1^{}") && delivered.contains("refs/heads/phát-triển"));
    assert_eq!(references(&out.join("source_code/portal.git")), delivered);
    // Reading a package leaves nothing in it.
    assert_eq!(judged(&package), before);
}

#[test]
fn a_plain_package_comes_back() {
    let delivery = delivery("");
    delivery.made();
    everything_comes_back(&delivery, &delivery.beside("a new folder/ở đây"), None);
}

#[test]
fn a_compressed_package_comes_back() {
    let delivery = delivery("compress = true");
    delivery.made();
    everything_comes_back(&delivery, &delivery.beside("out"), None);
}

#[test]
fn an_encrypted_package_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (identities, public) = keys(folder.path(), 1);
    let delivery = delivery(&recipients(&public));
    delivery.made();
    everything_comes_back(&delivery, &delivery.beside("out"), Some(&identities[0]));
}

#[test]
fn each_of_three_recipients_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let (identities, public) = keys(folder.path(), 3);
    let delivery = delivery(&format!("compress = true\n{}", recipients(&public)));
    delivery.made();
    for (number, identity) in (1..).zip(&identities) {
        everything_comes_back(&delivery, &delivery.beside(&format!("out{number}")), Some(identity));
    }
}

/// Somebody who follows the page notices a file that is damaged: by its checksums, and, where
/// these were made right again, by the digest of what was delivered.
#[test]
fn the_commands_stop_at_damage() {
    let delivery = Delivery::of_every_sort("");
    delivery.made();
    let package = delivery.package();
    fs::write(package.join("data/document/image.bin"), "other").unwrap();
    let said = recover(&package, &delivery.beside("out"), None);
    said[1].expect(1);
    assert!(said[1].stdout.contains("data/document/image.bin: FAILED"), "{}", said[1].stdout);
    said[5].expect(1);
    assert_eq!(said[5].stderr, "damaged: data/document/image.bin\n");

    fs::write(package.join("data/document/extra"), "").unwrap();
    let said = recover(&package, &delivery.beside("out2"), None);
    let (there, listed) = said[2].stdout.trim_end().split_once('\n').unwrap();
    assert_ne!(there, listed);
}

/// Nor through a link that the package itself brings.
#[test]
fn nothing_is_restored_through_a_link() {
    let delivery = Delivery::of_every_sort("");
    delivery.made();
    let contents = delivery.package().join("contents.jsonl");
    let outside = delivery.beside("outside");
    fs::create_dir(&outside).unwrap();
    let text = fs::read_to_string(&contents).unwrap();
    for inner in ["link/in", "link/in/deeper"] {
        let line = text.lines().find(|line| line.contains("\"type\":\"symlink\"")).unwrap();
        let to_outside = line.replace("src/Main.java", outside.to_str().unwrap());
        let below = line.replace("\"name\":\"link\"", &format!("\"name\":\"{inner}\""));
        let forged = text.replace(line, &format!("{to_outside}\n{below}"));
        fs::write(&contents, forged).unwrap();
        list_anew(&delivery.package());
        let out = delivery.beside(&inner.replace('/', "-"));
        let said = recover(&delivery.package(), &out, None);
        said[5].expect(1);
        assert!(said[5].stderr.contains("FileExistsError"), "{}", said[5].stderr);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

/// A forged package cannot make the commands write beside the folder that they were told.
#[test]
fn a_name_that_leads_out_is_refused() {
    for name in ["../outside", "/tmp/outside", "src/../../outside"] {
        let delivery = Delivery::of_every_sort("");
        delivery.made();
        let contents = delivery.package().join("contents.jsonl");
        let text = fs::read_to_string(&contents).unwrap();
        let forged = text.replace("\"name\":\"image.bin\"", &format!("\"name\":\"{name}\""));
        assert_ne!(forged, text);
        fs::write(&contents, forged).unwrap();
        list_anew(&delivery.package());
        let said = recover(&delivery.package(), &delivery.beside("out"), None);
        said[5].expect(1);
        assert!(said[5].stderr.contains("leads out of the folder"), "{}", said[5].stderr);
        assert!(!delivery.beside("outside").exists() && !delivery.beside("out/outside").exists());
    }
}
