//! Purges: what is written down of records that are selected, backed up, deleted and restored.

pub mod answers;
pub mod columns;
pub mod find;
pub mod gaps;
pub mod reach;
pub mod record;
pub mod report;
pub mod restore;
pub mod statement;
pub mod used;
pub mod verdict;
