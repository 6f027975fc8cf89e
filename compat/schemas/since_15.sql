-- servers: 15-
-- What 14 does not have. An object that a target cannot hold is a finding that names this schema.
create schema since_15;
create table since_15.nulls_not_distinct (code text, n int, unique nulls not distinct (code));
insert into since_15.nulls_not_distinct values (null, 1), ('a', 2);
create table since_15.negative_scale (id int primary key, v numeric(3, -2), w numeric(2, 5));
insert into since_15.negative_scale values (1, 99900, 0.00012), (2, -99900, 'NaN');
create table since_15.longest_interval (id int primary key, v interval);
insert into since_15.longest_interval values (1, '178000000 years 11 mons -2147483647 days +2562047788:00:54.775806');
create table since_15.referred (id int, tenant int, primary key (tenant, id));
create table since_15.referring (n int primary key, tenant int, id int,
    foreign key (tenant, id) references since_15.referred on delete set null (id));
insert into since_15.referred values (1, 1);
insert into since_15.referring values (1, 1, 1), (2, 1, null);
create view since_15.as_the_reader with (security_invoker) as select id from since_15.referred;
create unlogged table since_15.unlogged (id serial primary key);
insert into since_15.unlogged default values;
create function since_15.merged() returns void language sql begin atomic
    merge into since_15.referred r using (values (1, 2)) v (id, tenant) on r.id = v.id and r.tenant = v.tenant
        when not matched then insert values (v.id, v.tenant) when matched then do nothing; end;
create view since_15.regular as select regexp_count('abab', 'a') as n, regexp_substr('abc', 'b.') as s;
