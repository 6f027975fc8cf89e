//! Reads a database under one snapshot: what it holds, its rows in canonical order, where chunks end.
//!
//! Nothing here writes to a database: sessions are made read-only and checked to be so, and the crate has no statement
//! that changes one.

pub mod chunking;
pub mod endpoint;
pub mod figures;
pub mod inventory;
pub mod line;
pub mod postgres;
pub mod reader;
pub mod rename;
pub mod rows;
pub mod sort;
pub mod sorted_rows;
pub mod sql;
pub mod sqlite;
pub mod table_root;
