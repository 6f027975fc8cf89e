//! Figures, as an attestation states them.

use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_schemas::attestation::NotChecked;
use handover_schemas::config::FiguresConfig;
use handover_schemas::figures::stated::StatedFigures;
use handover_verify::figures::{DEFAULT_TIMEOUT, FiguresRequest, check_sets, configured_sets};

/// The configured sets, held against themselves and both databases. A source that is out of reach
/// is no reason not to attest: it is stated that it was not asked.
pub fn stated_figures(
    (config, handover): (&FiguresConfig, &Path),
    (source, target): (Option<Endpoint>, &Endpoint),
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(Vec<StatedFigures>, Option<NotChecked>)> {
    if config.is_empty() {
        return Ok((Vec::new(), None));
    }
    let request = |source: Option<Endpoint>| -> Result<FiguresRequest> {
        Ok(FiguresRequest {
            sets: configured_sets(config, handover)?,
            source,
            target: Some(target.clone()),
            timeout: DEFAULT_TIMEOUT,
        })
    };
    let had_source = source.is_some();
    let (report, asked_source) = match check_sets(&request(source)?, interrupt, progress) {
        Ok(report) => (report, had_source),
        Err(error) if had_source && !error.chain().any(|cause| cause.is::<Interrupted>()) => {
            progress.note(&format!("figures are held against the target only: {error:#}"));
            let again = check_sets(&request(None)?, interrupt, progress);
            (again.context("cannot check the figures")?, false)
        }
        Err(error) => return Err(error),
    };
    let not_asked = (!asked_source).then(|| NotChecked {
        vi: "Số liệu công bố so với cơ sở dữ liệu nguồn: không đọc được nguồn".to_owned(),
        en: "Published figures against the source: it was not read".to_owned(),
    });
    Ok((report.sets.iter().map(StatedFigures::from).collect(), not_asked))
}
