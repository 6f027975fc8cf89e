-- servers: all
-- Orders of text that are ICU's, which a server can be built without.
create schema icu;
create collation icu.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation icu.vietnamese (provider = icu, locale = 'vi');
create collation icu.numeric_order (provider = icu, locale = 'en-u-kn-true');
create table icu.of_text (name text collate icu.vietnamese primary key);
insert into icu.of_text select w || i from generate_series(1, 40) i,
    unnest(array['Nguyễn', 'nguyễn', 'NGUYỄN', E'Nguye\u0302\u0303n', 'Đỗ', 'a b', 'a-b', 'A_b', ' ', 'z']) w;
create table icu.of_text_no_case (name text collate icu.no_case primary key, n int);
insert into icu.of_text_no_case select chr(65 + i % 26) || chr(97 + i * 7 % 26) || i, i from generate_series(1, 200) i;
create table icu.sorted (name text collate icu.numeric_order, n int);
create index sorted_name on icu.sorted (name, (name collate icu.vietnamese) desc);
insert into icu.sorted select 'a' || i % 50, i from generate_series(1, 100) i;
create view icu.in_order as select name from icu.sorted order by name collate icu.vietnamese;
