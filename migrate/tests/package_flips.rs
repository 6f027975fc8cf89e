//! One bit of a package is wrong: the verifier finds it, and says in which file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use handover_schemas::digest::Digest;
use handover_schemas::package::report::{
    PackageFinding, PackageFindingKind, PackageReport, PackageVerdict,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::package_made::{
    Delivery, files_below, is_located, judged_with, keys, recipients, seal, verify,
};

const SEED: u64 = 20_221_115;

/// The last `\n`-line that has a position, of a text that may not be UTF-8 any more.
fn line_at(text: &[u8], position: usize) -> String {
    let start = text[..position].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = text[start..].split(|byte| *byte == b'\n').next().unwrap();
    String::from_utf8_lossy(line).into_owned()
}

/// A wrong tag manifest is told by the file that it lists, or by its own line.
#[track_caller]
fn tag_manifest_is_located(report: &PackageReport, text: &[u8], position: usize, what: &str) {
    assert_eq!(report.verdict, PackageVerdict::Damaged, "{what}");
    let line = line_at(text, position);
    let listed = line.split_once("  ").map_or("", |(_, path)| path);
    let located = |finding: &PackageFinding| {
        finding.path.as_deref().is_some_and(|p| p == listed || p == "tagmanifest-sha256.txt")
    };
    assert!(report.findings.iter().any(located), "{what}: {line:?}: {report:#?}");
}

/// Flips so many bits, one after the other, in turn in every file.
fn every_flip_is_found(package: &Path, flips: usize, identities: &[PathBuf]) {
    println!("seed {SEED}");
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let sealed = seal(package);
    let intact = judged_with(package, Some(sealed), identities);
    assert_eq!(intact.verdict, PackageVerdict::Intact, "{intact:#?}");
    let files = files_below(package);
    let mut files: Vec<(String, Vec<u8>)> = files
        .into_iter()
        .map(|file| (file.clone(), fs::read(package.join(file)).unwrap()))
        .filter(|(_, content)| !content.is_empty())
        .collect();
    let mut seen = BTreeSet::new();
    for flip in 0..flips {
        let count = files.len();
        let (file, content) = &mut files[flip % count];
        let bit = usize::try_from(random.next_u64()).unwrap() % (content.len() * 8);
        let mask = 1 << (bit % 8);
        let sound = content.clone();
        content[bit / 8] ^= mask;
        fs::write(package.join(&*file), &*content).unwrap();
        let what = format!("flip {flip}: bit {bit} of {file}");
        let report = judged_with(package, None, identities);
        if file == "tagmanifest-sha256.txt" {
            tag_manifest_is_located(&report, &sound, bit / 8, &what);
            let report = judged_with(package, Some(sealed), identities);
            let differs =
                |finding: &PackageFinding| finding.kind == PackageFindingKind::SealDiffers;
            assert!(report.findings.iter().any(differs), "{what}: {report:#?}");
        } else {
            is_located(&report, file, &what);
        }
        seen.insert(file.clone());
        *content = sound;
        fs::write(package.join(&*file), &*content).unwrap();
    }
    assert_eq!(seen.len(), files.len());
    assert_eq!(judged_with(package, Some(sealed), identities), intact);
}

#[test]
fn five_hundred_flipped_bits_are_found_and_located() {
    let delivery = Delivery::of_every_sort("sha512 = true");
    delivery.made();
    let files = files_below(&delivery.package());
    for tag_file in [
        "RECOVERY.md",
        "bag-info.txt",
        "bagit.txt",
        "contents.jsonl",
        "manifest-sha256.txt",
        "manifest-sha512.txt",
        "members.jsonl",
        "package.json",
        "tagmanifest-sha256.txt",
    ] {
        assert!(files.iter().any(|file| file == tag_file), "{tag_file}");
    }
    every_flip_is_found(&delivery.package(), 500, &[]);
}

#[test]
fn bits_of_encoded_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let (identities, public) = keys(folder.path(), 1);
    let encrypted = recipients(&public);
    for (package, keys) in [
        ("compress = true", &[][..]),
        (encrypted.as_str(), &[]),
        (encrypted.as_str(), &identities),
        (&format!("compress = true\n{encrypted}"), &identities),
    ] {
        let delivery = Delivery::of_every_sort(package);
        delivery.made();
        every_flip_is_found(&delivery.package(), 120, keys);
    }
}

/// The program ends with 1 and says where; with 0 and the same bytes as before once it is mended.
#[test]
fn the_program_says_so_with_its_exit_code() {
    let delivery = Delivery::of_every_sort("");
    delivery.made();
    let package = delivery.package();
    let before = verify(&package).go();
    before.expect(0);
    for file in ["data/document/image.bin", "contents.jsonl", "bag-info.txt"] {
        let sound = fs::read(package.join(file)).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        fs::write(package.join(file), flipped).unwrap();
        let outcome = verify(&package).go();
        let report: PackageReport = serde_json::from_str(&outcome.expect(1).stdout).unwrap();
        is_located(&report, file, file);
        fs::write(package.join(file), sound).unwrap();
    }
    let tag_manifest = package.join("tagmanifest-sha256.txt");
    let other = Digest::of(b"another").to_string();
    verify(&package).args(["--seal", &other]).go().expect(1);
    verify(&package).args(["--seal", &seal(&package).to_string()]).go().expect(0);
    fs::remove_file(tag_manifest).unwrap();
    verify(&package).go().expect(1);
}
