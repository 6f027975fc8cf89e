-- servers: 16-
-- Views that PostgreSQL takes from 16 on, or that 16 prints in words which older ones do not take.
create view since_16.w001 as select n from (select count(*) as n from clinic.person);
create view since_16.w002 as select json_array(id, name null on null) as a, json_object('id': id, 'n': name absent on null) as o, json_arrayagg(name order by id) as g from clinic.person group by id;
create view since_16.w003 as select id from clinic.person where name is json and data::text is json object with unique keys;
create view since_16.w004 as select xmlserialize(content note as text) as s, xmlserialize(document note as varchar indent) as t from clinic.person;
create view since_16.w005 as select any_value(name) as n, ward from clinic.person group by ward;
create view since_16.w006 as select 0x1F as h, 1_000 as k, system_user as u, random_normal() > 1 as r from clinic.person;
