//! `purge select`: the rows that a rule selects, and everything that depends on them, frozen.

use anyhow::{Context, Result, bail};
use handover_cli_kit::findings::FindingsFile;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::tell;
use handover_cli_kit::progress::Progress;
use handover_engine::rows::key_value;
use handover_schemas::archive::row_leaf::SaltKey;
use handover_schemas::config::PurgeRule;
use handover_schemas::digest::hex;
use handover_schemas::ledger::Stage;
use handover_schemas::purge::record::{PurgeState, SelectedEvidence, SelectedTable, Selection};
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::purge::list::{List, MarkedRow};

use super::PurgeDatabase;
use super::answers::Judging;
use super::closure::{RuleTable, rule_tables};
use super::evidence::{loaded_evidence, selected_evidence};
use super::freeze::{Freezing, FrozenTable};
use super::inheritance::refuse_rows_of_heirs;
use super::list::make_lists;
use super::listed_row::ListedRow;
use super::summary::summarize;
use crate::ledger;
use crate::random::random;

/// What to select.
pub struct SelectRequest<'a> {
    /// By which rule.
    pub rule: &'a PurgeRule,
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// Give up the present selection of this rule, if nothing was deleted yet.
    pub anew: bool,
    /// How many listed rows to name in the sample file.
    pub sample: u64,
}

