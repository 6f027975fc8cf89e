//! The rehearsal: a vendor platform of our own, handed over from end to end, an interruption in
//! the middle included.

mod deliveries;
mod evidence;
mod interrupted_copy;
pub mod platform;
mod purge;
mod receiving;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::handover_dir::attestations::{envelope_file, made_file};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{grouped, print_text};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::package::PACKAGES_DIR;

use self::deliveries::{COMPONENTS, config_text, deliver};
use self::evidence::EvidenceRehearsal;
use self::interrupted_copy::interrupted_copy;
use self::platform::PlatformSummary;
use self::purge::PurgeRehearsal;
use self::stage::Programs;
use crate::copy::{CopyRequest, Owner, copy};

/// What to rehearse on.
#[derive(Clone, Debug)]
pub struct RehearsalRequest {
    /// Where everything is put.
    pub dir: PathBuf,
    /// Doses of the platform.
    pub doses: u64,
    /// Another seed makes another platform.
    pub seed: u64,
    /// An empty PostgreSQL database for the platform; a SQLite file in `dir` otherwise.
    pub source: Option<Endpoint>,
    /// An empty PostgreSQL database for the copy; a SQLite file in `dir` otherwise.
    pub target: Option<Endpoint>,
    /// The role that owns the platform's objects in that database.
    pub owner: Option<Owner>,
}

/// Runs every stage; ends clean if each ended as its script says.
pub fn rehearse(request: &RehearsalRequest, interrupt: &Interrupt) -> Result<Exit> {
    let programs = Programs::find()?;
    let dir = empty_dir(&request.dir)?;
    let built = dir.path().join("platform.db");
    let photos = dir.path().join("photos");
    headline(1, "The vendor's platform")?;
    let summary = platform::build(&built, &photos, request.doses, request.seed)?;
    print_text(&describe(&summary, &built, &photos))?;
    let deliveries = dir.path().join("deliveries");
    deliver(&deliveries, request.seed)?;
    print_text(&format!(
        "Source code, installers and documents of four components were delivered; one installer \
         never came: {}\n",
        deliveries.display()
    ))?;
    let source = match &request.source {
        None => Endpoint::Sqlite(built.clone()),
        Some(Endpoint::Postgres(_)) => {
            load_platform(request, built.clone(), dir.path(), interrupt)?
        }
        Some(Endpoint::Sqlite(_)) => bail!("--source is for a PostgreSQL database"),
    };
    let target = match &request.target {
        Some(target) => target.clone(),
        None => Endpoint::Sqlite(dir.path().join("target.db")),
    };
    let folder = dir.path().join("handover");
    let handover = HandoverDir::open(&folder)?;
    handover.write(CONFIG_FILE, config_of(request, &source, &target).as_bytes())?;

    headline(2, "Copy it; the power fails in the middle")?;
    let kept = interrupted_copy(&programs, (&source, request.doses), &target, &folder, interrupt)?;
    headline(3, "Copy it: the same command again")?;
    programs.copy(&source, &target, &folder)?;
    print_text(&format!(
        "{} of {} chunks had been finished before the power failed, and were kept.\n",
        kept.finished, kept.planned
    ))?;
    print_text(&programs.status(&target)?)?;

    headline(4, "Verify it, with the auditors' own program")?;
    let verdict = programs.verify(&source, &target, &folder)?;
    print_text(&verdict)?;

    headline(5, "Receive everything that is not a table")?;
    programs.artifacts(&source, &target, &folder)?;
    receiving::check_findings(&handover, summary.photos)?;
    headline(6, "Verify the packages")?;
    for component in COMPONENTS {
        print_text(&programs.verify_package(&target, &folder, component)?)?;
    }
    let purge = PurgeRehearsal {
        programs: &programs,
        rehearsal: &dir,
        handover: &handover,
        platform: &built,
        summary: &summary,
        target: &target,
    };
    let keys = purge.run(7)?;
    let evidence = EvidenceRehearsal {
        programs: &programs,
        rehearsal: &dir,
        handover: &handover,
        platform: &built,
        source: &source,
        target: &target,
        keys: &keys,
    };
    evidence.run(11, interrupt)?;
    print_text(&closing(&source, &target, &folder))?;
    Ok(Exit::Clean)
}

