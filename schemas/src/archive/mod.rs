//! Archives of records that were taken out of a database.

pub mod record;
