//! Receiving everything that is not a table: for each component of the config, what was delivered
//! is checked, copied into a package, read back and sealed; then the inventory is taken.

mod again;
mod component;
mod finding;
mod inventory;
mod look;
mod read_file;
mod receive;
mod recheck;
mod references;
mod renewal;
pub mod report;
mod repository;
mod vendor;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_schemas::config::Config;
use handover_schemas::ledger::Stage;
use handover_verify::file_tree::allow_many_open_files;

use self::component::{ComponentWork, Outcome};
pub use self::finding::{ArtifactFinding, ArtifactFindingKind, ArtifactFindingLine};
use self::report::ArtifactsReport;
use crate::deliverable::members::Allowance;
use crate::ledger::{self, Store};
use crate::target::Target;
use crate::target::sqlite::open_target;

/// File with the places of findings, in the hand-over folder.
const FINDINGS_FILE: &str = "findings/artifacts.jsonl";

/// What to receive, and how.
pub struct ArtifactsRequest {
    /// What the config lists.
    pub config: Config,
    /// The hand-over folder.
    pub dir: HandoverDir,
    /// The vendor's database, if it is known: columns there may name files.
    pub source: Option<Endpoint>,
    /// The ministry's database, whose ledger keeps the seals.
    pub target: Endpoint,
    /// Only these components; all if empty.
    pub only: Vec<String>,
    /// Seal anew what has changed since it was sealed.
    pub renew: bool,
    /// Files read at the same time.
    pub jobs: usize,
    /// Bytes that may come out of all archives together, beyond what their sizes allow.
    pub archive_bytes: u64,
}

/// What all components share.
struct Artifacts<'r> {
    config: &'r Config,
    dir: &'r HandoverDir,
    target: Target,
    /// The database whose columns name files: the target once everything is copied, else the
    /// source.
    rows: Option<Endpoint>,
    renew: bool,
    jobs: usize,
    /// What looking into the archives of this run may cost.
    together: Arc<Allowance>,
    interrupt: &'r Interrupt,
    progress: &'r Progress,
}

impl Artifacts<'_> {
    fn store(&mut self) -> &mut dyn Store {
        self.target.store()
    }
}

