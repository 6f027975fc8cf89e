//! Deliveries as no careful person makes them: everything is taken or told, nothing is followed,
//! nothing hangs.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::Duration;

use handover_testkit::Run;
use serde_json::json;

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts, is_private};
use crate::config::is_refused;
use crate::support::says;

#[test]
fn links_are_kept_as_links() {
    let delivery = Delivery::new();
    fs::write(delivery.beside("outside"), "not delivered").unwrap();
    fs::create_dir(delivery.beside("elsewhere")).unwrap();
    fs::write(delivery.beside("elsewhere/inner"), "not delivered").unwrap();
    let links = [
        ("absolute", "/etc/hostname"),
        ("above", "../outside"),
        ("folder", "../elsewhere"),
        ("nowhere", "no/such/file"),
        ("itself", "itself"),
        ("one", "two"),
        ("two", "one"),
        ("round", "."),
    ];
    for (name, target) in links {
        symlink(target, delivery.delivered().join(name)).unwrap();
    }
    delivery.put("file", "delivered");
    let report = delivery.received(0);
    assert_eq!(
        (&report["packages"][0]["files"], &report["packages"][0]["bytes"]),
        (&json!(1), &json!(9))
    );
    for (name, target) in links {
        let expected =
            json!({"type": "symlink", "deliverable": "document", "name": name, "target": target});
        assert_eq!(delivery.entry(name), expected);
    }
    assert_eq!(delivery.contents().len(), links.len() + 1);
    delivery.is_whole();
    is_private(&delivery.package());
}

#[test]
fn what_is_no_file_is_told_and_does_not_hang() {
    let delivery = Delivery::new();
    delivery.put("file", "x");
    let as_root = Run::program("id").arg("-u").go().stdout.trim() == "0";
    delivery.shell("mkfifo pipe");
    let _socket = std::os::unix::net::UnixListener::bind(delivery.delivered().join("socket"));
    let mut expected = vec![("pipe", "fifo"), ("socket", "socket")];
    if as_root {
        delivery.shell("mknod zero c 1 5");
        expected.push(("zero", "device"));
    }
    let outcome = delivery.receive().limit(Duration::from_secs(30)).go();
    let report = crate::support::json(outcome.expect(1));
    assert_eq!(counts(&report)["not_stored"], expected.len() as u64);
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, what)| ("not_stored".to_owned(), (*name).to_owned(), (*what).to_owned()))
        .collect();
    assert_eq!(delivery.found(), expected);
    assert_eq!(report["inventory"]["components"][0]["deliverables"][0]["state"], "received");
    delivery.is_whole();
}

/// Bytes that a file system takes for a name, and other systems do not.
#[test]
fn names_are_kept_whatever_they_are() {
    let delivery = Delivery::new();
    let names: Vec<&[u8]> = vec![
        b"a b",
        b"new\nline",
        b"back\\slash",
        b"-rf",
        b"--json",
        b"\xff\xfe",
        b"A.txt",
        b"a.txt",
        b"a.TXT",
        "Ti\u{1ebf}ng".as_bytes(),
        "Tie\u{302}\u{301}ng".as_bytes(),
        b"nul",
        b"NUL.txt",
        b"end.",
        b"_long",
        b"%0A",
        b"~",
        b"data",
        b"...",
        b" ",
        b"\t",
        b"\x01",
        b"\"quoted\"",
    ];
    for name in &names {
        delivery.put(std::ffi::OsStr::from_bytes(name), name);
    }
    delivery.received(0);
    // A name that is another's stored form.
    let stored = delivery.stored("a b");
    let taken = stored.file_name().unwrap().to_owned();
    fs::remove_dir_all(delivery.package()).unwrap();
    fs::remove_file(delivery.beside("target.db")).unwrap();
    delivery.put(&taken, taken.as_bytes());
    delivery.received(0);
    let files: Vec<_> = delivery.contents();
    assert_eq!(files.len(), names.len() + 1);
    let mut folded: Vec<String> =
        files.iter().map(|entry| entry["stored"].as_str().unwrap().to_lowercase()).collect();
    folded.sort();
    folded.dedup();
    assert_eq!(folded.len(), files.len(), "stored names clash where case does not count");
    for entry in &files {
        let stored = delivery.package().join(entry["stored"].as_str().unwrap());
        let name = match entry["name"].as_str() {
            Some(name) => name.as_bytes().to_vec(),
            None => b"\xff\xfe".to_vec(),
        };
        assert_eq!(fs::read(stored).unwrap(), name, "{entry}");
    }
    delivery.is_whole();
}

