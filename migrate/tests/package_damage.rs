//! A package that somebody changed: files, names, lists, all checksums made right again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use handover_schemas::package::report::{
    PackageFindingKind as Kind, PackageReport, PackageVerdict,
};
use handover_testkit::Run;
use rusqlite::Connection;

use crate::package_made::{
    Delivery, append, copy_of, count_anew, files_below, is_located, judged, judged_with, list_anew,
    seal, seal_anew, verify,
};

/// A sealed package without a finding.
fn sealed() -> Delivery {
    let delivery = Delivery::of_every_sort("sha512 = true");
    delivery.made();
    delivery
}

#[track_caller]
fn has(report: &PackageReport, path: &str, kind: Kind) {
    is_located(report, path, path);
    let found = |kind| {
        report.findings.iter().any(|one| one.path.as_deref() == Some(path) && one.kind == kind)
    };
    assert!(found(kind), "{path}: no {kind:?}: {report:#?}");
}

#[test]
fn every_file_that_is_changed_removed_or_renamed_is_named() {
    let delivery = sealed();
    for file in files_below(&delivery.package()) {
        let copy = copy_of(&delivery.package());
        let (root, place) = (copy.path(), copy.path().join(&file));
        let elsewhere = delivery.beside("content");
        let sound = fs::read(&place).unwrap();

        append(&place, b"\n");
        is_located(&judged(root), &file, "extended");
        if let Some((_last, rest)) = sound.split_last() {
            fs::write(&place, rest).unwrap();
            is_located(&judged(root), &file, "truncated");
            fs::write(&place, "").unwrap();
            is_located(&judged(root), &file, "emptied");
        }
        fs::write(&place, &sound).unwrap();
        assert_eq!(judged(root).findings, []);

        let renamed = format!("{file}.old");
        fs::rename(&place, root.join(&renamed)).unwrap();
        let report = judged(root);
        has(&report, &file, Kind::FileMissing);
        if file != "tagmanifest-sha256.txt" {
            has(&report, &renamed, Kind::FileExtra);
        }
        fs::remove_file(root.join(&renamed)).unwrap();
        has(&judged(root), &file, Kind::FileMissing);

        // A folder, a link or a pipe in its place is no file; nobody waits for the pipe.
        fs::create_dir(&place).unwrap();
        is_located(&judged(root), &file, "a folder in its place");
        fs::remove_dir(&place).unwrap();
        fs::write(&elsewhere, &sound).unwrap();
        symlink(&elsewhere, &place).unwrap();
        has(&judged(root), &file, Kind::NotAFile);
        fs::remove_file(&place).unwrap();
        Run::program("mkfifo").arg(&place).go().expect(0);
        has(&judged(root), &file, Kind::NotAFile);
        fs::remove_file(&place).unwrap();
        // The same content, and another name of it outside, through which it could change.
        fs::hard_link(&elsewhere, &place).unwrap();
        has(&judged(root), &file, Kind::HardLink);
    }
}

#[test]
fn everything_extra_is_named() {
    let delivery = sealed();
    let copy = copy_of(&delivery.package());
    let root = copy.path();
    let intact = judged(root);
    for folder in ["", "data/", "data/document/", "data/document/src/", "new/"] {
        fs::create_dir_all(root.join(folder)).unwrap();
        let name = |name: &str| format!("{folder}{name}");
        let put = |file: &str| fs::write(root.join(file), "x").unwrap();
        let gone = |file: &str| fs::remove_file(root.join(file)).unwrap();

        let extra = name("extra.txt");
        put(&extra);
        has(&judged(root), &extra, Kind::FileExtra);
        gone(&extra);

        for bad in [name("b d"), name("é"), name("back\\slash"), name("line\nfeed"), name("~")] {
            put(&bad);
            let shown = bad.escape_debug().to_string();
            has(&judged(root), &shown, Kind::NameUnsafe);
            gone(&bad);
        }
        let link = name("link");
        symlink("/etc/hostname", root.join(&link)).unwrap();
        has(&judged(root), &link, Kind::NotAFile);
        gone(&link);
        let pipe = name("pipe");
        Run::program("mkfifo").arg(root.join(&pipe)).go().expect(0);
        has(&judged(root), &pipe, Kind::NotAFile);
        gone(&pipe);
        let empty = name("empty-folder");
        fs::create_dir(root.join(&empty)).unwrap();
        has(&judged(root), &empty, Kind::FileExtra);
        fs::remove_dir(root.join(&empty)).unwrap();
    }
    fs::remove_dir(root.join("new")).unwrap();
    for (file, collides) in [
        ("data/document/src/Main.java", "data/document/src/MAIN.java"),
        ("package.json", "Package.json"),
    ] {
        fs::write(root.join(collides), "x").unwrap();
        has(&judged(root), file, Kind::NamesCollide);
        has(&judged(root), collides, Kind::NamesCollide);
        has(&judged(root), collides, Kind::FileExtra);
        fs::remove_file(root.join(collides)).unwrap();
    }
    assert_eq!(judged(root), intact);
}

