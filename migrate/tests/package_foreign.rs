//! Bags of other programs. The cases are those of the Library of Congress's bagit-conformance-suite,
//! made anew: from bags of the pinned `bagit`, altered one by one (compat/bagit-suite runs the suite
//! itself). Where `bagit` itself judges otherwise than RFC 8493, the case says so.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use handover_testkit::Run;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::json;

fn program() -> PathBuf {
    env::var_os("HANDOVER_TEST_BAGIT")
        .expect("HANDOVER_TEST_BAGIT is not set: run ./test, which installs bagit")
        .into()
}

/// A bag that `bagit` made of two files, and then altered by a script.
fn bag(options: &[&str], alter: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "hello").unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/Ti\u{1ebf}ng Vi\u{1ec7}t %25.txt"), "xin ch\u{e0}o").unwrap();
    Run::program(program()).args(options).arg(folder.path()).go().expect(0);
    Run::program("bash").args(["-ec", alter]).dir(folder.path()).go().expect(0);
    folder
}

fn verified(bag: &Path, code: i32) -> Value {
    let run = Run::new("handover-verify").args(["package", "--json", "--quiet"]).arg(bag);
    json(run.go().expect(code))
}

fn bagit_says_valid(bag: &Path) -> bool {
    Run::program(program()).arg("--validate").arg(bag).go().code == Some(0)
}

/// Changes that leave a bag valid, but that it is listed anew where tag files changed.
const UNTAGGED: &str = "rm tagmanifest-*.txt; ";

