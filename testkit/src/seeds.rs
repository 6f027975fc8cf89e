//! Tests that are made from a seed: a few in every run, and as many as an environment variable says.

use std::env;
use std::ops::Range;

/// Seeds of a run: the first `few`; `VARIABLE=200` is the first 200, `VARIABLE=17..18` that one alone.
fn seeds(variable: &str, few: u64) -> Range<u64> {
    let Ok(text) = env::var(variable) else { return 0..few };
    let number = |text: &str| {
        text.parse().unwrap_or_else(|_| panic!("{variable} is a number or such as 17..18"))
    };
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 0..number(&text),
    }
}

/// Runs a check with every seed, says with which, and fails with everything that was wrong.
#[track_caller]
#[expect(clippy::print_stdout, reason = "a test says with which seed it ran")]
pub fn every_seed(variable: &str, few: u64, what: &str, check: impl Fn(u64) -> Result<(), String>) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for seed in seeds(variable, few) {
        println!("{what}: seed {seed}");
        count += 1;
        if let Err(reason) = checked(&check, seed) {
            println!("{what}: seed {seed}: WRONG: {reason}");
            wrong.push(format!("seed {seed}: {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{what}: {} of {count}\n{}", wrong.len(), wrong.join("\n\n"));
}

/// What a check finds; a helper that failed with a panic is one of its findings, and the other seeds go on.
fn checked(check: impl Fn(u64) -> Result<(), String>, seed: u64) -> Result<(), String> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(seed)));
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned())
    })
}
