//! The report: what it says, what it refuses, and that nothing in a name gets out of its place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use handover_migrate::keys::sign_envelope;
use handover_migrate::report::SignedAttestation;
use handover_schemas::attestation::HandoverAttestation;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement, Subject};
use handover_testkit::{Outcome, Run};
use handover_verify::signing::Trust;
use serde::{Deserialize, Serialize};

use crate::keys::Desk;
use crate::report_sample::{empty, hostile, many, sample};

/// The day as of which keys are judged; keys made by a test count from today on.
fn today() -> String {
    handover_verify::signing::today().unwrap().to_string()
}

/// Two people who sign, a third whom nobody knows, and a hand-over folder.
pub(crate) struct Delegations {
    desk: Desk,
}

impl Delegations {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        let entries = [desk.person("a", "giving_side"), desk.person("b", "receiving_side")];
        desk.person("c", "witness");
        fs::write(desk.at("trust.toml"), entries.concat()).unwrap();
        fs::create_dir_all(desk.at("h/attestations")).unwrap();
        Self { desk }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.desk.at(name)
    }

    fn trust(&self) -> Trust {
        Trust::load(&self.at("trust.toml"), None).unwrap()
    }

    /// The sample, made when these people's keys were trusted.
    pub(crate) fn sample(&self) -> HandoverAttestation {
        HandoverAttestation { trusted_keys: self.trust().stated_keys(), ..sample() }
    }

    fn envelope(&self, attestation: &HandoverAttestation, by: &[&str]) -> String {
        self.signed(&Statement::new(attestation.subjects(), attestation.clone()), by)
    }

    fn signed<P: Predicate>(&self, statement: &Statement<P>, by: &[&str]) -> String {
        let mut envelope = Envelope::new(statement.to_bytes().unwrap());
        for name in by {
            sign_envelope(&mut envelope, &self.desk.key(name)).unwrap();
        }
        envelope.to_text().unwrap()
    }

    /// The report of an attestation that both sides signed.
    pub(crate) fn html(&self, attestation: &HandoverAttestation) -> String {
        let text = self.envelope(attestation, &["a", "b"]);
        let at = Some(today().parse().unwrap());
        let signed = SignedAttestation::read(text.as_bytes(), "0003.dsse.json", &self.trust(), at);
        signed.unwrap().html().unwrap()
    }

    /// Puts an envelope into the folder.
    fn put(&self, name: &str, text: &str) {
        fs::write(self.at("h/attestations").join(name), text).unwrap();
    }

    fn report(&self, more: &[&str]) -> Outcome {
        let command = Run::new("handover-migrate").args(["report", "--handover"]).arg(self.at("h"));
        let command = command.arg("--trust").arg(self.at("trust.toml"));
        command.args(["--at", &today()]).args(more).dir(self.at(".")).go()
    }

    fn written(&self, name: &str) -> String {
        fs::read_to_string(self.at("h/attestations").join(name)).unwrap()
    }
}

/// The page's text as people read it.
fn unescaped(html: &str) -> String {
    let text = html.replace("&#x27;", "'").replace("&quot;", "\"").replace("&#x2f;", "/");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Tags with the names of their attributes, one after the other.
fn markup(html: &str) -> Vec<String> {
    let tags = html.split('<').skip(1).map(|piece| piece.split_once('>').unwrap().0);
    // Values are between quotation marks; what is between is escaped.
    tags.map(|tag| tag.split('"').step_by(2).collect()).collect()
}

fn attributes<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn everything_is_said_in_both_languages() {
    let delegations = Delegations::new();
    let html = delegations.html(&delegations.sample());
    assert_eq!(
        html,
        delegations.html(&delegations.sample()),
        "the same attestation gives the same bytes"
    );
    let text = unescaped(&html);
    for said in [
        "Bàn giao Nền tảng quản lý tiêm chủng COVID-19",
        "Bàn giao chưa hoàn thành: còn 7 vấn đề tồn đọng.",
        "Đủ chữ ký bắt buộc",
        "472.879.566",
        "22/11/2026 08:30 UTC",
        "Chạy lại lệnh sao chép, sau đó đối chiếu hai bên.",
        "(24/02/2022)",
        "Bản sao lưu của bên giao không được kiểm tra.",
        "11.204.203",
        "Các nhóm khác (9)",
        "\u{2212}270.000",
        "266.222.904",
        "hơn</span> 18.700.000",
    ] {
        assert!(text.contains(said), "{said}");
    }
    for said in [
        "Hand-over of the COVID-19 vaccination platform",
        "The hand-over is not complete: 7 findings are outstanding.",
        "Signed by everybody who has to",
        "472,879,566",
        "22 Nov 2026, 08:30 UTC",
        "Run the copy again, then compare both sides.",
        "Backups of the giving side were not looked at.",
    ] {
        assert!(text.contains(said), "{said}");
    }
    // What is looked for elsewhere stands there in full.
    let attestation = sample();
    for digest in attestation.subjects().iter().map(|subject| subject.digest.sha256.to_string()) {
        assert!(html.contains(&digest), "{digest}");
    }
    // Nothing comes from elsewhere, and nothing runs.
    for never in ["<script", "src=", "http://", "@import", "url(", " style=", " onclick"] {
        assert!(!html.contains(never), "{never}");
    }
    for link in attributes(&html, "href") {
        let id = link.strip_prefix('#').unwrap();
        assert!(html.contains(&format!(" id=\"{id}\"")), "{link}");
    }
    let ids = attributes(&html, "id");
    for id in attributes(&html, "aria-labelledby").iter().flat_map(|ids| ids.split(' ')) {
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "no id stands twice");
}

#[test]
fn a_name_stays_a_name() {
    let delegations = Delegations::new();
    let (plain, hostile, replaced) = hostile();
    assert!(replaced > 60, "{replaced} texts of the attestation were replaced");
    let (plain, hostile) = (delegations.html(&plain), delegations.html(&hostile));
    assert_eq!(markup(&plain), markup(&hostile));
    assert!(hostile.contains("&lt;script&gt;"));
    assert!(hostile.contains("=HYPERLINK("), "what a page shows is no formula");
    assert!(hostile.contains("[U+202E]") && hostile.contains("[U+0000]"));
    let raw = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}".contains(c);
    assert_eq!(hostile.chars().find(|c| raw(*c)), None);
}

