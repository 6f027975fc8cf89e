//! Taking the inventory, from the config, the packages and the ledger of the copy.

use std::collections::BTreeMap;

use anyhow::Result;
use handover_schemas::config::{Component, Deliverable, DeliverableKind};
use handover_schemas::ledger::{ChunkState, Stage};
use handover_schemas::package::inventory::{
    DeliverableState, Inventory, InventoryComponent, InventoryLine,
};
use handover_schemas::package::manifest::PackedDeliverable;

use super::Artifacts;
use super::component::Outcome;
use super::finding::{ArtifactFindingKind as Kind, ArtifactFindingLine, Place};
use super::report::PackageOutcome;
use crate::ledger;

/// What came of the database that is copied.
struct CopiedDatabase {
    state: DeliverableState,
    tables: u64,
    rows: u64,
    bytes: u64,
}

/// Takes the inventory. Components that this run left alone keep their entry; what is missing is
/// added to the findings.
pub(super) fn take(
    all: &mut Artifacts<'_>,
    outcomes: &BTreeMap<String, Outcome>,
    findings: &mut Vec<ArtifactFindingLine>,
) -> Result<Inventory> {
    let before = ledger::inventory(all.store())?.unwrap_or_default();
    let database = copied_database(all)?;
    let mut inventory = Inventory::default();
    for component in &all.config.component {
        let Some(outcome) = outcomes.get(&component.id) else {
            let kept = before.components.iter().find(|known| known.id == component.id);
            inventory.components.push(left_alone(component, kept));
            continue;
        };
        let lines: Vec<InventoryLine> = component
            .deliverable
            .iter()
            .map(|one| line(component, one, outcome, &database, findings))
            .collect();
        inventory.components.push(InventoryComponent {
            id: component.id.clone(),
            name_vi: component.name_vi.clone(),
            name_en: component.name_en.clone(),
            seal: outcome.state.seal,
            deliverables: lines,
        });
    }
    Ok(inventory)
}

/// A component that this run left alone: as it was, with what the config has of it now.
fn left_alone(component: &Component, kept: Option<&InventoryComponent>) -> InventoryComponent {
    let lines = component.deliverable.iter().map(|one| {
        let id = one.id();
        let before = kept.and_then(|kept| kept.deliverables.iter().find(|line| line.id == id));
        let unseen = || InventoryLine { state: DeliverableState::Unseen, ..empty_line(one) };
        let line = before.cloned().unwrap_or_else(unseen);
        InventoryLine { requested: one.requested.clone(), promised: one.promised.clone(), ..line }
    });
    InventoryComponent {
        id: component.id.clone(),
        name_vi: component.name_vi.clone(),
        name_en: component.name_en.clone(),
        seal: kept.and_then(|kept| kept.seal),
        deliverables: lines.collect(),
    }
}

/// A line of which nothing is known yet but what the config has.
fn empty_line(one: &Deliverable) -> InventoryLine {
    InventoryLine {
        id: one.id(),
        kind: one.kind,
        requested: one.requested.clone(),
        promised: one.promised.clone(),
        state: DeliverableState::Missing,
        files: 0,
        bytes: 0,
        rows: None,
        commit: None,
        findings: 0,
    }
}

fn line(
    component: &Component,
    one: &Deliverable,
    outcome: &Outcome,
    database: &CopiedDatabase,
    findings: &mut Vec<ArtifactFindingLine>,
) -> InventoryLine {
    let id = one.id();
    let mut line = empty_line(one);
    let packed = outcome.packed.iter().find(|packed| packed.id == id);
    if one.kind == DeliverableKind::Database && one.path.is_none() {
        line.state = database.state;
        line.files = database.tables;
        line.bytes = database.bytes;
        line.rows = (database.state != DeliverableState::Missing).then_some(database.rows);
    } else if let Some(packed) = packed.filter(|packed| packed.files > 0 || packed.git.is_some()) {
        fill(&mut line, packed);
    } else if one.path.is_some() && outcome.state.outcome == PackageOutcome::NotCompared {
        // It was sealed; what of it is left cannot be told.
        line.state = DeliverableState::Received;
    }
    let missing = match line.state {
        DeliverableState::Missing => Some(Kind::Missing),
        DeliverableState::Received if line.rows.is_some() => Some(Kind::DatabaseIncomplete),
        DeliverableState::Received | DeliverableState::Verified | DeliverableState::Unseen => None,
    };
    findings.extend(missing.map(|kind| ArtifactFindingLine {
        component: component.id.clone(),
        deliverable: Some(id.clone()),
        kind,
        place: Place::default(),
    }));
    let of_this = |finding: &&ArtifactFindingLine| {
        // One without a deliverable is about the whole package.
        finding.component == component.id
            && finding.deliverable.as_ref().is_none_or(|about| *about == id)
    };
    line.findings = findings.iter().filter(of_this).map(ArtifactFindingLine::count).sum();
    let whole = !findings.iter().filter(of_this).any(|found| found.kind.is_against_wholeness());
    if line.state == DeliverableState::Received && packed.is_some() && whole {
        line.state = DeliverableState::Verified;
    }
    line
}

fn fill(line: &mut InventoryLine, packed: &PackedDeliverable) {
    line.state = DeliverableState::Received;
    line.files = packed.files;
    line.bytes = packed.bytes;
    line.commit = packed.git.as_ref().and_then(|git| git.head_commit.clone());
}

fn copied_database(all: &mut Artifacts<'_>) -> Result<CopiedDatabase> {
    let missing = CopiedDatabase { state: DeliverableState::Missing, tables: 0, rows: 0, bytes: 0 };
    if !ledger::exists(all.store())? {
        return Ok(missing);
    }
    let stage = ledger::head(all.store())?.stage;
    let chunks = ledger::chunks(all.store())?;
    let plan = ledger::plan(all.store())?;
    let whole = stage == Stage::Done
        && chunks.iter().all(|chunk| chunk.state == ChunkState::ReadBack)
        && ledger::findings(all.store())?.is_empty();
    let digests = || chunks.iter().filter_map(|chunk| chunk.digest);
    Ok(CopiedDatabase {
        state: if whole { DeliverableState::Verified } else { DeliverableState::Received },
        tables: plan.tables.len() as u64,
        rows: digests().map(|digest| digest.rows).sum(),
        bytes: digests().map(|digest| digest.bytes).sum(),
    })
}