/// A file and a folder that compression would give one name.
#[test]
fn a_folder_named_like_a_compressed_file() {
    let delivery = Delivery::new();
    delivery.put("dump", "the file");
    delivery.put("dump.zst/dump", "the file in the folder");
    delivery.shell("echo another | zstd -q > dump.ZST.zst");
    delivery.configure(&format!("{DOCUMENTS}[package]\ncompress = true\n"));
    let report = delivery.received(0);
    assert_eq!(report["packages"][0]["files"], 3);
    delivery.verify(&delivery.package()).go().expect(0);
    assert_eq!(delivery.received(0)["packages"][0]["outcome"], "unchanged");
}

#[test]
fn paths_longer_than_the_system_takes_at_once() {
    let delivery = Delivery::new();
    for (first, levels) in [("a", 40), ("b", 60)] {
        let part = "d".repeat(99);
        delivery.shell(&format!(
            "mkdir {first}; cd {first}; for i in $(seq {levels}); do mkdir {part}; cd -P {part}; done; \
             echo {first} > file"
        ));
    }
    let report = delivery.received(0);
    assert_eq!(report["packages"][0]["files"], 2);
    let lengths: Vec<usize> = delivery
        .contents()
        .iter()
        .filter(|entry| entry["type"] == "file")
        .map(|entry| {
            let stored = delivery.package().join(entry["stored"].as_str().unwrap());
            assert!(["a\n", "b\n"].contains(&fs::read_to_string(stored).unwrap().as_str()));
            entry["name"].as_str().unwrap().len()
        })
        .collect();
    assert_eq!(lengths, [4006, 6006]);
    delivery.verify(&delivery.package()).go().expect(0);
    assert_eq!(delivery.received(0)["packages"][0]["outcome"], "unchanged");
    // The system's own rm, which takes such paths.
    delivery.shell("rm -rf a b");
}

#[test]
fn a_file_with_holes_takes_no_room() {
    let delivery = Delivery::new();
    delivery.shell(
        "truncate -s 300M image; printf end >> image; truncate -s 301M image; ln image same",
    );
    delivery.received(0);
    for name in ["image", "same"] {
        let stored = fs::metadata(delivery.stored(name)).unwrap();
        assert_eq!(stored.len(), 301 << 20);
        assert!(stored.blocks() * 512 < 3 << 20, "{name} takes {} blocks", stored.blocks());
    }
    delivery.is_whole();
}

#[test]
fn a_folder_with_many_files_and_empty_ones() {
    let delivery = Delivery::new();
    delivery.shell("mkdir many empty; for i in {1..20000}; do echo $i > many/$i; done");
    let report = delivery.received(0);
    assert_eq!(report["packages"][0]["files"], 20_000);
    assert_eq!(delivery.entry("empty")["type"], "directory");
    assert_eq!(fs::read_to_string(delivery.stored("many/777")).unwrap(), "777\n");
}

#[test]
fn an_empty_delivery_is_missing() {
    let delivery = Delivery::new();
    let report = delivery.received(1);
    assert_eq!(report["inventory"]["components"][0]["deliverables"][0]["state"], "missing");
    assert_eq!(counts(&report)["missing"], 1);
    let again = delivery.received(1);
    assert_eq!(again["findings"], report["findings"]);
}

/// Even an administrator may not read everything (a file system over the network).
#[test]
fn what_cannot_be_read_is_told() {
    // Not in the folder of all tests, which is another user's and cannot be passed through either.
    let folder = tempfile::Builder::new().prefix("closed.").tempdir_in("/tmp").unwrap();
    let delivery = Delivery::in_folder(folder, "sqlite:../target.db");
    delivery.put("file", "x");
    delivery.put("closed", "x");
    delivery.put("shut/inner", "x");
    delivery.shell("chmod 0 closed shut");
    let root = Run::program("id").arg("-u").go().stdout.trim() == "0";
    let run = if root {
        Run::program("setpriv")
            .args(["--bounding-set", "-dac_override,-dac_read_search"])
            .arg(handover_testkit::binary("handover-migrate"))
    } else {
        Run::new("handover-migrate")
    };
    delivery.receive_by(run).go().expect(1);
    delivery.shell("chmod 700 shut closed");
    let expected = ["closed", "shut"]
        .map(|name| ("not_stored".to_owned(), name.to_owned(), "unreadable".to_owned()));
    assert_eq!(delivery.found(), expected);
    // Now that they can be read, they are not what was sealed.
    let report = delivery.received(1);
    assert_eq!(report["packages"][0]["outcome"], "changed");
    delivery.receive().arg("--renew").go().expect(0);
    assert_eq!(fs::read_to_string(delivery.stored("shut/inner")).unwrap(), "x");
}

