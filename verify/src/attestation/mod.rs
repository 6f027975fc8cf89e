//! Attestations: what a ledger says, gathered; and whether a signed one says what is.

mod check;
mod closing;
mod copied;
mod figure_findings;
mod findings;
mod gather;
mod lines;
mod purged;
mod regular_file;
mod rows;

pub use check::{AttestationRequest, verify_attestation};
pub use closing::{ClosingRequest, bound_files, verify_closing};
pub use copied::transforms;
pub use figure_findings::figure_findings;
pub use gather::{detail_of, gather};
pub use regular_file::read_regular;
