//! A report about the rehearsal's own platform, made in the image of the real one of 8 April 2022:
//! the same figures and sums, with this platform's numbers, and one sum that is wrong in print.

use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::figures::Document;
use handover_verify::endpoint::Endpoint;
use handover_verify::figures::{DEFAULT_TIMEOUT, FiguresRequest, check_sets, shipped_set, to_toml};
use handover_verify::handover_dir::HandoverDir;
use handover_verify::interrupt::Interrupt;
use handover_verify::progress::Progress;

/// The report that is imitated.
const MODEL: &str = "2022-04-08";

/// The figure that was printed wrong, and by how much.
const MISPRINTED: (&str, u64) = ("verified_right_subjects", 27);

/// Writes the set into the hand-over folder.
pub(super) fn write(handover: &HandoverDir, platform: &Path, interrupt: &Interrupt) -> Result<()> {
    let mut set = shipped_set(MODEL)?.set;
    let platform = Endpoint::Sqlite(platform.to_owned());
    let request = FiguresRequest {
        sets: vec![shipped_set(MODEL)?],
        source: Some(platform),
        target: None,
        timeout: DEFAULT_TIMEOUT,
    };
    let asked = check_sets(&request, interrupt, &Progress::silent())?;
    let given = &asked.sets.first().context("no figure was asked for")?.figures;
    set.figures.retain(|figure| figure.query.is_some());
    for figure in &mut set.figures {
        let answer = given.iter().find(|one| one.id == figure.id);
        let value = answer.and_then(|one| one.source.as_ref()?.value);
        let value = value.with_context(|| format!("the platform does not give {}", figure.id))?;
        figure.value = u64::try_from(value).context("a count is below 0")?;
        if figure.id == MISPRINTED.0 {
            figure.value += MISPRINTED.1;
        }
    }
    let known: Vec<String> = set.figures.iter().map(|figure| figure.id.clone()).collect();
    set.relations.retain(|relation| {
        std::iter::once(&relation.total)
            .chain(&relation.parts)
            .chain(&relation.less)
            .all(|id| known.contains(id))
    });
    "rehearsal".clone_into(&mut set.id);
    set.document = Document {
        title_vi: "Báo cáo diễn tập về dữ liệu tiêm chủng".to_owned(),
        title_en: "The rehearsal's report on vaccination data".to_owned(),
        ..set.document
    };
    handover.write("figures/rehearsal.toml", to_toml(&set)?.as_bytes())?;
    Ok(())
}
