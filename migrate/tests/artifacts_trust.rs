//! Nothing that is sealed is believed unread, and nothing that was delivered leads elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use super::artifacts_delivery::{DOCUMENTS, Delivery, seal};
use super::package_made::{keys, seal_anew};
use super::support::json;

fn outcome(report: &Value) -> &str {
    report["packages"][0]["outcome"].as_str().unwrap()
}

fn state(report: &Value) -> &str {
    report["inventory"]["components"][0]["deliverables"][0]["state"].as_str().unwrap()
}

fn sealed() -> Delivery {
    let delivery = Delivery::new();
    delivery.put("a.txt", "a");
    delivery.put("b.txt", "b");
    delivery.received(0);
    delivery
}

#[test]
fn a_package_that_was_damaged_is_not_called_verified() {
    for damage in
        ["rm data/document/a.txt", "echo x > data/document/b.txt", "sed -i s/2/9/ package.json"]
    {
        let delivery = sealed();
        let broken = std::process::Command::new("sh")
            .args(["-c", damage])
            .current_dir(delivery.package())
            .status();
        assert!(broken.unwrap().success());
        let report = delivery.received(1);
        assert_eq!((outcome(&report), state(&report)), ("not_compared", "received"), "{damage}");
    }
}

#[test]
fn a_forged_package_does_not_come_into_the_ledger() {
    let delivery = Delivery::new();
    let (_files, recipients) = keys(&delivery.beside("keys"), 1);
    let package = format!("{DOCUMENTS}[package]\nrecipients = {recipients:?}\n");
    delivery.configure(&package);
    let file = delivery.put("a.txt", "a");
    delivery.received(0);
    let stored = delivery.package().join("data/document/000000/000000001.age");
    fs::write(&stored, vec![7; fs::read(&stored).unwrap().len()]).unwrap();
    seal_anew(&delivery.package());
    delivery.forget_ledger();
    assert_eq!(outcome(&delivery.received(1)), "not_compared");
    assert_eq!(delivery.seals().len(), 0);

    // In the clear, what is in it is held against what was delivered.
    let delivery = sealed();
    fs::write(delivery.package().join("data/document/a.txt"), "x").unwrap();
    seal_anew(&delivery.package());
    delivery.forget_ledger();
    delivery.received(1);
    assert_eq!(delivery.seals().len(), 0);
    assert!(file.exists());
}

#[test]
fn other_settings_are_told_and_sealed_anew_when_asked() {
    let delivery = sealed();
    let (_files, recipients) = keys(&delivery.beside("keys"), 1);
    delivery.configure(&format!("{DOCUMENTS}[package]\nrecipients = {recipients:?}\n"));
    assert_eq!(outcome(&delivery.received(1)), "changed");
    let report = json(delivery.receive().arg("--renew").go().expect(0));
    assert_eq!(outcome(&report), "replaced");
    assert!(!delivery.package().join("data/document/a.txt").exists());
}

#[test]
fn a_secret_key_among_the_recipients_is_refused_without_being_shown() {
    let delivery = sealed();
    let (files, _recipients) = keys(&delivery.beside("keys"), 1);
    let key = fs::read_to_string(&files[0]).unwrap();
    let key = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    delivery.configure(&format!("{DOCUMENTS}[package]\nrecipients = [\"{key}\"]\n"));
    let refused = delivery.receive().go();
    refused.expect(2);
    assert!(refused.stderr.contains("a secret key must not stand here"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(key), "{}", refused.stderr);
}

#[test]
fn nothing_is_sealed_anew_as_nothing() {
    let delivery = sealed();
    delivery.configure("[[component.deliverable]]\nkind = \"document\"\n");
    let report = json(delivery.receive().arg("--renew").go().expect(1));
    assert_eq!(outcome(&report), "changed");
    assert!(delivery.package().join("data/document/a.txt").exists());
}

#[test]
fn names_that_a_package_keeps_for_itself_are_replaced_in_any_case() {
    let delivery = Delivery::new();
    delivery.put("_LONG/x", "x");
    delivery.put("a b", "1");
    delivery.put("_C8687A08AA5D6ED2-A_B", "2");
    delivery.put(
        format!("{}/y", "d".repeat(100) + "/" + &"e".repeat(100) + "/" + &"f".repeat(100)),
        "y",
    );
    delivery.received(0);
    delivery.verify(&delivery.package()).go().expect(0);
}

#[test]
fn a_repository_with_links_is_not_followed() {
    let delivery = Delivery::new();
    let git = "kind = \"source_code\"\nform = \"git\"\npath = \"../delivered/g.git\"\n";
    delivery.configure(&format!("[[component.deliverable]]\n{git}"));
    delivery
        .shell("git init -q --bare ../ours.git && git init -q --bare g.git && rm -r g.git/refs")
        .expect(0);
    fs::write(delivery.beside("ours.git/refs/ours"), "OUR OWN").unwrap();
    symlink("../../ours.git/refs", delivery.delivered().join("g.git/refs")).unwrap();
    let report = delivery.received(1);
    assert_eq!(report["findings"][0]["kind"], "git_not_bundled");
    assert!(delivery.found()[0].2.contains("neither a file nor a folder"));
    // It is kept as it was delivered: the link as a link, without what it leads to.
    let package = delivery.package();
    assert!(package.join("data/source_code/HEAD").exists());
    assert!(!package.join("data/source_code/refs").exists());
    delivery.verify(&package).go().expect(0);
}

#[test]
fn a_component_that_was_left_alone_is_in_the_inventory() {
    let delivery = sealed();
    delivery.forget_ledger();
    let other = "[[component]]\nid = \"app\"\nname_vi = \"Ứng dụng\"\nname_en = \"App\"\n\
                 [[component.deliverable]]\nkind = \"installer\"\n";
    delivery.configure(&format!("{DOCUMENTS}{other}"));
    let report = json(delivery.receive().args(["--component", "portal"]).go().expect(0));
    assert_eq!(report["inventory"]["components"][1]["deliverables"][0]["state"], "unseen");
    assert!(!seal(&report).is_empty());
}

#[test]
fn what_is_named_as_an_archive_and_is_none_is_told() {
    let delivery = Delivery::new();
    delivery.put("setup.zip", "");
    delivery.put("app.tar.gz", "no archive");
    let report = delivery.received(1);
    assert_eq!(state(&report), "received");
    assert_eq!(delivery.found().len(), 2, "{:?}", delivery.found());
}
