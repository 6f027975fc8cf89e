-- Seals of packages and the inventory of a hand-over: the same tables as in PostgreSQL's schema
-- "handover".
CREATE TABLE IF NOT EXISTS handover_package (
  seal TEXT PRIMARY KEY NOT NULL,
  component TEXT NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  recorded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  superseded_at TEXT
);
CREATE TABLE IF NOT EXISTS handover_inventory (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  document TEXT NOT NULL,
  recorded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
