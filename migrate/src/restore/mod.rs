//! Archived rows: finding them, putting them back, proving that they are there.
//!
//! Rows go back the way they went: chosen from the archive, staged in temporary tables of the same
//! types, compared by the database, written parents first, read back and held against their leaves.

mod attest;
mod choice;
mod columns;
mod fields;
pub mod find;
mod held_back;
pub mod load;
mod overwrite;
mod person;
mod plan;
mod prove;
mod put_back;
mod replaced;
mod run;
mod stage;
mod taken;
mod triggers;
mod unique;
mod wanted;

pub use choice::Choice;
pub use held_back::{CHOSEN, FINDINGS};
pub use prove::{Proof, prove};
pub use run::{Applying, RestoreRequest, purge_of, restore};
pub use wanted::{NoSuchTable, Wanted};
