-- The ledger of a PostgreSQL target. Rows of the platform and the entries here that say they are
-- there are committed in the same transaction.
CREATE SCHEMA IF NOT EXISTS handover;
-- One row: what is handed over, and how far it has come.
CREATE TABLE handover.ledger (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL,
  source text NOT NULL,
  source_identity text NOT NULL,
  chunk_bytes bigint NOT NULL,
  stage text NOT NULL CHECK (stage IN ('rows', 'structure', 'done')),
  created_at timestamptz NOT NULL DEFAULT now()
);
-- The plan: one row per table, in the order of names. A table that is not copied has the reason in
-- left_out, and in left_out_by whether the source cannot give it or handover.toml leaves it out.
CREATE TABLE handover.plan_table (
  table_no bigint PRIMARY KEY,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  shape text NOT NULL,
  left_out text,
  left_out_by text CHECK (left_out_by IN ('source', 'config')),
  UNIQUE (schema_name, table_name)
);
-- Every chunk, planned ones included. Ranges hold keys: people's identity numbers may be among them.
CREATE TABLE handover.chunk (
  table_no bigint NOT NULL REFERENCES handover.plan_table,
  chunk_no bigint NOT NULL,
  part_no bigint NOT NULL DEFAULT 0,
  lower_key text,
  upper_key text,
  state text NOT NULL CHECK (state IN ('planned', 'copied', 'read_back')),
  row_count bigint,
  byte_count bigint,
  digest text,
  snapshot text,
  copied_at timestamptz,
  read_back_at timestamptz,
  PRIMARY KEY (table_no, chunk_no, part_no)
);
-- Steps other than rows that are done and must not be done twice.
CREATE TABLE handover.step (
  name text PRIMARY KEY,
  problem text,
  done_at timestamptz NOT NULL DEFAULT now()
);
-- Settings of the source's own database (TimeZone, search_path, …), as the first run found them: what
-- expressions computed there depends on them, and rows are written under the same.
CREATE TABLE handover.session_setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
-- Every run of the copy. One without an end was killed.
CREATE TABLE handover.run (
  run_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('finished', 'findings', 'interrupted', 'failed'))
);
-- Tables that autovacuum leaves alone while rows are copied: it would hold the lock that building
-- a table's key needs. It is switched on again before the copy is done.
CREATE TABLE handover.unvacuumed_table (
  table_name text PRIMARY KEY
);
DO $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_'
      AND n.nspname <> 'information_schema'
      AND NOT (n.nspname = 'handover'
               AND c.relname ~ '^(ledger|plan_table|chunk|step|run|unvacuumed_table|package|inventory|identity|event|attestation|evidence.*)$')
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                      WHERE d.objid = c.oid AND d.deptype = 'e')
      AND coalesce(array_to_string(c.reloptions, ','), '') !~ 'autovacuum_enabled'
  LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name);
    INSERT INTO handover.unvacuumed_table VALUES (name);
  END LOOP;
END $$;
