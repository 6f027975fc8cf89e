//! Encrypted and compressed packages: who can open them, and what happens with streams that are
//! broken or unpack without an end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover_cli_kit::passphrase::ARCHIVE_VARIABLE;
use handover_schemas::package::report::{
    PackageFindingKind as Kind, PackageReport, PackageVerdict,
};
use handover_testkit::Run;

use crate::keys::{Desk, PASSPHRASE};
use crate::package_made::{
    Delivery, files_below, is_located, judged_with, keys, recipients, seal_anew, verify,
};
use crate::support::write_private;

/// An encrypted package for three recipients, and the files with their keys.
fn encrypted(more: &str) -> (Delivery, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = keys(folder.path(), 3);
    let delivery = Delivery::of_every_sort(&format!("{more}\n{}", recipients(&public)));
    delivery.made();
    let kept = delivery.beside("keys");
    let identities = (0..3).map(|number| kept.join(format!("key{number}.txt"))).collect();
    fs::create_dir(&kept).unwrap();
    for name in files_below(folder.path()) {
        fs::copy(folder.path().join(&name), kept.join(&name)).unwrap();
    }
    (delivery, identities)
}

fn report(run: Run, code: i32) -> PackageReport {
    serde_json::from_str(&run.go().expect(code).stdout).unwrap()
}

#[test]
fn every_recipient_opens_it_and_nobody_else() {
    for more in ["", "compress = true"] {
        let (delivery, identities) = encrypted(more);
        for identity in &identities {
            let report = report(delivery.verify().arg("--identity").arg(identity), 0);
            assert_eq!((report.verdict, report.not_opened), (PackageVerdict::Intact, 0));
        }

        // Without a key all stored bytes are checked, and the report says what was not.
        let closed = report(delivery.verify(), 0);
        assert_eq!((closed.verdict, closed.not_opened), (PackageVerdict::Intact, closed.files));
        let said = closed.not_checked.iter().any(|line| line.contains("not opened, no key"));
        assert!(closed.files > 0 && said, "{closed:#?}");

        // A wrong key is neither damage nor soundness.
        let (strangers, _) = keys(&delivery.beside("strangers"), 1);
        let wrong = report(delivery.verify().arg("--identity").arg(&strangers[0]), 2);
        assert_eq!(wrong.verdict, PackageVerdict::Unverified);
        assert!(!wrong.findings.is_empty());
        assert!(wrong.findings.iter().all(|one| one.kind == Kind::CannotBeOpened), "{wrong:#?}");
        let both = delivery.verify().arg("--identity").arg(&strangers[0]);
        report(both.arg("--identity").arg(&identities[1]), 0);
    }
}

