//! The rehearsal: a vendor platform of our own, handed over from end to end.

pub mod platform;
