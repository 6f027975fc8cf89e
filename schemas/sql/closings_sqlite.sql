-- Purges that were closed before their end, in a SQLite target: the same table as in PostgreSQL's schema
-- "handover".
CREATE TABLE IF NOT EXISTS handover_purge_closing (
  purge_no INTEGER PRIMARY KEY REFERENCES handover_purge,
  statement TEXT NOT NULL,
  closed_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
