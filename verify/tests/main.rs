//! The verifier as its users meet it: the real binary, real databases, public tools.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

mod bad_input;
mod chunks;
mod emptiness;
mod encodings;
mod endurance;
mod every_row;
mod explain;
mod explain_extremes;
mod figures;
mod functions_of_indexes;
mod identity_number;
mod judged;
mod large_objects;
mod left_out;
mod lying_server;
mod manual;
mod mutation;
mod own_ledger;
mod postgres_objects;
mod postgres_rows;
mod postgres_tables;
mod postgres_values;
mod quick_start;
mod read_only;
mod report;
mod rights;
mod source_text;
mod sqlite_to_postgres;
mod sqlite_to_sqlite;
mod text_keys;
mod text_output;
mod tls;
mod versions;
