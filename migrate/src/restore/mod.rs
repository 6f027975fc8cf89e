//! Putting archived rows back.

pub mod load;
