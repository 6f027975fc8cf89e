-- servers: 18-
create schema since_18;
create table since_18.virtual_columns (id int primary key, name text, shout text generated always as (upper(name)),
    stored text generated always as (lower(name)) stored, twice int generated always as (id * 2) virtual not null);
insert into since_18.virtual_columns (id, name) select i, 'Tên ' || i from generate_series(1, 50) i;
-- A key whose column may hold NULL: the constraint was never validated.
create table since_18.not_valid (code int, v text);
create unique index not_valid_code on since_18.not_valid (code);
insert into since_18.not_valid select nullif(i, 7), 'v' || i from generate_series(1, 300) i;
insert into since_18.not_valid values (null, 'another'), (null, 'more');
alter table since_18.not_valid add constraint not_valid_code_nn not null code not valid;
create table since_18.named_not_null (id int constraint must_have_id not null, name text constraint "must have 'name'" not null no inherit);
comment on constraint must_have_id on since_18.named_not_null is 'a comment on NOT NULL';
insert into since_18.named_not_null values (1, 'a');
create table since_18.inheriting () inherits (since_18.named_not_null);
insert into since_18.inheriting values (2, null);
create table since_18.not_enforced (id int primary key, parent int references since_18.not_enforced not enforced,
    n int constraint n_is_small check (n < 10) not enforced);
insert into since_18.not_enforced values (1, 99, 1000);
create table since_18.temporal (room int4range, during daterange, what text, primary key (room, during without overlaps));
insert into since_18.temporal select int4range(i % 5, i % 5 + 1), daterange(date '2020-01-01' + i * 10, date '2020-01-01' + i * 10 + 9), 'w' || i
    from generate_series(1, 50) i;
create table since_18.booking (n int primary key, room int4range, during daterange,
    foreign key (room, period during) references since_18.temporal (room, period during));
insert into since_18.booking select row_number() over (), room, during from since_18.temporal limit 5;
create table since_18.unique_temporal (room int4range, during int4range, unique (room, during without overlaps));
insert into since_18.unique_temporal values ('[1,2)', '[1,5)'), ('[1,2)', '[5,9)');
create table since_18.ids (id uuid primary key default uuidv7(), at timestamptz default uuid_extract_timestamp(uuidv7()));
insert into since_18.ids values ('01234567-89ab-7def-8123-456789abcdef', '2020-01-01 00:00+00');
create view since_18.functions as select array_sort('{3,1}'::int[]) as a, reverse('\x0102'::bytea) as r, casefold('ẞ') as c, crc32('x'::bytea) as k;
create function since_18.changed() returns setof record language sql begin atomic
    update since_18.virtual_columns set name = name returning old.name, new.name; end;
create collation since_18.fast (provider = builtin, locale = 'PG_UNICODE_FAST');
create table since_18.by_fast (name text collate since_18.fast primary key);
insert into since_18.by_fast select chr(65 + i % 26) || i from generate_series(1, 50) i;