/// Names of files may be names of people: whoever has no key sees none.
#[test]
fn an_encrypted_package_shows_no_name_and_no_content() {
    let (delivery, _) = encrypted("");
    for file in files_below(&delivery.package()) {
        let content = fs::read(delivery.package().join(&file)).unwrap();
        let text = String::from_utf8_lossy(&content);
        for secret in ["Huong", "Hướng", "Main", "Xin chào", "image"] {
            assert!(!file.contains(secret) && !text.contains(secret), "{file}: {secret}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused_without_being_shown() {
    let (delivery, _) = encrypted("");
    let file = delivery.beside("no-key.txt");
    write_private(&file, "AGE-SECRET-KEY-1NOT\n");
    let outcome = delivery.verify().arg("--identity").arg(&file).go();
    assert!(outcome.expect(2).stderr.contains("line 1 is not an age identity"));
    assert!(!outcome.stderr.contains("KEY-1NOT"), "{}", outcome.stderr);
    write_private(&file, "# nothing\n");
    let outcome = delivery.verify().arg("--identity").arg(&file).go();
    assert!(outcome.expect(2).stderr.contains("there is no age identity in it"));
}

/// A key of a newer sort beside the one that opens the package must not make the file useless.
#[test]
fn identities_of_other_sorts_are_named_and_passed_over() {
    let (delivery, identities) = encrypted("");
    let ours = fs::read_to_string(&identities[0]).unwrap();
    let post_quantum = format!("AGE-SECRET-KEY-PQ-1{}", "QPZRY9X8GF".repeat(6));
    let plugin = format!("AGE-PLUGIN-YUBIKEY-1{}", "QPZRY9X8GF".repeat(4));
    let file = delivery.beside("mixed.txt");
    write_private(&file, format!("{post_quantum}\n{plugin}\n{ours}"));
    let outcome = delivery.verify().arg("--identity").arg(&file).go();
    let report: PackageReport = serde_json::from_str(&outcome.expect(0).stdout).unwrap();
    assert_eq!((report.verdict, report.not_opened), (PackageVerdict::Intact, 0));
    for said in ["line 1 is a post-quantum identity", "line 2 is an identity of an age plugin"] {
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("QPZRY"), "{}", outcome.stderr);

    // Alone they open nothing, and that is an error.
    write_private(&file, &post_quantum);
    let outcome = delivery.verify().arg("--identity").arg(&file).go();
    let said = "line 1 is a post-quantum identity (AGE-SECRET-KEY-PQ-1…, age 1.3), which is not \
                supported; there is no age identity in it";
    assert!(outcome.expect(2).stderr.contains(said), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("QPZRY"), "{}", outcome.stderr);
}

/// The largest payload file: it has several blocks of age.
fn largest(package: &Path) -> String {
    let payload = files_below(package).into_iter().filter(|file| file.starts_with("data/"));
    payload.max_by_key(|file| package.join(file).metadata().unwrap().len()).unwrap()
}

/// A stream that ends too early is found by decoding, even where all checksums are those of the
/// shortened file.
#[test]
fn streams_that_are_cut_off_are_found_by_decoding() {
    for more in ["compress", "age", "age and compress"] {
        let (delivery, identities) = match more {
            "compress" => {
                let delivery = Delivery::of_every_sort("compress = true");
                delivery.made();
                (delivery, Vec::new())
            }
            "age" => encrypted(""),
            _ => encrypted("compress = true"),
        };
        let package = delivery.package();
        let contents = files_below(&package)
            .into_iter()
            .find(|file| file.starts_with("contents.jsonl"))
            .unwrap();
        for file in [largest(&package), contents] {
            let place = package.join(&file);
            let sound = fs::read(&place).unwrap();
            // In the last block, at its border, in the first block, in the header, nothing left.
            for kept in [sound.len() - 1, sound.len().min(65_552 + 400), sound.len() / 2, 20, 0] {
                let kept = kept.min(sound.len() - 1);
                fs::write(&place, &sound[..kept]).unwrap();
                seal_anew(&package);
                let found = judged_with(&package, None, &identities);
                is_located(&found, &file, &format!("{more}: {file}, {kept} bytes"));
            }
            let longer = [sound.as_slice(), b"more"].concat();
            fs::write(&place, longer).unwrap();
            seal_anew(&package);
            is_located(&judged_with(&package, None, &identities), &file, "something after the end");
            fs::write(&place, &sound).unwrap();
            seal_anew(&package);
            assert_eq!(judged_with(&package, None, &identities).findings, [], "{more}");
        }
    }
}

/// A zstd frame (RFC 8878) of blocks that each repeat one byte 131,072 times: four bytes a block.
fn bomb(window_descriptor: u8, byte: u8, blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, window_descriptor];
    for block in 1..=blocks {
        let header: u32 = (131_072 << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

const WINDOW_128_KIB: u8 = 7 << 3;
const WINDOW_1_GIB: u8 = 20 << 3;

/// 512 GiB in 16 MiB. Nobody reads on past the size that the package states.
#[test]
fn a_bomb_is_unpacked_to_the_size_that_is_stated_and_no_further() {
    let delivery = Delivery::of_every_sort("compress = true");
    delivery.made();
    let package = delivery.package();
    let small = bomb(WINDOW_128_KIB, b'x', 2);
    fs::write(delivery.beside("two.zst"), small).unwrap();
    let two = Run::program("zstd").args(["-dcq", "two.zst"]).dir(delivery.beside("")).go();
    assert_eq!(two.expect(0).stdout, "x".repeat(262_144), "it is a frame that zstd takes");

    let text = bomb(WINDOW_128_KIB, b'x', 4 << 20);
    let empty_lines = bomb(WINDOW_128_KIB, b'\n', 4 << 20);
    for (file, content) in [
        ("data/document/image.bin.zst", &text),
        ("contents.jsonl.zst", &text),
        ("contents.jsonl.zst", &empty_lines),
        ("members.jsonl.zst", &text),
    ] {
        let place = package.join(file);
        let sound = fs::read(&place).unwrap();
        fs::write(&place, content).unwrap();
        seal_anew(&package);
        let outcome = verify(&package).limit(Duration::from_secs(20)).go();
        let report: PackageReport = serde_json::from_str(&outcome.expect(1).stdout).unwrap();
        is_located(&report, file, file);
        fs::write(&place, sound).unwrap();
    }
}

/// A frame may ask for a window of a gigabyte; it does not get it.
#[test]
fn a_window_larger_than_any_package_needs_is_refused() {
    let delivery = Delivery::of_every_sort("compress = true");
    delivery.made();
    let package = delivery.package();
    let file = "data/document/image.bin.zst";
    fs::write(package.join(file), bomb(WINDOW_1_GIB, b'x', 1)).unwrap();
    seal_anew(&package);
    let report = report(verify(&package), 1);
    is_located(&report, file, "window");
    let said = report.findings.iter().any(|one| one.message.contains("cannot be decoded"));
    assert!(said, "{report:#?}");
}

/// The content is another one, in a sound frame, with all checksums of stored files right.
#[test]
fn other_content_in_a_sound_frame_is_found() {
    let delivery = Delivery::of_every_sort("compress = true");
    delivery.made();
    let package = delivery.package();
    fs::write(delivery.beside("other"), "upper?").unwrap();
    let file = "data/document/src/Main.java.zst";
    let packed = Run::program("zstd").args(["-q", "-f", "-o"]).arg(package.join(file));
    packed.arg(delivery.beside("other")).go().expect(0);
    seal_anew(&package);
    let report = report(verify(&package), 1);
    is_located(&report, file, file);
    let told: Vec<_> =
        report.findings.iter().filter(|one| one.kind == Kind::ContentDiffers).collect();
    assert_eq!(told.len(), 1, "{report:#?}");
    assert_eq!(told[0].path.as_deref(), Some(file));
}

/// A key file that is itself encrypted opens a package as a plain one does.
#[test]
fn a_key_with_a_passphrase_opens_it() {
    let desk = Desk::new();
    let made = Run::new("handover-migrate").args(["keygen", "archive", "--out"]);
    let made = made.arg(desk.at("escrow")).env(ARCHIVE_VARIABLE, PASSPHRASE).go();
    let (_, recipient) = made.expect(0).stdout.split_once("recipient  ").unwrap();
    let delivery = Delivery::of_every_sort(&recipients(&[recipient.trim().to_owned()]));
    delivery.made();
    let verify = || delivery.verify().arg("--identity").arg(desk.at("escrow"));
    let opened = report(verify().env(ARCHIVE_VARIABLE, PASSPHRASE), 0);
    assert_eq!((opened.verdict, opened.not_opened), (PackageVerdict::Intact, 0));
    let from_file = verify().arg("--passphrase-file").arg(desk.at("passphrase"));
    assert_eq!(report(from_file, 0).not_opened, 0);
    let wrong = verify().env(ARCHIVE_VARIABLE, "another passphrase").go();
    assert!(wrong.expect(2).stderr.contains("the passphrase does not open it"));
    assert!(!wrong.stderr.contains("another"), "{}", wrong.stderr);
}
