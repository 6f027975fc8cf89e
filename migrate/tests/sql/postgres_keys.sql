-- Keys of every kind, each with enough rows for several chunks of a kibibyte. Runs in databases of
-- any default collation.
create schema keys;

create function keys.filler(i int) returns text immutable language sql
    as $$ select repeat(chr(97 + i % 26), 10 + i % 17) $$;

create table keys.of_int (id int primary key, filler text);
insert into keys.of_int select 7 * i - 900, keys.filler(i) from generate_series(1, 500) i;

create table keys.of_bigint (id bigint primary key, filler text);
insert into keys.of_bigint select 9223372036854775807 - 1000003::bigint * i, keys.filler(i)
    from generate_series(0, 199) i;

-- Upper and lower case, diacritics composed and not, blanks, tabs, line feeds, backslashes, the
-- longest code point and the empty text: orders of locales and of bytes differ on all of them.
create table keys.of_text (name text primary key, n int);
insert into keys.of_text
    select word || i::text, i from generate_series(1, 60) i,
        unnest(array['Nguyễn', 'nguyễn', 'NGUYỄN', E'Nguye\u0302\u0303n', 'Đỗ', 'đỗ', 'a b', 'a-b',
                     'A_b', 'ab', E'tab\t', E'line\n', E'back\\slash', E'\U0010FFFD', ' ', 'z']) word;
insert into keys.of_text values ('', 0), (E'\\N', -1), (E'\\.', -2);

create table keys.of_varchar (code varchar(40) primary key, filler text);
insert into keys.of_varchar select 'M' || md5(i::text), keys.filler(i) from generate_series(1, 300) i;

-- In byte order whatever the database says, and in a locale's whatever it says.
create table keys.of_text_c (name text collate "C" primary key);
insert into keys.of_text_c select name from keys.of_text;
create table keys.of_text_icu (name text collate "und-x-icu" primary key, n int);
insert into keys.of_text_icu select * from keys.of_text;

-- "a" = "A": two rows of keys.of_text could not both be in it.
create collation keys.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table keys.of_text_no_case (name text collate keys.no_case primary key, n int);
insert into keys.of_text_no_case select chr(65 + i % 26) || chr(97 + (i * 7) % 26) || i, i
    from generate_series(1, 300) i;

create table keys.of_char (code char(12) primary key, n int);
insert into keys.of_char select 'C' || i, i from generate_series(1, 300) i;

create table keys.of_numeric (amount numeric primary key, filler text);
insert into keys.of_numeric
    select (i - 150) * power(10::numeric, (i % 9) * 3 - 12), keys.filler(i)
    from generate_series(1, 300) i;
insert into keys.of_numeric values ('NaN', 'nan'), ('Infinity', 'inf'), ('-Infinity', '-inf'),
    ('1.50', 'scale two'), (1e131000 + 0.5, 'long');

create table keys.of_float8 (x float8 primary key, filler text);
insert into keys.of_float8 select sin(i) * power(10::float8, i % 40 - 20), keys.filler(i)
    from generate_series(1, 300) i;
insert into keys.of_float8 values ('NaN'), ('Infinity'), ('-Infinity'), (0), (1e23), (5e-324);

create table keys.of_bool (b boolean primary key);
insert into keys.of_bool values (true), (false);

create table keys.of_date (d date primary key, filler text);
insert into keys.of_date select date '2021-03-08' - i * 37, keys.filler(i)
    from generate_series(1, 300) i;
insert into keys.of_date values ('infinity'), ('-infinity'), ('4713-01-01 BC'), ('12345-06-07');

create table keys.of_time (t time primary key, filler text);
insert into keys.of_time select time '00:00' + i * interval '4 minutes 0.000007 s', keys.filler(i)
    from generate_series(0, 300) i;
insert into keys.of_time values ('24:00:00');

create table keys.of_timestamp (t timestamp primary key, filler text);
insert into keys.of_timestamp select timestamp '2021-03-08 07:00' + i * interval '31 h 0.000001 s',
    keys.filler(i) from generate_series(-150, 150) i;
insert into keys.of_timestamp values ('infinity'), ('-infinity'), ('0044-03-15 12:00:00 BC');

create table keys.of_timestamptz (t timestamptz primary key, filler text);
insert into keys.of_timestamptz select timestamptz '2021-03-08 07:00+07' + i * interval '31 h',
    keys.filler(i) from generate_series(-150, 150) i;

create table keys.of_interval (i interval primary key, filler text);
insert into keys.of_interval select make_interval(0, i % 5, 0, i % 7, 0, 0, i * 1.5), keys.filler(i)
    from generate_series(-150, 150) i;

create table keys.of_uuid (id uuid primary key, filler text);
insert into keys.of_uuid select md5(i::text)::uuid, keys.filler(i) from generate_series(1, 300) i;

create table keys.of_bytea (id bytea primary key, filler text);
insert into keys.of_bytea select decode(md5(i::text), 'hex'), keys.filler(i)
    from generate_series(1, 300) i;
