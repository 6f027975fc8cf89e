-- Everything a SQLite file holds that both kinds of target can take.
create table of_integer (id integer primary key, filler text);
with recursive n(i) as (values (1) union all select i + 1 from n where i < 600)
insert into of_integer select i * 7 - 900, printf('%.*c', 10 + i % 17, 'x') from n;

create table counted (id integer primary key autoincrement, "t" text default 'it''s');
insert into counted values (5, 'five'), (7, 'seven'), (1000, 'highest');
delete from counted where id = 1000;

-- Names and texts that locales order otherwise than bytes.
create table of_text (name text not null primary key, n bigint);
with recursive n(i) as (values (1) union all select i + 1 from n where i < 60)
insert into of_text
    select word || i, i from n, (
        select 'Nguyễn' as word union all select 'nguyễn' union all select 'NGUYỄN'
        union all select 'Nguye' || char(770, 771) || 'n' union all select 'Đỗ' union all select 'đỗ'
        union all select 'a b' union all select 'a-b' union all select 'A_b' union all select 'ab'
        union all select 'tab' || char(9) union all select 'line' || char(10)
        union all select 'return' || char(13) union all select 'back\slash'
        union all select char(1114109) union all select ' ' union all select 'z');
insert into of_text values ('', 0), ('\N', -1), ('\.', -2);

create table without_rowid (region text, day date, n int, note varchar(40), primary key (region, day, n))
    without rowid;
insert into without_rowid select 'Vùng ' || (id % 5), date('2021-06-01', (abs(id) % 300) || ' days'), id, 'n' || id
    from of_integer;
create table of_date (day date not null primary key, t text);
insert into of_date select distinct day, day from without_rowid;
create table of_numeric (amount numeric(12, 2) not null primary key, t text);
insert into of_numeric select id * 0.25, 't' from of_integer;
create table of_real (x real not null primary key, t text);
insert into of_real select (id - 1000) * 1.37, 't' from of_integer;
insert into of_real values (1e23, 'a'), (5e-324, 'b'), (-1e300, 'c');
create table of_stamp (at datetime not null primary key);
insert into of_stamp select datetime('2021-03-08', id || ' hours') from of_integer;
insert into of_stamp values ('2021-03-08 00:00:00.5'), ('12021-03-08 00:00:00'), ('0044-03-15 12:00:00 BC');
create table of_bool (b boolean not null primary key);
insert into of_bool values (1), (0);
create table of_uuid (id uuid not null primary key);
insert into of_uuid values ('ffffffff-ffff-ffff-ffff-ffffffffffff'), ('00000000-0000-0000-0000-00000000000a');
create table of_blob (id blob not null primary key);
insert into of_blob select cast(name as blob) from of_text;
insert into of_blob values (x'00'), (x'0000'), (x'ff');
create table unique_only (code text not null, n int);
create unique index unique_only_code on unique_only (code);
insert into unique_only select name, n from of_text;
create table nullable (code text unique, n int);
insert into nullable select case when n % 3 then name end, n from of_text;
create table descending (a int not null, b text not null, primary key (a desc, b));
insert into descending select n, name from of_text;
create table no_key (a int, b text);
insert into no_key select n % 50, 'b' || (n % 7) from of_text;
insert into no_key values (null, null), (null, null), (1, ''), (1, null), (2, '\N');
create table no_rows (id integer primary key, t text);
create table no_rows_no_key (a int);

create table types (
    id integer primary key, flag boolean, tiny tinyint, big unsigned big int, n10_2 decimal(10, 2),
    n numeric, n5 numeric(5), f real, d double precision, v varchar(20), c char(5), nv nvarchar(100),
    t text, clob_ clob, b blob, day date, time_ time, stamp datetime, tz timestamptz, id_ uuid, j json,
    untyped, odd_name geometry, blob_affinity custom_type);
insert into types (id) values (0);
insert into types values
    (1, 0, -128, -9223372036854775808, -99999999.99, 0.1, 99999, 0.1, 5e-324, '', '', '', '', '', x'',
     '0001-01-01', '00:00:00', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00',
     '00000000-0000-0000-0000-000000000000', 'null', 'text in it', 1, x'00'),
    (2, 1, 127, 9223372036854775807, 99999999.99, -1e15, -99999, 1.7976931348623157e308, -0.0,
     'ÁáÀàÃãẠạ',
     'ab   ', ' ', char(1, 2, 7, 8, 9, 10, 11, 12, 13, 27, 127, 160, 65279, 1114109), '\N',
     x'000102030405060708090a0b0c0d5c7fff', '9999-12-31', '23:59:59.999999',
     '9999-12-31 23:59:59.999999', '2021-03-08 00:00:00.5+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
     '{ "b":1,
        "b":2 }', 'Nguye' || char(770, 771) || 'n ', 2, x'ff'),
    (3, null, 0, 0, 0, 12345678901234, 0, 1, 1e23, 'v', 'c', 'n', 't', 'c', x'5c2e', '2020-02-29',
     '12:34:56', '2020-02-29 12:34:56', '2020-02-29 12:34:56+00', '01234567-89ab-cdef-0123-456789abcdef',
     '[1.50, "\u0103", ""]', '', 3, x'');
create table "Số liệu" ("Mã số" integer primary key, "Họ và tên" text, "a""b" text, "%" int, "\" int, "select" int);
insert into "Số liệu" select n, 'Nguyễn ' || n, '"' || n, n, n, n from of_text where n > 0 group by n;
create table "order" ("from" int not null, "Where" text not null, [group by] int, primary key ("from", "Where"));
insert into "order" select n, 'w', n from of_text where n > 0 group by n;
create table "it's" (`back``tick` text not null primary key, "{}" text);
insert into "it's" values ('''', '"'), (':x', '?1');
create table tree (id integer primary key, parent int references tree (id), name text);
with recursive n(i) as (values (1) union all select i + 1 from n where i < 300)
insert into tree select i, nullif(i / 2, 0), 'node ' || i from n;
create table hen (id integer primary key, egg int references egg on delete cascade);
create table egg (id integer primary key, hen int references HEN (ID) on update set null);
insert into hen select id, id from tree;
insert into egg select id, id from tree;
create table referring (a int, b text, foreign key (a, b) references "order" ("from", "Where"));
insert into referring select "from", "Where" from "order" limit 20;
create table defaults (id integer primary key, n int default -1, t text default 'x', b boolean default 1,
    at datetime default current_timestamp, f real default 1.5, u text unique);
insert into defaults (u) values ('a'), ('b');
create index tree_name on tree (name, parent desc);
create unique index tree_both on tree (id, name);
insert into of_integer values (-9223372036854775808, 'least'), (9223372036854775807, 'most');
