//! `handover-verify tables`: two databases, compared.

pub mod cause;
pub mod row_diff;
