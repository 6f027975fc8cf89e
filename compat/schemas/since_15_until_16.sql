-- servers: 15-16
-- Values that became infinity in 17, and that 14 takes as bits but can neither read nor print as text: what another
-- server cannot hold is a finding that names this schema.
create schema since_15_until_16;
create table since_15_until_16.extreme_interval (id int primary key, v interval);
insert into since_15_until_16.extreme_interval values (1, '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807'), (2, '1 day');
