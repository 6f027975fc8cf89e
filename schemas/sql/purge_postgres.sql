-- Purges: what was selected, backed up, approved, deleted and restored. Made with the first
-- selection. The rows that a purge lists are in tables of its own, handover.purge_list_N_T, which
-- certify drops.
CREATE SCHEMA IF NOT EXISTS handover;
-- Every purge. salt_key is erased by certify.
CREATE TABLE IF NOT EXISTS handover.purge (
  purge_no bigint PRIMARY KEY,
  rule_name text NOT NULL,
  state text NOT NULL CHECK (state IN ('selected', 'backed_up', 'executing', 'executed', 'certified', 'abandoned')),
  selection text NOT NULL,
  salt_key text,
  backup text,
  outcome text,
  certificate text,
  checkpoint text,
  selected_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);
-- The leaves of the listed rows, a chunk at a time, in the order of the list.
CREATE TABLE IF NOT EXISTS handover.purge_chunk (
  purge_no bigint NOT NULL REFERENCES handover.purge,
  table_no bigint NOT NULL,
  chunk_no bigint NOT NULL,
  first_position bigint NOT NULL,
  row_count bigint NOT NULL,
  leaves bytea NOT NULL,
  PRIMARY KEY (purge_no, table_no, chunk_no)
);
-- Under what rows were deleted: an approval, and the statement of the operator who began, or went
-- on, under it. The hand-over folder keeps a list of the nonces too.
CREATE TABLE IF NOT EXISTS handover.purge_authority (
  authority_no bigint PRIMARY KEY,
  purge_no bigint NOT NULL REFERENCES handover.purge,
  nonce text NOT NULL,
  approval text NOT NULL,
  execution text NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT now()
);
-- What was done with the listed rows, committed together with the deletion.
CREATE TABLE IF NOT EXISTS handover.purge_batch (
  purge_no bigint NOT NULL REFERENCES handover.purge,
  table_no bigint NOT NULL,
  first_position bigint NOT NULL,
  row_count bigint NOT NULL,
  deleted bigint NOT NULL,
  changed bigint NOT NULL,
  referenced bigint NOT NULL,
  absent bigint NOT NULL,
  authority_no bigint NOT NULL REFERENCES handover.purge_authority,
  done_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (purge_no, table_no, first_position)
);
-- Listed rows that were not deleted, and why.
CREATE TABLE IF NOT EXISTS handover.purge_kept (
  purge_no bigint NOT NULL REFERENCES handover.purge,
  table_no bigint NOT NULL,
  position bigint NOT NULL,
  reason text NOT NULL CHECK (reason IN ('changed', 'referenced', 'absent')),
  PRIMARY KEY (purge_no, table_no, position)
);
-- Every restore, with the operator's statement.
CREATE TABLE IF NOT EXISTS handover.restore (
  restore_no bigint PRIMARY KEY,
  purge_no bigint NOT NULL REFERENCES handover.purge,
  statement text NOT NULL,
  restored_at timestamptz NOT NULL DEFAULT now()
);
-- Which rows of the archive were put back, as runs of positions in the list of their table.
CREATE TABLE IF NOT EXISTS handover.restored_rows (
  restore_no bigint NOT NULL REFERENCES handover.restore,
  table_no bigint NOT NULL,
  first_position bigint NOT NULL,
  row_count bigint NOT NULL,
  PRIMARY KEY (restore_no, table_no, first_position)
);
