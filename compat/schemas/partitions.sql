-- servers: all
set client_min_messages = warning;
-- Partitions and inheritance.
create schema parts;

create table parts.doses (id bigint, given date not null, region text not null, note text,
    half int generated always as (length(note) / 2) stored, primary key (given, id, region)) partition by range (given);
create table parts.doses_2020 partition of parts.doses for values from (minvalue) to ('2021-01-01');
create table parts.doses_2021 partition of parts.doses for values from ('2021-01-01') to ('2022-01-01') partition by list (region);
create table parts.doses_2021_north partition of parts.doses_2021 for values in ('bắc', 'north') partition by hash (id);
create table parts.doses_2021_north_0 partition of parts.doses_2021_north for values with (modulus 2, remainder 0);
create table parts.doses_2021_north_1 partition of parts.doses_2021_north for values with (modulus 2, remainder 1);
create table parts.doses_2021_south (note text, region text not null, dropped int, given date not null,
    half int generated always as (length(note) / 2) stored, id bigint not null);
alter table parts.doses_2021_south drop column dropped;
alter table parts.doses_2021 attach partition parts.doses_2021_south for values in ('nam', null);
create table parts.doses_rest partition of parts.doses default;
alter table parts.doses_rest add constraint rest_check check (note <> 'no');
create index doses_note on parts.doses (note);
create index doses_2020_only on parts.doses_2020 (region);
insert into parts.doses select i, date '2020-06-01' + i, (array['bắc', 'north', 'nam'])[i % 3 + 1], 'n' || i from generate_series(1, 214) i;
insert into parts.doses select i, date '2020-06-01' + i, (array['bắc', 'north', 'nam'])[i % 3 + 1], 'n' || i from generate_series(580, 700) i;
insert into parts.doses select i, date '2020-06-01' + i, (array['bắc', 'north', 'nam'])[i % 3 + 1], 'n' || i from generate_series(215, 578) i;

-- Triggers of partitions of partitions, one of them disabled.
create function parts.touched() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touch before insert on parts.doses for each row execute function parts.touched();
create trigger after_touch after update of note on parts.doses for each row when (old.note is distinct from new.note)
    execute function parts.touched();
alter table parts.doses_2020 disable trigger touch;

create table parts.none (a int) partition by list (a);
create table parts.by_expression (a int, t text) partition by range (lower(t), (a % 10));
create table parts.by_expression_1 partition of parts.by_expression for values from ('a', minvalue) to ('n', 5);
create table parts.by_expression_rest partition of parts.by_expression default;
insert into parts.by_expression select i, chr(97 + i % 26) || i from generate_series(1, 100) i;

-- Foreign keys to and from partitioned tables.
create table parts.referring (n int primary key, given date, id bigint, region text,
    foreign key (given, id, region) references parts.doses on delete cascade) partition by hash (n);
create table parts.referring_0 partition of parts.referring for values with (modulus 2, remainder 0);
create table parts.referring_1 partition of parts.referring for values with (modulus 2, remainder 1);
insert into parts.referring select row_number() over (order by id), given, id, region from parts.doses where id % 7 = 0;

-- Inheritance: columns added to the parent later come last in the child, and types of rows with them.
create table parts.person (id int primary key, name text not null default 'không tên', check (id >= 0));
create table parts.nurse (ward text) inherits (parts.person);
alter table parts.person add phone text;
create table parts.head_nurse (since date, primary key (id)) inherits (parts.nurse);
create table parts.staffed (ward text, head parts.nurse, all_of parts.nurse[]);
insert into parts.person values (1, 'Bình', '09');
insert into parts.nurse (id, name, ward, phone) values (2, 'An', 'khoa nhi', '123'), (3, 'Cúc', 'khoa sản', null);
insert into parts.head_nurse (id, name, ward, phone, since) values (4, 'Dung', 'A', '1', '2020-01-01');
insert into parts.staffed select ward, n, array[n, n] from parts.nurse n;
create table parts.machine (serial_number text, name text);
create table parts.robot_nurse () inherits (parts.nurse, parts.machine);
insert into parts.robot_nurse (id, name, serial_number) values (9, 'R', 'S-1');
alter table parts.robot_nurse alter name set default 'robot';
create table parts.with_local_check (check (id < 1000) no inherit) inherits (parts.person);
insert into parts.with_local_check (id) values (77);
