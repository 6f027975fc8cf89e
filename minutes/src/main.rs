//! `handover-minutes`.

fn main() {}
