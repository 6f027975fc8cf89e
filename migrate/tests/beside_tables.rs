//! What is no table's rows and has to be the same all the same: contents of materialised views, the
//! order of columns behind a row type, and whom row security holds behind a view.

use handover_testkit::Database;

use crate::support::{Handover, json, messages, table};

#[test]
fn a_stale_materialised_view_is_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table dose (id int primary key); insert into dose values (1), (2);
         create materialized view counted as select count(*) as n from dose;
         create materialized view fresh as select id from dose where id = 1;
         create materialized view never as select 1 as one with no data;
         insert into dose values (3)",
    );
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    assert!(said.contains("materialised view public.counted"), "{said}");
    assert!(!said.contains("fresh") && !said.contains("never"), "{said}");
    let report = json(handover.verify().go().expect(1));
    assert_eq!(table(&report, "public.counted")["verdict"], "different", "{report:#}");
    assert_eq!(table(&report, "public.fresh")["verdict"], "equal");

    source.sql("refresh materialized view counted");
    handover.verified();
}

#[test]
fn a_view_that_row_security_no_longer_holds_is_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table patient (id int primary key, ward text);
         insert into patient values (1, 'a'), (2, 'b');
         alter table patient enable row level security;
         create policy of_ward on patient using (ward = 'a');
         create view everybody as select * from patient;
         create view asked as select * from everybody;",
    );
    let role = source.role("limited", "pw").name;
    source.sql(&format!(
        "alter view everybody owner to \"{role}\";
         create view as_invoker with (security_invoker) as select * from patient;
         alter view as_invoker owner to \"{role}\";
         create function one() returns bigint language sql security definer
             as 'select count(*) from patient';
         alter function one() owner to \"{role}\";"
    ));
    assert_eq!(source.query("select count(*) from everybody"), "1");
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    for part in [
        "view public.everybody reads public.patient",
        "ALTER VIEW public.everybody OWNER TO",
        "function public.one() runs with its owner's rights",
    ] {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert!(!said.contains("asked") && !said.contains("as_invoker"), "{said}");
    let report = json(handover.verify().go().expect(1));
    assert!(messages(&report).contains("view public.everybody reads"), "{report:#}");

    // What is said is what helps.
    target.sql(&format!(
        "grant select on patient to \"{role}\"; alter view everybody owner to \"{role}\";
         alter function one() owner to \"{role}\""
    ));
    assert_eq!(target.query("select count(*) from everybody"), "1");
    handover.verified();
    target.sql(&format!("reassign owned by \"{role}\" to postgres; drop owned by \"{role}\""));
}

#[test]
fn columns_behind_a_row_type_in_another_order_are_not_equal() {
    let (source, target) = (Database::create(), Database::create());
    let tables = |columns: &str| {
        format!(
            "create table p (a int, b int) partition by list (a);
             create table p1 ({columns});
             alter table p attach partition p1 for values in (1);
             create table uses (id int primary key, v p1)"
        )
    };
    source.sql(&tables("a int, b int"));
    target.sql(&tables("b int, a int"));
    for end in [&source, &target] {
        end.sql("insert into p values (1, 2); insert into uses values (1, '(7,8)')");
    }
    let report = json(Handover::postgres(&source, &target).verify().go().expect(1));
    assert!(
        messages(&report).contains("columns of public.p1 are declared in another order"),
        "{report:#}"
    );
}
