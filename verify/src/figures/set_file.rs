//! Figure sets as files: read, checked, written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_schemas::config::FiguresConfig;
use handover_schemas::digest::Digest;
use handover_schemas::figures::{FigureSet, SHIPPED, ShippedSet, shipped};

use crate::config_file::explanation;

/// Longest file that is read.
const BYTES_MAX: u64 = 4 << 20;

/// A set, and which bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSet {
    /// The set, checked.
    pub set: FigureSet,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// Reads and checks a set. An error says which line or which entry is wrong.
pub fn parse_set(bytes: &[u8]) -> Result<LoadedSet> {
    let text = std::str::from_utf8(bytes).context("it is not UTF-8")?;
    let set: FigureSet =
        toml::from_str(text).map_err(|error| anyhow::anyhow!(explanation(text, &error)))?;
    set.check()?;
    Ok(LoadedSet { set, sha256: Digest::of(bytes) })
}

/// Reads and checks a file.
pub fn load_set(path: &Path) -> Result<LoadedSet> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the figure set {}", path.display()))?;
    if u64::try_from(bytes.len())? > BYTES_MAX {
        bail!("{} is larger than 4 MiB: it is no figure set", path.display());
    }
    parse_set(&bytes).with_context(|| path.display().to_string())
}

/// A set that comes with the program.
pub fn shipped_set(id: &str) -> Result<LoadedSet> {
    let found = shipped(id).with_context(|| {
        let known: Vec<&str> = SHIPPED.iter().map(|set| set.id).collect();
        format!("no figure set {id:?} is shipped; known are {}", known.join(", "))
    })?;
    parse_shipped(found)
}

/// Every set that comes with the program.
pub fn all_shipped() -> Result<Vec<LoadedSet>> {
    SHIPPED.iter().map(parse_shipped).collect()
}

/// The sets that `handover.toml` names: first its files, then the shipped ones.
pub fn configured_sets(config: &FiguresConfig, handover: &Path) -> Result<Vec<LoadedSet>> {
    let files = config.sets.iter().map(|path| load_set(&handover.join(path)));
    files.chain(config.shipped.iter().map(|id| shipped_set(id))).collect()
}

/// The file of a set; an error if the set breaks a rule.
pub fn to_toml(set: &FigureSet) -> Result<String> {
    set.check()?;
    toml::to_string_pretty(set).context("cannot write the figure set as TOML")
}

fn parse_shipped(shipped: &ShippedSet) -> Result<LoadedSet> {
    parse_set(shipped.toml.as_bytes()).with_context(|| format!("shipped set {}", shipped.id))
}
