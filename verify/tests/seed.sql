-- A PostgreSQL platform with something of everything that is compared.
-- No table has more than a few rows, so that a mutation costs a fraction of a second.
set search_path = public;
set datestyle = 'ISO, YMD';
set timezone = 'UTC';

-- Values, a column for each type. Row 1 is NULL, row 2 empty or zero, rows 3 to 8 ordinary.
create type dose_state as enum ('planned', 'given', 'refused');
create domain phone as text check (value ~ '^[0-9+]*$');
create type place as (commune text, house int);

create table scalars (
    id int primary key, flag boolean, small smallint, whole int, large bigint,
    single real, double double precision, price numeric(12, 2), exact numeric,
    note text, label varchar(20), code char(8), photo bytea, token uuid);
insert into scalars (id) values (1);
insert into scalars values (2, false, 0, 0, 0, 0, 0, 0, 0, '', '', '', '',
    '00000000-0000-0000-0000-000000000000');
insert into scalars
    select i, i % 2 = 1, 100 + i, 100000 + i, 9007199254740990 + 2 * i,
        1.5 + i, 0.1 * i, 1234.50 + i, 1.50 + i, 'Tiêm mũi ' || i, 'Nguyễn Thị Hoa ' || i,
        'LOT-' || i, decode(md5(i::text), 'hex'), md5('token ' || i)::uuid
    from generate_series(3, 8) i;
update scalars set note = 'two lines' || chr(10) || 'a' || chr(9) || 'tab and a \ backslash'
    where id = 7;

create table moments (
    id int primary key, day date, clock time, local timestamp, instant timestamptz, span interval);
insert into moments (id) values (1);
insert into moments values
    (2, '2021-03-04', '00:00:00', '2021-03-08 00:00:00', '2021-03-08 00:00:00+00', '0'),
    (3, '2021-03-04', '08:15:00.123456', '2021-03-08 08:15:00.123456',
        '2021-03-08 08:15:00.123456+00', '1 mon'),
    (4, '2021-12-31', '08:15:00', '2021-12-31 23:59:59.999999', '2021-12-31 17:00:00+00', '1 day'),
    (5, '1900-01-01', '23:59:59.5', '1900-01-01 12:30:45', '1900-01-01 00:00:00+00',
        '-2 days +03:04:05.678'),
    (6, 'infinity', '24:00:00', 'infinity', '-infinity', '1 year 2 mons');

create table documents (
    id int primary key, raw json, parsed jsonb, state dose_state, numbers int[], words text[],
    times timestamptz[]);
insert into documents (id) values (1);
insert into documents values
    (2, '{}', '{}', 'planned', '{}', '{}', '{}'),
    (3, '{"a": 1, "b": [1, 2]}', '{"a": 1, "b": [1.50, 2]}', 'given', '{1,2,3}', '{a,NULL,"b c"}',
        '{"2021-03-08 08:15:00.5+00"}'),
    (4, '{"dose": "Mũi 1"}', '{"dose": "Mũi 1"}', 'refused', '{{1,2},{3,4}}', '{""}',
        '{"2021-03-08 00:00:00+00",NULL}');

-- Types without a renderer: the table goes over the text wire.
create table wired (
    id int primary key, home place, host inet, states dose_state[], tel phone, during tsrange,
    seen timestamp, note text);
insert into wired (id) values (1);
insert into wired values
    (2, '(Hòa Bình,12)', '10.0.0.1', '{given,refused}', '0912345678',
        '[2021-03-08,2021-03-09)', '2021-03-08 08:15:00.123456', 'Đà Nẵng'),
    (3, '(,)', '10.0.0.0/24', '{}', '', 'empty', '2021-03-08 08:15:00', '');

-- Keys of every sort.
create table people (
    identity text primary key, name text not null, born date, email varchar(60) unique);
insert into people values
    ('001099000001', 'Nguyễn Văn An', '1990-01-02', 'an@example.vn'),
    ('001099000002', 'Trần Thị Bình', '1985-11-30', 'binh@example.vn'),
    ('001099000003', 'Lê Đức Cường', '2001-07-15', null),
    ('B', 'Phạm Dung', '1960-05-05', null),
    ('a', 'Hoàng Em', null, null);
create table visits (
    facility int, seq int, person text, purpose text not null, primary key (seq, facility));
insert into visits
    select f, s, '00109900000' || s, 'purpose ' || f || '/' || s
    from generate_series(1, 3) f, generate_series(1, 4) s;
create table log (at timestamp, line text);
insert into log values
    ('2021-03-08 08:00:00', 'start'), ('2021-03-08 08:00:00', 'start'),
    ('2021-03-08 09:00:00.5', 'a person came'), (null, ''), (null, null);
create table numbers_only (amount int, step int);
insert into numbers_only select i, 10 * i from generate_series(1, 6) i;

-- Names.
create schema "Sổ tiêm";
create table "Sổ tiêm"."Mũi ""tiêm"" $1 'x'" ("select" int primary key, "Ngày tiêm" date);
insert into "Sổ tiêm"."Mũi ""tiêm"" $1 'x'" values (1, '2021-03-08'), (2, '2021-04-08');
create table "Sổ tiêm".people (id uuid primary key, name text);
insert into "Sổ tiêm".people values ('5a0b3a4e-0000-4000-8000-000000000001', 'An');

create table empty_list (id int primary key, note text);
create table nothing ();
insert into nothing default values;
