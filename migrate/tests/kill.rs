//! SIGKILL at random moments of copying, many times over.
//!
//! Whatever the moment: chunks that were there stay there and are not copied again, the same
//! command goes on, and in the end every row is there once.

use std::collections::BTreeMap;
use std::env;
use std::thread;
use std::time::Duration;

use handover_testkit::{Outcome, Running};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::ends::{End, Engine, PLATFORM, ROUTES, platform};
use crate::support::{Handover, json};

/// Kills per route, at moments at which the run had copied chunks and had chunks to copy.
const KILLS: u32 = 60;

/// Then the run is left alone: on a slow disk none would ever come to its end.
const KILLS_PER_TARGET: u64 = 8;

/// Longest time between the first row and the kill.
const LATEST_MS: u64 = 300;

#[test]
fn sqlite_to_sqlite() {
    kill_often(ROUTES[0]);
}

#[test]
fn sqlite_to_postgres() {
    kill_often(ROUTES[1]);
}

#[test]
fn postgres_to_postgres() {
    kill_often(ROUTES[2]);
}

/// Copies to one new target after the other until there were kills enough.
#[track_caller]
fn kill_often((from, to): (Engine, Engine)) {
    let seed = env::var("HANDOVER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_221_122);
    println!("seed {seed} (another one: HANDOVER_TEST_SEED)");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let source = platform(from);
    let (mut kills, mut targets) = (0, 0);
    while kills < KILLS {
        let target = End::empty(to);
        let mut victim = Victim {
            handover: Handover::between(&source.url(), &target.url()),
            target: &target,
            killed: 0,
            chunks: BTreeMap::new(),
            per_table: BTreeMap::new(),
            was_done: false,
        };
        kills += victim.kill_until_finished(&mut dice);
        victim.handover.verified();
        assert!(source.rows(&PLATFORM) == target.rows(&PLATFORM), "rows are lost or doubled");
        targets += 1;
        assert!(targets < 60, "only {kills} kills while rows were being copied");
    }
    println!("{kills} kills, {targets} targets");
}

/// One target, and what was seen of it.
struct Victim<'t> {
    handover: Handover,
    target: &'t End,
    killed: u64,
    chunks: BTreeMap<String, String>,
    per_table: BTreeMap<String, u64>,
    was_done: bool,
}

impl Victim<'_> {
    /// Runs the same command until it ends by itself; the number of kills while it was copying.
    fn kill_until_finished(&mut self, dice: &mut ChaCha8Rng) -> u32 {
        let mut while_copying = 0;
        loop {
            let run = self.handover.copy().args(["--max-rate", "1M", "--chunk-bytes", "8K"]);
            let mut run = run.args(["--jobs", "3"]).spawn();
            if run.wait_for(is_copying) && self.killed < KILLS_PER_TARGET {
                thread::sleep(Duration::from_millis(dice.next_u64() % LATEST_MS));
            }
            if run.has_ended() || self.killed == KILLS_PER_TARGET {
                self.finished(&run.wait());
                return while_copying;
            }
            run.kill();
            self.killed += 1;
            while_copying += u32::from(self.look());
        }
    }

    /// The run came to its end, or the last one was killed after it had done everything.
    fn finished(&self, outcome: &Outcome) {
        let report = json(outcome.expect(0));
        assert!(report["outcome"] == "copied" || self.was_done, "{report:#}");
        let status = self.handover.status();
        assert_eq!((status.stage(), status.interruptions()), ("done", self.killed));
        assert_eq!(status.sum("read_back"), status.sum("planned"));
    }

    /// Holds what is in the target against what was there before. Whether the run that was just
    /// killed had copied something and had something left to copy.
    fn look(&mut self) -> bool {
        let status = self.handover.status();
        self.was_done = status.stage() == "done";
        if self.was_done {
            // It may have been killed after its last word to the ledger.
            assert!(status.interruptions() + 1 >= self.killed);
            self.killed = status.interruptions();
        }
        assert_eq!(status.interruptions(), self.killed);
        let per_table = status.per_table("copied");
        for (table, before) in &self.per_table {
            assert!(per_table[table] >= *before, "{table} had {before} chunks: {per_table:?}");
        }
        let chunks = self.target.copied_chunks();
        for (chunk, moment) in &self.chunks {
            assert_eq!(chunks.get(chunk), Some(moment), "chunk {chunk} was copied again");
        }
        assert_eq!(chunks.len() as u64, status.sum("copied"));
        let advanced = chunks.len() > self.chunks.len();
        let left = status.sum("copied") < status.sum("planned");
        assert!(!left || status.stage() == "rows", "{}", status.0);
        (self.per_table, self.chunks) = (per_table, chunks);
        advanced && left
    }
}

fn is_copying(running: &Running) -> bool {
    running.stderr().contains("] copying ")
}
