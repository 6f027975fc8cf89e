//! A report about the rehearsal's own platform, made in the image of the real one of 8 April 2022:
//! the same figures and sums, with this platform's numbers, and one sum that is wrong in print.

use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_schemas::figures::Document;
use handover_verify::figures::{DEFAULT_TIMEOUT, FiguresRequest, check_sets, shipped_set, to_toml};

/// The report that is imitated.
const MODEL: &str = "2022-04-08";

/// The figure that was printed wrong, and by how much.
const MISPRINTED: (&str, u64) = ("verified_right_subjects", 27);

/// Writes the set into the hand-over folder.
pub(super) fn write(handover: &HandoverDir, platform: &Path, interrupt: &Interrupt) -> Result<()> {
    let model = shipped_set(MODEL)?;
    let request = FiguresRequest {
        sets: vec![shipped_set(MODEL)?],
        source: Some(Endpoint::Sqlite(platform.to_owned())),
        target: None,
        timeout: DEFAULT_TIMEOUT,
    };
    let asked = check_sets(&request, interrupt, &Progress::silent())?;
    let given = &asked.sets.first().context("no figure was asked for")?.figures;
    let document = Document {
        title_vi: "Báo cáo diễn tập về dữ liệu tiêm chủng".to_owned(),
        title_en: "The rehearsal's report on vaccination data".to_owned(),
        ..model.set.document.clone()
    };
    let set = model.set.measured("rehearsal", document, |id| {
        let answer = given.iter().find(|one| one.id == id)?;
        let value = u64::try_from(answer.source.as_ref()?.value?).ok()?;
        Some(if id == MISPRINTED.0 { value + MISPRINTED.1 } else { value })
    });
    handover.write("figures/rehearsal.toml", to_toml(&set)?.as_bytes())?;
    Ok(())
}