/// The config of the hand-over: paths are seen from its folder, which is beside the platform.
fn config_of(request: &RehearsalRequest, source: &Endpoint, target: &Endpoint) -> String {
    let url = |given: &Option<Endpoint>, endpoint: &Endpoint, beside: &str| match given {
        Some(_) => endpoint.to_string(),
        None => format!("sqlite:../{beside}"),
    };
    config_text(
        &url(&request.source, source, "platform.db"),
        &url(&request.target, target, "target.db"),
        request.owner.as_ref(),
    )
}

fn headline(number: u8, title: &str) -> Result<()> {
    print_text(&format!("\n== {number}. {title}\n\n"))
}

/// The rehearsal's folder; refuses one that has anything in it.
fn empty_dir(path: &Path) -> Result<HandoverDir> {
    let dir = HandoverDir::open(path)?;
    let mut entries =
        fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty; delete it, or name another folder with --dir (nothing was changed)",
            path.display()
        );
    }
    Ok(dir)
}

fn describe(summary: &PlatformSummary, database: &Path, photos: &Path) -> String {
    let without = summary.without_identity_number + summary.malformed_identity_number;
    format!(
        "{} subjects (đối tượng) and {} doses (mũi tiêm) in {} tables: {}\n\
         {} subjects have no identity number or one in a wrong format; {} cannot be verified.\n\
         {} pieces of feedback came with {} photos: {}\n",
        grouped(summary.subjects),
        grouped(summary.doses),
        summary.tables,
        database.display(),
        grouped(without),
        grouped(summary.not_verifiable),
        grouped(summary.feedback),
        grouped(summary.photos.referenced),
        photos.display(),
    )
}

/// Puts the platform into an empty PostgreSQL database: by our own copy, whose ledger is then
/// taken away, since a vendor's database has none.
fn load_platform(
    request: &RehearsalRequest,
    built: PathBuf,
    dir: &Path,
    interrupt: &Interrupt,
) -> Result<Endpoint> {
    let Some(Endpoint::Postgres(postgres)) = &request.source else {
        bail!("--source is for a PostgreSQL database");
    };
    let endpoint = Endpoint::Postgres(postgres.clone());
    let load = CopyRequest {
        source: Endpoint::Sqlite(built),
        target: endpoint.clone(),
        handover: dir.join("loading"),
        jobs: 2,
        chunk_bytes: handover_schemas::chunk::CHUNK_BYTES_MAX,
        max_rate: None,
        type_overrides: Vec::new(),
        leave_out: Vec::new(),
        rename: Vec::new(),
        reviewed: None,
        owner: None,
        plan_only: false,
        show_keys: false,
    };
    let report = copy(&load, interrupt, &Progress::silent())
        .context("cannot put the platform into the --source database")?;
    if report.has_findings() {
        bail!("the platform could not be put into the --source database: {:?}", report.findings);
    }
    Session::open(postgres, Access::Write, interrupt)?.execute("DROP SCHEMA handover CASCADE")?;
    print_text(&format!("It was put into {endpoint}\n"))?;
    Ok(endpoint)
}

/// Where the minutes are, if they could be made.
fn minutes(folder: &Path) -> String {
    let file = folder.join(made_file(1, "minutes.pdf"));
    if file.exists() { file.display().to_string() } else { "not made yet".to_owned() }
}

fn closing(source: &Endpoint, target: &Endpoint, folder: &Path) -> String {
    format!(
        "\n== The rehearsal ended as it should\n\n\
         source           {source}\n\
         target           {target}\n\
         SQL that was run {}\n\
         packages         {}\n\
         attestation      {}\n\
         report           {}\n\
         minutes          {}\n\n\
         What an auditor can do without our programs: add --explain to the command of stage 4, and \
         run what it prints; follow RECOVERY.md in each package.\n",
        folder.join("schema").display(),
        folder.join(PACKAGES_DIR).display(),
        folder.join(envelope_file(1)).display(),
        folder.join(made_file(1, "report.html")).display(),
        minutes(folder),
    )
}
