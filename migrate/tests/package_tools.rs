//! Packages as programs of others see them: `sha256sum`, and the Library of Congress's `bagit`.

use std::env;
use std::fs;
use std::path::Path;

use handover_testkit::{Outcome, Run};

use crate::package_made::{Delivery, files_below, keys, recipients};

/// `sha256sum --check --strict` (or another) on a manifest, in the package's folder.
fn sums(package: &Path, program: &str, manifest: &str) -> Outcome {
    Run::program(program).args(["--check", "--strict", manifest]).dir(package).go()
}

/// The reference implementation of BagIt, which `./test` installs.
fn bagit(package: &Path) -> Outcome {
    let program = env::var_os("HANDOVER_TEST_BAGIT")
        .expect("HANDOVER_TEST_BAGIT is not set: run ./test, which installs bagit");
    Run::program(program).arg("--validate").arg(package).go()
}

/// Deliveries in every encoding.
fn packages() -> Vec<Delivery> {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = keys(folder.path(), 3);
    let age = recipients(&public);
    let all = ["", "sha512 = true", "compress = true", &age, &format!("compress = true\n{age}")];
    let made = |package: &str| {
        let delivery = Delivery::of_every_sort(package);
        delivery.made();
        delivery
    };
    all.into_iter().map(made).collect()
}

#[test]
fn coreutils_accept_the_manifests_and_name_what_is_damaged() {
    for delivery in packages() {
        let package = delivery.package();
        let files = files_below(&package);
        let payload = files.iter().filter(|file| file.starts_with("data/")).count();
        let checked = sums(&package, "sha256sum", "manifest-sha256.txt");
        assert_eq!(checked.expect(0).stdout.matches(": OK\n").count(), payload);
        let tags = sums(&package, "sha256sum", "tagmanifest-sha256.txt");
        let checked = tags.expect(0).stdout.matches(": OK\n").count();
        assert_eq!(payload + checked + 1, files.len(), "every file is checked by one of them");
        if files.iter().any(|file| file == "manifest-sha512.txt") {
            let checked = sums(&package, "sha512sum", "manifest-sha512.txt");
            assert_eq!(checked.expect(0).stdout.matches(": OK\n").count(), payload);
        }
        let damaged = files.iter().find(|file| file.starts_with("data/")).unwrap();
        fs::write(package.join(damaged), "other").unwrap();
        let said = sums(&package, "sha256sum", "manifest-sha256.txt");
        assert!(said.expect(1).stdout.contains(&format!("{damaged}: FAILED")), "{}", said.stdout);
    }
}

#[test]
fn bagit_accepts_every_package_and_refuses_a_damaged_one() {
    for delivery in packages() {
        let package = delivery.package();
        let accepted = bagit(&package);
        assert!(accepted.expect(0).stderr.contains("is valid"), "{}", accepted.stderr);
        let files = files_below(&package);
        let damaged = files.iter().find(|file| file.starts_with("data/")).unwrap();
        let sound = fs::read(package.join(damaged)).unwrap();
        fs::write(package.join(damaged), [sound.as_slice(), b"x"].concat()).unwrap();
        assert!(bagit(&package).expect(1).stderr.contains("is invalid"));
    }
}