#[test]
fn places_that_cannot_be_received() {
    let delivery = Delivery::new();
    let file = delivery.put("file", "x");
    let deliverable = |path: &str, form: &str| {
        delivery.configure(&format!(
            "[[component.deliverable]]\nkind = \"document\"\npath = {path:?}\nform = \"{form}\"\n"
        ));
        delivery.receive().arg("--quiet").go()
    };
    let refused = |path: &str, form: &str, error: &str| {
        is_refused(&deliverable(path, form), &delivery.dir(), error);
        assert!(!delivery.package().exists());
    };
    refused(
        "../nothing",
        "folder",
        "component \"portal\", deliverable \"document\": cannot read DIR/../nothing; put it \
         there, or take its path out of handover.toml if it was not delivered: No such file or \
         directory (os error 2)",
    );
    refused(
        "../delivered",
        "file",
        "DIR/../delivered is not a regular file; a folder needs form = \"folder\"",
    );
    for around in ["..", "packages", "packages/x", "."] {
        fs::create_dir_all(delivery.dir().join("packages/x")).unwrap();
        let error = format!(
            "component \"portal\", deliverable \"document\": DIR/{around} and the packages are \
             one in the other; deliver it into another folder"
        );
        refused(around, "folder", &error);
    }
    let outcome = deliverable(file.to_str().unwrap(), "folder");
    says(outcome.expect(2), &["cannot read the deliverable", "Not a directory"]);
    // It is kept as what it is.
    let outcome = deliverable("../delivered", "git");
    let report = crate::support::json(outcome.expect(1));
    assert!(counts(&report).contains_key("git_not_bundled"), "{report:#}");
}

/// Names of files may be names of people: they are in the findings file and in the package, and
/// nowhere else.
#[test]
fn names_of_files_are_not_shown() {
    let delivery = Delivery::new();
    let name = "Nguyen-Van-Quyet";
    delivery.put(format!("{name}.txt"), "password = 'Vinh-Ha7-Long'");
    delivery.put(format!("{name}.zip"), "PK\x03\x04broken");
    delivery.shell(&format!("mkfifo {name}-pipe; printf '%064d  {name}-gone\\n' 0 > SHA256SUMS"));
    delivery.configure(&format!("{DOCUMENTS}checksums = \"SHA256SUMS\"\n"));
    let all = [
        delivery.receive().go(),
        delivery.receive().go(),
        Run::new("handover-migrate").args(["artifacts", "--handover"]).arg(delivery.dir()).go(),
        Run::new("handover-migrate").args(["status", "--handover"]).arg(delivery.dir()).go(),
    ];
    for outcome in &all {
        crate::support::says_nothing_of(outcome, &[name, "Vinh-Ha7-Long"]);
    }
    assert_eq!(all[0].code, Some(1));
    let kinds: Vec<String> = delivery.found().into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["checksum_without_file", "archive_broken", "secret_found", "not_stored"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}: {kinds:?}");
    }
    assert!(delivery.found().iter().all(|(_, path, _)| path.contains(name)), "{kinds:?}");
}

/// Archives that hold nothing but zeros: each may be looked into, and all together may not.
#[test]
fn archives_that_unpack_to_too_much_together() {
    let delivery = Delivery::new();
    delivery.shell("head -c 3000000 /dev/zero > zeros");
    let names: Vec<String> = (0..6).map(|number| format!("{number}.tgz")).collect();
    for name in &names {
        delivery.shell(&format!("tar -czf {name} zeros"));
    }
    delivery.shell("rm zeros");
    let receive = |bytes: &str| delivery.receive().args(["--jobs", "1", "--archive-bytes", bytes]);
    let report = crate::support::json(receive("10000000").go().expect(1));
    let missed = counts(&report)["archive_too_large"];
    assert!((2..=4).contains(&missed), "{report}");
    let found = delivery.found();
    assert_eq!(found.len() as u64, missed);
    for (_, name, what) in &found {
        assert!(names.contains(name), "{name}");
        assert!(what.contains("not looked into to its end; --archive-bytes"), "{what}");
    }
    // What was delivered is stored whole all the same, and what was not looked into is not called so.
    let deliverable = &report["inventory"]["components"][0]["deliverables"][0];
    assert_ne!(deliverable["state"], "complete");
    assert_eq!(report["packages"][0]["files"], 6);
    delivery.is_whole();
}
