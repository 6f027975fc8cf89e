-- servers: all
set client_min_messages = warning;
-- Every type at its extremes, on every version: a table of values, a table of arrays of them, and,
-- where the type has an order, a table whose key they are.
create schema types;

create type types.state as enum ('planned', 'đã tiêm', 'a "quoted", one', '');
create type types.pair as (number int, word text);
create type types.nested as (first types.pair, rest types.pair[], state types.state);
create domain types.code as varchar(12) check (value <> 'no');
create domain types.short_code as types.code not null;
create type types.code_range as range (subtype = text, collation = "C");

do $$
declare
    t record;
    v text;
    n int;
begin
    for t in select * from (values
        ('boolean', true, array['t', 'f']),
        ('smallint', true, array['-32768', '0', '32767']),
        ('integer', true, array['-2147483648', '-1', '2147483647']),
        ('bigint', true, array['-9223372036854775808', '0', '9223372036854775807']),
        ('real', true, array['-3.4028235e38', '1e-45', '-0', '0.1', '3.4028235e38', 'NaN', 'Infinity', '-Infinity']),
        ('double precision', true, array['-1.7976931348623157e308', '5e-324', '2.2250738585072014e-308', '0.1',
            '1e23', '-0', '9007199254740993', '1.7976931348623157e308', 'NaN', 'Infinity', '-Infinity']),
        ('numeric', true, array['0', '0.00', '-0.0', '1.50', '1e-16383', '1' || repeat('0', 131071), '-99999999999999999999.9999',
            '1e-100', '10000', '0.0001', '9999.9999', 'NaN', 'Infinity', '-Infinity']),
        ('numeric(10,3)', true, array['-9999999.999', '0', '0.001', 'NaN']),
        ('money', true, array['-92233720368547758.08', '0', '0.01', '92233720368547758.07']),
        ('text', true, array['', ' ', 'NULL', '\N', '\.', E'\t\n\r\b\f\v\\', E'\u0001\u007f\u0080\u009f\u00a0\ufeff\U0010FFFF',
            E'Nguye\u0302\u0303n', 'Nguyễn', repeat('ă', 3000)]),
        ('varchar(20)', true, array['', 'a ', repeat(E'\U0001F600', 20)]),
        ('character(8)', true, array['', 'ab', E'a\t', 'đủ tám c']),
        ('name', true, array['', 'x', repeat('n', 63)]),
        ('"char"', true, array['', 'x', E'\t', '\\']),
        ('bytea', true, array['', '\x00', '\x5c6e', '\x' || repeat('00ff', 2000)]),
        ('date', true, array['-infinity', '4713-01-01 BC', '0001-12-31 BC', '0001-01-01', '1582-10-15', '2000-02-29',
            '9999-12-31', '10000-01-01', '5874897-12-31', 'infinity']),
        ('time', true, array['00:00', '12:34:56.000001', '23:59:59.999999', '24:00:00']),
        ('time(0)', true, array['00:00', '23:59:59', '24:00:00']),
        ('time with time zone', true, array['00:00+15:59:59', '12:00-15:59:59', '24:00:00+00', '12:34:56.7+05:30']),
        ('timestamp', true, array['-infinity', '4713-01-01 00:00:00 BC', '0044-03-15 12:00 BC', '1969-12-31 23:59:59.999999',
            '2021-03-08 07:00:00.000001', '294276-12-31 23:59:59.999999', 'infinity']),
        ('timestamp(3)', true, array['-infinity', '2021-03-08 07:00:00.999', 'infinity']),
        ('timestamp with time zone', true, array['-infinity', '4713-01-01 00:00:00+00 BC', '1900-01-01 00:00:00.5+07:06:30',
            '2021-03-28 02:30:00+01', '294276-12-31 23:59:59.999999+00', 'infinity']),
        ('interval', true, array['0', '-00:00:00.000001', '1 mon', '30 days', '720:00:00', '1 mon -1 day +00:00:01',
            '-178000000 years', '178000000 years 11 mons -2147483647 days +99:59:59.999999', '-1 years -1 mons']),
        ('interval year to month', true, array['0', '-1 mon', '11 years 11 mons']),
        ('interval second(2)', true, array['0', '00:00:01.25', '-00:00:59.99']),
        ('uuid', true, array['00000000-0000-0000-0000-000000000000', '01234567-89ab-cdef-0123-456789abcdef',
            'ffffffff-ffff-ffff-ffff-ffffffffffff']),
        ('json', false, array['null', '[]', '{ "b":1,  "b":2}', '"\u0000"', '1e400', E'{"x":\n\t["ă"]}']),
        ('jsonb', true, array['null', '[]', '{}', '{"b": 1.50, "a": {"": [1e400, "\u0001"]}}', '"ă"', '-0.0', 'true']),
        ('jsonpath', false, array['$', '$."a"[*] ? (@ > 1)', 'strict $.**{2 to last}', '$.x like_regex "a\\d" flag "i"']),
        ('xml', false, array['', '<a b="c">ă</a>', 'text only', '<!-- only a comment -->']),
        ('inet', true, array['0.0.0.0', '10.1.2.3/8', '255.255.255.255/0', '::', '::1', '2001:db8::/32', '::ffff:1.2.3.4',
            'fe80::1/64']),
        ('cidr', true, array['0.0.0.0/0', '10.0.0.0/8', '2001:db8::/32', '::/0']),
        ('macaddr', true, array['00:00:00:00:00:00', '08:00:2b:01:02:03', 'ff:ff:ff:ff:ff:ff']),
        ('macaddr8', true, array['00:00:00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff:ff:ff']),
        ('bit(5)', true, array['00000', '10101']),
        ('bit varying', true, array['', '0', '1', '00', repeat('10', 400)]),
        ('oid', true, array['0', '2147483648', '4294967295']),
        ('oidvector', true, array['', '1 2 4294967295']),
        ('int2vector', false, array['', '1 -2 32767']),
        ('xid', false, array['0', '3', '4294967295']),
        ('xid8', true, array['0', '18446744073709551615']),
        ('cid', false, array['0', '4294967295']),
        ('tid', true, array['(0,0)', '(4294967295,65535)']),
        ('pg_lsn', true, array['0/0', '0/1', '16/B374D848', 'FFFFFFFF/FFFFFFFF']),
        ('pg_snapshot', false, array['10:20:10,14,15', '1:1:']),
        ('txid_snapshot', false, array['10:20:10,14,15']),
        ('regclass', false, array['-', 'pg_class', 'pg_catalog.pg_type']),
        ('regtype', false, array['-', 'integer', 'text[]']),
        ('regproc', false, array['-', 'now']),
        ('regprocedure', false, array['-', 'lower(text)']),
        ('regoper', false, array['0', '||/']),
        ('regoperator', false, array['0', '+(integer,integer)']),
        ('regnamespace', false, array['-', 'pg_catalog']),
        ('regrole', false, array['-', 'pg_monitor']),
        ('regconfig', false, array['-', 'simple']),
        ('regdictionary', false, array['-', 'simple']),
        ('regcollation', false, array['-', '"C"']),
        ('point', false, array['(0,0)', '(1e-300,-1e300)', '(NaN,Infinity)', '(-0,0.1)']),
        ('line', false, array['{1,2,3}', '{0,-1,0.1}']),
        ('lseg', false, array['[(0,0),(1,1)]', '[(-0,0.1),(1e300,0)]']),
        ('box', false, array['(1,1),(0,0)', '(2,2),(-0,-1e-300)']),
        ('path', false, array['[(0,0),(1,1)]', '((0,0),(1,1),(1,0))']),
        ('polygon', false, array['((0,0),(1,1),(1,0))', '((0,0))']),
        ('circle', false, array['<(0,0),0>', '<(1.5,2),1e300>']),
        ('tsvector', true, array['', $v$'it''s':1A a:2,16383$v$, $v$'đ ' 'x\\y'$v$]),
        ('tsquery', true, array['', $v$'a' & !('b':* | 'c':AB) <2> 'd'$v$]),
        ('int4range', true, array['empty', '(,)', '[1,5)', '[2147483647,)', '(,-2147483648)']),
        ('int8range', true, array['empty', '[-9223372036854775808,9223372036854775807)']),
        ('numrange', true, array['empty', '(,1.50]', '[NaN,NaN]', '(-Infinity,1e-100)']),
        ('daterange', true, array['empty', '[-infinity,infinity]', '[2021-03-08,2021-03-09)', '(,infinity)']),
        ('tsrange', true, array['empty', '["4713-01-01 00:00:00 BC",infinity)', '(,)']),
        ('tstzrange', true, array['empty', '["2021-03-08 00:00:00+07",infinity]', '(,)']),
        ('int4multirange', true, array['{}', '{[1,2),[5,)}', '{(,)}']),
        ('nummultirange', true, array['{}', '{[1.50,2),(3,4]}']),
        ('datemultirange', true, array['{}', '{[2021-03-08,2021-03-09),[2022-01-01,infinity)}']),
        ('tstzmultirange', true, array['{}', '{["2021-03-08 00:00:00+07",infinity)}']),
        ('types.state', true, array['planned', 'đã tiêm', 'a "quoted", one', '']),
        ('types.code', true, array['', 'a', 'đủ mười hai']),
        ('types.short_code', true, array['', 'a']),
        ('types.pair', true, array['(,)', '(1,"")', E'(-1,"a,""b""\\\\ (c)\t\n")']),
        ('types.nested', true, array['(,,)', '("(1,a)","{""(2,\\""b c\\"")"",NULL}",planned)']),
        ('types.code_range', true, array['empty', '(,)', '["a,b","Đ ")'])
    ) as list (type, ordered, extremes)
    loop
        -- XML is a part that a server can be built without.
        continue when t.type = 'xml' and not exists (select from pg_config where name = 'CONFIGURE' and setting ~ 'libxml');
        execute format('create table types.%I (id int primary key, v %s)', t.type, t.type);
        execute format('create table types.%I (id int primary key, list %s[])', t.type || ' list', t.type);
        n := 0;
        foreach v in array t.extremes loop
            n := n + 1;
            execute format('insert into types.%I values ($1, %L::%s)', t.type, v, t.type) using n;
        end loop;
        if t.type <> 'types.short_code' then
            execute format('insert into types.%I values (0, null)', t.type);
        end if;
        execute format('insert into types.%I values (0, null), (1, ''{}''), (2, array(select v from types.%I order by id))',
            t.type || ' list', t.type);
        execute format('insert into types.%I select 3, array[array(select v from types.%I order by id), array(select v from types.%I order by id desc)]',
            t.type || ' list', t.type, t.type);
        if t.ordered then
            execute format('create table types.%I (v %s primary key, id int)', t.type || ' key', t.type);
            execute format('insert into types.%I select v, id from types.%I where v is not null on conflict do nothing', t.type || ' key', t.type);
        end if;
    end loop;