#[test]
fn ten_thousand_tables_are_summed_up() {
    let html = Delegations::new().html(&many(10_000));
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    for said in ["10.000 bảng", "9.700 bảng khác", "9,700 other tables", "Bàn giao chưa hoàn thành"]
    {
        assert!(html.contains(said), "{said}");
    }
    // Those with something wrong are among those that are shown.
    assert_eq!(html.matches("Chưa đủ</span>").count(), 50);
    assert!(html.contains(&format!("public.{}0077", "ể".repeat(59))));
}

#[test]
fn an_empty_hand_over_says_so() {
    let html = Delegations::new().html(&empty());
    for said in
        ["Chưa có gì được bàn giao.", "Nothing was handed over yet.", "No database was copied."]
    {
        assert!(html.contains(said), "{said}");
    }
    assert!(!html.contains("Bàn giao hoàn thành"));
}

#[derive(Serialize, Deserialize)]
struct Received {}

impl Predicate for Received {
    const TYPE: &'static str = "https://example.org/received/v1";
}

#[test]
fn what_nobody_signed_is_not_reported() {
    let delegations = Delegations::new();
    let refused = |text: &str, says: &str| {
        delegations.put("0003.dsse.json", text);
        let outcome = delegations.report(&[]);
        assert!(outcome.expect(2).stderr.contains(says), "{}", outcome.stderr);
        assert!(!delegations.at("h/attestations/0003-report.html").exists());
    };
    let outcome = delegations.report(&[]);
    assert!(outcome.expect(2).stderr.contains("there is no attestation in"), "{}", outcome.stderr);
    refused(
        &delegations.envelope(&sample(), &[]),
        "no trusted person signed it: it has no signature",
    );
    refused(&delegations.envelope(&sample(), &["c"]), "a key that is not in the trust file");
    let good = delegations.envelope(&delegations.sample(), &["a", "b"]);
    let (head, payload) = good.split_once("\"payload\": \"").unwrap();
    let mut changed = payload.to_owned();
    let other = if payload.as_bytes()[4_000] == b'B' { "C" } else { "B" };
    changed.replace_range(4_000..4_001, other);
    refused(&format!("{head}\"payload\": \"{changed}"), "");
    let subject = vec![Subject::new("x", sample().ledger.head)];
    let other = Statement::new(subject.clone(), Received {});
    refused(&delegations.signed(&other, &["a", "b"]), "received/v1");
    let other = Statement::new(subject, sample());
    refused(&delegations.signed(&other, &["a", "b"]), "its subjects are not");
    delegations.put("0004.dsse.json", &good);
    let outcome = delegations.report(&[]);
    assert!(outcome.expect(2).stderr.contains("holds attestation 3: somebody renamed it"));
}

