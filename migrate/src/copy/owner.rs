//! Whose the platform's objects become, and with whose rights the vendor's code runs.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use handover_cli_kit::progress::Progress;
use handover_schemas::config::CONFIG_FILE;

use super::CopyRequest;
use super::target::OpenedTarget;
use crate::ledger::{self, FrozenPlan, Store};
use crate::target::postgres::{Owner, refuse_unfit_owner};
use crate::target::shape_at_postgres;

/// The owner that was asked for, once nothing is against it. Refuses code of the vendor's without one; the account's own
/// rights have to be chosen by name.
pub(super) fn choose(
    request: &CopyRequest,
    plan: &FrozenPlan,
    target: &mut OpenedTarget<'_>,
    (is_new, runs_code): (bool, bool),
    progress: &Progress,
) -> Result<Owner> {
    let OpenedTarget::Postgres(_, session) = target else { return refuse_for_a_file(request) };
    // What an earlier program began, it made as the account, and did not say so.
    let known =
        if is_new { None } else { Some(ledger::structure_owner(session)?.unwrap_or_default()) };
    let owner = match (&request.owner, &known) {
        (Some(owner), _) => owner.clone(),
        (None, Some(Owner::Role(role))) => Owner::Role(role.clone()),
        (None, Some(Owner::Account)) if runs_code => bail!(
            "code of the vendor's would run in the target with the rights of the account, which can write the ledger: an \
             earlier run made the platform's objects as the account. Give --owner {0} (the ledger records it and the \
             attestation states it), or begin again with an empty target and --owner ROLE. This run made nothing in the \
             target",
            Owner::ACCOUNT
        ),
        (None, _) if runs_code => bail!(
            "code of the vendor's would run in the target with the rights of the account, which can write the ledger. \
             Name a role that owns the platform's objects and nothing else: --owner ROLE, or owner = \"ROLE\" below \
             [target] in {CONFIG_FILE}. Whoever makes roles there: CREATE ROLE \"ROLE\" NOLOGIN; then this again, \
             which says what else it needs. (--owner {} runs that code with the account's own rights all the same; the \
             ledger records it and the attestation states it.) This run made nothing in the target",
            Owner::ACCOUNT
        ),
        (None, _) => Owner::Account,
    };
    if let Some(known) = known.filter(|known| *known != owner) {
        bail!(
            "the first run of this hand-over made the platform's objects as {known}, and this one would as {owner}: give \
             --owner {known}, or begin again with an empty target"
        );
    }
    let schemas: BTreeSet<String> =
        plan.tables.iter().map(|(_, table)| shape_at_postgres(&table.shape).name.schema).collect();
    refuse_unfit_owner(session, &owner, &schemas)?;
    if runs_code && owner == Owner::Account {
        progress.note(
            "warning: code of the vendor's runs with the rights of the target's account, as was chosen by name. The \
             ledger records it, and the attestation states it",
        );
    }
    Ok(owner)
}

/// Records that code of the vendor's runs with the account's own rights, if it does.
pub(super) fn record(store: &mut dyn Store, owner: &Owner, runs_code: bool) -> Result<()> {
    if runs_code && *owner == Owner::Account {
        return ledger::record_code_as_account(store);
    }
    Ok(())
}

fn refuse_for_a_file(request: &CopyRequest) -> Result<Owner> {
    match &request.owner {
        Some(owner @ Owner::Role(_)) => bail!(
            "a SQLite file knows no roles: leave out --owner {owner}, and owner below [target] in {CONFIG_FILE}"
        ),
        _ => Ok(Owner::Account),
    }
}
