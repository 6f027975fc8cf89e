-- Moves of the databases of a hand-over in a SQLite target: the same table as in PostgreSQL's schema
-- "handover".
CREATE TABLE IF NOT EXISTS handover_move (
  move_no INTEGER PRIMARY KEY,
  statement TEXT NOT NULL
);
