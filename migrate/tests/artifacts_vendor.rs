//! What is found in what was delivered: checksum files, archives, secrets, git repositories.

use handover_testkit::Run;
use serde_json::json;

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts, files_with};
use crate::support::says_nothing_of;

/// No token of anybody: made up here.
const SECRET: &str = "Xq7-Thuy-Bien-92kd";

fn finding(kind: &str, path: &str, what: &str) -> (String, String, String) {
    (kind.to_owned(), path.to_owned(), what.to_owned())
}

#[test]
fn the_vendors_checksums_are_held_against_the_files() {
    let delivery = Delivery::new();
    delivery.configure(&format!("{DOCUMENTS}checksums = \"sums/SHA256SUMS\"\n"));
    delivery.put("sums/a", "a");
    delivery.put("sums/in/b", "b");
    delivery.shell("cd sums; sha256sum a in/b > SHA256SUMS");
    let report = delivery.received(0);
    let line = &report["inventory"]["components"][0]["deliverables"][0];
    assert_eq!((&line["state"], &line["files"]), (&json!("verified"), &json!(3)));
    let package = std::fs::read_to_string(delivery.package().join("package.json")).unwrap();
    let package: serde_json::Value = serde_json::from_str(&package).unwrap();
    let sums = &package["deliverables"][0]["vendor_checksums"];
    assert_eq!(*sums, json!({"listed": 2, "matched": 2}));

    let delivery = Delivery::new();
    delivery.configure(&format!("{DOCUMENTS}checksums = \"MD5SUMS\"\n"));
    delivery.put("right", "a");
    delivery.put("wrong", "b");
    delivery.put("gone", "c");
    std::os::unix::fs::symlink("right", delivery.delivered().join("link")).unwrap();
    delivery.shell("md5sum right wrong gone link > MD5SUMS; rm gone; echo more >> wrong");
    let report = delivery.received(1);
    assert_eq!(report["inventory"]["components"][0]["deliverables"][0]["state"], "received");
    let found = delivery.found();
    assert_eq!(
        found.get(..2).unwrap(),
        [
            finding("checksum_differs", "wrong", "MD5"),
            finding("checksum_without_file", "gone", "it is not there"),
        ]
    );
    // A link is not followed, so what it leads to is not what the vendor lists.
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!((found[2].0.as_str(), found[2].1.as_str()), ("checksum_differs", "link"));
}

#[test]
fn checksum_files_that_cannot_be_used() {
    for (content, what) in [
        (None, "it cannot be read"),
        (Some(""), "it does not list what was delivered"),
        (Some("this is no checksum file\n"), "line 1: "),
        (Some(&*format!("{:064}  ../../etc/passwd\n", 0)), "line 1: "),
        (Some(&*format!("{:064}  /etc/passwd\n", 0)), "line 1: "),
    ] {
        let delivery = Delivery::new();
        delivery.configure(&format!("{DOCUMENTS}checksums = \"sums\"\n"));
        delivery.put("file", "x");
        if let Some(content) = content {
            delivery.put("sums", content);
        }
        delivery.received(1);
        let found = delivery.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("checksums_unusable", "sums"));
        assert!(found[0].2.starts_with(what), "{found:?}");
    }
}

#[test]
fn archives_are_listed_and_broken_ones_told() {
    let delivery = Delivery::new();
    delivery.put("in/a.txt", "a");
    delivery.shell(
        "tar czf good.tar.gz in; tar czf broken.tar.gz --warning=none in; \
         truncate -s -20 broken.tar.gz; truncate -s 1100M in/zeros; tar cf - in | gzip -1 > bomb.tar.gz; \
         rm in/zeros",
    );
    let report = delivery.received(1);
    assert_eq!(
        delivery.found(),
        [
            finding("archive_too_large", "bomb.tar.gz", &delivery.found()[0].2),
            finding("archive_broken", "broken.tar.gz", &delivery.found()[1].2),
        ]
    );
    assert!(delivery.found()[0].2.starts_with("more than "), "{:?}", delivery.found());
    assert_eq!(report["packages"][0]["files"], 4, "broken archives are stored as they are");
    let members = std::fs::read_to_string(delivery.package().join("members.jsonl")).unwrap();
    let of_good = members.lines().filter(|line| line.contains("good.tar.gz")).count();
    assert_eq!(of_good, 2, "{members}");
    delivery.is_whole();
}