insert into keys.of_bytea values (''), ('\x00'), ('\x0000'), ('\xff');

create type keys.day as enum ('thứ hai', 'thứ ba', 'thứ tư', 'thứ năm', 'thứ sáu', 'thứ bảy', 'chủ nhật');
create table keys.of_enum (day keys.day, week int, filler text, primary key (day, week));
insert into keys.of_enum select day, week, keys.filler(week)
    from unnest(enum_range(null::keys.day)) day, generate_series(1, 40) week;

create domain keys.phone as text check (value ~ '^[0-9+ ]*$');
create table keys.of_domain (phone keys.phone primary key, filler text);
insert into keys.of_domain select '+84 9' || lpad((i * 7919)::text, 8, '0'), keys.filler(i)
    from generate_series(1, 300) i;

create domain keys.number as int check (value > 0);
create table keys.of_int_domain (n keys.number primary key, filler text);
insert into keys.of_int_domain select i * 3, keys.filler(i) from generate_series(1, 300) i;

create table keys.of_jsonb (j jsonb primary key, filler text);
insert into keys.of_jsonb select jsonb_build_object('a', i, 'b', keys.filler(i)), keys.filler(i)
    from generate_series(1, 200) i;

create table keys.of_array (a int[] primary key, filler text);
insert into keys.of_array select array[i % 3, i, -i], keys.filler(i) from generate_series(1, 300) i;

create table keys.of_inet (address inet primary key, filler text);
insert into keys.of_inet select inet '10.0.0.0' + i * 77, keys.filler(i)
    from generate_series(1, 300) i;

create table keys.of_range (r int4range primary key, filler text);
insert into keys.of_range select int4range(i, i + abs(i) % 5 + 1), keys.filler(abs(i))
    from generate_series(-150, 150) i;

create table keys.of_name ("name" name primary key, oid oid not null unique, "char" "char");
insert into keys.of_name select 'n' || md5(i::text), 4294967295 - i, 'x'
    from generate_series(1, 300) i;

create table keys.of_bits (b bit varying(20) primary key, filler text);
insert into keys.of_bits select (i::bit(12))::varbit, keys.filler(i) from generate_series(1, 300) i;

create table keys.composite (region text, facility int, day date, filler text,
    primary key (region, day, facility));
insert into keys.composite select 'Vùng ' || chr(65 + i % 5), i % 11, date '2021-06-01' + i / 10,
    keys.filler(i) from generate_series(1, 600) i;

create table keys.composite_numbers (a int, b bigint, c smallint, filler text,
    primary key (c, a, b));
insert into keys.composite_numbers select i % 7, i, i % 3, keys.filler(i)
    from generate_series(1, 600) i;

-- The key's order in the index is not the declared one, and runs backwards in part.
create table keys.descending (a int not null, b text not null, filler text);
create unique index descending_key on keys.descending (b desc, a nulls first) include (filler);
insert into keys.descending select i, 'b' || i % 10, keys.filler(i) from generate_series(1, 300) i;

create table keys.index_only (code text not null, n int);
create unique index index_only_code on keys.index_only (code);
insert into keys.index_only select md5(i::text), i from generate_series(1, 300) i;

-- A NULL is not equal to another: no key, one chunk, duplicates kept.
create table keys.nullable (code text unique, n int);
insert into keys.nullable select nullif('c' || i, 'c' || i / 3 * 3), i / 10
    from generate_series(1, 300) i;
insert into keys.nullable select null, 1 from generate_series(1, 5);

create table keys.partial (code text not null, n int);
create unique index partial_code on keys.partial (code) where n is not null;
insert into keys.partial select 'c' || i, nullif(i, 7) from generate_series(1, 300) i;

create table keys.expression (code text not null);
create unique index expression_code on keys.expression (lower(code));
insert into keys.expression select 'C' || i from generate_series(1, 300) i;

-- The key is computed: it is not copied, so the rows have none.
create table keys.generated (n int, id int generated always as (n * 2) stored primary key);
insert into keys.generated select i from generate_series(1, 300) i;

create table keys.deferrable (id int, b text not null, constraint deferrable_pkey primary key (id)
    deferrable initially deferred, constraint deferrable_b unique (b) deferrable);
insert into keys.deferrable select i, 'b' || i from generate_series(1, 300) i;

create table keys.none (a int, b text);
insert into keys.none select i % 50, keys.filler(i % 50) from generate_series(1, 500) i;
insert into keys.none values (null, null), (null, null), (1, ''), (1, null), (2, E'\\N'), (2, E'\t\n');

create table keys.no_rows (id int primary key, t text);
create table keys.no_rows_no_key (a int);

create table keys.no_columns ();
insert into keys.no_columns default values;
insert into keys.no_columns default values;
insert into keys.no_columns default values;
create table keys.no_columns_no_rows ();

create table keys.only_generated (a int generated always as (1 + 1) stored);
insert into keys.only_generated default values;
insert into keys.only_generated default values;
