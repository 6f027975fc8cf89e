-- Values at the ends of their types, over both wires.
create schema types;

create type types.sex as enum ('nam', 'nữ', 'khác, "quoted"', '');
create type types.pair as (a int, b text);
create domain types.phone as text check (value ~ '^[0-9+ ]*$');
create domain types.short as types.phone not null check (length(value) < 20);

-- All of these have a renderer: the binary wire.
create table types.rendered (
    id int primary key, bool_ bool, int2_ int2, int8_ int8, float4_ float4, float8_ float8,
    numeric_ numeric, money_like numeric(12, 2), negative_scale numeric(3, -2), text_ text,
    varchar_ varchar(20), char_ char(8), bytea_ bytea, date_ date, time_ time, time0_ time(0),
    timestamp_ timestamp, timestamptz_ timestamptz, timestamp3_ timestamp(3), interval_ interval,
    interval_months interval year to month, uuid_ uuid, json_ json, jsonb_ jsonb, sex types.sex,
    phone types.phone, short_ types.short, ints int[], texts text[], numerics numeric[],
    stamps timestamptz[], bools bool[], blobs bytea[], jsons jsonb[]
);
insert into types.rendered (id, short_) values (0, '');
insert into types.rendered values (
    1, true, -32768, -9223372036854775808, 'NaN', '-Infinity', 'NaN', -9999999999.99, 99900,
    '', '', '', '', '-infinity', '00:00:00', '00:00:00', '-infinity', '-infinity', '-infinity',
    '-178000000 years', '-1 mon', '00000000-0000-0000-0000-000000000000', 'null', 'null', '', '', '',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}'
), (
    2, false, 32767, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308,
    ('1' || repeat('0', 131071))::numeric, 9999999999.99, -99900,
    E'\b\f\n\r\t\v\\\u0001\u007f\u00a0\ufeff\U0010FFFF', repeat(E'\U0001F600', 20), E'a\t  ',
    '\x000102030405060708090a0d5c7fff', 'infinity', '24:00:00', '24:00:00', 'infinity', 'infinity',
    'infinity', '178000000 years 11 mons -2147483648 days +99:59:59.999999', '11 years 11 mons',
    'ffffffff-ffff-ffff-ffff-ffffffffffff', E'{ "b":1,\n\t"b":2, "x":"\\u0000" }',
    '{"b": 1.50, "a": {"": [1e400, "\\u0001", "ă"]}}', 'khác, "quoted"', '+84 912 345 678', '0',
    '{2147483647,-2147483648,NULL}', E'{NULL,"NULL",null,"","{","a\\"b","c\\\\d"," e ",f\ng,ă}',
    '{NaN,1.500,-0.0001,NULL}', '{infinity,-infinity,NULL,"2021-03-08 07:00:00.000001+07"}',
    '{t,f,NULL}', '{"\\x","\\x5c",NULL}', '{"{\"a\": \"\\\"\"}",NULL,"[]"}'
), (
    3, null, 0, 0, 1e-45, 5e-324, 0.0000000000000000000000000000000001, 0, 0, 'Nguyễn Thị Ánh',
    E'Nguye\u0302\u0303n ', '   ', '\x', '4713-01-01 BC', '12:34:56.000001', '12:34:56',
    '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '2021-03-08 07:00:00.999', '-00:00:00.000001',
    '0', '01234567-89ab-cdef-0123-456789abcdef', '[]', '[]', 'nữ', '1', '1',
    '[-1:1]={1,2,3}', '{{a,b},{c,NULL}}', '{{1},{2}}', '{}', '{{t,f},{f,t}}', '{}', '{}'
), (
    4, null, 1, 1, -0.0, -0.0, -0.00, -0.01, 100, E'\\N', 'NULL', E'\\.', '\x5c2e', '5874897-12-31',
    '23:59:59.999999', '23:59:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00',
    '1999-12-31 23:59:59.999', '1 mon -1 day +00:00:01', '-1 years -1 mons', null, '"\ud83d\ude00"',
    '"\ud83d\ude00"', 'nam', null, '2', null, null, null, null, null, null, null
);
insert into types.rendered (id, float4_, float8_, numeric_, timestamp_, interval_, short_)
    select 100 + i, tan(i), tan(i) * power(10::float8, i % 600 - 300), (tan(i)::numeric * 1e5),
        timestamp '1970-01-01' + i * interval '999983.000013 s',
        make_interval(i % 13 - 6, i % 25 - 12, 0, i - 300, 0, 0, i * 0.000001), ''
    from generate_series(1, 600) i;

-- Each of these has a type without one: the text wire.
create table types.by_text (
    id int primary key, pair types.pair, pairs types.pair[], sexes types.sex[], phones types.phone[],
    inet_ inet, cidr_ cidr, macaddr_ macaddr, macaddr8_ macaddr8, int4range_ int4range,
    numrange_ numrange, tstzrange_ tstzrange, multi int4multirange, bit_ bit(5), varbit_ varbit,
    money_ money, xml_ xml, tsvector_ tsvector, tsquery_ tsquery, point_ point, line_ line,
    lseg_ lseg, box_ box, path_ path, polygon_ polygon, circle_ circle, timetz_ timetz, oid_ oid,
    regclass_ regclass, name_ name, "char_" "char", jsonpath_ jsonpath, pg_lsn_ pg_lsn, padded char(5),
    bytea_ bytea, float8_ float8, timestamptz_ timestamptz, interval_ interval, text_ text
);
insert into types.by_text (id) values (0);
insert into types.by_text values (
    1, row(1, E'a,"b"\\ (c)\t\n'), array[row(null, null), row(2, '')]::types.pair[],
    '{nam,"khác, \"quoted\"",NULL,""}', '{"+84 1",NULL}', '10.1.2.3/8', '10.0.0.0/8',
    '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '[1,5)', '(,1.50]',
    '["2021-03-08 00:00+07",infinity)', '{[1,2),[5,)}', B'10101', B'', -1.5, '<a b="c">ă</a>',
    $$'it''s':1A a:2$$, '''a'' & !''b'':*', '(1.1,-0)', '{1,2,3}', '[(0,0),(1,1)]',
    '(2,2),(1,1)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(1.5,2),3>', '12:00:00.5-07',
    4294967295, 'pg_class', 'a_name', 'x', '$."a"[*] ? (@ > 1)', '16/B374D848', 'ab ', '\x5c0a09',
    0.1::float8 + 0.2::float8, '2021-03-08 07:00:00.000001+07', '1 mon -1 day -00:00:01.5',
    E'tab\tline\nback\\ \\N'
);
insert into types.by_text (id, pair, text_)
    select i, row(i, repeat('x', i))::types.pair, repeat('đ', i) from generate_series(2, 200) i;

create table types.inherited_array (id int primary key, a int[][], z types.sex[] not null default '{nam}');
insert into types.inherited_array select i, array[[i, 1], [2, null]] from generate_series(1, 100) i;