/// Selects and freezes, in one transaction: killed before its end, nothing is there.
pub fn select(
    database: &mut PurgeDatabase,
    request: &SelectRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<PurgeEntry> {
    refuse_unfinished_copy(database)?;
    ledger::prepare_purges(database.store())?;
    if let Some(selected) = selected_already(database, request)? {
        return Ok(selected);
    }
    let identity = database.identity()?;
    database.begin_at_one_moment()?;
    let number = replace_open_purge(database, request)?;
    let tables = rule_tables(database, request.rule)?;
    database.plan_freely()?;
    let (counts, evidence) = make_judged_lists(database, number, request, &tables)?;
    if counts.first() == Some(&0) {
        bail!("the rule {:?} selects no row; nothing was written", request.rule.name);
    }
    refuse_rows_of_heirs(database, number, request.rule, &tables)?;
    let summary = summarize(database, number, request.rule, &tables, &counts)?;
    database.plan_in_order()?;
    // A database that was put back to an earlier day gives the same number again.
    let suffix = hex(&random::<8>()?);
    let origin = format!(
        "handover/{}/{}/{number}/{suffix}",
        ledger::database_id(database.store())?,
        request.rule.name
    );
    let key = random()?;
    let mut freezing = Freezing::begin(SaltKey::new(&key), request.dir.path())?;
    let frozen = freeze_tables(database, number, &tables, &mut freezing, interrupt, progress)?;
    for (table, (expected, (_, frozen))) in tables.iter().zip(counts.iter().zip(&frozen)) {
        if frozen.listed.rows != *expected {
            bail!(
                "{expected} rows of {} are on the list, and {} were read; an index of it may be \
                 damaged",
                table.shape.name,
                frozen.listed.rows
            );
        }
    }
    refuse_share(request.rule, &frozen)?;
    let rows = freezing.rows();
    let (root, mut leaves) = freezing.finish()?;
    let selection = Selection {
        origin,
        database: identity,
        rule: request.rule.clone(),
        tables: selected_tables(&tables, &frozen),
        rows,
        root,
        summary,
        evidence,
    };
    write_sample(database, request, number, &selection, interrupt)?;
    ledger::record_selection(database.store(), number, &selection, &hex(&key))?;
    for (table_no, (_, frozen)) in frozen.iter().enumerate() {
        let mut first = 0;
        for (chunk_no, rows) in frozen.chunks.iter().enumerate() {
            let chunk = ledger::LeafChunk {
                purge: number,
                table: table_no,
                chunk: chunk_no,
                first,
                rows: *rows,
            };
            ledger::record_leaves(database.store(), chunk, &leaves.next(*rows)?)?;
            first += rows;
        }
    }
    interrupt.check()?;
    database.execute("COMMIT")?;
    ledger::purge(database.store(), number)
}

/// The lists of all tables with their numbers of rows, and the evidence that they rest on.
fn make_judged_lists(
    database: &mut PurgeDatabase,
    number: i64,
    request: &SelectRequest<'_>,
    tables: &[RuleTable],
) -> Result<(Vec<u64>, Option<SelectedEvidence>)> {
    let rule = request.rule;
    let Some(evidence) = &rule.evidence else {
        return Ok((make_lists(database, number, rule, tables, None)?, None));
    };
    let files = loaded_evidence(database, rule, evidence)?;
    let root = tables.first().context("a rule has a table")?;
    let list = List::new(number, 0, &root.shape)?;
    let judging = Judging::begin(database, rule, evidence, &files, &list)?;
    let answers = judging.judge(database, request.dir)?;
    let counts = make_lists(database, number, rule, tables, Some(&judging))?;
    judging.end(database)?;
    Ok((counts, Some(selected_evidence(files, answers)?)))
}

/// A target into which rows are still copied is no place to delete any from.
fn refuse_unfinished_copy(database: &mut PurgeDatabase) -> Result<()> {
    if ledger::exists(database.store())? && ledger::head(database.store())?.stage != Stage::Done {
        bail!(
            "the copy into this database is not finished; finish it first (handover-migrate copy)"
        );
    }
    Ok(())
}

/// A run that was killed once everything was written has nothing left to do.
fn selected_already(
    database: &mut PurgeDatabase,
    request: &SelectRequest<'_>,
) -> Result<Option<PurgeEntry>> {
    let purges = ledger::purges(database.store())?;
    let open = ledger::open_purge(&purges, &request.rule.name);
    let same = open.filter(|open| {
        !request.anew && open.state == PurgeState::Selected && open.selection.rule == *request.rule
    });
    if same.is_some() {
        tell("this is what was selected before; --anew gives it up and selects again");
    }
    Ok(same.cloned())
}

/// The number of the new purge. A purge of the same rule that is not certified stands in its way.
fn replace_open_purge(database: &mut PurgeDatabase, request: &SelectRequest<'_>) -> Result<i64> {
    let purges = ledger::purges(database.store())?;
    if let Some(open) = ledger::open_purge(&purges, &request.rule.name) {
        if !open.state.is_before_execute() {
            bail!(
                "purge {} of the rule {:?} is {}: rows were deleted. Bring it to its end (purge \
                 execute, purge certify), or close it if it cannot go on (purge close), before you \
                 select again",
                open.number,
                request.rule.name,
                open.state
            );
        }
        if !request.anew {
            bail!(
                "purge {} of the rule {:?} is {} already. Go on with it, or select again with \
                 --anew, which gives it up (its archive, if there is one, is kept)",
                open.number,
                request.rule.name,
                open.state
            );
        }
        ledger::abandon_purge(database.store(), open)?;
    }
    Ok(purges.iter().map(|purge| purge.number).max().unwrap_or(0) + 1)
}

fn freeze_tables(
    database: &mut PurgeDatabase,
    number: i64,
    tables: &[RuleTable],
    freezing: &mut Freezing,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Vec<(u64, FrozenTable)>> {
    let mut frozen = Vec::new();
    for (table_no, table) in tables.iter().enumerate() {
        let first_index = freezing.rows();
        let list = List::new(number, table_no, &table.shape)?;
        let came_to = freezing
            .table(database, &list, interrupt, progress)
            .with_context(|| format!("cannot read {}", table.shape.name))?;
        frozen.push((first_index, came_to));
    }
    Ok(frozen)
}

/// A condition that was written down wrong selects too much rather than too little.
fn refuse_share(rule: &PurgeRule, frozen: &[(u64, FrozenTable)]) -> Result<()> {
    let Some((_, own)) = frozen.first() else { return Ok(()) };
    let (selected, all) = (own.listed.rows, own.before.rows);
    if rule.allows_share(selected, all) {
        return Ok(());
    }
    let most = rule.share_max.unwrap_or(PurgeRule::SHARE_MAX);
    bail!(
        "the rule {:?} selects {selected} of {all} rows of {}, which is more than {most} %; nothing \
         was written. Look at its condition again. If it is right, write share_max (percent, 100 for \
         every row) into the rule, which the approvers are shown",
        rule.name,
        rule.table
    )
}

fn selected_tables(tables: &[RuleTable], frozen: &[(u64, FrozenTable)]) -> Vec<SelectedTable> {
    tables
        .iter()
        .zip(frozen)
        .map(|(table, (first_index, frozen))| SelectedTable {
            shape: table.shape.clone(),
            parents: table.parents.clone(),
            listed: frozen.listed,
            first_index: *first_index,
            before: frozen.before,
            outside: frozen.outside,
        })
        .collect()
}

/// Names some of the selected rows, for people who have to judge the rule, in the file that is
/// meant for it.
fn write_sample(
    database: &mut PurgeDatabase,
    request: &SelectRequest<'_>,
    number: i64,
    selection: &Selection,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut file = FindingsFile::new(request.dir, "findings/purge-sample.jsonl");
    for (table_no, table) in selection.tables.iter().enumerate() {
        if request.sample == 0 {
            break;
        }
        let list = List::new(number, table_no, &table.shape)?;
        let positions = 0..request.sample;
        let mut reader = database.reader();
        let sql = list.listed_rows(&reader, Some(&positions));
        list.read(&mut reader, &sql, interrupt, |row: MarkedRow<'_>| {
            file.add(&ListedRow {
                table: table.name().to_string(),
                key: key_value(row.line, list.key).ok(),
                why: "selected",
            });
            Ok(())
        })?;
    }
    file.finish()
}
