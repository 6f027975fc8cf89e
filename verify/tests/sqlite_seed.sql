/* A SQLite platform with something of everything that is compared. */
pragma foreign_keys = off;

create table scalars (
    id integer primary key, flag boolean, whole integer, price decimal(10, 2), exact numeric,
    ratio real, note text, label varchar(20), photo blob, day date, clock time, local datetime,
    instant timestamptz, token uuid, raw json);
insert into scalars (id) values (1);
insert into scalars values
    (2, 0, 0, 0, 0, 0.0, '', '', x'', '2021-03-04', '00:00:00', '2021-03-08 00:00:00',
        '2021-03-08 00:00:00+00', '00000000-0000-0000-0000-000000000000', '{}'),
    (3, 1, 9007199254740993, 12.5, 1.5, 0.1, 'Tiêm mũi 3', 'Nguyễn Thị Hoa 3', x'00ff10',
        '2021-03-04', '08:15:00.123456', '2021-03-08 08:15:00.123456',
        '2021-03-08 08:15:00.123456+00', '5a0b3a4e-0000-4000-8000-000000000003', '{"a": 1, "b": 2}'),
    (4, 0, -7, -0.75, 150, 2.5, 'two lines' || char(10) || 'a' || char(9) || 'tab and a \ backslash',
        'Trần Văn Bình 4', x'c3a9', '2021-12-31', '23:59:59', '2021-12-31 23:59:59',
        '2021-12-31 17:00:00+00', '5a0b3a4e-0000-4000-8000-000000000004', '[1, "hai"]'),
    (5, 1, 100005, 1234.56, 0.001, -1e300, 'Tiêm mũi 5', 'Lê Đức 5', x'5c4e', '1900-01-01',
        '12:00:00', '1900-01-01 12:00:00', '1900-01-01 00:00:00+00',
        '5a0b3a4e-0000-4000-8000-000000000005', '"x"');

-- Without REAL and numeric, so that sqlite3 can print every value.
create table printable (
    id integer primary key, flag boolean, price decimal(10, 2), note text, photo blob, day date,
    local datetime, token uuid, raw json);
insert into printable select id, flag, price, note, photo, day, local, token, raw from scalars;

create table people (identity text not null primary key, name text not null) without rowid;
insert into people values
    ('001099000001', 'Nguyễn Văn An'), ('001099000002', 'Trần Thị Bình'), ('B', 'Phạm Dung'),
    ('a', 'Hoàng Em'), ('ă' || char(10) || '\', 'Đỗ Giang');
create table codes (code text not null collate nocase primary key, n int);
insert into codes values ('a', 1), ('B', 2), ('c', 3), ('_', 4);
create table visits (
    facility int not null references facilities (id), seq int not null, person text,
    purpose text not null, primary key (seq, facility));
with f(f) as (values (1), (2)), s(s) as (values (1), (2), (3))
    insert into visits select f, s, 'person ' || s, 'purpose ' || f || '/' || s from f, s;
create table by_day (day date not null primary key, n int);
insert into by_day values ('2021-03-04', 1), ('1999-12-31', 2), ('2021-11-01', 3);
create table log (at datetime, line text);
insert into log values
    ('2021-03-08 08:00:00', 'start'), ('2021-03-08 08:00:00', 'start'),
    ('2021-03-08 09:00:00.5', 'a person came'), (null, ''), (null, null);
create table "Mũi ""tiêm"" $1 'x'" ("select" integer primary key, "Ngày tiêm" date);
insert into "Mũi ""tiêm"" $1 'x'" values (1, '2021-03-08'), (2, '2021-04-08');
create table empty_list (id integer primary key, note text);

create table facilities (
    id integer primary key autoincrement, name text not null default 'không tên',
    beds int check (beds > 0), code varchar(10) unique);
insert into facilities (name, beds, code) values ('Trạm A', 5, 'A1'), ('Trạm B', 9, 'B1');
create index facilities_name on facilities (name) where beds > 1;
create unique index visits_purpose on visits (purpose);
create view large_facilities as select id, name from facilities where beds > 6;
create trigger visits_kept before delete on visits begin select raise(abort, 'kept'); end;
