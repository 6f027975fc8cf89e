//! JSON Schemas of the reports of handover-migrate and of what stands in packages, and documents
//! that keep to them.

use std::fs;
use std::path::Path;

use handover_migrate::artifacts::report::ArtifactsReport;
use handover_migrate::command::evidence::{EvidenceList, EvidenceReport};
use handover_migrate::command::purge::approval_text::ApprovalReport;
use handover_migrate::command::purge::closing_text::PurgeClosingReport;
use handover_migrate::command::status::StatusReport;
use handover_migrate::copy::report::CopyReport;
use handover_schemas::archive::record::RecordFile;
use handover_schemas::attestation::{
    AllReport, AttestReport, AttestationReport, Audit, Closing, HandoverAttestation, LedgerReport,
};
use handover_schemas::config::Config;
use handover_schemas::figures::report::FiguresReport;
use handover_schemas::figures::{FigureSet, SHIPPED};
use handover_schemas::moved::{Move, MovedReport};
use handover_schemas::package::contents::{Entry, MemberLine};
use handover_schemas::package::inventory::Inventory;
use handover_schemas::package::manifest::PackageManifest;
use handover_schemas::package::report::PackageReport;
use handover_schemas::purge::find::FindReport;
use handover_schemas::purge::report::PurgeReport;
use handover_schemas::purge::restore::RestoreReport;
use handover_schemas::purge::statement::{Approval, Certificate, Execution, PurgeClosing, Restore};
use handover_schemas::purge::verdict::PurgeVerdictReport;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::trust::TrustFile;
use handover_testkit::{Outcome, Run, generated_file, sqlite, violations};
use handover_verify::command::envelope::EnvelopeReport;
use handover_verify::record::RecordReport;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::attest_made::{AttestMade, CLOSING, FIRST};
use crate::package_made::{Delivery, verify};
use crate::purge_made::{Engine, PurgeMade, Until};

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn schema_to_read<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

#[track_caller]
fn check_up_to_date<T: JsonSchema>(name: &str) {
    check_file(name, &schema::<T>());
}

#[track_caller]
fn check_file(name: &str, schema: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/json");
    let text = serde_json::to_string_pretty(schema).unwrap();
    generated_file(&folder.join(name), &format!("{text}\n"));
}

/// The report keeps to its schema, and has nothing that the type does not have.
#[track_caller]
pub(crate) fn check_report<T: JsonSchema + DeserializeOwned + Serialize>(
    outcome: &Outcome,
    code: i32,
) {
    outcome.expect(code);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(violations(&schema::<T>(), &document), [""; 0], "{}", outcome.stdout);
    let report: T = serde_json::from_str(&outcome.stdout).unwrap();
    let again = serde_json::to_string_pretty(&report).unwrap();
    assert_eq!(outcome.stdout, format!("{again}\n"));
}

#[test]
fn the_schemas_are_up_to_date() {
    check_up_to_date::<StatusReport>("status.schema.json");
    check_up_to_date::<CopyReport>("copy-report.schema.json");
    check_up_to_date::<ArtifactsReport>("artifacts-report.schema.json");
    check_up_to_date::<EvidenceReport>("evidence-report.schema.json");
    check_up_to_date::<EvidenceList>("evidence-list.schema.json");
    check_up_to_date::<Inventory>("inventory.schema.json");
    check_up_to_date::<PackageManifest>("package.schema.json");
    check_up_to_date::<Entry>("package-contents-line.schema.json");
    check_up_to_date::<MemberLine>("package-members-line.schema.json");
    check_up_to_date::<PackageReport>("package-report.schema.json");
    check_up_to_date::<RecordFile>("record.schema.json");
    check_up_to_date::<RecordReport>("record-report.schema.json");
    check_up_to_date::<FindReport>("find-report.schema.json");
    check_up_to_date::<RestoreReport>("restore-report.schema.json");
    check_up_to_date::<EnvelopeReport>("envelope-report.schema.json");
    check_up_to_date::<PurgeReport>("purge-report.schema.json");
    check_up_to_date::<ApprovalReport>("purge-approval-report.schema.json");
    check_up_to_date::<PurgeVerdictReport>("purge-verdict.schema.json");
    check_up_to_date::<FiguresReport>("figures-report.schema.json");
    check_up_to_date::<AttestReport>("attest-report.schema.json");
    check_up_to_date::<LedgerReport>("ledger-report.schema.json");
    check_up_to_date::<AttestationReport>("attestation-report.schema.json");
    check_up_to_date::<AllReport>("all-report.schema.json");
    check_up_to_date::<HandoverAttestation>("statement-attestation.schema.json");
    check_up_to_date::<Closing>("statement-closing.schema.json");
    check_up_to_date::<Audit>("statement-audit.schema.json");
    check_up_to_date::<Approval>("statement-purge-approval.schema.json");
    check_up_to_date::<Execution>("statement-purge-execution.schema.json");
    check_up_to_date::<Certificate>("statement-purge-certificate.schema.json");
    check_up_to_date::<PurgeClosing>("statement-purge-closing.schema.json");
    check_up_to_date::<PurgeClosingReport>("purge-closing-report.schema.json");
    check_up_to_date::<Restore>("statement-restore.schema.json");
    check_up_to_date::<Move>("statement-move.schema.json");
    check_up_to_date::<MovedReport>("moved-report.schema.json");
    // These are read, not written: what has a default may be left out.
    check_file("handover-config.schema.json", &schema_to_read::<Config>());
    check_file("figure-set.schema.json", &schema_to_read::<FigureSet>());
    check_file("trust.schema.json", &schema_to_read::<TrustFile>());
}

