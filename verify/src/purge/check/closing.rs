//! A purge that was closed before its end: what two people signed of it is what the ledger has.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::purge::statement::{ClosedTable, Execution, PurgeClosing};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use super::signatures::{AboutArchive, body};
use crate::purge::ledger::roots_of_fates;
use crate::signing::{Demand, Trust, check_envelope, day_of, meets, operator_of};

impl Check<'_> {
    /// Two people signed it, none of them an operator of this purge, and it says what the ledger says.
    pub(super) fn check_closing(&mut self, trust: &Trust) -> Result<()> {
        let text = self.purge.closing.as_ref().context("the ledger lacks the closing")?;
        let (envelope, closing) = body::<PurgeClosing>(text, "closing")?;
        let day = day_of(&closing.closed_on)?;
        let mut operators = Vec::new();
        for authority in &self.purge.authorities {
            let (begun, execution) = body::<Execution>(&authority.execution, "execution")?;
            let day = day_of(&execution.started_on)?;
            operators.push(operator_of(&check_envelope(&begun, trust, day)?)?.person);
        }
        let demand = Demand { roles: PurgeClosing::ROLES.to_vec(), not: operators };
        let checked = check_envelope(&envelope, trust, day)?;
        let signers = meets(&checked, &demand).context("the closing")?;
        self.tell_other_signatures("the closing", &checked);
        if closing.binding != self.binding()? || closing.authorities != self.authorities()? {
            bail!("the closing is about another purge, approval or execution");
        }
        self.check_closed_tables(&closing)?;
        self.check_folder("closing.dsse.json", &envelope, Kind::Certificate);
        let names: Vec<String> = signers.into_iter().map(|signer| signer.name).collect();
        self.checked(format!(
            "closed before its end: signed by {}, and its figures hold",
            names.join(" and ")
        ));
        Ok(())
    }

    fn check_closed_tables(&mut self, closing: &PurgeClosing) -> Result<()> {
        let purge = self.purge;
        let outcome = purge.outcome.as_ref().context("the ledger lacks what was closed")?;
        let selected = &purge.selection.tables;
        if closing.tables.len() != selected.len() || outcome.tables.len() != selected.len() {
            bail!("the closing is about other tables than the selection");
        }
        for (number, (table, came_to)) in selected.iter().zip(&outcome.tables).enumerate() {
            let (deleted, kept) = roots_of_fates(self.ledger(), purge.number, number)?;
            let left = table.listed.rows.checked_sub(came_to.counts.total());
            let closed = closing.tables.get(number).context("the closing lacks a table")?;
            let agrees = closed.name == *table.name()
                && closed.selected.0 == table.listed.rows
                && closed.counts == came_to.counts.into()
                && Some(closed.untouched.total()) == left
                && (closed.deleted_root, closed.kept_root) == (deleted, kept)
                && closed.before == table.before.into()
                && closed.after == came_to.after.into()
                && closed.outside_before == table.outside.into()
                && closed.outside_after == came_to.outside.into();
            if !agrees {
                bail!("the closing has other figures of {} than the ledger", table.name());
            }
        }
        Ok(())
    }

    /// Rows of a table that a closed purge did not come to, and that were there when it was closed.
    pub(super) fn untouched_there(&self, table: usize) -> u64 {
        let closing = self.purge.closing.as_ref();
        let closing = closing.and_then(|text| body::<PurgeClosing>(text, "closing").ok());
        let table = closing.as_ref().and_then(|(_, closing)| closing.tables.get(table));
        table.map_or(0, |table: &ClosedTable| table.untouched.there())
    }
}

impl AboutArchive for PurgeClosing {
    fn seal(&self) -> Digest {
        self.binding.seal
    }
}
