//! The same input gives the same package: in two hand-overs, and when a command runs again.

use std::fs;

use filetime::FileTime;
use handover_testkit::Run;

use crate::package_made::{Delivery, files_below, keys, recipients, seal, verify};
use crate::support::{json, mode};

/// Two hand-overs of the same delivery, with the same config.
fn twice(package: &str) -> (Delivery, Delivery) {
    let (first, second) = (Delivery::of_every_sort(package), Delivery::new(package, ""));
    fs::remove_dir(second.delivered()).unwrap();
    let copy = Run::program("cp").arg("-a").args([first.delivered(), second.delivered()]).go();
    copy.expect(0);
    (first, second)
}

#[test]
fn the_same_delivery_gives_the_same_seal_and_the_same_bytes() {
    for package in ["", "sha512 = true", "compress = true"] {
        let (first, second) = twice(package);
        first.made();
        second.made();
        assert_eq!(seal(&first.package()), seal(&second.package()));
        let files = files_below(&first.package());
        assert_eq!(files, files_below(&second.package()));
        for file in files {
            let bytes = |one: &Delivery| fs::read(one.package().join(&file)).unwrap();
            assert!(bytes(&first) == bytes(&second), "{package}: {file}");
        }
        let report = |one: &Delivery| verify(&one.package()).go().expect(0).stdout.clone();
        assert_eq!(report(&first), report(&second));
        assert_eq!(report(&first), report(&first));
    }
}

/// A name, a mode, a time or a byte: whatever changes, changes the seal.
#[test]
fn another_delivery_has_another_seal() {
    let (first, second) = twice("");
    first.made();
    let file = second.delivered().join("src/Main.java");
    filetime::set_file_mtime(file, FileTime::from_unix_time(1, 0)).unwrap();
    second.made();
    assert_ne!(seal(&first.package()), seal(&second.package()));
}

#[test]
fn a_second_run_says_unchanged_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = keys(folder.path(), 1);
    for package in ["", "compress = true", &recipients(&public)] {
        let delivery = Delivery::of_every_sort(package);
        let made = delivery.made();
        let root = delivery.package();
        let state = || -> Vec<_> {
            let files = files_below(&root).into_iter();
            files
                .map(|file| (root.join(&file).metadata().unwrap().modified().unwrap(), file))
                .collect()
        };
        let before = state();
        let again = json(delivery.artifacts().expect(0));
        assert_eq!(again["packages"][0]["outcome"], "unchanged", "{again:#}");
        assert_eq!(again["packages"][0]["seal"], made["packages"][0]["seal"]);
        assert_eq!(again["inventory"], made["inventory"]);
        assert_eq!(made["packages"][0]["seal"], seal(&root).to_string());
        assert_eq!(state(), before);
    }
}

/// Nobody else on the machine reads what was delivered.
#[test]
fn packages_are_for_their_owner_alone() {
    let delivery = Delivery::of_every_sort("");
    delivery.made();
    for file in files_below(&delivery.package()) {
        let mut place = delivery.package().join(&file);
        assert_eq!(mode(&place), 0o600, "{file}");
        while place.pop() && place.starts_with(delivery.handover().join("packages")) {
            assert_eq!(mode(&place), 0o700, "{}", place.display());
        }
    }
}