/// Receives, seals, takes the inventory.
pub fn receive(
    request: &ArtifactsRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<ArtifactsReport> {
    check_names(request)?;
    allow_many_open_files();
    let mut target = match &request.target {
        Endpoint::Postgres(postgres) => {
            Target::Postgres(Session::open(postgres, Access::Write, interrupt)?)
        }
        Endpoint::Sqlite(path) => Target::Sqlite(open_target(path)?),
    };
    ledger::refuse_beside_code(target.store())?;
    ledger::prepare_packages(target.store())?;
    let copied =
        ledger::exists(target.store())? && ledger::head(target.store())?.stage == Stage::Done;
    let rows = if copied { Some(request.target.clone()) } else { request.source.clone() };
    let mut all = Artifacts {
        config: &request.config,
        dir: &request.dir,
        target,
        rows,
        renew: request.renew,
        jobs: request.jobs,
        together: Arc::new(Allowance::new(request.archive_bytes)),
        interrupt,
        progress,
    };
    let mut outcomes = BTreeMap::new();
    // The fault of one component does not keep the others from being received.
    let mut failed = Vec::new();
    for component in &request.config.component {
        if request.only.is_empty() || request.only.contains(&component.id) {
            interrupt.check()?;
            match ComponentWork::new(&mut all, component).run() {
                Ok(outcome) => {
                    outcomes.insert(component.id.clone(), outcome);
                }
                Err(error) => {
                    interrupt.check()?;
                    failed.push((component.id.as_str(), error));
                }
            }
        }
    }
    let others = outcomes.len();
    let report =
        if failed.is_empty() || others > 0 { Some(report(&mut all, outcomes)?) } else { None };
    match (report, failed.into_iter().next()) {
        (Some(report), None) => Ok(report),
        (_, Some((_, error))) if others == 0 => Err(error),
        (_, Some((id, error))) => Err(error.context(format!(
            "component {id} was not received; what came of the {others} others is recorded \
             (handover-migrate status)"
        ))),
        (None, None) => bail!("there is no component"),
    }
}

fn check_names(request: &ArtifactsRequest) -> Result<()> {
    if request.config.component.is_empty() {
        bail!(
            "handover.toml lists no component; add [[component]] with what is to be handed over \
             (handover-migrate init shows how)"
        );
    }
    for name in &request.only {
        if !request.config.component.iter().any(|component| component.id == *name) {
            bail!("handover.toml has no component {name:?}");
        }
    }
    Ok(())
}

fn report(
    all: &mut Artifacts<'_>,
    mut outcomes: BTreeMap<String, Outcome>,
) -> Result<ArtifactsReport> {
    let mut lines: Vec<ArtifactFindingLine> =
        outcomes.values_mut().flat_map(|outcome| std::mem::take(&mut outcome.findings)).collect();
    let inventory = inventory::take(all, &outcomes, &mut lines)?;
    ledger::record_inventory(all.store(), &inventory)?;
    let mut findings = summed(&lines);
    findings.sort();
    lines.extend(kept_lines(all, &outcomes)?);
    let written = write_lines(all.dir, &lines)?;
    let order = all.config.component.iter();
    let states = order.filter_map(|component| outcomes.get(&component.id));
    Ok(ArtifactsReport {
        inventory,
        packages: states.clone().map(|outcome| outcome.state.clone()).collect(),
        findings,
        findings_in: written,
        not_checked: states.flat_map(|outcome| outcome.not_checked.clone()).collect(),
    })
}

/// One finding for all lines of one kind and cause about one deliverable.
fn summed(lines: &[ArtifactFindingLine]) -> Vec<ArtifactFinding> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let cause = line.place.cause.clone();
        let key = (line.component.clone(), line.deliverable.clone(), line.kind, cause);
        *counts.entry(key).or_insert(0) += line.count();
    }
    counts
        .into_iter()
        .map(|((component, deliverable, kind, cause), count)| {
            let about = match &deliverable {
                Some(deliverable) => format!("{component} {deliverable}"),
                None => component.clone(),
            };
            let message = match (kind, &cause) {
                (ArtifactFindingKind::Missing, _) => format!("{about} is missing"),
                (_, None) => format!("{about}: {}", kind.describe(count)),
                (_, Some(cause)) => format!("{about}: {}: {cause}", kind.describe(count)),
            };
            ArtifactFinding { component, deliverable, kind, cause, count, message }
        })
        .collect()
}

/// What the findings file has about components that this run left alone.
fn kept_lines(
    all: &Artifacts<'_>,
    outcomes: &BTreeMap<String, Outcome>,
) -> Result<Vec<ArtifactFindingLine>> {
    let path = all.dir.path().join(FINDINGS_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let lines = text.lines().map(|line| {
        serde_json::from_str(line).with_context(|| {
            format!("{} is damaged; delete it, and run the same command again", path.display())
        })
    });
    let lines: Vec<ArtifactFindingLine> = lines.collect::<Result<_>>()?;
    let left_alone = |line: &ArtifactFindingLine| {
        !outcomes.contains_key(&line.component)
            && all.config.component.iter().any(|known| known.id == line.component)
    };
    Ok(lines.into_iter().filter(left_alone).collect())
}

/// Writes the findings file; gives its place if there is anything to say.
fn write_lines(dir: &HandoverDir, lines: &[ArtifactFindingLine]) -> Result<Option<String>> {
    if lines.is_empty() {
        dir.remove(FINDINGS_FILE)?;
        return Ok(None);
    }
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).context("cannot write the findings")?;
        text.push(b'\n');
    }
    let path = dir.write(FINDINGS_FILE, &text).context("cannot keep the findings")?;
    Ok(Some(path.display().to_string()))
}
