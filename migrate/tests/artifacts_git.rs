//! Repositories that cannot be sealed as one are kept as they were delivered, and bundles are taken.

use handover_testkit::Run;
use serde_json::{Value, json};

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts};
use crate::support::{json as report_of, says};

const COMMITS: &str = "git init -q -b main; git config user.email a@b; git config user.name A; \
                       for i in 1 2 3; do echo $i > file; git add .; git commit -qm $i; done; ";

/// A delivery whose source code is the repository `path`.
fn delivery(path: &str) -> Delivery {
    let delivery = Delivery::new();
    delivery.configure(&source(path));
    delivery
}

fn source(path: &str) -> String {
    DOCUMENTS.replace("document", "source_code").replace("../delivered", path) + "form = \"git\"\n"
}

fn line(report: &Value) -> &Value {
    &report["inventory"]["components"][0]["deliverables"][0]
}

/// What was found of this kind.
#[track_caller]
fn said(delivery: &Delivery, kind: &str) -> String {
    let found = delivery.found();
    let one = found.iter().find(|one| one.0 == kind);
    one.unwrap_or_else(|| panic!("no {kind}: {found:?}")).2.clone()
}

#[test]
fn repositories_that_are_no_whole_ones_are_kept_as_folders() {
    let clone =
        |options: &str| format!("cd ..; git clone -q {options} \"file://$PWD/delivered\" given");
    let shallow = clone("--depth 1");
    let partial = format!(
        "git config uploadpack.allowFilter true; {}",
        clone("--filter=blob:none --no-checkout")
    );
    let borrowed = "cd ..; git clone -q --shared delivered given";
    let broken = "cd ..; cp -r delivered given; cd given; rm -f .git/HEAD";
    let empty = "cd ..; git init -q given";
    for (made, why) in [
        (shallow.as_str(), "shallow"),
        (&partial, "partial"),
        (borrowed, "another repository"),
        (broken, "not a git repository"),
        (empty, "empty"),
    ] {
        let delivery = delivery("../given");
        delivery.shell(&format!("{COMMITS}{made}"));
        let report = delivery.received(1);
        assert_eq!(line(&report)["state"], "received", "{why}: {report:#}");
        assert!(line(&report)["files"].as_u64().unwrap() > 1, "{why}: {report:#}");
        let reason = said(&delivery, "git_not_bundled");
        assert!(reason.contains(why), "{reason}");
        let message = report["findings"].to_string();
        assert!(message.contains("delivered, and is not sealed as a repository"), "{message}");
        let verified = delivery.verify(&delivery.package()).go();
        assert_eq!(report_of(verified.expect(0))["verdict"], "intact");
        assert_eq!(delivery.received(1)["packages"][0]["outcome"], "unchanged", "{why}");
    }
}

#[test]
fn a_bundle_is_taken_as_a_repository() {
    let delivery = delivery("../delivered/source.bundle");
    delivery.shell(&format!("{COMMITS} git bundle create -q source.bundle --all HEAD"));
    let report = delivery.received(0);
    let head = delivery.shell("git rev-parse HEAD").stdout;
    assert_eq!(line(&report)["commit"], head.trim_end());
    assert_eq!((&line(&report)["state"], &line(&report)["files"]), (&json!("verified"), &json!(1)));
    assert_eq!(delivery.received(0)["packages"][0]["outcome"], "unchanged");
    let sealed = delivery.package().join("data/source_code/source.bundle");
    let given = std::fs::read(delivery.delivered().join("source.bundle")).unwrap();
    assert!(std::fs::read(sealed).unwrap() == given);

    // A part of a history, which git itself calls okay; one that is cut; something else.
    for (made, why) in [
        ("git bundle create -q source.bundle main~1..main", "a part of a history"),
        (
            "git bundle create -q source.bundle --all; truncate -s -20 source.bundle",
            "that can be cloned",
        ),
        ("echo text > source.bundle", "neither a git repository nor a git bundle"),
    ] {
        let delivery = self::delivery("../delivered/source.bundle");
        delivery.shell(&format!("{COMMITS}{made}"));
        let report = delivery.received(1);
        assert_eq!(
            (&line(&report)["state"], &line(&report)["files"]),
            (&json!("received"), &json!(1))
        );
        let reason = said(&delivery, "git_not_bundled");
        assert!(reason.contains(why), "{reason}");
    }
}

#[test]
fn what_is_not_committed_and_a_head_that_leads_nowhere() {
    let delivery = delivery("../delivered");
    delivery.shell(&format!(
        "{COMMITS} printf 'a\\nb\\n' > windows; echo '*.log' > .gitignore; git add .; git commit -qm w; \
         sed -i 's/$/\\r/' windows; echo changed > file; echo new > new; echo log > x.log"
    ));
    let report = delivery.received(1);
    assert_eq!(counts(&report), [("git_uncommitted".to_owned(), 2)].into());
    let paths: Vec<_> = delivery.found().into_iter().map(|one| one.1).collect();
    assert_eq!(paths, ["file", "new"]);
    assert_eq!(line(&report)["state"], "received");

    let delivery = self::delivery("../bare");
    delivery.shell(&format!(
        "{COMMITS} git clone -q --bare . ../bare; cd ../bare; git symbolic-ref HEAD refs/heads/gone"
    ));
    let report = delivery.received(1);
    assert_eq!(line(&report)["state"], "received");
    assert!(said(&delivery, "git_problem").contains("HEAD leads to no commit"));
}

/// Debian 12 has git 2.39, which knows no reftable: the finding says which one does.
#[test]
fn refs_that_take_a_newer_git() {
    let delivery = delivery("../delivered");
    let debian = "/usr/bin:/bin";
    let version = Run::program("/usr/bin/git").arg("version").go().stdout;
    let is_old = version.contains(" 2.39.");
    delivery.shell(&format!("export PATH={debian}; {COMMITS}"));
    // As git since 2.45 marks such a repository; an older one does not come to its refs.
    delivery.shell(
        "git config core.repositoryFormatVersion 1; git config extensions.refStorage reftable",
    );
    let outcome = delivery.receive().env("PATH", debian).arg("--quiet").go();
    let report = report_of(outcome.expect(1));
    assert_eq!(line(&report)["state"], "received");
    let reason = said(&delivery, "git_not_bundled");
    assert!(
        !is_old || reason.contains("takes git 2.45 or later; this machine has 2.39"),
        "{reason}"
    );
}

/// One component that cannot be received does not keep the others from it.
#[test]
fn one_components_fault_does_not_stop_the_others() {
    let delivery = Delivery::new();
    delivery.put("file", "x");
    let two = |path: &str| {
        format!(
            "{}[[component]]\nid = \"support\"\nname_vi = \"H\"\nname_en = \"S\"\n{DOCUMENTS}",
            DOCUMENTS.replace("../delivered", path)
        )
    };
    delivery.configure(&two("../gone"));
    let outcome = delivery.receive().go();
    says(outcome.expect(2), &["component portal was not received", "1 others", "../gone"]);
    assert!(delivery.dir().join("packages/support/bagit.txt").exists());
    assert_eq!(delivery.seals().len(), 1);
}
