-- Files that came back, signed: the same table as in PostgreSQL's schema "handover".
CREATE TABLE IF NOT EXISTS handover_evidence (
  name TEXT PRIMARY KEY NOT NULL,
  file_name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  columns TEXT NOT NULL,
  signer TEXT,
  loaded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
