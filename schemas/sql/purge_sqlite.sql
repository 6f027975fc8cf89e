-- Purges in a SQLite target: the same tables as in PostgreSQL's schema "handover".
CREATE TABLE IF NOT EXISTS handover_purge (
  purge_no INTEGER PRIMARY KEY,
  rule_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('selected', 'backed_up', 'executing', 'executed', 'certified', 'abandoned')),
  selection TEXT NOT NULL,
  salt_key TEXT,
  backup TEXT,
  outcome TEXT,
  certificate TEXT,
  checkpoint TEXT,
  selected_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  changed_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS handover_purge_chunk (
  purge_no INTEGER NOT NULL REFERENCES handover_purge,
  table_no INTEGER NOT NULL,
  chunk_no INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  row_count INTEGER NOT NULL,
  leaves BLOB NOT NULL,
  PRIMARY KEY (purge_no, table_no, chunk_no)
);
CREATE TABLE IF NOT EXISTS handover_purge_authority (
  authority_no INTEGER PRIMARY KEY,
  purge_no INTEGER NOT NULL REFERENCES handover_purge,
  nonce TEXT NOT NULL,
  approval TEXT NOT NULL,
  execution TEXT NOT NULL,
  begun_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS handover_purge_batch (
  purge_no INTEGER NOT NULL REFERENCES handover_purge,
  table_no INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  row_count INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  referenced INTEGER NOT NULL,
  absent INTEGER NOT NULL,
  authority_no INTEGER NOT NULL REFERENCES handover_purge_authority,
  done_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (purge_no, table_no, first_position)
);
CREATE TABLE IF NOT EXISTS handover_purge_kept (
  purge_no INTEGER NOT NULL REFERENCES handover_purge,
  table_no INTEGER NOT NULL,
  position INTEGER NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('changed', 'referenced', 'absent')),
  PRIMARY KEY (purge_no, table_no, position)
);
CREATE TABLE IF NOT EXISTS handover_restore (
  restore_no INTEGER PRIMARY KEY,
  purge_no INTEGER NOT NULL REFERENCES handover_purge,
  statement TEXT NOT NULL,
  restored_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS handover_restored_rows (
  restore_no INTEGER NOT NULL REFERENCES handover_restore,
  table_no INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  row_count INTEGER NOT NULL,
  PRIMARY KEY (restore_no, table_no, first_position)
);
