-- Moves of the databases of a hand-over, in a PostgreSQL target: the envelopes that operators signed.
-- Made with the first one. Each is bound by its event.
CREATE TABLE IF NOT EXISTS handover.move (
  move_no bigint PRIMARY KEY,
  statement text NOT NULL
);
