//! What all archives of a run may cost together: a thousand small bombs are as many bytes as a large
//! one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may be decompressed for every byte of an archive, on average: documents, logs and
/// dumps need less.
const BYTES_FOR_A_BYTE: u64 = 20;

/// Bytes that may come out of decompression before the archives' own sizes count, unless somebody
/// says otherwise: 64 GiB.
pub const ALLOWED_BYTES: u64 = 64 << 30;

/// Bytes that may still come out of decompression. Shared by all who read.
#[derive(Debug)]
pub struct Allowance {
    left: AtomicU64,
}

impl Allowance {
    /// So many bytes, and more with every archive.
    pub fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes) }
    }

    /// An archive of so many bytes is read.
    pub(super) fn grow(&self, archive: u64) {
        let more = archive.saturating_mul(BYTES_FOR_A_BYTE);
        let grown = |left: u64| Some(left.saturating_add(more));
        // A closure that always gives a value cannot fail.
        let _before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
    }

    /// Takes bytes; false if so many are not left. What was left stays lost: nobody else gets it.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let taken = |left: u64| Some(left.saturating_sub(bytes));
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken);
        before.is_ok_and(|left| left >= bytes)
    }
}
