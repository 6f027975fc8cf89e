//! How fast rows are deleted: pauses, replicas that follow, hours.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use jiff::civil::Time;

use crate::purge::PurgeDatabase;

/// When the next batch may begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Pause between two batches.
    pub pause: Duration,
    /// Most seconds that a replica may be behind.
    pub max_lag: Option<u32>,
    /// Hours of the day (local time) in which rows are deleted; the second may be past midnight.
    pub window: Option<(Time, Time)>,
}

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Pace {
    /// Waits until the next batch may begin.
    pub(super) fn wait_before_batch(
        &self,
        database: &mut PurgeDatabase,
        interrupt: &Interrupt,
    ) -> Result<()> {
        sleep(self.pause, interrupt)?;
        while !self.is_open(jiff::Zoned::now().time()) || self.is_behind(database)? {
            sleep(LOOK_AGAIN, interrupt)?;
        }
        interrupt.check()?;
        Ok(())
    }

    fn is_open(&self, now: Time) -> bool {
        match self.window {
            None => true,
            Some((from, until)) if from <= until => from <= now && now < until,
            Some((from, until)) => from <= now || now < until,
        }
    }

    /// Whether a replica is behind. One of which nothing is known is taken to be.
    fn is_behind(&self, database: &mut PurgeDatabase) -> Result<bool> {
        let (Some(most), PurgeDatabase::Postgres(session)) = (self.max_lag, database) else {
            return Ok(false);
        };
        let seen = session.query_value(
            "SELECT pg_has_role('pg_read_all_stats', 'USAGE') \
             OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
        )?;
        if seen.as_deref() != Some("t") {
            bail!(
                "--max-lag: this account may not see how far replicas are behind; grant it \
                 pg_read_all_stats, or leave --max-lag out"
            );
        }
        let behind = session.query_value(&format!(
            "SELECT count(*) FROM pg_stat_replication \
             WHERE replay_lsn IS NULL OR (replay_lsn < pg_current_wal_lsn() \
               AND (replay_lag IS NULL OR replay_lag > interval '{most} seconds'))"
        ))?;
        Ok(behind.context("the server does not say how far replicas are behind")? != "0")
    }
}

fn sleep(time: Duration, interrupt: &Interrupt) -> Result<()> {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(Duration::from_millis(100));
        std::thread::sleep(step);
        left = left.saturating_sub(step);
        interrupt.check()?;
    }
    Ok(())
}

/// `22:00-05:00`.
pub fn parse_window(text: &str) -> Result<(Time, Time), String> {
    let expected = || format!("{text} is not a time of day from and until, such as 22:00-05:00");
    let (from, until) = text.split_once('-').ok_or_else(expected)?;
    let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_error| expected());
    let (from, until) = (time(from)?, time(until)?);
    if from == until { Err(expected()) } else { Ok((from, until)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_reach_past_midnight() {
        let at = |text: &str| Time::strptime("%H:%M", text).unwrap();
        let open = |window: &str, now: &str| {
            Pace { window: Some(parse_window(window).unwrap()), ..Pace::default() }.is_open(at(now))
        };
        assert!(open("22:00-05:00", "23:59"));
        assert!(open("22:00-05:00", "04:59"));
        assert!(!open("22:00-05:00", "05:00"));
        assert!(!open("22:00-05:00", "21:59"));
        assert!(open("01:00-05:00", "01:00"));
        assert!(!open("01:00-05:00", "23:00"));
        for wrong in ["", "22", "22:00", "22:00-22:00", "25:00-05:00", "a-b"] {
            assert!(parse_window(wrong).is_err(), "{wrong}");
        }
    }
}
