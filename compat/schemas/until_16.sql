-- servers: 15-16
-- Values that became infinity in 17: what a later server cannot hold is a finding that names this schema.
create schema until_16;
create table until_16.extreme_interval (id int primary key, v interval);
insert into until_16.extreme_interval values (1, '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807'), (2, '1 day');