#[test]
fn valid_bags_are_not_of_our_profile_and_not_damaged() {
    let cases = [
        (&[][..], "true"),
        (&["--sha256"], "true"),
        (&["--sha512"], "true"),
        (&["--sha256", "--contact-name", "Nguy\u{1ec5}n"], "true"),
        // Without bag-info.txt; with an empty folder; tag files of its own; upper-case digits.
        (&["--sha256"], "rm tagmanifest-*.txt bag-info.txt"),
        (&["--sha256"], "mkdir data/empty"),
        (&["--sha256"], "mkdir more; echo x > more/tag.txt"),
        (&["--sha256"], "rm tagmanifest-*.txt; sed -i 's/^[0-9a-f]*/\\U&/' manifest-sha256.txt"),
        // Line ends of Windows, another order, a tab, names decomposed as on macOS.
        (&["--sha256"], "rm tagmanifest-*.txt; sed -i 's/$/\\r/' bag-info.txt bagit.txt"),
        (&["--sha256"], "rm tagmanifest-*.txt; sort -r -o manifest-sha256.txt manifest-sha256.txt"),
    ];
    for (options, alter) in cases {
        let bag = bag(options, alter);
        assert!(bagit_says_valid(bag.path()), "{alter}: bagit itself refuses the case");
        let report = verified(bag.path(), 2);
        assert_eq!(report["verdict"], "not_of_profile", "{options:?} {alter}: {report:#}");
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{alter}: {report:#}");
        let message = findings[0]["message"].as_str().unwrap();
        for part in ["package.json", "contents.jsonl", "RECOVERY.md"] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(report["files"], 2);
    }
    let text = Run::new("handover-verify").arg("package").arg(bag(&[], "true").path()).go();
    assert!(text.expect(2).stdout.contains("verdict: not of our profile"), "{}", text.stdout);
    // Checksums that find damage and no intent are said to.
    for weak in ["--md5", "--sha1"] {
        let report = verified(bag(&[weak], "true").path(), 2);
        assert!(report["not_checked"].to_string().contains("on purpose"), "{report:#}");
    }
    let strong = verified(bag(&["--sha384"], "true").path(), 2);
    assert!(!strong["not_checked"].to_string().contains("on purpose"), "{strong:#}");
    // Tag files in UTF-16, and a bag of version 0.97 that lists a file twice.
    for alter in [
        "sed -i 's/UTF-8/UTF-16/' bagit.txt; iconv -t UTF-16 -o n manifest-sha256.txt; \
         mv n manifest-sha256.txt; rm bag-info.txt",
        "sed -i 's/^BagIt-Version.*/BagIt-Version: 0.97/' bagit.txt; \
         head -1 manifest-sha256.txt >> manifest-sha256.txt",
    ] {
        let bag = bag(&["--sha256"], &format!("{UNTAGGED}{alter}"));
        assert_eq!(verified(bag.path(), 2)["verdict"], "not_of_profile", "{alter}");
    }
    // `%` encoded, as RFC 8493 has it and bagit does not, and names decomposed on the way.
    // Neither does it read back a name with `%0A` or a blank at its end, which it writes as they are.
    for alter in [
        "mv data/a.txt 'data/x%0Ay.txt'; sed -i 's/a.txt/x%0Ay.txt/' manifest-sha256.txt",
        "mv data/a.txt 'data/a '; sed -i 's/a.txt/a /' manifest-sha256.txt",
        "sed -i 's/%25/%2525/' manifest-sha256.txt",
        "sed -i 's/\u{1ebf}/e\u{302}\u{301}/' manifest-sha256.txt",
    ] {
        let bag = bag(&["--sha256"], &format!("{UNTAGGED}{alter}"));
        assert_eq!(verified(bag.path(), 2)["verdict"], "not_of_profile", "{alter}");
    }
}

#[test]
fn invalid_bags_are_damaged() {
    let cases = [
        ("echo more >> data/a.txt", "file_damaged"),
        ("rm data/a.txt", "file_missing"),
        ("echo x > data/extra", "file_extra"),
        ("rm -r data", "file_missing"),
        ("rm manifest-*.txt", "file_missing"),
        ("echo x: y >> bag-info.txt", "file_damaged"),
        (
            "rm tagmanifest-*.txt; sed -i 's/^Payload-Oxum.*/Payload-Oxum: 1.1/' bag-info.txt",
            "counts_differ",
        ),
        (
            "rm tagmanifest-*.txt; sed -i 's/^BagIt-Version.*/BagIt-Version: one/' bagit.txt",
            "tag_file_malformed",
        ),
        ("rm tagmanifest-*.txt; sed -i '2d' bagit.txt", "tag_file_malformed"),
        (
            "rm tagmanifest-*.txt; echo 'abc  data/a.txt' >> manifest-sha256.txt",
            "tag_file_malformed",
        ),
        (
            "rm tagmanifest-*.txt; printf '%064d  data/../../../etc/passwd\\n' 0 >> manifest-sha256.txt",
            "tag_file_malformed",
        ),
        (
            "rm tagmanifest-*.txt; sed -i 's/^BagIt-Version.*/BagIt-Version: 1.0/' bagit.txt; \
             head -1 manifest-sha256.txt >> manifest-sha256.txt",
            "tag_file_malformed",
        ),
        (
            "rm tagmanifest-*.txt; sed -n '1s/^./0/p' manifest-sha256.txt >> manifest-sha256.txt; \
             sed -n '1s/^./1/p' manifest-sha256.txt >> manifest-sha256.txt",
            "tag_file_malformed",
        ),
        // What is no payload, and what would be fetched to places out of the bag.
        (
            "rm tagmanifest-*.txt; printf '%064d  bag-info.txt\\n' 0 >> manifest-sha256.txt",
            "tag_file_malformed",
        ),
        (
            "rm tagmanifest-*.txt; echo 'https://vendor.example/x - ../x' > fetch.txt",
            "tag_file_malformed",
        ),
        (
            "rm tagmanifest-*.txt; echo 'https://vendor.example/x - C:\\x' > fetch.txt",
            "tag_file_malformed",
        ),
        ("rm tagmanifest-*.txt; sed -i 's/UTF-8/UTF-16/' bagit.txt", "tag_file_malformed"),
        // A file that is to be fetched from somewhere is not there.
        (
            "rm tagmanifest-*.txt; echo 'https://vendor.example/x 1 data/x' > fetch.txt; \
             printf '%064d  data/x\\n' 0 >> manifest-sha256.txt",
            "file_missing",
        ),
    ];
    let cases = cases.map(|(alter, kind)| ("--sha256", alter, kind));
    // Bags of before version 1.0 have MD5.
    let older = [("--md5", "printf HELLO > data/a.txt", "file_damaged")];
    for (algorithm, alter, kind) in cases.into_iter().chain(older) {
        let bag = bag(&[algorithm], alter);
        let report = verified(bag.path(), 1);
        assert_eq!(report["verdict"], "damaged", "{alter}: {report:#}");
        let findings = report["findings"].to_string();
        assert!(findings.contains(&format!("\"{kind}\"")), "{alter}: {report:#}");
        assert!(findings.contains("\"not_of_profile\""), "{alter}: {report:#}");
    }
}
