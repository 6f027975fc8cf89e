-- servers: all
-- Views as people write them, which versions print differently. Copied from one to another they are the same.
create schema clinic;
create schema "Sở Y tế";
create type clinic.mood as enum ('sad', 'ok', 'happy');
create type clinic.address as (street text, ward text, number int);
create domain clinic.code as varchar(8) check (value ~ '^[A-Z]+$');
create table clinic.person (id bigint primary key, name varchar(60) not null, sex char(1), born date,
  ward int, mother bigint, score numeric(8,2), mood clinic.mood, home clinic.address, tags text[], data jsonb,
  note xml, seen timestamptz, code clinic.code, active boolean default true);
create table clinic.ward (id int primary key, name text not null, parent int, population int, "Tên" text);
create table clinic.vaccine (code varchar(10) primary key, name text, doses smallint, gap interval, price money);
create table clinic.dose (id bigint primary key, person bigint references clinic.person, vaccine varchar(10)
  references clinic.vaccine, given timestamptz, site text, lot varchar(20), number int, ward int, temperature real);
create table clinic.stock (ward int, lot varchar(20), at date, amount int, primary key (ward, lot, at));
create table clinic.period (id int, span daterange, spans int4multirange, during tstzrange);
create table "Sở Y tế"."Bệnh nhân" (id int primary key, "Họ tên" text, "select" int, "a.b" text);
create function clinic.age_of(born date, at date default '2020-01-01') returns int language sql immutable
  as $$ select (at - born) / 365 $$;
create function clinic.doses_of(person bigint) returns setof clinic.dose language sql stable
  as $$ select * from clinic.dose d where d.person = $1 $$;
create function clinic.pair(a int, out b int, out c text) language sql immutable as $$ select a + 1, a::text $$;
create function clinic.many(variadic a int[]) returns int language sql immutable as $$ select a[1] $$;
create operator clinic.=~= (leftarg = text, rightarg = text, function = textlike);
create aggregate clinic.longest(text) (sfunc = textcat, stype = text);

