//! Tables that inherit: their columns come in the source's order, whatever their history was.

use handover_testkit::Database;

use crate::support::{Handover, json, messages};

const PLATFORM: &str = "
    create domain ward_name as text;
    create table person (id int not null, name text collate \"C\");
    create table nurse (ward ward_name default 'a,(b', check (ward <> ');')) inherits (person)
        with (fillfactor = 70);
    alter table person add phone text not null default '-';
    alter table person add constraint phones check (phone <> 'x');
    create table badge (number int);
    create table \"Head Nurse\" (since date) inherits (nurse, badge);
    alter table badge add \"Colour\" text;
    alter table nurse add grade int;
    alter table person add twice int generated always as (id * 2) stored;
    create table doctor (name text collate \"C\", title text, id int not null, phone text not null,
        twice int generated always as (id * 2) stored, constraint phones check (phone <> 'x'));
    alter table doctor inherit person;
    create table usual (more int) inherits (person);
    alter table nurse add primary key (id);
    create table shift (id int primary key, who nurse, lead \"Head Nurse\", dr doctor);
    insert into nurse (id, name, ward, phone, grade) values (1, 'Ánh', 'w', '09', 3);
    insert into \"Head Nurse\" (id, name, ward, phone, since, number, \"Colour\", grade)
        values (2, 'Bình', 'v', '08', '2022-01-01', 5, 'đỏ', 4);
    insert into doctor (id, name, title, phone) values (3, 'Chi', 'Dr', '07');
    insert into usual (id, name, phone, more) values (4, 'Dũng', '06', 1);
    insert into shift select 1, n, h, d from only nurse n, \"Head Nurse\" h, doctor d;";

/// Everything that the catalog says of columns, and of the constraints of tables.
const CATALOG: &str = "
    select c.relname, a.attname, a.attinhcount, a.attislocal, a.attnotnull, a.attgenerated,
           format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attcollation
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
      and not a.attisdropped
    order by c.relname, a.attnum";
const CHECKS: &str = "
    select conrelid::regclass::text, conname, conislocal, coninhcount, pg_get_constraintdef(oid)
    from pg_constraint where conrelid <> 0 and connamespace = 'public'::regnamespace order by 1, 2";

#[test]
fn columns_have_the_order_and_the_descent_that_they_have_at_the_source() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    for query in [
        CATALOG,
        CHECKS,
        "select id, (who).ward, (who).phone, (lead).\"Colour\", (lead).grade, (dr).title from shift",
        "select relname, reloptions from pg_class where relname = 'nurse'",
    ] {
        assert_eq!(source.query(query), target.query(query), "{query}");
    }
    handover.verified();
    assert_eq!(
        target.query("select count(*) from pg_class where relname like 'handover_parent%'"),
        "0"
    );
}

/// A table that was one by itself first: its computed column stands before the one it is computed from.
#[test]
fn a_column_may_be_computed_from_one_behind_it() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table base (dose int not null, total int generated always as (dose * 2) stored);
         create table own (total int generated always as (dose * 2) stored, note text default 'x', dose int not null,
                           check (note <> ''));
         alter table own inherit base; insert into own (dose) values (1), (2); insert into base values (3);
         create table wards (dose int not null, total int generated always as (dose * 2) stored);
         create table mixed (total int generated always as (dose * 2) stored, dose int not null);
         alter table mixed inherit wards; alter table wards add site text; insert into mixed (dose) values (7)",
    );
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy().go().expect(1));
    let found = messages(&report);
    assert!(found.contains("public.mixed") && found.lines().count() == 1, "{found}");
    assert!(found.contains("in another order"), "{found}");
    let columns = "select string_agg(attname, ',' order by attnum) from pg_attribute
                   where attrelid = 'own'::regclass and attnum > 0";
    assert_eq!(source.query(columns), target.query(columns));
    for table in ["own", "mixed"] {
        let rows =
            format!("select string_agg(dose || '/' || total, ',' order by dose) from {table}");
        assert_eq!(source.query(&rows), target.query(&rows));
    }
}