#[test]
fn shipped_figure_sets_keep_to_theirs() {
    let schema = schema_to_read::<FigureSet>();
    for shipped in SHIPPED {
        let document: Value = toml::from_str(shipped.toml).unwrap();
        assert_eq!(violations(&schema, &document), [""; 0], "{}", shipped.id);
    }
}

#[test]
fn reports_keep_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    sqlite(
        &file("source.db"),
        "create table t (id integer primary key, note text); insert into t values (1, 'a');
         create table bad (id integer primary key, n int check (n > 1));
         pragma ignore_check_constraints = on; insert into bad values (1, 1)",
    );
    let url = |name: &str| format!("sqlite:{}", file(name).display());
    let copy = || {
        let ends = [
            "copy",
            "--json",
            "--quiet",
            "--source",
            &url("source.db"),
            "--target",
            &url("target.db"),
        ];
        Run::new("handover-migrate").args(ends).arg("--handover").arg(file("handover")).go()
    };
    let status = || {
        Run::new("handover-migrate").args(["status", "--json", "--target", &url("target.db")]).go()
    };
    check_report::<CopyReport>(&copy(), 1);
    check_report::<StatusReport>(&status(), 0);
    sqlite(&file("source.db"), "update bad set n = 2");
    let again = copy();
    check_report::<CopyReport>(&again, again.code.unwrap());
    check_report::<StatusReport>(&status(), 0);
    fs::write(file("result.csv"), "so;ket_qua\n1;dung\n").unwrap();
    let evidence = |arguments: &[&str]| {
        let target = ["evidence", "--json", "--target", &url("target.db")];
        Run::new("handover-migrate").args(target).args(arguments).dir(folder.path()).go()
    };
    let load = ["--file", "result.csv", "--name", "x"];
    check_report::<EvidenceReport>(&evidence(&load), 0);
    check_report::<EvidenceReport>(&evidence(&load), 0);
    check_report::<EvidenceList>(&evidence(&["--list"]), 0);
}

/// Every line of a file keeps to its schema.
#[track_caller]
fn check_lines<T: JsonSchema>(path: &Path, at_least: usize) {
    let schema = schema::<T>();
    let text = fs::read_to_string(path).unwrap();
    assert!(text.lines().count() >= at_least, "{text}");
    for line in text.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        assert_eq!(violations(&schema, &document), [""; 0], "{line}");
    }
}

