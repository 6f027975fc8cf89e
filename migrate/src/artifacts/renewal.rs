//! A sealed package that a new one replaces: it is kept beside it, named by its seal.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_schemas::digest::Digest;
use handover_schemas::package::{TAG_MANIFEST_FILE, kept_name};

/// Moves a sealed package aside, so that its place is free.
pub(super) fn set_aside(place: &Path, seal: Digest) -> Result<()> {
    let mut aside = kept_place(place, seal);
    // Delivered once before and replaced then: both stay.
    for number in 2_u32.. {
        if !aside.exists() {
            break;
        }
        aside = kept_place(place, seal).with_added_extension(number.to_string());
    }
    fs::rename(place, &aside)
        .with_context(|| format!("cannot move the old package to {}", aside.display()))
}

/// Whether the package with this seal was moved aside: a run was killed that replaced it.
pub(super) fn is_aside(place: &Path, seal: Digest) -> bool {
    let tags = fs::read(kept_place(place, seal).join(TAG_MANIFEST_FILE));
    tags.is_ok_and(|tags| Digest::of(&tags) == seal)
}

fn kept_place(place: &Path, seal: Digest) -> PathBuf {
    let identifier = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(kept_name(&identifier, &seal))
}
