//! Attestations: what a ledger says, gathered; and whether a signed one says what is.

mod check;
mod copied;
mod figure_findings;
mod findings;
mod gather;
pub mod place;
mod purged;
mod rows;

pub use check::{AttestationRequest, verify_attestation, verify_closing};
pub use copied::transforms;
pub use figure_findings::figure_findings;
pub use gather::{detail_of, gather};
