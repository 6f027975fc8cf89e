-- servers: 16-
create schema since_16;
create collation since_16.with_rules (provider = icu, locale = 'und', rules = '&V << w <<< W');
create table since_16.by_rules (name text collate since_16.with_rules primary key, n int);
insert into since_16.by_rules select chr(65 + i % 26) || chr(97 + i * 7 % 26) || i, i from generate_series(1, 100) i;
create table since_16.defaults (id int primary key, who text default system_user, chance float8 default random_normal(0, 1));
insert into since_16.defaults values (1, 'x', 0.5);
create view since_16.json_made as select json_object('a': 1, 'b': null absent on null) as o, json_array(1, 2 returning jsonb) as a,
    '{}' is json object with unique keys as is_object;
create view since_16.any_of as select any_value(n) as n, json_arrayagg(name order by n) as names from since_16.by_rules;
create view since_16.literals as select 0x1f as hex, 1_000 as grouped, 0b101 as bits;
create function since_16.subscripted() returns int language sql begin atomic select (array[1, 2, 3])[2]; end;