end $$;

-- Bytes with the high bit are written in two ways by servers (backslash and octal since 15).
create table types."char high" (id int primary key, v "char");
insert into types."char high" select i, i::"char" from unnest(array[-128, -1, 0, 1, 92, 127]) i;

-- Arrays whose bounds are not usual.
create table types.bounds (id int primary key, list int[], words text[]);
insert into types.bounds values (1, '[-1:1]={1,2,3}', '[0:0]={NULL}'), (2, '[2:3][0:1]={{1,2},{3,4}}', '{{a,"NULL"},{"",NULL}}');

-- Many values that nobody chose: the text of floats, numerics and moments.
create table types.many (id int primary key, r real, d double precision, n numeric, ts timestamp, tz timestamptz, i interval, t time);
insert into types.many
    select k, tan(k)::real, tan(k) * power(10::float8, k % 600 - 300), tan(k)::numeric * power(10::numeric, k % 60 - 30),
        timestamp '1900-01-01' + k * interval '2 days 13:59:43.000013', timestamptz '1600-01-01 00:00+00' + k * interval '100 days 0.7 s',
        make_interval(k % 13 - 6, k % 25 - 12, 0, k - 400, k % 24, 0, k * 0.000001), time '00:00' + k * interval '97.000003 s'
    from generate_series(1, 800) k;
