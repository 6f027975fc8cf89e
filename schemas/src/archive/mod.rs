//! Archives: packages of rows that are about to be deleted.

pub mod index;
pub mod normal;
pub mod row_leaf;
pub mod search;
