-- What only another SQLite file can take.
create table strict_table (id integer primary key, n int not null, t text, b blob, r real, a any) strict;
insert into strict_table values (1, 2, 'three', x'04', 5.5, 'six'), (2, 0, null, null, null, null);
create table computed (a int, b int check (b >= 0), c int generated always as (a + b) virtual,
    d text generated always as ('d' || a) stored, unique (a, b) on conflict ignore);
insert into computed (a, b) select n, abs(n) from of_text where n is not null group by n;
create table key_may_be_null (code text primary key, n int);
insert into key_may_be_null values (null, 1), (null, 2), ('a', 3);
create table on_conflict (id integer primary key, t text not null on conflict replace default 'x');
insert into on_conflict values (1, 'y');
create index lower_name on of_text (lower(name)) where n > 3;
create index any_case on of_text (name collate nocase desc);
create view names as select name as "Tên", n from of_text where n > 10;
create view names_of_names as select upper("Tên") as "TÊN" from names;
create trigger touch after insert on tree begin
    update tree set name = 'touched; by a trigger' where id = new.id;
end;
create trigger "instead" instead of insert on names begin select 1; end;
-- Kept as written: comments, odd spacing, quotes of all kinds.
create   table  [odd  text] ("a" int -- a comment
    , `b` text /* another; */ default 'x;y' , 'c' int);
insert into [odd  text] values (1, 'b', 2);
create table no_case (code text not null collate nocase primary key, n int);
insert into no_case select 'C' || id, id from of_integer;
