//! What the vendor delivered beside the database: source code, installers and documents of four
//! components. One installer never came.
//!
//! Nobody and nothing in it exists. The same seed gives the same bytes, times and modes.

mod archive;
mod config;
mod documents;
mod installers;
mod product;
mod repository;
mod source_code;
mod source_file;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;

use anyhow::{Result, ensure};

use self::product::{APP, MCC, PORTAL, SUPPORT};
use self::repository::make_repository;
use self::tree::{make_folder, settle};
use super::platform::dice::Dice;

pub(crate) use self::config::config_text;

/// The components of the platform.
pub(crate) const COMPONENTS: [&str; 4] = ["portal", "support", "mcc", "app"];

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Makes the folder `dir` with everything the vendor delivered.
///
/// # Errors
///
/// There is something at `dir`, `git` is not there, or a file cannot be written.
pub(crate) fn deliver(dir: &Path, seed: u64) -> Result<()> {
    ensure!(!dir.exists(), "{} is already there; delete it first", dir.display());
    for product in [&PORTAL, &SUPPORT, &MCC, &APP] {
        let component = dir.join(product.id);
        make_folder(&component)?;
        let history = source_code::history(product, &mut Dice::new(seed, product.id));
        make_repository(&component.join("source.git"), &history)?;
    }
    let mut dice = Dice::new(seed, "installers");
    installers::write_portal(&dir.join("portal/installers"), &PORTAL, &mut dice)?;
    installers::write_support(&dir.join("support/installers"), &SUPPORT, &mut dice)?;
    installers::write_app(&dir.join("app/installers"), &APP, &mut dice)?;
    documents::write_portal(&dir.join("portal/documents"), &PORTAL)?;
    documents::write_support(&dir.join("support/documents"), &SUPPORT)?;
    documents::write_mcc(&dir.join("mcc/documents"), &MCC)?;
    documents::write_app(&dir.join("app/documents"), &APP)?;
    settle(dir, &mut Dice::new(seed, "delivery times"))
}

/// A password that nobody has.
fn invented_password(dice: &mut Dice) -> String {
    let letters: String =
        dice.uuid().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    format!("Tc{letters}#21")
}
