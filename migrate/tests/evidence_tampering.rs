//! A finished hand-over of which somebody changed one thing: `handover-verify all` finds it, and so does
//! the independent checker, which shares no line with it.

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use handover_testkit::Outcome;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::evidence_desk::{Deed, Desk, Manipulation, Rehearsed};
use crate::evidence_events::rewritten;
use crate::evidence_files::{flipped, moved};
use crate::evidence_signatures::{signatures, trust};
use crate::evidence_tables::{ledger, platform};
use crate::purge_made::Engine;
use crate::signatures_beside_enough::added;

/// Copies of the rehearsal that are worked on at the same time.
const DESKS: usize = 2;

/// A number below a bound.
pub(crate) fn roll(dice: &mut ChaCha8Rng, below: usize) -> usize {
    usize::try_from(dice.next_u64() % below as u64).unwrap()
}

fn manipulations(rehearsed: &Rehearsed, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
    let mut all = flipped(rehearsed, dice);
    all.extend(moved(rehearsed, dice));
    all.extend(signatures(rehearsed));
    all.extend(trust(rehearsed));
    all.extend(platform(rehearsed, dice));
    all.extend(ledger(rehearsed, dice));
    all.extend(rewritten(rehearsed));
    all
}

/// What was said of a manipulation that the auditor's program or the independent checker did not find.
fn missed(desk: &mut Desk<'_>, one: &Manipulation) -> Vec<String> {
    let judged = desk.judged_after(&one.deed);
    // Without a readable config, or without keys, nothing can be looked at, and it says so. That a
    // side signed the closing after the other, nothing can bind: without it, the side is missing.
    let cannot = matches!(one.kind, "config" | "trust file");
    let may_be_unverified = |outcome: &Outcome, missing: &str| {
        (cannot || outcome.stdout.contains(missing)) && !outcome.stdout.contains("verdict: holds")
    };
    let is_found = |outcome: &Outcome, missing: &str| match outcome.code {
        Some(1) => outcome.stdout.contains("  FINDING "),
        Some(2) => may_be_unverified(outcome, missing),
        _ => false,
    };
    let by_auditor =
        is_found(&judged.auditor, "  unverified   report and minutes are not bound by both");
    let by_checker = match beyond_the_checker(one) {
        Some(reason) => judged.checker.stdout.contains(reason),
        None => is_found(&judged.checker, "  unverified    attestations/0001-closing.dsse.json"),
    };
    [("all", by_auditor, &judged.auditor), ("checker", by_checker, &judged.checker)]
        .into_iter()
        .filter(|(_, is_found, _)| !is_found)
        .map(|(who, _, outcome)| {
            let said: String = outcome.stdout.chars().take(600).collect();
            let (kind, what, code) = (one.kind, &one.what, outcome.code);
            format!("{who}: [{kind}] {what}: exit {code:?}\n{said}{}", outcome.stderr)
        })
        .collect()
}

/// What the independent checker says that it does not look at, if a manipulation is of that: it reads
/// rows and names of columns, and no definitions.
fn beyond_the_checker(one: &Manipulation) -> Option<&'static str> {
    let definitions = ["create trigger", "create function", "drop index", "create view", "pragma"];
    let is_definition = one.kind == "schema of the target"
        && definitions.iter().any(|words| one.what.starts_with(words));
    is_definition.then_some("views, indexes, triggers, functions, sequences, rights and settings")
}

/// Does one thing after the other to a finished rehearsal; each is found.
fn every_one_is_found(engine: Engine, choose: impl Fn(usize) -> bool, at_least: usize) {
    let seed = env::var("HANDOVER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_261_122);
    println!("seed {seed} (another one: HANDOVER_TEST_SEED)");
    let rehearsed = Rehearsed::on(engine);
    let all = manipulations(&rehearsed, &mut ChaCha8Rng::seed_from_u64(seed));
    let all: Vec<Manipulation> =
        (0..).zip(all).filter(|(at, _)| choose(*at)).map(|(_, one)| one).collect();
    let begin = Instant::now();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let mut desk = rehearsed.copy();
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let missed = missed(&mut desk, one);
            failures.lock().unwrap().extend(missed);
        }
        // No false alarm, before or after.
        let outcome = desk.judged();
        assert!(outcome.expect(0).stdout.ends_with("verdict: holds\n"), "{}", outcome.stdout);
        let checker = desk.checked();
        assert!(checker.expect(0).stdout.contains("\nverdict: holds; 0 findings, 0 gaps\n"));
        outcome.took
    };
    let took = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..DESKS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).max()
    });
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &all {
        *kinds.entry(one.kind).or_default() += 1;
    }
    println!(
        "{engine:?}: {} manipulations in {:?}; the untouched one in {took:?}: {kinds:#?}",
        all.len(),
        begin.elapsed()
    );
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} were missed:\n{}", failures.len(), failures.join("\n"));
    assert!(all.len() >= at_least, "{}", all.len());
}

#[test]
fn whatever_is_changed_in_a_hand_over_is_found_on_sqlite() {
    every_one_is_found(Engine::Sqlite, |_| true, 200);
}

#[test]
fn whatever_is_changed_in_a_hand_over_is_found_on_postgres() {
    // What is in files is the same with both engines: a few of these, and half of the rest.
    every_one_is_found(Engine::Postgres, |at| at % 4 == 0, 60);
}

/// A signature that is added takes nothing from those that are enough; and both say that it is there.
#[test]
fn a_signature_that_counts_for_nothing_is_told_and_not_judged() {
    let rehearsed = Rehearsed::on(Engine::Sqlite);
    let mut desk = rehearsed.copy();
    for (one, [by_auditor, by_checker]) in added(&rehearsed) {
        let judged = desk.judged_after(&one.deed);
        for (outcome, told) in [(judged.auditor, by_auditor), (judged.checker, by_checker)] {
            let what = &one.what;
            let said = &outcome.expect(0).stdout;
            assert!(said.contains("verdict: holds") && !said.contains("FINDING"), "{what}\n{said}");
            assert!(said.contains(told), "{what}: {told}\n{said}");
        }
    }
}

/// A byte of a record or of its proof that somebody changed: the checker finds each.
#[test]
fn whatever_is_changed_in_a_proof_is_found_by_the_checker() {
    let rehearsed = Rehearsed::on(Engine::Sqlite);
    let mut dice = ChaCha8Rng::seed_from_u64(20_261_122);
    let mut desk = rehearsed.copy();
    for name in ["proof/somebody.record.json", "proof/somebody.tlog-proof"] {
        for _ in 0..12 {
            let mut bytes = rehearsed.read(name);
            let at = roll(&mut dice, bytes.len());
            bytes[at] ^= 1 << roll(&mut dice, 8);
            let deed = Deed::Files(vec![(name.to_owned(), Some(bytes))]);
            let checker = desk.judged_after(&deed).checker;
            assert!(checker.expect(1).stdout.contains("  FINDING "), "byte {at} of {name}");
        }
    }
}
