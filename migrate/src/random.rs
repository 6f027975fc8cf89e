//! Bytes that nobody can guess.

use anyhow::{Result, anyhow};

/// So many of them, from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("this machine gives no random numbers: {error}"))?;
    Ok(bytes)
}
