-- servers: 17-
-- Views that PostgreSQL takes from 17 on.
create view since_17.x001 as select t.* from clinic.person p, json_table(p.data, '$.doses[*]' columns (n for ordinality, code text path '$.code' default 'x' on empty, at date exists path '$.at', nested path '$.lots[*]' columns (lot text path '$'))) t;
create view since_17.x002 as select json_value(data, '$.a' returning int default 1 on error) as a, json_query(data, '$.b' with wrapper) as b, json_exists(data, '$.c ? (@ > $x)' passing ward as x) as c from clinic.person where id > 1;
create view since_17.x003 as select seen at local as l, json_scalar(id) as s, json_serialize(data returning text) as t, json(name) as j from clinic.person;
create view since_17.x004 as select code from json_table('[{"code": 1}]'::jsonb, '$[*]' columns (code int));
