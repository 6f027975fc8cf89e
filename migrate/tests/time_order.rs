//! Moments that the ledger tells of follow one another: a clock that was set back is found, and refused.

use crate::attest_made::{AttestMade, ENGINES, finds};
use crate::checker::checker_finds;
use crate::ledger_chain::events;
use crate::purge_made::{PurgeMade, Until};

/// Gives events other moments, and the chain its digests anew: as sound as before.
fn at_other_times(made: &AttestMade, at: impl Fn(u64, &str) -> String) {
    let mut previous = None;
    for mut event in events(made) {
        event.at = at(event.number, &event.at);
        event.previous = previous.unwrap_or(event.previous);
        made.target.sql(&format!(
            "update {} set at = '{}', previous = '{}', digest = '{}' where event_no = {}",
            made.table("event"),
            event.at,
            event.previous,
            event.digest(),
            event.number
        ));
        previous = Some(event.digest());
    }
}

#[test]
fn events_whose_times_go_back_are_found() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        made.ledger(&[]).expect(0);
        at_other_times(&made, |number, at| {
            if number == 2 { "2020-01-01T00:00:00Z".to_owned() } else { at.to_owned() }
        });
        finds(&made.ledger(&[]), "event 2 says 2020-01-01T00:00:00Z, and event 1 before it");
        finds(&made.ledger(&[]), "a clock was set back");
        checker_finds(&made.target, "time goes back at event 2");
    }
}

/// What the ledger has is from later than the clock says: the clock is wrong, and nothing is recorded.
#[test]
fn nothing_is_recorded_under_a_clock_that_was_set_back() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let last = events(&made).len() as u64;
        at_other_times(&made, |number, at| {
            if number == last { "2999-01-01T00:00:00Z".to_owned() } else { at.to_owned() }
        });
        let before = made.kinds();
        let refused = made.attest(&["--key", "ministry.pem"]).go();
        let said = &refused.expect(2).stderr;
        assert!(said.contains("the clock of this machine is wrong"), "{said}");
        assert!(said.contains("2999-01-01T00:00:00Z"), "{said}");
        assert_eq!(made.kinds(), before);
        assert!(!made.file("attestations/0001.dsse.json").exists());
    }
}

/// An approval and a certificate that say they are from before what they are about.
#[test]
fn an_approval_from_before_its_backup_is_found() {
    for engine in ENGINES {
        let target = PurgeMade::until(engine, Until::Certified);
        let made = AttestMade { source: PurgeMade::empty(engine), target };
        made.ledger(&[]).expect(0);
        // The order of events stays as it was: all that follow are from the same moment.
        let backup = made.kinds().iter().position(|kind| kind == "backup").unwrap() as u64 + 1;
        at_other_times(&made, |number, at| {
            if number < backup { at.to_owned() } else { "2998-01-01T00:00:00Z".to_owned() }
        });
        let found = made.ledger(&[]);
        finds(&found, "before its backup, which was at 2998-01-01T00:00:00Z");
        finds(&found, "before the deletion that it is about, at 2998-01-01T00:00:00Z");
        assert!(!found.stdout.contains("a clock was set back"), "{}", found.stdout);
        checker_finds(
            &made.target,
            "approved before the backup, begun before the backup, certified before",
        );
    }
}
