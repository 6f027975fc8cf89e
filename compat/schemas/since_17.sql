-- servers: 17-
create schema since_17;
create table since_17.infinite_interval (id int primary key, v interval, list interval[]);
insert into since_17.infinite_interval values (1, 'infinity', '{infinity,-infinity,NULL,"1 day"}'), (2, '-infinity', '{}'), (3, '1 mon', null);
create table since_17.infinite_key (v interval primary key);
insert into since_17.infinite_key values ('infinity'), ('-infinity'), ('0'), ('178956970 years');
create table since_17.partitioned_identity (id int generated always as identity, region text) partition by list (region);
create table since_17.partitioned_identity_1 partition of since_17.partitioned_identity for values in ('a');
insert into since_17.partitioned_identity (region) values ('a'), ('a');
create table since_17.partitioned_exclusion (room int, during int4range, exclude using gist (during with &&, int4range(room, room, '[]') with =));
drop table since_17.partitioned_exclusion;
create collation since_17.builtin (provider = builtin, locale = 'C.UTF-8');
create table since_17.by_builtin (name text collate since_17.builtin primary key);
insert into since_17.by_builtin select chr(65 + i % 26) || i from generate_series(1, 50) i;
create view since_17.json_rows as select jt.* from json_table('[{"a": 1, "b": [2, 3]}]'::jsonb, '$[*]'
    columns (n for ordinality, a int path '$.a' default 0 on empty, nested path '$.b[*]' columns (b int path '$'))) jt;
create view since_17.json_queries as select json_value('{"a": "x"}'::jsonb, '$.a' returning text default 'none' on empty) as v,
    json_exists('{}'::jsonb, '$.a') as e, json_query('[1]'::jsonb, '$' with wrapper) as q, json_scalar(1) as s, json_serialize('{}') as t;
create table since_17.merged (id int primary key, n int);
insert into since_17.merged values (1, 1);
create function since_17.merge_all() returns setof int language sql begin atomic
    merge into since_17.merged m using (values (1)) v (id) on m.id = v.id
        when matched then update set n = m.n + 1 when not matched by source then delete returning m.id; end;
create function since_17.on_login() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger since_17_login on login execute function since_17.on_login();
alter event trigger since_17_login disable;
create view since_17.numbers as select to_bin(5) as b, to_oct(8) as o, at_time.z from (select timestamptz '2020-01-01 00:00+00' at time zone 'UTC' as z) at_time;
