-- servers: all
-- Names that need quotes, and worse.
create schema "Báo cáo";
create schema "select";
create schema empty;
create schema "Schema with "" and '' and %s and $1";

create table "Báo cáo"."Số liệu" ("Mã số" int primary key, "Họ và tên" text, "a""b" text, "%" int, "\" int, " " int);
insert into "Báo cáo"."Số liệu" select i, 'Nguyễn ' || i, '"' || i, i, i, i from generate_series(1, 100) i;
create table "select"."table" ("from" int, "where" text, "Order" int, primary key ("from", "where"));
insert into "select"."table" select i, 'w' || i % 3, i from generate_series(1, 100) i;
create table "select"."Table" ("from" int primary key);
insert into "select"."Table" values (1);
create table "select"."it's" ("$1" text primary key, "{}" text, ":x" text, "--" text, "/*" text);
insert into "select"."it's" values ('a', 'b', 'c'), ('''', '"', ':');
create table "Schema with "" and '' and %s and $1"."-rf *" ("?" int primary key, "x y" text, "a.b" text);
insert into "Schema with "" and '' and %s and $1"."-rf *" values (1, 'a', 'b');
create table "Báo cáo"."một bảng có tên dài đúng sáu mươi ba byte à" (id int primary key);
create index "chỉ mục ""x""" on "Báo cáo"."Số liệu" ("Họ và tên", ("Mã số" + 1));
create view "Báo cáo"."Xem ""nhanh""" as select "Mã số" as "số %", "a""b" from "Báo cáo"."Số liệu";
create type "select"."Loại" as enum ('a', 'b''c', 'd"e', 'f\g');
create table "select".typed (id int primary key, loai "select"."Loại", list "select"."Loại"[] default '{a}');
insert into "select".typed values (1, 'b''c', default), (2, 'd"e', '{"f\\g",NULL}');
create sequence "select"."Số thứ tự";
create function "select"."Hàm"("Đối số" int, "b c" text default 'x''y') returns int language sql as $$ select "Đối số" $$;
comment on function "select"."Hàm"(int, text) is 'a "comment" with ''quotes''';
create table "select".pg_class (oid int primary key, relname text);
insert into "select".pg_class values (1, 'not the catalog');
create table "select".handover_chunk (id int primary key, note text);
insert into "select".handover_chunk values (1, 'not a ledger');
