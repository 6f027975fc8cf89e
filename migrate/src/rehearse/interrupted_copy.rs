//! A copy that is killed in the middle: `kill -9`, as a power cut would.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::print_text;
use handover_engine::endpoint::Endpoint;

use super::stage::Programs;
use crate::command::status::{CopyStatus, read_status};

/// What was there when the copy was killed.
pub(super) struct Kept {
    /// Chunks that were finished.
    pub(super) finished: u64,
    /// Chunks of the plan.
    pub(super) planned: u64,
}

/// Chunks small enough that there are many.
const CHUNK_BYTES: &str = "1M";

/// The pace of a platform of this many doses or more: slow enough to be caught in the middle.
const RATE: &str = "12M";
const DOSES_AT_THIS_RATE: u64 = 200_000;

/// The pace at which a platform takes as long as a large one does, however small it is.
fn rate(doses: u64) -> String {
    if doses >= DOSES_AT_THIS_RATE {
        return RATE.to_owned();
    }
    format!("{}K", (12 * 1024 * doses / DOSES_AT_THIS_RATE).max(1))
}

/// How long the copy may take to get to its middle.
const PATIENCE: Duration = Duration::from_mins(10);

/// Starts a copy of a platform of so many doses, kills it once two fifths of its chunks are finished, and says what
/// is kept.
pub(super) fn interrupted_copy(
    programs: &Programs,
    (source, doses): (&Endpoint, u64),
    target: &Endpoint,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Kept> {
    let extra = ["--chunk-bytes", CHUNK_BYTES, "--max-rate", &rate(doses)].map(str::to_owned);
    let mut child = programs.start_copy(source, target, folder, &extra)?;
    let started = Instant::now();
    let killed = loop {
        std::thread::sleep(Duration::from_millis(20));
        let ended = child.try_wait().context("cannot watch the copy")?;
        // Before the plan is written there is no ledger yet.
        let status = read_status(target, interrupt).ok().and_then(|status| status.copy);
        let kept = status.as_ref().map(kept);
        let is_in_the_middle =
            kept.as_ref().is_some_and(|kept| kept.finished * 5 >= kept.planned * 2);
        let given_up = interrupt.is_raised() || started.elapsed() > PATIENCE;
        if is_in_the_middle || ended.is_some() || given_up {
            child.kill().context("cannot kill the copy")?;
            let status = child.wait().context("cannot wait for the copy")?;
            break (status, ended);
        }
    };
    interrupt.check()?;
    if let (status, Some(_)) = killed {
        bail!("the copy ended by itself with {status} before it could be killed in its middle");
    }
    let status = read_status(target, interrupt)?.copy;
    let kept = kept(&status.context("the target has no ledger of a copy")?);
    if kept.finished == kept.planned {
        bail!("the copy was finished before it could be killed; ask for more --doses");
    }
    print_text(&format!(
        "killed with SIGKILL: {} of {} chunks are in the target\n",
        kept.finished, kept.planned
    ))?;
    Ok(kept)
}

fn kept(status: &CopyStatus) -> Kept {
    Kept {
        finished: status.tables.iter().map(|table| table.copied).sum(),
        planned: status.tables.iter().map(|table| table.planned).sum(),
    }
}
