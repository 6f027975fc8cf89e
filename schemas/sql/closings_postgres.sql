-- Purges that were closed before their end, in a PostgreSQL target: the envelopes that two people signed.
-- Made with the first one. What such a purge did stays in the tables of purges.
CREATE TABLE IF NOT EXISTS handover.purge_closing (
  purge_no bigint PRIMARY KEY REFERENCES handover.purge,
  statement text NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT now()
);