/// A delivery of every sort, what cannot be stored, names that are not UTF-8, a repository, and
/// something that is missing; sealed, again, changed, damaged.
#[test]
fn packages_and_reports_about_them_keep_to_theirs() {
    let more = "[[component.deliverable]]\nkind = \"source_code\"\nform = \"git\"\n\
                path = \"../portal.git\"\n\
                [[component.deliverable]]\nkind = \"installer\"\n\
                requested = [{ number = \"1/A\", date = \"2022-02-01\" }]\n";
    let delivery = Delivery::of_every_sort("sha512 = true");
    delivery.configure("sha512 = true", more);
    let script = "mkfifo pipe && printf x > \"$(printf 'n\\377')\" && \
                  echo 'password=Hunter22x!' > app.properties && \
                  sha256sum image.bin > SHA256SUMS && git init -q --bare ../portal.git";
    Run::program("sh").args(["-c", script]).dir(delivery.delivered()).go().expect(0);

    let report = delivery.artifacts();
    check_report::<ArtifactsReport>(&report, 1);
    let document: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(violations(&schema::<Inventory>(), &document["inventory"]), [""; 0]);
    check_report::<ArtifactsReport>(&delivery.artifacts(), 1);
    fs::write(delivery.delivered().join("new"), "").unwrap();
    check_report::<ArtifactsReport>(&delivery.artifacts(), 1);

    let package = delivery.package();
    check_lines::<Entry>(&package.join("contents.jsonl"), 14);
    check_lines::<MemberLine>(&package.join("members.jsonl"), 5);
    let text = fs::read_to_string(package.join("package.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(violations(&schema::<PackageManifest>(), &document), [""; 0]);

    check_report::<PackageReport>(&verify(&package).go(), 0);
    let known = verify(&package).arg("--handover").arg(delivery.handover()).go();
    check_report::<PackageReport>(&known, 0);
    fs::remove_file(package.join("contents.jsonl")).unwrap();
    fs::remove_file(package.join("tagmanifest-sha256.txt")).unwrap();
    check_report::<PackageReport>(&verify(&package).go(), 1);
}

/// The schema is strict: an entry that says something else does not keep to it.
#[test]
fn other_lines_do_not_keep_to_the_schema() {
    let schema = schema::<Entry>();
    let good =
        "{\"type\":\"symlink\",\"deliverable\":\"d\",\"name\":{\"hex\":\"ff\"},\"target\":\"x\"}";
    let violated =
        |line: &str| !violations(&schema, &serde_json::from_str(line).unwrap()).is_empty();
    assert!(!violated(good));
    for (from, to) in
        [("symlink", "link"), ("\"target\":\"x\"", "\"size\":1"), ("{\"hex\":\"ff\"}", "1")]
    {
        assert!(violated(&good.replace(from, to)), "{to}");
    }
}

/// What the commands about a purge say, step by step, and what is signed on the way.
#[test]
fn purges_keep_to_theirs() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Made);
    let json = |arguments: &[&str]| made.purge(arguments).arg("--json").go();
    let verdict = || {
        let run = Run::new("handover-verify").args(["purge", "--json", "--quiet", "--handover"]);
        check_report::<PurgeVerdictReport>(&run.arg(made.dir()).go(), 0);
    };
    check_report::<PurgeReport>(&json(&["select"]), 0);
    verdict();
    check_report::<PurgeReport>(&json(&["backup", "--identity", "escrow.age"]), 0);
    for who in ["owner.pem", "keeper.pem"] {
        check_report::<ApprovalReport>(&json(&["approve", "--key", who]), 0);
    }
    check_report::<PurgeReport>(&json(&["execute", "--key", "operator.pem"]), 0);
    verdict();
    check_report::<PurgeReport>(&json(&["certify", "--key", "operator.pem"]), 0);
    verdict();
    let predicate = |name: &str| {
        let envelope = Envelope::parse(&fs::read(made.statement(name)).unwrap()).unwrap();
        let statement: Value = serde_json::from_slice(envelope.body()).unwrap();
        statement["predicate"].clone()
    };
    for (name, schema) in [
        ("approval-1.dsse.json", schema::<Approval>()),
        ("execution-1.dsse.json", schema::<Execution>()),
        ("certificate.dsse.json", schema::<Certificate>()),
    ] {
        assert_eq!(violations(&schema, &predicate(name)), [""; 0], "{name}");
    }
}

/// What is said about attestations, found and not found.
#[test]
fn attestations_keep_to_theirs() {
    let made = AttestMade::copied(Engine::Sqlite);
    check_report::<LedgerReport>(&made.ledger(&["--json"]), 0);
    check_report::<AllReport>(&made.all(&["--json"]), 2);
    check_report::<AttestReport>(&made.attest(&["--json", "--key", "ministry.pem"]).go(), 0);
    check_report::<AttestationReport>(&made.attestation(&["--json"]), 1);
    made.sign("vendor.pem", FIRST).expect(0);
    check_report::<AttestationReport>(&made.attestation(&["--json"]), 0);
    made.close();
    let head = made.head();
    check_report::<LedgerReport>(&made.ledger(&["--json", "--head", &head]), 0);
    check_report::<AllReport>(&made.all(&["--json", "--head", &head]), 0);
    fs::write(made.file(CLOSING), "{}").unwrap();
    check_report::<LedgerReport>(&made.ledger(&["--json"]), 1);
    check_report::<AllReport>(&made.all(&["--json"]), 1);
    fs::write(made.file(FIRST), "").unwrap();
    check_report::<AttestationReport>(&made.attestation(&["--json"]), 1);
}