#[test]
fn a_report_follows_the_signatures() {
    let delegations = Delegations::new();
    delegations.put("0002.dsse.json", "{}");
    delegations.put("0003-closing.txt", "");
    delegations.put("0003.dsse.json", &delegations.envelope(&delegations.sample(), &["a"]));
    let outcome = delegations.report(&[]);
    assert!(outcome.expect(1).stdout.contains("signatures not as needed"), "{}", outcome.stdout);
    let one = delegations.written("0003-report.html");
    assert!(one.contains("Còn thiếu: Bên nhận."), "{one}");
    assert!(one.contains("Missing: Receiving side."));

    // One more: the report gives way. A signature of nobody known changes nothing about it.
    delegations
        .put("0003.dsse.json", &delegations.envelope(&delegations.sample(), &["a", "b", "c"]));
    delegations.report(&[]).expect(0);
    let two = delegations.written("0003-report.html");
    assert!(two.contains("Đủ chữ ký bắt buộc") && two.contains("không có trong tệp tin cậy"));
    let place = delegations.at("h/attestations/0003-report.html");
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);

    // One that does not hold, beside enough others, is shown as nothing.
    let envelope = delegations.envelope(&delegations.sample(), &["a", "b"]);
    let mut envelope = Envelope::parse(envelope.as_bytes()).unwrap();
    let mut other = envelope.signatures[1].clone();
    other.sig.clone_from(&envelope.signatures[0].sig);
    envelope.signatures.push(other);
    delegations.put("0003.dsse.json", &envelope.to_text().unwrap());
    delegations.report(&[]).expect(0);
    let beside = delegations.written("0003-report.html");
    assert!(beside.contains("Đủ chữ ký bắt buộc"));
    assert!(beside.contains("Does not hold, counts for nothing: it, or the content, was changed"));

    // Where it leaves too few, the report is one with something wrong.
    let envelope = delegations.envelope(&delegations.sample(), &["a", "b"]);
    let mut envelope = Envelope::parse(envelope.as_bytes()).unwrap();
    envelope.signatures[1].sig = envelope.signatures[0].sig.clone();
    let envelope = envelope.to_text().unwrap();
    delegations.put("0003.dsse.json", &envelope);
    delegations.report(&[]).expect(1);
    assert!(delegations.written("0003-report.html").contains("chữ ký hoặc nội dung đã bị sửa"));

    // Who may sign as what was another thing when it was stated.
    delegations.put("0003.dsse.json", &delegations.envelope(&sample(), &["a", "b"]));
    delegations.report(&[]).expect(1);
    let changed = delegations.written("0003-report.html");
    assert!(changed.contains("Tệp tin cậy đã thay đổi") && changed.contains("nguyen-thi-a"));

    // What was closed stays, and what is no report is not written over.
    delegations.put("0003-closing.dsse.json", "{}");
    delegations.report(&[]).expect(1);
    delegations.put("0003.dsse.json", &delegations.envelope(&delegations.sample(), &["a", "b"]));
    let outcome = delegations.report(&[]);
    assert!(outcome.expect(2).stderr.contains("stays as it is"), "{}", outcome.stderr);
    let outcome = delegations.report(&["--out", "trust.toml"]);
    assert!(outcome.expect(2).stderr.contains("is no report"), "{}", outcome.stderr);
    delegations.report(&["--out", "elsewhere.html", "--csv", "sheets"]).expect(0);
    let tables = fs::read_to_string(delegations.at("sheets/tables.csv")).unwrap();
    assert_eq!(tables.lines().count(), 9, "{tables}");
}

#[test]
fn printed_commands_give_what_they_say() {
    let delegations = Delegations::new();
    let text = delegations.envelope(&delegations.sample(), &["a", "b"]);
    delegations.put("0003.dsse.json", &text);
    delegations.report(&[]).expect(0);
    let html = delegations.written("0003-report.html");
    let commands: Vec<String> = html
        .split("<pre tabindex=\"0\"><code>")
        .skip(1)
        .map(|rest| unescaped(rest.split("</code>").next().unwrap()))
        .collect();
    let run = |start: &str| {
        let command = commands.iter().find(|command| command.starts_with(start)).unwrap();
        Run::program("sh").args(["-c", command]).dir(delegations.at("h")).go()
    };
    let digest =
        handover_schemas::digest::Digest::of(Envelope::parse(text.as_bytes()).unwrap().body());
    assert!(run("sed").expect(0).stdout.contains(&digest.to_string()));
    // The seal of a package is the digest of this file, which is not that one here.
    let package = delegations.at("h/packages/portal");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("tagmanifest-sha256.txt"), "portal").unwrap();
    assert!(run("echo").expect(0).stdout.contains("OK"));
    fs::write(package.join("tagmanifest-sha256.txt"), "Portal").unwrap();
    run("echo").expect(1);
    // The others are commands that our program knows.
    for command in commands.iter().filter(|command| command.starts_with("handover-verify ")) {
        let name = command.split(' ').nth(1).unwrap();
        let help = Run::new("handover-verify").args([name, "--help"]).go();
        for option in command.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.expect(0).stdout.contains(option), "{option} of {name}");
        }
    }
}
