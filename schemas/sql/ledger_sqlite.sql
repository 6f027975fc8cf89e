-- The ledger of a SQLite target: the same tables as in PostgreSQL's schema "handover".
CREATE TABLE handover_ledger (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL,
  source TEXT NOT NULL,
  source_identity TEXT NOT NULL,
  chunk_bytes INTEGER NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('rows', 'structure', 'done')),
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE handover_plan_table (
  table_no INTEGER PRIMARY KEY,
  schema_name TEXT NOT NULL,
  table_name TEXT NOT NULL,
  shape TEXT NOT NULL,
  left_out TEXT,
  left_out_by TEXT CHECK (left_out_by IN ('source', 'config')),
  UNIQUE (schema_name, table_name)
);
CREATE TABLE handover_chunk (
  table_no INTEGER NOT NULL REFERENCES handover_plan_table,
  chunk_no INTEGER NOT NULL,
  part_no INTEGER NOT NULL DEFAULT 0,
  lower_key TEXT,
  upper_key TEXT,
  state TEXT NOT NULL CHECK (state IN ('planned', 'copied', 'read_back')),
  row_count INTEGER,
  byte_count INTEGER,
  digest TEXT,
  snapshot TEXT,
  copied_at TEXT,
  read_back_at TEXT,
  PRIMARY KEY (table_no, chunk_no, part_no)
) WITHOUT ROWID;
CREATE TABLE handover_step (
  name TEXT PRIMARY KEY NOT NULL,
  problem TEXT,
  done_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE handover_run (
  run_no INTEGER PRIMARY KEY,
  started_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at TEXT,
  outcome TEXT CHECK (outcome IN ('finished', 'findings', 'interrupted', 'failed'))
);
