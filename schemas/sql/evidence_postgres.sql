-- Files that came back, signed, from the population database or the communes, in a PostgreSQL target.
-- The rows of the file called x are in handover.evidence_x: line_no, the line of the file at which the
-- row begins, and the file's columns as text. Made when the first file is loaded.
CREATE SCHEMA IF NOT EXISTS handover;
CREATE TABLE IF NOT EXISTS handover.evidence (
  name text PRIMARY KEY,
  file_name text NOT NULL,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  row_count bigint NOT NULL,
  columns text NOT NULL,
  signer text,
  loaded_at timestamptz NOT NULL DEFAULT now()
);
