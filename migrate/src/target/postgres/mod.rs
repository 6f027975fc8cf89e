//! A PostgreSQL target.

mod default_value;
mod empty;
mod fence;
mod from_sqlite;
mod psql;
mod relation_names;
mod sequences;
mod source_index;
mod structure;
mod write;

pub use empty::foreign_object;
pub use fence::{alone, is_work_left, lock_run, share_work};
pub use from_sqlite::{Identity, Translation, translate};
pub use psql::{Psql, SqlFile};
pub use relation_names::cannot_hold;
pub use sequences::{SequenceValue, sequence_values, set_sequences};
pub use structure::{Archive, KeyIndex, PostDataEntry, key_indexes};
pub use write::write_chunk;
