-- Signatures of evidence files: the same table as in PostgreSQL's schema "handover".
CREATE TABLE IF NOT EXISTS handover_signed_evidence (
  name TEXT PRIMARY KEY NOT NULL,
  signature TEXT NOT NULL,
  sender TEXT,
  file_digests TEXT NOT NULL,
  found TEXT NOT NULL
);