/// Secrets are told by their place. Their values are in the payload, where they were delivered,
/// and nowhere else.
#[test]
fn secrets_are_told_by_place_only() {
    let delivery = Delivery::new();
    let line = format!("first line\npassword = \"{SECRET}\"\n");
    delivery.put("app/app.properties", &line);
    delivery.put("archive/inner.properties", &line);
    delivery.shell("tar cf archive.tar archive; rm -r archive");
    let repository = delivery.beside("source");
    std::fs::create_dir(&repository).unwrap();
    let script = format!(
        "git init -q -b main; git config user.email a@b; git config user.name A; \
         printf '{}' > conf.properties; git add .; git commit -qm first; \
         echo clean > conf.properties; git commit -qam second",
        line.replace('\n', "\\n")
    );
    Run::program("bash").args(["-ec", &script]).dir(&repository).go().expect(0);
    delivery.configure(&format!(
        "{DOCUMENTS}[[component.deliverable]]\nkind = \"source_code\"\npath = \"../source\"\n\
         form = \"git\"\n"
    ));
    let outcome = delivery.receive().go();
    outcome.expect(1);
    let places: Vec<_> = delivery
        .findings()
        .into_iter()
        .filter(|line| line["kind"] == "secret_found")
        .map(|line| (line["path"].clone(), line["member"].clone(), line["line"].clone()))
        .collect();
    let null = serde_json::Value::Null;
    assert!(places.contains(&(json!("app/app.properties"), null.clone(), json!(2))), "{places:?}");
    let in_archive = (json!("archive.tar"), json!("archive/inner.properties"), json!(2));
    assert!(places.contains(&in_archive), "{places:?}");
    assert!(places.contains(&(null, json!("conf.properties"), json!(2))), "{places:?}");
    assert_eq!(places.len(), 3, "{places:?}");

    let again = delivery.receive().go();
    let status =
        Run::new("handover-migrate").args(["status", "--handover"]).arg(delivery.dir()).go();
    for outcome in [&outcome, &again, &status, &delivery.verify(&delivery.package()).go()] {
        says_nothing_of(outcome, &[SECRET]);
    }
    let payload = delivery.package().join("data");
    let told = files_with(&delivery.dir(), SECRET.as_bytes());
    assert!(told.iter().all(|file| file.starts_with(&payload)), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        files_with(&delivery.beside("."), SECRET.as_bytes())
            .iter()
            .all(|file| { !file.ends_with("target.db") })
    );
    // A secret does not speak against a deliverable's being whole.
    let lines = &crate::support::json(&outcome)["inventory"]["components"][0]["deliverables"];
    for line in lines.as_array().unwrap() {
        assert_eq!(line["state"], "verified", "{lines:#}");
    }
}

#[test]
fn git_repositories_are_checked_to_the_last_object() {
    let delivery = Delivery::new();
    delivery
        .configure(&format!("{}form = \"git\"\n", DOCUMENTS.replace("document", "source_code")));
    delivery.shell(
        "git init -q -b main; git config user.email a@b; git config user.name A; \
         for i in 1 2 3; do echo $i > file; git add .; git commit -qm $i; done",
    );
    let report = delivery.received(0);
    let line = &report["inventory"]["components"][0]["deliverables"][0];
    let head = delivery.shell("git rev-parse HEAD").stdout;
    assert_eq!(line["commit"], head.trim_end());
    assert_eq!(line["state"], "verified");
    assert_eq!(delivery.received(0)["packages"][0]["outcome"], "unchanged");
    // What was stored is the whole repository.
    let bundle = delivery.package().join("data/source_code/delivered.bundle");
    delivery.shell(&format!("git clone -q {} ../clone", bundle.display()));
    assert_eq!(std::fs::read_to_string(delivery.beside("clone/file")).unwrap(), "3\n");

    delivery
        .shell("object=$(git rev-parse HEAD:file); rm -f .git/objects/${object:0:2}/${object:2}");
    let report = delivery.receive().args(["--renew", "--quiet"]).go();
    let report = crate::support::json(report.expect(1));
    let line = &report["inventory"]["components"][0]["deliverables"][0];
    assert_ne!(line["state"], "verified", "{report:#}");
    assert!(counts(&report).contains_key("git_problem"), "{report:#}");
    assert!(counts(&report).contains_key("git_not_bundled"), "{report:#}");
}

/// Lists as Windows and macOS spell them mean the files that are there; what cannot be read is
/// refused with its cause.
#[test]
fn lists_of_other_systems() {
    let delivery = Delivery::new();
    delivery.configure(&format!("{DOCUMENTS}checksums = \"list.txt\"\n"));
    delivery.put("bộ cài/Tiếng.exe", "a");
    delivery.put("b.txt", "b");
    delivery.shell(
        "a=$(sha256sum < bộ\\ cài/Tiếng.exe | cut -c-64); b=$(sha256sum < b.txt | cut -c-64); \
         a_path=$(printf 'D:\\\\giao\\\\bộ cài\\\\Ti\\u0065\\u0302\\u0301ng.exe'); \
         printf 'Algorithm       Hash       Path\\r\\n---------       ----       ----\\r\\n\
         SHA256          %s       %s\\r\\nSHA256          %s       D:\\\\giao\\\\B.txt\\r\\n' \
         \"$a\" \"$a_path\" \"$b\" | iconv -t UTF-16 > list.txt",
    );
    let report = delivery.received(0);
    let line = &report["inventory"]["components"][0]["deliverables"][0];
    assert_eq!(line["state"], "verified", "{report:#}");

    let delivery = Delivery::new();
    delivery.configure(&format!("{DOCUMENTS}checksums = \"list\"\n"));
    delivery.put("file", "x");
    for (made, why) in [
        ("b2sum file > list", "BLAKE2b"),
        ("b2sum --tag file > list", "BLAKE2"),
        ("echo x > y; zip -q z.zip y; rm y; mv z.zip list", "spreadsheet"),
    ] {
        delivery.shell(made);
        // A changed list is another delivery.
        delivery.receive().args(["--renew", "--quiet"]).go().expect(1);
        let found = delivery.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "checksums_unusable");
        assert!(found[0].2.contains(why), "{found:?}");
    }
}
