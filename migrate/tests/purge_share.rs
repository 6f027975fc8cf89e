//! A rule that selects more than it was written for, and rows that it does not reach.

use crate::purge_broken::{ENGINES, edit_file, holds, ledger_count, refused};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::says;

/// More than half of a table, or all of it, is selected only by a rule that says so, and approvers see
/// it.
#[test]
fn a_rule_that_selects_too_much() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        let config = made.dir().join("handover.toml");
        edit_file(&config, "where = \"status = 'unverified'\"", "where = \"number > 4\"");
        refused(&made, &["select"], &["selects 6 of 10 rows", "more than 50 %", "share_max"]);
        edit_file(&config, "follow = [", "share_max = 59\nfollow = [");
        refused(&made, &["select"], &["selects 6 of 10 rows", "more than 59 %"]);
        edit_file(&config, "share_max = 59", "share_max = 60");
        made.purge(&["select"]).go().expect(0);
        edit_file(&config, "number > 4", "1 = 1");
        refused(&made, &["select", "--anew"], &["selects 10 of 10 rows", "more than 60 %"]);
        assert_eq!(ledger_count(&made, "purge", "state = 'selected'"), 1);
        edit_file(&config, "share_max = 60", "share_max = 100");
        made.purge(&["select", "--anew"]).go().expect(0);
        made.go_on_from(Until::Selected, Until::BackedUp);
        let show = made.purge(&["approve", "--show"]).go();
        let shown = &show.expect(0).stdout;
        assert!(shown.contains("10 / 10") && shown.contains("up to 100 % of its own table"));
        made.go_on_from(Until::BackedUp, Until::Certified);
        assert_eq!(made.count("subjects", "1 = 1"), 0);
        holds(&made);
        edit_file(&config, "share_max = 100", "share_max = 101");
        says(made.purge(&["select"]).go().expect(2), &["share_max is a percentage"]);
    }
}

/// Rows in tables that inherit, which a purge of the parent does not reach: of the rule's own table,
/// and of one that follows.
#[test]
fn rows_of_tables_that_inherit() {
    let made = PurgeMade::until(Engine::Postgres, Until::Made);
    made.sql(
        "create table subjects_2021 (remark text) inherits (subjects);
         create table subjects_2021_north () inherits (subjects_2021);
         insert into subjects_2021_north values (901, 'An', null, null, null, null, 'unverified', '');
         create table doses_2021 () inherits (doses);
         insert into doses_2021 overriding system value values (7001, 3, '2021-08-01', 'AZ', 0.5);",
    );
    let said = [
        "1 rows of public.subjects_2021_north (inherits from public.subjects)",
        "1 rows of public.doses_2021 (inherits from public.doses)",
        "Make a rule for each",
    ];
    refused(&made, &["select"], &said);
    assert_eq!(ledger_count(&made, "purge", "true"), 0);
    // Rows that the rule does not mean stay without a word.
    made.sql(
        "update only subjects_2021_north set status = 'verified';
         update only doses_2021 set subject = 2;",
    );
    made.go_on(Until::Certified);
    assert_eq!(made.count("subjects", "true"), 6);
    holds(&made);
}

/// A rule of a table that inherits: the approvers are told where its rows show up.
#[test]
fn a_table_that_inherits_has_a_rule() {
    let made = PurgeMade::until(Engine::Postgres, Until::Made);
    made.sql(
        "create table people (number bigint, name text);
         alter table subjects inherit people;
         insert into people values (1, 'somebody else');",
    );
    made.go_on(Until::BackedUp);
    let show = made.purge(&["approve", "--show"]).go();
    let shown = &show.expect(0).stdout;
    assert!(shown.contains("table that it inherits from too: public.people"), "{shown}");
    made.go_on(Until::Certified);
    assert_eq!(made.count("people", "true"), 6);
    holds(&made);
}
