//! The hand-over folder itself: nothing in it leads elsewhere.

use std::path::Path;

use anyhow::Result;
use handover_cli_kit::handover_dir::links;
use handover_schemas::attestation::Outcome;

use super::All;

/// A finding for each link in the place of a folder. Without one there is nothing to say: that a folder is a folder
/// is not something that holds.
pub(super) fn check_folder(handover: &Path, all: &mut All) -> Result<()> {
    let links = links(handover)?;
    if links.is_empty() {
        return Ok(());
    }
    let mut outcome = Outcome::default();
    for name in links {
        outcome.find(format!(
            "{name} in the hand-over folder is a symbolic link: what it leads to is not part of what is handed over"
        ));
    }
    all.push("folder", outcome);
    Ok(())
}
