//! Keys and references of PostgreSQL 18 that are of a time: WITHOUT OVERLAPS and PERIOD.

use std::fs;

use handover_testkit::{Cluster, Run};

#[test]
fn a_key_of_a_time_is_a_key_and_a_reference_for_a_period_is_refused() {
    let cluster = Cluster::start_version(18);
    let sql = |sql: &str| cluster.server().sql("postgres", sql);
    sql("create table rooms (number int4range, valid daterange, note text,
             primary key (number, valid without overlaps));
         insert into rooms select int4range(i, i + 1), daterange('2021-01-01', '2022-01-01'),
             'room ' || i from generate_series(1, 10) i;
         create table stays (id int primary key, room int4range, valid daterange,
             foreign key (room, period valid) references rooms (number, period valid));
         insert into stays values (1, int4range(3, 4), daterange('2021-02-01', '2021-03-01'))");
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[target]\nurl = \"{}\"\n[[purge.rule]]\nname = \"old\"\nreason_vi = \"a\"\n\
         reason_en = \"a\"\nlegal_basis = [\"1/QĐ\"]\nretain_until = \"2040-01-01\"\n\
         table = \"public.rooms\"\nwhere = \"note < 'room 4'\"\nfollow = [\"public.stays\"]\n",
        cluster.database_url("postgres")
    );
    let file = folder.path().join("handover.toml");
    fs::write(&file, &config).unwrap();
    let select = || {
        let run = Run::new("handover-migrate").args(["purge", "select", "--quiet", "--handover"]);
        run.arg(folder.path()).go()
    };
    let refused = select();
    let said =
        "public.stays refers to public.rooms for a period (foreign key stays_room_valid_fkey)";
    assert!(refused.expect(2).stderr.contains(said), "{}", refused.stderr);

    sql("alter table stays drop constraint stays_room_valid_fkey");
    fs::write(&file, config.replace("follow = [\"public.stays\"]\n", "")).unwrap();
    let selected = select();
    // Rooms 1, 10, 2 and 3.
    let rows = "public.rooms                                        4 of           10 rows";
    assert!(selected.expect(0).stdout.contains(rows), "{}", selected.stdout);
}
