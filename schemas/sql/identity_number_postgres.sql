-- What an identity number looks like, for predicates: missing, malformed, cmnd or cccd. The rules are
-- those of schemas/src/identity_number.rs. Comparisons are by bytes whatever the column's collation.
CREATE SCHEMA IF NOT EXISTS handover;
CREATE OR REPLACE FUNCTION handover.identity_number_class(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN number IS NULL THEN 'missing'
    WHEN btrim(number, E' \t\n\x0B\f\r') COLLATE "C" = '' THEN 'missing'
    WHEN translate(number, '0123456789', '') COLLATE "C" <> '' THEN 'malformed'
    WHEN octet_length(number) = 9 THEN 'cmnd'
    WHEN octet_length(number) = 12
     AND substr(number, 4, 1) COLLATE "C" IN ('0', '1', '2', '3') THEN 'cccd'
    ELSE 'malformed'
  END
$$;