/// Texts that say the same in other words, or nothing at all. All of them are damage, even with
/// checksums that are right.
fn other_spellings(text: &str) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, second) = (lines[0], lines[1]);
    let digit = text.find(|c: char| matches!(c, 'a'..='f')).unwrap();
    let (before, after) = text.split_at(digit);
    let (letter, after) = after.split_at(1);
    let upper = format!("{before}{}{after}", letter.to_uppercase());
    let after_first = |line: &str| text.replacen(first, &format!("{first}{line}"), 1);
    let second_path = |path: &str| {
        let digest = second.split(' ').next().unwrap();
        text.replacen(second, &format!("{digest}  {path}\n"), 1)
    };
    vec![
        ("a digit in upper case", upper),
        (
            "lines swapped",
            text.replacen(&format!("{first}{second}"), &format!("{second}{first}"), 1),
        ),
        ("a trailing blank", text.replacen('\n', " \n", 1)),
        ("CRLF", text.replace('\n', "\r\n")),
        ("a line twice", after_first(first)),
        ("an empty line", after_first("\n")),
        ("no end of line", text.trim_end().to_owned()),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("a huge line without an end", format!("{text}{}", "a".repeat(3_000_000))),
        ("a path that leads out", second_path("data/../../etc/passwd")),
        ("a path above", second_path("../a")),
        ("an absolute path", second_path("/etc/passwd")),
        ("a backslash", second_path("data\\document\\src\\empty")),
        ("an encoded path", second_path("data/%2e%2e/a")),
        ("a path of dots", second_path("data/./document/src/empty")),
    ]
}

#[test]
fn lists_have_one_spelling_even_with_right_checksums() {
    let delivery = sealed();
    for list in [
        "manifest-sha256.txt",
        "manifest-sha512.txt",
        "tagmanifest-sha256.txt",
        "contents.jsonl",
        "members.jsonl",
    ] {
        let copy = copy_of(&delivery.package());
        let root = copy.path();
        let sound = fs::read_to_string(root.join(list)).unwrap();
        let package = fs::read(root.join("package.json")).unwrap();
        for (what, text) in other_spellings(&sound) {
            fs::write(root.join(list), text).unwrap();
            is_located(&judged(root), list, what);
            if list != "tagmanifest-sha256.txt" {
                count_anew(root);
                list_anew(root);
                has(&judged(root), list, Kind::TagFileMalformed);
            }
            fs::write(root.join(list), &sound).unwrap();
            fs::write(root.join("package.json"), &package).unwrap();
            list_anew(root);
            assert_eq!(judged(root).findings, [], "{what}");
        }
    }
}

#[test]
fn other_tag_files_have_one_spelling_too() {
    let delivery = sealed();
    for (file, from, to) in [
        ("bagit.txt", "1.0", "0.97"),
        ("bagit.txt", "UTF-8", "UTF-16"),
        ("bagit.txt", "\n", "\r\n"),
        ("bag-info.txt", "Payload-Oxum: ", "Payload-Oxum: 0"),
        ("bag-info.txt", "Payload-Oxum", "Bagging-Date: 2026-01-01\nPayload-Oxum"),
        ("package.json", "\"version\": 1", "\"version\": 2"),
        ("package.json", "\"version\": 1,", "\"version\": 1,\n  \"note\": \"x\","),
        ("package.json", "\"version\": 1,", "\"version\": 1, "),
        ("package.json", "\n}\n", "\n}\n}\n"),
        ("package.json", "\"stored\": \"contents.jsonl\"", "\"stored\": \"members.jsonl\""),
        ("package.json", "\"stored\": \"contents.jsonl\"", "\"stored\": \"../contents.jsonl\""),
        ("package.json", "\"stored\": \"members.jsonl\"", "\"stored\": \"/etc/passwd\""),
    ] {
        let copy = copy_of(&delivery.package());
        let place = copy.path().join(file);
        let text = fs::read_to_string(&place).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        fs::write(&place, changed).unwrap();
        list_anew(copy.path());
        let report = judged(copy.path());
        has(&report, file, Kind::TagFileMalformed);
        if to.ends_with('2') {
            let known = "package.json has version 2, this program knows version 1";
            assert!(report.findings.iter().any(|one| one.message == known), "{report:#?}");
        }
    }
}

