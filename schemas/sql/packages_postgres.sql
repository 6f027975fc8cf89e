-- Seals of packages and the inventory of a hand-over, in a PostgreSQL target. Made when the first
-- package is sealed, before or after the copy.
CREATE SCHEMA IF NOT EXISTS handover;
-- Every package that was ever sealed; one that a later delivery replaced stays.
CREATE TABLE IF NOT EXISTS handover.package (
  seal text PRIMARY KEY,
  component text NOT NULL,
  files bigint NOT NULL,
  bytes bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  superseded_at timestamptz
);
-- One row: the inventory as it was last taken, a JSON document.
CREATE TABLE IF NOT EXISTS handover.inventory (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  document text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
