//! Random hand-overs: purges, restores, new packages, further copies, evidence, attestations and closings in an order
//! that a seed gives. All of them are honest and hold; then somebody changes one thing, and it is found.
//!
//! A few seeds run with all other tests. `RANDOM_HISTORIES=20 ./test -p handover-migrate --test main --
//! random_histories` runs the first 20 on each engine, `RANDOM_HISTORIES=17..18` that one alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use handover_testkit::Outcome;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::attest_made::AttestMade;
use crate::checker::{checker, open_key};
use crate::package_made::files_below;
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};
use crate::support::json;

/// So many seeds in every run of the tests.
const FEW: u64 = 2;

/// Steps of a history, besides the copy at its begin and the attestation at its end.
const STEPS: u64 = 6;

/// A component whose documents come again and again.
const COMPONENT: &str = "
[[component]]
id = \"portal\"
name_vi = \"Cổng\"
name_en = \"Portal\"
[[component.deliverable]]
kind = \"document\"
path = \"../delivered\"
";

/// A hand-over, and what is known of it.
struct History {
    made: AttestMade,
    dice: ChaCha8Rng,
    /// What was done, for whoever reads that it went wrong.
    told: Vec<String>,
    /// Numbers of the people who are deleted, with the purge.
    deleted: BTreeMap<u64, u64>,
    /// Numbers of the people whom restores put back and no purge took since.
    restored: Vec<u64>,
    purges: u64,
    deliveries: u64,
    loads: u64,
    /// Attestations, and whether something was done since the last one.
    attestations: u64,
    is_attested: bool,
    closed: bool,
}