#[test]
fn counts_and_descriptions_have_to_be_those_of_the_files() {
    let delivery = sealed();
    let change = |file: &str, from: &str, to: &str| {
        let copy = copy_of(&delivery.package());
        let place = copy.path().join(file);
        let text = fs::read_to_string(&place).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        fs::write(&place, text.replacen(from, to, 1)).unwrap();
        if file != "package.json" {
            count_anew(copy.path());
        }
        list_anew(copy.path());
        judged(copy.path())
    };
    let oxum = fs::read_to_string(delivery.package().join("bag-info.txt")).unwrap();
    let (_, oxum) = oxum.trim_end().rsplit_once(' ').unwrap();
    let (bytes, files) = oxum.split_once('.').unwrap();
    has(&change("bag-info.txt", oxum, &format!("{bytes}.1")), "bag-info.txt", Kind::CountsDiffer);
    has(&change("bag-info.txt", oxum, &format!("1.{files}")), "bag-info.txt", Kind::CountsDiffer);
    let files = format!("\"files\": {files}");
    has(&change("package.json", &files, "\"files\": 1"), "package.json", Kind::CountsDiffer);
    let lines = change("package.json", "\"lines\": ", "\"lines\": 1");
    has(&lines, "contents.jsonl", Kind::ContentDiffers);
    let empty = "data/document/src/empty";
    let digest = "\"size\":0,\"sha256\":\"e3b0";
    let other = "\"size\":0,\"sha256\":\"e3b1";
    has(&change("contents.jsonl", digest, other), empty, Kind::ContentDiffers);
    let size = change("contents.jsonl", "\"size\":0,", "\"size\":1,");
    has(&size, empty, Kind::FileDamaged);
    // Nothing vouches for a file that contents.jsonl does not have, or has under another name.
    let gone = change("contents.jsonl", "src/empty\",\"deliv", "src/fmpty\",\"deliv");
    has(&gone, empty, Kind::ContentDiffers);
    has(&gone, "data/document/src/fmpty", Kind::FileMissing);
}

/// Somebody changed a file and made everything right for it. Nothing in the package tells; the
/// seal does, whether it comes from paper or from the ledger.
#[test]
fn a_forged_package_does_not_have_the_seal() {
    let delivery = sealed();
    let package = delivery.package();
    let before = seal(&package);
    let ledger = |code: i32| {
        let outcome = verify(&package).arg("--handover").arg(delivery.handover()).go();
        outcome.expect(code);
        serde_json::from_str::<PackageReport>(&outcome.stdout).unwrap()
    };
    assert_eq!(ledger(0).verdict, PackageVerdict::Intact);

    let file = package.join("data/document/src/empty");
    fs::write(&file, "").unwrap();
    let contents = fs::read_to_string(package.join("contents.jsonl")).unwrap();
    fs::write(package.join("contents.jsonl"), contents.replace("\"0644\"", "\"0777\"")).unwrap();
    fs::remove_file(package.join("manifest-sha512.txt")).unwrap();
    seal_anew(&package);
    let report = judged(&package);
    assert_eq!((report.verdict, report.findings.len()), (PackageVerdict::Intact, 0));
    assert!(report.not_checked[0].contains("--seal"), "{report:?}");
    assert_ne!(seal(&package), before);

    for report in [judged_with(&package, Some(before), &[]), ledger(1)] {
        assert_eq!(report.verdict, PackageVerdict::Damaged);
        let kinds: Vec<Kind> = report.findings.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::SealDiffers], "{report:#?}");
    }
    verify(&package).args(["--seal", &before.to_string()]).go().expect(1);
    // The run that made it says so too.
    let again = delivery.artifacts();
    assert!(again.expect(1).stdout.contains("package_damaged"), "{}", again.stdout);
}

/// The ledger knows the seal, but for another component.
#[test]
fn a_package_in_the_place_of_another_is_told() {
    let delivery = sealed();
    let target = Connection::open(delivery.handover().join("target.db")).unwrap();
    target.execute("UPDATE handover_package SET component = 'app'", []).unwrap();
    let outcome = verify(&delivery.package()).arg("--handover").arg(delivery.handover()).go();
    let said = &outcome.expect(1).stdout;
    assert!(said.contains("the ledger has this seal for component app"), "{said}");
}

#[test]
fn what_is_no_package_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |place: &Path, why: &str| {
        let outcome = verify(place).go();
        assert!(outcome.expect(2).stderr.contains(why), "{}", outcome.stderr);
    };
    refused(folder.path(), "is not a package: it has no bagit.txt");
    refused(&folder.path().join("gone"), "No such file");
    fs::write(folder.path().join("file"), "").unwrap();
    refused(&folder.path().join("file"), "cannot read the package");
}
