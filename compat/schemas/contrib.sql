-- servers: contrib
-- Types, functions and operator classes of extensions, where both servers have them.
create schema contrib;
create extension hstore schema contrib;
create extension citext schema contrib;
create extension unaccent schema contrib;
create extension pg_trgm schema contrib;
create extension btree_gist schema contrib;
create extension ltree schema contrib;
create table contrib.typed (id int primary key, h contrib.hstore, c contrib.citext, l contrib.ltree, hs contrib.hstore[]);
insert into contrib.typed select i, contrib.hstore('k' || i, nullif('v' || i, 'v3')), 'Tên ' || i, contrib.text2ltree('a.b' || i) from generate_series(1, 50) i;
create table contrib.of_citext (name contrib.citext primary key, n int);
insert into contrib.of_citext select chr(97 + i % 26) || 'X' || i, i from generate_series(1, 100) i;
-- Search without diacritics, as applications write it: the function names no schema.
create function contrib.plain(t text) returns text language sql immutable as $$ select contrib.unaccent('contrib.unaccent', t) $$;
create index typed_plain on contrib.typed (contrib.plain(c::text));
create index typed_similar on contrib.typed using gin (lower(c::text) contrib.gin_trgm_ops);
create index typed_h on contrib.typed using gin (h);
create table contrib.no_overlap (room int, during tsrange, exclude using gist (room with =, during with &&));
insert into contrib.no_overlap select i % 3, tsrange(timestamp '2020-01-01' + i * interval '1 day', timestamp '2020-01-02' + i * interval '1 day') from generate_series(1, 30) i;
