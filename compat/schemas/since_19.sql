-- servers: 19-
create schema since_19;
create table since_19.oids (v oid8 primary key, list oid8[]);
insert into since_19.oids values ('0', '{}'), ('18446744073709551615', '{1,NULL}');
create table since_19.visits (id int primary key, name text, at date default random(date '2020-01-01', date '2021-01-01'));
insert into since_19.visits values (1, 'a', '2020-05-05'), (2, null, '2020-05-06');
create view since_19.windows as select id, lag(name) ignore nulls over (order by id) as before from since_19.visits;
create view since_19.functions as select encode('\x0001'::bytea, 'base64url') as e, error_on_null(1) as n,
    '01234567-89ab-cdef-0123-456789abcdef'::uuid::bytea as u;
create function since_19.insert_or_read() returns setof int language sql begin atomic
    insert into since_19.visits values (1, 'x') on conflict (id) do select returning id; end;
create view since_19.lowered as select jsonb_path_query('"A"', '$.lower()') as l;
