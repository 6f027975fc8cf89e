-- The chain of events and the attestations of a hand-over, in a PostgreSQL target. Made with the
-- first event. An event's digest is the SHA-256 of its other columns as one line of COPY text.
CREATE SCHEMA IF NOT EXISTS handover;
-- One row: what tells this database from every other, but for copies of its files.
CREATE TABLE IF NOT EXISTS handover.identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  database_id text NOT NULL
);
CREATE TABLE IF NOT EXISTS handover.event (
  event_no bigint PRIMARY KEY,
  kind text NOT NULL,
  at text NOT NULL,
  operator text NOT NULL,
  host text NOT NULL,
  program text NOT NULL,
  program_sha256 text NOT NULL,
  detail text NOT NULL,
  previous text NOT NULL,
  digest text NOT NULL UNIQUE
);
-- What was stated: the bytes that are signed, of the attestation and of its closing.
CREATE TABLE IF NOT EXISTS handover.attestation (
  attestation_no bigint PRIMARY KEY,
  statement text NOT NULL,
  closing text
);