-- one table
create view clinic.v001 as select * from clinic.person;
create view clinic.v002 as select id, name from clinic.person where id > 5;
create view clinic.v003 as select p.id, p.name as "Họ tên" from clinic.person p where p.name like 'N%' order by p.name desc nulls last, p.id;
create view clinic.v004 as select id from clinic.person where ward between 1 and 9 and score > 2.5 and sex in ('m', 'f') or born is null;
create view clinic.v005 as select count(*) as n, count(p.*) as whole, count(p) as whole_too, count(distinct ward) from clinic.person p;
create view clinic.v006 as select distinct ward from clinic.person;
create view clinic.v007 as select distinct on (ward) ward, name from clinic.person order by ward, born desc;
create view clinic.v008 as select id from clinic.person limit 10 offset 3;
create view clinic.v009 as select id from clinic.person order by born fetch first 5 rows with ties;
create view clinic.v010 as select ward, sex, count(*) as n from clinic.person group by ward, sex having count(*) > 1;
create view clinic.v011 as select id as name, name as id from clinic.person order by id, name;
create view clinic.v012 as select -id as id from clinic.person order by person.id;
create view clinic.v013 as select id from only clinic.person;
create view clinic.v014 as select id from clinic.person tablesample bernoulli (10) repeatable (7);
create view clinic.v015 as select a, b from clinic.person as p (a, b, c, d);
create view clinic.v016 with (security_barrier) as select id, active from clinic.person where active with local check option;
create view clinic.v017 as select (p.home).street, (home).number + 1 as next from clinic.person p;
create view clinic.v018 as select p from clinic.person p;
create view clinic.v019 as select p.name::text || ' ' || p.ward::text as label, p.* from clinic.person p where p.id = any (array[1, 2, 3]);
create view clinic.v020 as select tableoid::regclass as of_table, ctid, id from clinic.person;
-- casts, constants, intervals, time
create view clinic.v021 (c1, c2, c3, c4, c5, c6) as select cast(id as text), id::int4, score::int, born::timestamp, '2020-01-01'::date as d, date '2021-02-03' as e from clinic.person;
create view clinic.v022 (c1, c2, c3) as select seen + interval '1 day 2:03:04.5', seen - interval '3' month, gap * 2 from clinic.person, clinic.vaccine;
create view clinic.v023 as select interval '1 year 2 months -3 days' as i, interval '5 seconds' as s, interval '90' minute as m, interval '-1-2' year to month as ym;
create view clinic.v024 as select extract(year from born) as y, extract(epoch from seen) as s, date_part('month', born) as m, date_trunc('week', seen) from clinic.person;
create view clinic.v025 as select seen at time zone 'Asia/Ho_Chi_Minh' as here, (seen at time zone 'UTC')::date as day from clinic.person;
create view clinic.v026 as select current_date as d, current_timestamp(3) as t, localtime as l, current_user as u, session_user as s, current_catalog as c, current_schema as m;
create view clinic.v027 as select (seen, seen + interval '1 hour') overlaps (timestamptz '2020-01-01 00:00+07', timestamptz '2020-02-01 00:00+07') as o from clinic.person;
create view clinic.v028 as select 1.50 as a, 1e10 as b, -5 as c, (-5)::numeric as d, 1::text as e, 'a''b' as f, E'a\\b\n' as g, B'101' as h, X'1F' as i, U&'\0061' as j, null as k, null::int as l, true as m;
create view clinic.v029 as select '{1,2}'::int[] as a, '[1,5)'::int4range as r, '(1,2)'::point as p, '10.0.0.1/8'::inet as i, '$1.50'::money as m, '\x6162'::bytea as b, 'a=>1'::text as h, '{"a": 1}'::jsonb as j;
create view clinic.v030 (c1, c2, c3, c4, c5, c6, c7, c8) as select id::numeric(10,2), name::varchar(10), name::char(3), born::text::varchar, score::float4::float8, name::name, seen::timestamptz(0), seen::time(2) from clinic.person;
create view clinic.v031 as select 'ok'::clinic.mood as m, row('x', 'y', 1)::clinic.address as a, 'ABC'::clinic.code as c, mood::text from clinic.person where mood >= 'ok';
create view clinic.v032 as select to_char(seen, 'YYYY-MM-DD') as d, justify_hours(interval '27 hours') as j, age(seen, '2019-01-01') as a, make_interval(days => 3) as k, make_date(2020, 1, 2) as e from clinic.person;
-- CASE, COALESCE and their kin
create view clinic.v033 as select case when ward = 1 then 'a' when ward in (2, 3) then 'b' else 'c' end as c, case sex when 'm' then 1 when 'f' then 2 end as s from clinic.person;
create view clinic.v034 as select coalesce(name, 'x', code), nullif(ward, 0), greatest(ward, 1, 2), least(id, 7) from clinic.person;
create view clinic.v035 as select name is null as a, name is not null as b, active is true as c, active is not false as d, active is unknown as e, ward is distinct from 1 as f, ward is not distinct from mother as g, p is null as h, (p.home) is not null as i from clinic.person p;
create view clinic.v036 as select id from clinic.person where name ~ '^A' and name !~* 'b$' and name ilike '%x%' and name not like 'y!_%' escape '!' and name similar to '(a|b)%' and name not similar to 'c%';
create view clinic.v037 as select id from clinic.person where not (ward = 1 and (score > 1 or score < -1)) and not active;
create view clinic.v038 as select id from clinic.person where ward not between 2 and 4 and ward between symmetric 9 and 1 and born not in ('2020-01-01', '2020-01-02');
create view clinic.v039 as select (ward, id) = (1, 2) as a, (ward, id) < (3, 4) as b, row(ward, name) is null as c, row(p.*) is not null as d, (ward, id) in (select 1, 2) as e from clinic.person p;
create view clinic.v040 as select name collate "C" as n, name collate "C" < 'b' as l, upper(name collate "POSIX") from clinic.person order by name collate "C";
-- functions of every spelling
create view clinic.v041 (c1, c2, c3, c4, c5, c6) as select substring(name from 2 for 3), substring(name, 2), substring(name from 'a.b'), substring(name similar 'a#"b#"c' escape '#'), position('a' in name), overlay(name placing 'xy' from 2 for 1) from clinic.person;
create view clinic.v042 (c1, c2, c3, c4, c5, c6, c7) as select trim(name), trim(both 'x' from name), trim(leading 'y' from name), ltrim(name), trim(trailing from name), normalize(name, nfc), name is nfc normalized from clinic.person;
create view clinic.v043 (c1, c2, c3, c4, c5) as select clinic.age_of(born), clinic.age_of(born, '2021-01-01'), clinic.age_of(at => '2022-01-01', born => born), clinic.many(1, 2, 3), clinic.many(variadic array[4, 5]) from clinic.person;
create view clinic.v044 as select id operator(pg_catalog.+) 1 as a, name operator(clinic.=~=) 'a%' as b, @ ward as c, |/ 4.0 as e, 2 ^ 3 as f, ~ 5 as g, 7 % 3 as h, 1 << 4 as i from clinic.person;
create view clinic.v045 (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10) as select format('%s-%I', name, id), concat_ws(',', name, ward), left(name, 2), md5(name), length(name), reverse(name), lpad(name, 5, '0'), regexp_replace(name, 'a', 'b', 'g'), split_part(name, ' ', 1), string_to_array(name, ' ') from clinic.person;
create view clinic.v046 as select nextval('pg_catalog.pg_class'::regclass::oid::regclass) is null as never, pg_typeof(id), 'clinic.person'::regclass, 'clinic.age_of(date,date)'::regprocedure as p, to_regclass('clinic.ward') from clinic.person where false;
-- arrays and composites
create view clinic.v047 (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) as select tags[1], tags[2:3], tags[:2], array[ward, 2], array[[1, 2], [3, 4]], tags || 'x'::text, array_length(tags, 1), 'a' = any (tags) as x, 'b' <> all (tags) as y, array[]::int[] as z, cardinality(tags) from clinic.person;
create view clinic.v048 as select array(select d.id from clinic.dose d where d.person = p.id order by d.given) as doses, array(select lot from clinic.dose) as lots from clinic.person p;
create view clinic.v049 as select name = any (array['a', 'b']::varchar[]) as a, name in ('c', 'd') as b, ward = any ('{1,2,3}') as c, code in ('A', 'B') as d, sex in ('m', 'f') as e, name not in ('e', 'f') as f from clinic.person;
create view clinic.v050 as select unnest(tags) as tag, generate_series(1, 3) as n, id from clinic.person;
create view clinic.v051 (c1, c2, c3) as select (clinic.pair(ward)).b, (clinic.pair(ward)).* from clinic.person;
create view clinic.v052 as select (array[1, 2, 3])[2] as a, (array(select id from clinic.person))[1] as b, ((home).street)::varchar as c, (select q from clinic.ward q limit 1) as d, ((select q from clinic.ward q limit 1)).name as e from clinic.person;
-- JSON and XML
create view clinic.v053 as select data -> 'a' as a, data ->> 'b' as b, data #> '{c,d}' as c, data #>> '{e}' as e, data @> '{"f": 1}' as f, data ? 'g' as g, data ?| array['h', 'i'] as h, data @? '$.a' as i, data @@ '$.b > 1' as j, data['k']['l'] as k from clinic.person;
create view clinic.v054 as select jsonb_build_object('id', id, 'name', name) as o, to_jsonb(p) as j, row_to_json(p) as r, json_agg(name order by id) as g, jsonb_object_agg(id, name) filter (where id > 1) as og from clinic.person p group by id;
create view clinic.v055 as select p.id, e.key, e.value from clinic.person p, jsonb_each(p.data) e;
create view clinic.v056 as select p.id, x.a, x.b from clinic.person p cross join lateral jsonb_to_record(p.data) as x(a int, b text);
create view clinic.v057 as select e.* from jsonb_array_elements_text('["a", "b"]') with ordinality as e (value, number);
create view clinic.v058 as select jsonb_path_query(data, '$.x[*] ? (@ > $min)', '{"min": 2}') from clinic.person;
create view clinic.v059 as select xmlelement(name person, xmlattributes(id as number, name), xmlforest(ward, sex as gender), 'text') as x, xmlconcat(xmlelement(name a), note) as y, xmlpi(name php, 'x') as z, xmlroot(note, version '1.0', standalone yes) as r, xmlparse(document '<a/>') as d, note is document as e, xmlexists('//a' passing by ref note) as f from clinic.person;
create view clinic.v060 as select t.* from clinic.person p, xmltable('/a/b' passing p.note columns n for ordinality, c int path '@c' default 0, d text path 'd' not null) t;
-- joins
create view clinic.v061 as select p.name, w.name as ward from clinic.person p join clinic.ward w on w.id = p.ward;
create view clinic.v062 as select * from clinic.dose join clinic.stock using (ward, lot);
create view clinic.v063 as select ward, d.id, s.amount from clinic.dose d left join clinic.stock s using (ward) where ward > 1;
create view clinic.v064 as select j.ward, d.lot as dose_lot, s.lot from clinic.dose d join clinic.stock s using (ward) as j;
create view clinic.v065 as select * from clinic.ward natural join (select id, population as people from clinic.ward) x;
create view clinic.v066 as select p.id, m.id as mother_id, g.id as grandmother from clinic.person p left join clinic.person m on m.id = p.mother left join clinic.person g on g.id = m.mother where p.ward = 1;
create view clinic.v067 as select p.id, w.id as w, v.code from clinic.person p right join clinic.ward w on p.ward = w.id cross join clinic.vaccine v;
create view clinic.v068 as select coalesce(ward, 0) as ward, count(*) from clinic.dose full join clinic.stock using (ward, lot) group by ward;
create view clinic.v069 as select a.id from (clinic.person a join clinic.dose b on a.id = b.person) left join (clinic.ward c join clinic.stock e on c.id = e.ward) on a.ward = c.id;
create view clinic.v070 as select x.id, x.wname from (clinic.person p join clinic.ward w on p.ward = w.id) as x (id, pname, a, b, c, d, e, f, g, h, i, j, k, l, m, wid, wname);
create view clinic.v071 as select p.id, l.given from clinic.person p left join lateral (select d.given from clinic.dose d where d.person = p.id order by d.given desc limit 1) l on true;
create view clinic.v072 as select p.id, d.lot, d.number from clinic.person p cross join lateral clinic.doses_of(p.id) d where d.number > 1;
create view clinic.v073 as select n, d from rows from (generate_series(1, 3), unnest(array['a', 'b'])) with ordinality as r (n, d, o) where o > 1;
create view clinic.v074 as select * from generate_series('2020-01-01'::timestamptz, '2020-03-01', interval '1 month') as day;
create view clinic.v075 as select p.id, v.name from clinic.person p, clinic.dose d, clinic.vaccine v where d.person = p.id and v.code = d.vaccine and (v.doses > 1 or v.gap is not null) and p.active;
-- subqueries
create view clinic.v076 as select id from clinic.person where exists (select from clinic.dose where dose.person = person.id);
create view clinic.v077 as select p.id from clinic.person p where not exists (select 1 from clinic.dose d where d.person = p.id and d.vaccine = 'BCG');
create view clinic.v078 as select id, name from clinic.person where ward in (select id from clinic.ward where population > 1000);
create view clinic.v079 as select id from clinic.person where id not in (select person from clinic.dose where person is not null) and score > all (select 1.5) and ward = any (select w.id from clinic.ward w);
create view clinic.v080 as select id, (select count(*) from clinic.dose where person = person.id) as n, (select max(given) from clinic.dose d where d.person = person.id) as last from clinic.person;
create view clinic.v081 as select name from (select name, ward from clinic.person where active) p where ward = 3;
create view clinic.v082 as select q.n from (select count(*) as n from (select ward from clinic.person group by ward) inner_q) q;
create view clinic.v083 as select id from clinic.person where ward = (select id from clinic.ward where ward.parent = (select min(parent) from clinic.ward w2 where w2.id = person.ward) limit 1);
create view clinic.v084 as select id, exists (select 1 from clinic.dose d where d.person = p.id and exists (select 1 from clinic.stock s where s.lot = d.lot and s.ward = p.ward)) as in_stock from clinic.person p;
create view clinic.v085 as select * from (values (1, 'a'), (2, 'b')) as t (n, l);
create view clinic.v086 as values (1, 'x'), (2, 'y');
create view clinic.v087 as select id from clinic.person where (ward, sex) in (values (1, 'm'), (2, 'f')) and id = any (values (1), (2));
create view clinic.v088 as select name, ward from clinic.person where name in (select name from clinic.ward) order by (select population from clinic.ward where ward.id = person.ward), name;
create view clinic.v089 as select case when exists (select 1 from clinic.dose where person = id) then 'yes' else 'no' end as c from clinic.person where ward = 1 and name <> 'x' and born > '2000-01-01';
create view clinic.v090 as select id from clinic.v002 where id in (select id from clinic.v004);
-- WITH
create view clinic.v091 as with w as (select id, population from clinic.ward where population > 10) select p.id from clinic.person p join w on w.id = p.ward;
create view clinic.v092 as with w as (select id from clinic.ward where population > 10) select id from w;
create view clinic.v093 as with a as (select id from clinic.person), b as materialized (select id from a where id > 1), c as not materialized (select id from b) select count(id) as n from c where id < 100;
create view clinic.v094 as with recursive up (id, parent, depth) as (select id, parent, 1 from clinic.ward union all select w.id, w.parent, up.depth + 1 from clinic.ward w join up on w.id = up.parent) select id, depth from up where depth < 9;
create view clinic.v095 as with recursive t as (select id, parent from clinic.ward where parent is null union select w.id, w.parent from clinic.ward w, t where w.parent = t.id) search depth first by id set ordering cycle id set is_cycle to true default false using path select id, is_cycle from t order by ordering;
create view clinic.v096 as select id from clinic.person where ward in (with big as (select id from clinic.ward where population > 5) select id from big where id <> person.ward);
create view clinic.v097 as with v (a, b) as (values (1, 2), (3, 4)) select a + b as c from v;
create view clinic.v098 as with w as (select ward, count(*) as n from clinic.person group by ward) select ward.name, (select n from w where w.ward = ward.id) as n from clinic.ward;
-- sets
create view clinic.v099 as select id, name from clinic.person union select id, name from clinic.ward;
create view clinic.v100 as select id from clinic.person union all select id from clinic.ward order by id limit 3;
create view clinic.v101 as (select ward from clinic.person intersect select id from clinic.ward) except all select ward from clinic.stock;
create view clinic.v102 as select x.id from (select id from clinic.person union all (select id from clinic.ward order by population limit 2)) x where x.id > 1;
create view clinic.v103 as select 1 as a union all select 2 union all (select 3 union select 4);
create view clinic.v104 as select id from clinic.person where ward in (select id from clinic.ward union select ward from clinic.stock) and exists (select 1 from clinic.dose where person = person.id except select 2);
-- aggregates
create view clinic.v105 as select ward, count(*) filter (where sex = 'f') as women, sum(score) filter (where active and ward between 1 and 5 and score > 0) as s, avg(score), string_agg(name, ', ' order by name desc, id), array_agg(distinct sex), bool_and(active), clinic.longest(name order by id) from clinic.person group by ward;
create view clinic.v106 as select ward, sex, count(*), grouping(ward, sex) from clinic.person group by grouping sets ((ward, sex), (ward), ());
create view clinic.v107 as select ward, sex, extract(year from born) as y, sum(score) from clinic.person group by rollup (ward, sex), cube (extract(year from born));
create view clinic.v108 as select percentile_cont(0.5) within group (order by score) as median, mode() within group (order by ward desc), rank(3) within group (order by ward), percentile_disc(array[0.1, 0.9]) within group (order by score) from clinic.person;
create view clinic.v109 as select date_trunc('month', given) as month, vaccine, count(*) as n from clinic.dose group by date_trunc('month', given), vaccine having count(*) > 1 and min(number) between 1 and 3 order by 1, n desc, 2;
create view clinic.v110 as select ward + 1 as w, count(*) from clinic.person group by 1 order by 2;
create view clinic.v111 as select p.id, p.name, count(d.*) from clinic.person p left join clinic.dose d on d.person = p.id group by p.id;
create view clinic.v112 as select ward, upper(name) as n, max(born) from clinic.person group by distinct grouping sets (ward, upper(name)), rollup (ward);
create view clinic.v113 as select regr_slope(score, ward) as r, corr(score, ward), stddev(score), every(active), jsonb_agg(data), xmlagg(note order by id), bit_or(ward) from clinic.person;
-- windows
create view clinic.v114 as select id, row_number() over (partition by ward order by born desc) as n, rank() over w, sum(score) over (w rows between 2 preceding and current row exclude ties), lag(name, 2, 'none') over w from clinic.person window w as (partition by sex order by id);
create view clinic.v115 as select id, avg(score) over (order by seen range between interval '1 day' preceding and interval '2 hours' following) as a, count(*) filter (where active) over (partition by ward order by id groups between unbounded preceding and 1 following exclude current row) as b, first_value(name) over () as f, ntile(4) over (order by id) as q from clinic.person;
create view clinic.v116 as select * from (select id, row_number() over (partition by person order by given) as n from clinic.dose) d where n = 1;
create view clinic.v117 as select ward, count(*) as n, sum(count(*)) over (order by ward) as running, rank() over (order by count(*) desc) from clinic.person group by ward;
-- names, ranges, locks, text search
create view "Sở Y tế"."Khung nhìn" as select b."Họ tên", b."select", "a.b", count(*) over () as "n.x" from "Sở Y tế"."Bệnh nhân" b where "select" between 1 and 2 and exists (select 1 from clinic.ward where "Tên" = b."Họ tên");
create view clinic.v119 as select span && daterange('2020-01-01', '2021-01-01') as a, span * daterange('2020-01-01', null, '(]') as b, spans @> 5 as c, lower(during) as l, range_agg(span) over () as m, during -|- tstzrange(null, '2020-01-01 00:00+00') as d from clinic.period;
create view clinic.v120 as select id, ts_rank(to_tsvector('simple', name), q) as r from clinic.person, to_tsquery('simple', 'a & b') q where to_tsvector('simple', name) @@ q or name @@ 'x' for update of person skip locked;
-- one relation and queries beside it
create view clinic.v121 as select id from clinic.person where (select max(id) from clinic.ward) = person.ward and ((select 1) + person.ward) * 2 = 4;
create view clinic.v122 as select f from unnest(array['a', 'b']) f;
create view clinic.v123 as select * from unnest(array['a', 'b']) with ordinality;
create view clinic.v124 as select "P x".id, "P x".name as id2, count("P x".*) over () as n from clinic.person "P x" where "P x".ward > 1 or exists (select "P x".ward intersect select 2);
create view clinic.v125 as select person.id, d.n from clinic.person left join (select person, count(*) as n from clinic.dose group by person) d on d.person = person.id;
create view clinic.v126 as select name from clinic.person where id in (select x.person from (select person from clinic.dose where ward = person.ward) x) order by (select count(*) from clinic.dose where dose.person = person.id);
create view clinic.v127 as select clinic.ward from clinic.person clinic where clinic.id > 1 and clinic.age_of(clinic.born) > 3 and mood < 'ok'::clinic.mood;
create view clinic.v128 as select (select array_agg(w.id order by w.name) filter (where w.parent = person.ward) from clinic.ward w) as a, (array_agg(id))[1] as b from clinic.person group by ward;
create view clinic.v129 as select active from clinic.person union select false union all select true;
create view clinic.v130 as select false, exists (select true, false from clinic.dose) as some, x.* from (select id, true from clinic.ward union select 1, false) x (id, t);
create materialized view clinic.m1 as select ward, count(*) as n from clinic.person where id > 1 and active group by ward with no data;
create materialized view clinic.m2 as select p.id, exists (select 1 from clinic.dose where person = p.id) as has from clinic.person p;
insert into clinic.ward (id, name, parent, population) values (1, 'Phường 1', null, 1200), (2, 'Phường 2', 1, 8);
insert into clinic.person (id, name, sex, born, ward) values (1, 'Nguyễn', 'f', '2001-02-03', 1), (2, 'Trần', 'm', '2002-03-04', 2);
insert into clinic.vaccine (code, name, doses) values ('BCG', 'lao', 1);
insert into clinic.dose (id, person, vaccine, given, lot, ward) values (1, 1, 'BCG', '2020-01-01 00:00+07', 'L1', 1);
refresh materialized view clinic.m2;
