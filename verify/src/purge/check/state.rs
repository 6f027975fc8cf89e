//! How far the ledger says that a purge came, and what it holds of it: they have to go together.

use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;

impl Check<'_> {
    /// A purge has what the steps up to its state leave behind, and nothing of later ones.
    pub(super) fn check_state(&mut self) {
        let purge = self.purge;
        let (backed_up, begun, executed, certified) = match purge.state {
            // An archive is kept when its purge is given up.
            PurgeState::Abandoned => (purge.backup.is_some(), false, false, false),
            PurgeState::Selected => (false, false, false, false),
            PurgeState::BackedUp => (true, false, false, false),
            PurgeState::Executing => (true, true, false, false),
            PurgeState::Executed | PurgeState::Closed => (true, true, true, false),
            PurgeState::Certified => (true, true, true, true),
        };
        let goes_together = purge.backup.is_some() == backed_up
            && purge.authorities.is_empty() != begun
            && purge.outcome.is_some() == executed
            && purge.certificate.is_some() == certified
            && purge.checkpoint.is_some() == certified
            && purge.closing.is_some() == (purge.state == PurgeState::Closed);
        if !goes_together {
            self.find(
                Kind::Ledger,
                format!(
                    "the ledger calls the purge {}, and what it holds of it is another state's",
                    purge.state
                ),
            );
        }
        let erased = certified || purge.state == PurgeState::Closed;
        if erased && purge.salt_key.is_some() {
            self.find(Kind::Ledger, "the key of the salts was to be erased, and is in the ledger");
        }
        if purge.rule_name != purge.selection.rule.name {
            self.find(Kind::List, "the ledger names another rule than the selection is made by");
        }
    }
}
