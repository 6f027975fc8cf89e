//! Archives as a vendor packs them. Nothing in them comes from the clock or from the machine.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// 15 June 2022, 09:30 in Hà Nội: when everything was packed.
const PACKED_AT: u64 = 1_655_260_200;

/// A file in an archive.
pub(super) struct Member {
    path: String,
    mode: u32,
    bytes: Vec<u8>,
}

impl Member {
    /// A file that its reader may read.
    pub(super) fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode: 0o644, bytes: bytes.into() }
    }

    /// A file that its reader may run.
    pub(super) fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::file(path, bytes) }
    }
}

/// The bytes of a `.tar.gz`.
pub(super) fn tar_gz(members: &[Member]) -> Result<Vec<u8>> {
    // `GzBuilder` writes a time of 0 and no name unless it is told to.
    let gzip = GzBuilder::new().write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(gzip);
    for member in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(member.bytes.len() as u64);
        header.set_mode(member.mode);
        header.set_mtime(PACKED_AT);
        header.set_uid(0);
        header.set_gid(0);
        archive
            .append_data(&mut header, &member.path, member.bytes.as_slice())
            .with_context(|| format!("cannot pack {}", member.path))?;
    }
    archive.into_inner().and_then(|gzip| gzip.finish()).context("cannot finish a tar.gz")
}

/// The bytes of a `.zip`.
pub(super) fn zip(members: &[Member]) -> Result<Vec<u8>> {
    let packed_at = DateTime::from_date_and_time(2022, 6, 15, 9, 30, 0)
        .context("the time of packing is none that a zip can hold")?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(packed_at)
            .unix_permissions(member.mode);
        archive
            .start_file(member.path.as_str(), options)
            .with_context(|| format!("cannot pack {}", member.path))?;
        archive.write_all(&member.bytes).with_context(|| format!("cannot pack {}", member.path))?;
    }
    Ok(archive.finish().context("cannot finish a zip")?.into_inner())
}
