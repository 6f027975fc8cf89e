//! `purge close`: a purge that has begun and cannot go on is given up, and two people sign how far it
//! came. What was deleted stays restorable; the rule can be selected by again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::config::PurgeConfig;
use handover_schemas::purge::record::{OutcomeCounts, PurgeState, SelectedTable, TableOutcome};
use handover_schemas::purge::statement::{
    Binding, ClosedTable, Execution, PurgeClosing, Untouched,
};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::purge::ledger::{PurgeEntry, batches, counts_of, roots_of_fates};
use handover_verify::purge::list::List;
use handover_verify::signing::{Demand, Signatory, Trust, check_envelope, day_of, meets};

use super::PurgeDatabase;
use super::approve::statements_dir;
use super::backup::archive_name;
use super::certify::{authorities, refuse_unspoken_copies};
use super::execute::{note_finished, table_outcome};
use super::freeze::LeafSpool;
use crate::keys::{Signer, sign_envelope};
use crate::ledger;
use crate::moment;

/// What to close, and who signs.
pub struct CloseRequest<'a> {
    /// Copies that remain.
    pub config: &'a PurgeConfig,
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// Why it cannot go on; the first who signs says it.
    pub reason: Option<&'a str>,
    /// Who signs; nobody if it is only shown.
    pub signer: Option<&'a dyn Signer>,
}

/// A closing as it stands.
pub struct StandingClosing {
    /// What is signed.
    pub closing: PurgeClosing,
    /// Who signed.
    pub signers: Vec<Signatory>,
    /// Where the envelope is; `None` if nobody signed yet.
    pub file: Option<PathBuf>,
    /// Whether the purge is closed: all signed who have to.
    pub is_closed: bool,
}