impl History {
    /// A platform that was copied.
    fn begin(engine: Engine, seed: u64) -> Self {
        let source = PurgeMade::begin(Engine::Sqlite);
        source.fill();
        let made = AttestMade { source, target: PurgeMade::empty(engine) };
        made.copy();
        let config = made.file("handover.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(config, format!("{text}{COMPONENT}")).unwrap();
        fs::create_dir(made.target.at("delivered")).unwrap();
        Self {
            made,
            dice: ChaCha8Rng::seed_from_u64(seed),
            told: Vec::new(),
            deleted: BTreeMap::new(),
            restored: Vec::new(),
            purges: 0,
            deliveries: 0,
            loads: 0,
            attestations: 0,
            is_attested: false,
            closed: false,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.next_u64() % end as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// One honest step, of those that can be done now.
    fn step(&mut self) {
        let steps: [fn(&mut Self) -> bool; 8] = [
            Self::purge,
            Self::purge,
            Self::restore_one,
            Self::restore_all,
            Self::deliver,
            Self::copy_again,
            Self::load_evidence,
            Self::attest,
        ];
        loop {
            let step = self.one_of(&steps);
            if step(self) {
                return;
            }
        }
    }

    /// Notes what was done.
    fn tell(&mut self, told: impl Into<String>) -> bool {
        self.told.push(told.into());
        true
    }

    /// A whole purge of one or two people who are there.
    fn purge(&mut self) -> bool {
        let there: Vec<u64> =
            (1..=10).filter(|number| !self.deleted.contains_key(number)).collect();
        if there.len() < 5 {
            return false;
        }
        let chosen = [self.one_of(&there), self.one_of(&there)];
        let config = self.made.file("handover.toml");
        let text = fs::read_to_string(&config).unwrap();
        let (before, rest) = text.split_once("where = \"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        let [one, other] = chosen;
        fs::write(&config, format!("{before}where = \"number in ({one}, {other})\"{after}"))
            .unwrap();
        self.made.target.go_on_from(Until::Made, Until::Certified);
        self.purges += 1;
        for number in chosen {
            self.deleted.insert(number, self.purges);
            self.restored.retain(|restored| *restored != number);
        }
        self.is_attested = false;
        self.tell(format!("purge {} of {one} and {other}", self.purges))
    }

    fn restore(&mut self, purge: u64, choice: &[&str]) {
        let archive = self.made.file("packages").join(format!("purge-unverified-{purge}"));
        let run = self.made.target.archived("restore", &["--quiet", "--archive"]).arg(archive);
        let apply = ["--apply", "--key", "operator.pem", "--reason", "Khiếu nại"];
        run.args(choice).args(apply).go().expect(0);
        self.is_attested = false;
    }

    /// One deleted person, with doses and cards.
    fn restore_one(&mut self) -> bool {
        let people: Vec<(u64, u64)> = self.deleted.clone().into_iter().collect();
        if people.is_empty() {
            return false;
        }
        let (number, purge) = self.one_of(&people);
        let number_text = number.to_string();
        let choice = ["--person", "--table", "public.subjects", "--record-key", &number_text];
        self.restore(purge, &choice);
        self.deleted.remove(&number);
        self.restored.push(number);
        self.tell(format!("restore of {number} from purge {purge}"))
    }

    /// Everybody of the last purge, if nobody was restored yet.
    fn restore_all(&mut self) -> bool {
        let people: Vec<u64> =
            self.deleted.iter().filter(|one| *one.1 == self.purges).map(|one| *one.0).collect();
        if people.is_empty() {
            return false;
        }
        self.restore(self.purges, &["--all"]);
        for number in people {
            self.deleted.remove(&number);
            self.restored.push(number);
        }
        self.tell(format!("restore of all of purge {}", self.purges))
    }

    /// The vendor delivers other documents.
    fn deliver(&mut self) -> bool {
        self.deliveries += 1;
        let file = self.made.target.at("delivered").join("hướng dẫn.txt");
        fs::write(file, format!("phiên bản {}", self.deliveries)).unwrap();
        let run = self.made.target.migrate("artifacts").args(["--quiet", "--renew", "--handover"]);
        run.arg(self.made.target.dir()).go().expect(0);
        self.is_attested = false;
        self.tell(format!("delivery {}", self.deliveries))
    }

    /// `copy` once more: everything is there, or was purged.
    fn copy_again(&mut self) -> bool {
        self.made.copy();
        self.is_attested = false;
        self.tell("copy")
    }

    fn load_evidence(&mut self) -> bool {
        self.loads += 1;
        self.made.load_evidence(&format!("ket_qua_{}", self.loads));
        self.is_attested = false;
        self.tell(format!("evidence {}", self.loads))
    }

    /// An attestation that both sides sign, and perhaps its closing.
    fn attest(&mut self) -> bool {
        if self.is_attested {
            return false;
        }
        self.made.attest(&["--key", "ministry.pem"]).go().expect(0);
        self.attestations += 1;
        let file = format!("attestations/{:04}.dsse.json", self.attestations);
        self.made.sign("vendor.pem", &file).expect(0);
        self.is_attested = true;
        self.closed = self.below(2) == 0;
        if self.closed {
            let number = format!("attestations/{:04}", self.attestations);
            let run = self.made.target.migrate("report").arg("--handover");
            run.arg(self.made.target.dir()).go().expect(0);
            self.made.attest(&["--close", "--key", "ministry.pem"]).go().expect(0);
            self.made.sign("vendor.pem", &format!("{number}-closing.dsse.json")).expect(0);
        }
        self.tell(format!(
            "attestation {}{}",
            self.attestations,
            if self.closed { ", closed" } else { "" }
        ))
    }

    /// What the auditor says, with the head on paper and the key to the archives.
    fn judged(&self, head: &str) -> Outcome {
        let trust = self.made.target.at("trust.toml");
        let trust = trust.to_str().unwrap();
        let identity = self.made.target.at("escrow.age");
        let identity = identity.to_str().unwrap();
        let run = handover_testkit::Run::new("handover-verify")
            .args(["all", "--quiet", "--json", "--source"]);
        let run = run.arg(self.made.source.url()).arg("--handover").arg(self.made.target.dir());
        run.args(["--trust", trust, "--head", head, "--identity", identity])
            .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
            .go()
    }
}

/// The same history in the eyes of a program that shares no line with the others.
impl History {
    fn checked(&self, head: &str) -> Outcome {
        let at = |name: &str| self.made.target.at(name);
        checker(&self.made.target.dir())
            .args(["--head", head, "--source", &self.made.source.url()])
            .args(["--target", &self.made.target.url(), "--trust"])
            .arg(at("trust.toml"))
            .arg("--identity")
            .arg(at("escrow.age.open"))
            .go()
    }
}

/// Lines of the independent checker that begin with a word.
fn lines(outcome: &Outcome, word: &str) -> Vec<String> {
    let said = outcome.stdout.lines().filter_map(|line| line.strip_prefix(word));
    said.map(str::to_owned).collect()
}

/// One thing that is not as it was: each says what, or nothing if this history has none of the kind.
impl History {
    /// Changes one thing; tells what.
    fn tamper(&mut self) -> String {
        let ways: [fn(&mut Self) -> String; 7] = [
            Self::bring_back,
            Self::change_restored,
            Self::change_compared,
            Self::change_event,
            Self::drop_last_event,
            Self::flip_a_bit,
            Self::take_a_file,
        ];
        loop {
            let way = self.one_of(&ways);
            let told = way(self);
            if !told.is_empty() {
                return told;
            }
        }
    }

    /// Somebody who was deleted is there again, by no restore.
    fn bring_back(&mut self) -> String {
        let people: Vec<u64> = self.deleted.keys().copied().collect();
        if people.is_empty() {
            return String::new();
        }
        let number = self.one_of(&people);
        let sql = format!(
            "insert into subjects (number, name, status) values ({number}, 'X', 'verified')"
        );
        self.made.target.sql(&sql);
        sql
    }

    fn change_restored(&mut self) -> String {
        let people = self.restored.clone();
        if people.is_empty() {
            return String::new();
        }
        let number = self.one_of(&people);
        let changes = [
            format!("update subjects set phone = '1' where number = {number}"),
            format!("update doses set volume = 9 where subject = {number}"),
            format!("delete from cards where code = 'QR-{number}-a'"),
        ];
        let at = self.below(changes.len());
        self.made.target.sql(&changes[at]);
        changes[at].clone()
    }

    /// A row of a table that no purge is about.
    fn change_compared(&mut self) -> String {
        let sql = "update places set name = 'X' where code = 'HN'";
        let made = if self.below(2) == 0 { &self.made.source } else { &self.made.target };
        made.sql(sql);
        format!("{sql} in {}", if made.file().exists() { "a file" } else { "the target" })
    }

    fn change_event(&mut self) -> String {
        let table = self.made.table("event");
        let last: u64 =
            self.made.target.sql(&format!("select max(event_no) from {table}")).parse().unwrap();
        let number = 1 + self.below(usize::try_from(last).unwrap()) as u64;
        let sql = match self.below(3) {
            0 => format!("update {table} set kind = kind || 'd' where event_no = {number}"),
            1 => format!(
                "update {table} set digest = '{}' where event_no = {number}",
                "ab".repeat(32)
            ),
            _ => format!(
                "update {table} set previous = '{}' where event_no = {number}",
                "ab".repeat(32)
            ),
        };
        self.made.target.sql(&sql);
        sql
    }

    fn drop_last_event(&mut self) -> String {
        let table = self.made.table("event");
        let sql =
            format!("delete from {table} where event_no = (select max(event_no) from {table})");
        self.made.target.sql(&sql);
        sql
    }

    /// Files that something signed or sealed speaks of.
    fn files(&self) -> Vec<PathBuf> {
        let dir = self.made.target.dir();
        let mut files = Vec::new();
        for folder in ["packages", "purges", "attestations"] {
            let folder = dir.join(folder);
            if folder.exists() {
                files.extend(files_below(&folder).iter().map(|file| folder.join(file)));
            }
        }
        files
    }

    fn flip_a_bit(&mut self) -> String {
        let files = self.files();
        let file = &files[self.below(files.len())];
        let mut bytes = fs::read(file).unwrap();
        if bytes.is_empty() {
            return String::new();
        }
        let place = self.below(bytes.len());
        bytes[place] ^= 1 << self.below(8);
        fs::write(file, bytes).unwrap();
        format!("a bit of byte {place} of {}", file.display())
    }

    fn take_a_file(&mut self) -> String {
        let files = self.files();
        let file = &files[self.below(files.len())];
        fs::remove_file(file).unwrap();
        format!("{} is gone", file.display())
    }
}

/// What `all` found.
fn findings(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .flat_map(|check| check["findings"].as_array().cloned().unwrap_or_default())
        .map(|finding| finding.to_string())
        .collect()
}

fn history(engine: Engine, seed: u64) -> Result<(), String> {
    let mut history = History::begin(engine, seed);
    for _ in 0..STEPS {
        history.step();
    }
    history.attest();
    let told = history.told.join("\n");
    let head = history.made.head();
    let honest_to_all = history.judged(&head);
    if honest_to_all.code != Some(0) {
        return Err(format!(
            "an honest history does not hold:\n{told}\n{}{}",
            honest_to_all.stdout, honest_to_all.stderr
        ));
    }
    open_key(&history.made.target.at(""), "escrow.age", PASSPHRASE);
    let honest = history.checked(&head);
    let gaps = lines(&honest, "  unverified ");
    let is_open = |gap: &String| gap.contains("has no closing");
    if !lines(&honest, "  FINDING ").is_empty() || !gaps.iter().all(is_open) {
        return Err(format!("the checker does not hold an honest history:\n{told}\n{honest:?}"));
    }
    let before = findings(&json(&honest_to_all));
    let changed = history.tamper();
    let checked = history.checked(&head);
    let is_found = checked.code == Some(1) || lines(&checked, "  unverified ") != gaps;
    if !is_found {
        return Err(format!("not found by the checker: {changed}\n{told}\n{}", checked.stdout));
    }
    let judged = history.judged(&head);
    let after: Vec<String> =
        serde_json::from_str(&judged.stdout).map(|report| findings(&report)).unwrap_or_default();
    let is_new = after.iter().any(|finding| !before.contains(finding));
    let is_said = is_new || judged.stderr.contains("error: ");
    if matches!(judged.code, Some(1 | 2)) && is_said {
        return Ok(());
    }
    Err(format!("not found: {changed}\n{told}\n{}{}", judged.stdout, judged.stderr))
}

#[test]
fn what_is_honest_holds_and_what_is_not_is_found() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        handover_testkit::every_seed("RANDOM_HISTORIES", FEW, &format!("{engine:?}"), |seed| {
            history(engine, seed)
        });
    }
}
