-- What is known of the files of a package while it is made. Lies beside the unfinished bag and goes
-- away with it.
CREATE TABLE entry (
  deliverable TEXT NOT NULL,
  path BLOB NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('file', 'directory', 'symlink', 'not_stored')),
  stored TEXT UNIQUE,
  size INTEGER,
  sha256 TEXT,
  mode INTEGER NOT NULL,
  modified TEXT,
  target BLOB,
  reason TEXT,
  -- Tells whether the delivered file is still the one that was read.
  identity TEXT,
  stored_bytes INTEGER,
  stored_sha256 TEXT,
  stored_sha512 TEXT,
  -- State of the stored file when it was read back and was what was written; NULL before.
  read_back TEXT,
  run INTEGER NOT NULL,
  PRIMARY KEY (deliverable, path)
) WITHOUT ROWID;
-- What archives list, as lines of members.jsonl.
CREATE TABLE member (
  archive TEXT NOT NULL,
  position INTEGER NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (archive, position)
) WITHOUT ROWID;
-- What is not as it should be within a file, as JSON.
CREATE TABLE finding (
  deliverable TEXT NOT NULL,
  path BLOB NOT NULL,
  position INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (deliverable, path, position)
) WITHOUT ROWID;
