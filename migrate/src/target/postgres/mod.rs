//! A PostgreSQL target.

mod empty;
mod fence;
mod from_sqlite;
mod psql;
mod sequences;
mod source_settings;
mod structure;
mod write;

pub use empty::foreign_object;
pub use fence::{alone, is_work_left, lock_run, share_work};
pub use from_sqlite::{Identity, Translation, translate};
pub use psql::{Psql, SqlFile};
pub use sequences::{SequenceValue, sequence_values, set_sequences};
pub use source_settings::{SourceSettings, pinned_again};
pub use structure::{Archive, KeyIndex, PostDataEntry, key_indexes};
pub use write::{ReachesAnotherServer, RowsThere, refuse_foreign_partition, write_chunk};
