//! A PostgreSQL target.

mod archive;
mod client_program;
mod client_release;
mod default_value;
mod dump_text;
mod empty;
mod entry_statements;
mod fence;
mod from_sqlite;
mod inherited_order;
mod key_index;
mod make;
mod other_versions;
mod owner;
mod owner_rights;
mod pattern;
mod program_message;
mod relation_names;
mod sequences;
mod source_index;
mod source_settings;
mod write;

pub use archive::{Archive, PG_CLASS, PG_CONSTRAINT, SchemaEntry, dump, without};
pub use empty::foreign_object;
pub use entry_statements::{refuse_more_than_a_routine, refuse_other_statement};
pub use fence::{alone, is_work_left, lock_run, share_work};
pub use from_sqlite::{Identity, Translation, translate};
pub use inherited_order::{keep_order, reordered_children};
pub use key_index::{KeyIndex, key_indexes};
pub use make::{
    Refusal, is_there_already, make_together, make_within, making_session, retried, takes_account,
};
pub use other_versions::without_not_null_constraints;
pub use owner::Owner;
pub use owner_rights::{refuse_owner_in_ledger, refuse_unfit_owner};
pub use pattern::hidden_patterns;
pub use relation_names::cannot_hold;
pub use sequences::{SequenceProblem, SequenceValue, sequence_values, set_sequences};
pub use source_settings::{SourceSettings, pinned_again};
pub use write::{ReachesAnotherServer, RowsThere, refuse_foreign_partition, write_chunk};
