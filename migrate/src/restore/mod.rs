//! Archived rows: finding them, putting them back, proving that they are there.

mod fields;
pub mod find;
pub mod load;
mod wanted;

pub use wanted::Wanted;
