-- The chain of events and the attestations in a SQLite target: the same tables as in PostgreSQL's
-- schema "handover".
CREATE TABLE IF NOT EXISTS handover_identity (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  database_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS handover_event (
  event_no INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  at TEXT NOT NULL,
  operator TEXT NOT NULL,
  host TEXT NOT NULL,
  program TEXT NOT NULL,
  program_sha256 TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS handover_attestation (
  attestation_no INTEGER PRIMARY KEY,
  statement TEXT NOT NULL,
  closing TEXT
);
