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
-- Signatures that files were loaded with: base64 of the signature (CMS as DER, or the DSSE envelope), base64
-- of the certificate (DER) that was believed (CMS), digests of the file and who was found to have signed
-- (JSON). Not called evidence_…: a file may be called anything.
CREATE TABLE IF NOT EXISTS handover.signed_evidence (
  name text PRIMARY KEY,
  signature text NOT NULL,
  sender text,
  file_digests text NOT NULL,
  found text NOT NULL
);
