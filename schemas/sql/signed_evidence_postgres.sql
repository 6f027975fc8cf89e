-- Signatures that evidence files were loaded with, in a PostgreSQL target: base64 of the signature (CMS as DER,
-- or the DSSE envelope), base64 of the certificate (DER) that was believed (CMS), digests of the file and who
-- was found to have signed (JSON). Made when the first signature is recorded. Not called evidence_x: a file may
-- be called anything.
CREATE TABLE IF NOT EXISTS handover.signed_evidence (
  name text PRIMARY KEY,
  signature text NOT NULL,
  sender text,
  file_digests text NOT NULL,
  found text NOT NULL
);