/// Signs, or shows what would be signed. With the last signature the purge is closed. Of a purge that
/// is closed, the file is written again if it is gone.
pub fn close(
    database: &mut PurgeDatabase,
    request: &CloseRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<StandingClosing> {
    let purge = request.purge;
    if let Some(text) = &purge.closing {
        return finish(database, request, text);
    }
    if !matches!(purge.state, PurgeState::Executing | PurgeState::Executed) {
        bail!(
            "purge {} is {}; what is closed is a purge of which rows may have been deleted. One that \
             has not begun is given up by purge select --anew",
            purge.number,
            purge.state
        );
    }
    if !database.was_known_as(&purge.selection.database)? {
        bail!("this is another database than the one in which the rows were selected");
    }
    refuse_unspoken_copies(request.config)?;
    let (mut envelope, closing) = begun_or_new(database, request, interrupt, progress)?;
    let demand = demand(request)?;
    let day = day_of(&closing.closed_on)?;
    let Some(signer) = request.signer else {
        let signers = check_envelope(&envelope, request.trust, day)?.signers;
        let file = (!envelope.signatures.is_empty()).then(|| file_of(request));
        return Ok(StandingClosing { closing, signers, file, is_closed: false });
    };
    // A run was killed between the last signature and the ledger.
    if meets(&check_envelope(&envelope, request.trust, day)?, &demand).is_err() {
        sign(request, &mut envelope, signer, &demand)?;
        let text = envelope.to_text().context("cannot write the closing")?;
        request.dir.write(&closing_file(purge), text.as_bytes())?;
    }
    let checked = check_envelope(&envelope, request.trust, day)?;
    if meets(&checked, &demand).is_err() {
        let file = Some(file_of(request));
        return Ok(StandingClosing { closing, signers: checked.signers, file, is_closed: false });
    }
    let text = envelope.to_text().context("cannot write the closing")?;
    ledger::record_closing(database.store(), purge, &text, &closing)?;
    finish(database, request, &text)
}

/// What is left to do once the ledger has the closing; the same command does it again.
fn finish(
    database: &mut PurgeDatabase,
    request: &CloseRequest<'_>,
    text: &str,
) -> Result<StandingClosing> {
    let damaged = "the ledger's closing of this purge is damaged";
    request.dir.write(&closing_file(request.purge), text.as_bytes())?;
    note_finished(request.dir, request.purge)?;
    database.sweep().context(
        "the purge is closed; what was erased could not be swept from the ledger: run the same \
         command again, or VACUUM handover.purge as the owner of that table",
    )?;
    let envelope = Envelope::parse(text.as_bytes()).context(damaged)?;
    let closing = Statement::<PurgeClosing>::parse(envelope.body()).context(damaged)?.predicate;
    let day = day_of(&closing.closed_on)?;
    let signers = check_envelope(&envelope, request.trust, day)?.signers;
    Ok(StandingClosing { closing, signers, file: Some(file_of(request)), is_closed: true })
}

fn closing_file(purge: &PurgeEntry) -> String {
    format!("{}/closing.dsse.json", statements_dir(purge))
}

fn file_of(request: &CloseRequest<'_>) -> PathBuf {
    request.dir.path().join(closing_file(request.purge))
}

fn sign(
    request: &CloseRequest<'_>,
    envelope: &mut Envelope,
    signer: &dyn Signer,
    demand: &Demand,
) -> Result<()> {
    let owner = request.trust.owner(&signer.key());
    let owner = owner.context("the trust file does not know this key")?;
    if !PurgeClosing::ROLES.iter().any(|role| owner.roles.contains(role)) {
        bail!(
            "{} may not close a purge: the trust file gives that key the role of neither data_owner \
             nor custodian",
            owner.name
        );
    }
    if demand.not.contains(&owner.person) {
        bail!("{} deleted rows of this purge as its operator; others have to close it", owner.name);
    }
    let closing = Statement::<PurgeClosing>::parse(envelope.body())?.predicate;
    let day = day_of(&closing.closed_on)?;
    let before = check_envelope(envelope, request.trust, day)?;
    if before.signers.iter().any(|known| known.person == owner.person) {
        bail!("{} signed this closing already; another person has to sign too", owner.name);
    }
    sign_envelope(envelope, signer)?;
    let checked = check_envelope(envelope, request.trust, day)?;
    if !checked.signers.iter().any(|known| known.keyid == owner.keyid) {
        bail!("{}'s key is not valid on {day}; see valid_from and valid_until", owner.name);
    }
    Ok(())
}

/// Two people, none of whom deleted rows of it.
fn demand(request: &CloseRequest<'_>) -> Result<Demand> {
    let mut operators = Vec::new();
    for authority in &request.purge.authorities {
        let damaged = "the ledger's operator's statement is damaged";
        let envelope = Envelope::parse(authority.execution.as_bytes()).context(damaged)?;
        let begun = Statement::<Execution>::parse(envelope.body()).context(damaged)?.predicate;
        let checked = check_envelope(&envelope, request.trust, day_of(&begun.started_on)?)?;
        operators.extend(checked.signers.into_iter().map(|signer| signer.person));
    }
    Ok(Demand { roles: PurgeClosing::ROLES.to_vec(), not: operators })
}

/// The closing that somebody signed, if the ledger still says what it says; a new one otherwise.
fn begun_or_new(
    database: &mut PurgeDatabase,
    request: &CloseRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(Envelope, PurgeClosing)> {
    let purge = request.purge;
    let done = batches(database.store(), purge.number)?;
    let backup = purge.backup.as_ref().context("the ledger lacks the backup of this purge")?;
    let binding = Binding::new(&purge.selection, backup).context("cannot write the closing")?;
    let authorities = authorities(purge, &done)?;
    if let Some((envelope, closing)) = read(request)?
        && closing.binding == binding
        && closing.authorities == authorities
    {
        if request.reason.is_some_and(|reason| reason != closing.reason) {
            bail!(
                "the closing that was signed gives another reason ({}); leave --reason out to sign \
                 that one, or move {} away to begin anew",
                closing.reason,
                file_of(request).display()
            );
        }
        return Ok((envelope, closing));
    }
    let reason = request.reason.map(str::trim).filter(|reason| !reason.is_empty());
    let reason = reason.context("say why the purge cannot go on (--reason)")?;
    let mut tables = Vec::new();
    database.begin_at_one_moment()?;
    database.plan_in_order()?;
    for (number, table) in purge.selection.tables.iter().enumerate() {
        let counts = counts_of(&done, number);
        let table = (number, table, counts);
        tables.push(closed_table(database, request, table, interrupt, progress)?);
    }
    database.execute("COMMIT")?;
    let closing = PurgeClosing {
        binding,
        authorities,
        tables,
        residual_copies: request.config.residual_copy.clone(),
        reason: reason.to_owned(),
        closed_on: moment::now()?.to_string(),
    };
    let subject = Subject::new(archive_name(purge), closing.binding.seal);
    let statement = Statement::new(vec![subject], closing.clone());
    Ok((Envelope::new(statement.to_bytes().context("cannot write the closing")?), closing))
}

fn read(request: &CloseRequest<'_>) -> Result<Option<(Envelope, PurgeClosing)>> {
    let path = file_of(request);
    let place = || format!("cannot read the closing {}", path.display());
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(place),
    };
    let envelope = Envelope::parse(&text).with_context(place)?;
    let statement = Statement::<PurgeClosing>::parse(envelope.body()).with_context(place)?;
    Ok(Some((envelope, statement.predicate)))
}

fn closed_table(
    database: &mut PurgeDatabase,
    request: &CloseRequest<'_>,
    (number, table, counts): (usize, &SelectedTable, OutcomeCounts),
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<ClosedTable> {
    let purge = request.purge;
    let recorded = purge.outcome.as_ref().and_then(|outcome| outcome.tables.get(number));
    let came_to: TableOutcome = match recorded {
        Some(recorded) => recorded.clone(),
        None => table_outcome(database, purge, (number, table), counts, interrupt, progress)?,
    };
    let untouched = untouched(database, request, (number, table, counts.total()), interrupt)?;
    let (deleted_root, kept_root) = roots_of_fates(database.store(), purge.number, number)?;
    Ok(ClosedTable {
        name: table.name().clone(),
        selected: table.listed.rows.into(),
        counts: counts.into(),
        untouched,
        deleted_root,
        kept_root,
        before: table.before.into(),
        after: came_to.after.into(),
        outside_before: table.outside.into(),
        outside_after: came_to.outside.into(),
    })
}

/// The rows behind the place up to which a list was dealt with, held against what was archived.
fn untouched(
    database: &mut PurgeDatabase,
    request: &CloseRequest<'_>,
    (number, table, covered): (usize, &SelectedTable, u64),
    interrupt: &Interrupt,
) -> Result<Untouched> {
    let listed = table.listed.rows;
    if covered >= listed {
        return Ok(Untouched::default());
    }
    let purge = request.purge;
    let salts = purge.salts()?;
    let mut leaves = LeafSpool::of_table(database.store(), purge, number, request.dir.path())?;
    leaves.skip(covered)?;
    let list = List::new(purge.number, number, &table.shape)?;
    let (mut next, mut same, mut changed, mut absent) = (covered, 0, 0, 0);
    let mut reader = database.reader();
    let sql = list.listed_rows(&reader, Some(&(covered..listed)));
    list.read(&mut reader, &sql, interrupt, |row| {
        let place = row.position.context("a listed row has no place on the list")?;
        let gone = place.checked_sub(next).context("rows came in another order")?;
        leaves.skip(gone)?;
        absent += gone;
        next = place + 1;
        let leaf = row_leaf(&salts.salt(table.first_index + place), row.line);
        if leaves.next_leaf()? == leaf {
            same += 1;
        } else {
            changed += 1;
        }
        Ok(())
    })?;
    absent += listed - next;
    Ok(Untouched { same: same.into(), changed: changed.into(), absent: absent.into() })
}
