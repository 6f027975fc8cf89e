//! The source changes between a kill and the next run: the target ends with what the source holds
//! then, not with a mixture.

use std::thread;
use std::time::Duration;

use handover_testkit::{Database, sqlite};

use crate::ends::{End, Engine, PLATFORM, ROUTES, platform};
use crate::support::{Handover, expect_copied, json, messages, table};

const KEYS: &str = include_str!("sql/postgres_keys.sql");
const SQLITE: &str = include_str!("sql/sqlite.sql");

/// Runs and kills until about half of the chunks are there.
#[track_caller]
fn copy_half(handover: &Handover, arguments: &[&str]) {
    for _ in 0..100 {
        let mut run = handover.copy().args(arguments).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        thread::sleep(Duration::from_millis(400));
        assert!(!run.has_ended(), "it ended before half of it was there: {}", run.stderr());
        run.kill();
        let status = handover.status();
        assert_eq!(status.stage(), "rows");
        let copied = status.sum("copied");
        if copied * 5 > status.sum("planned") * 2 {
            return;
        }
    }
    panic!("it does not come to half");
}

#[test]
fn rows_change_between_two_runs() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        copy_half(&handover, &["--chunk-bytes", "8K", "--max-rate", "400K"]);
        let before = target.copied_chunks();
        source.query(
            "begin;
             update dose set note = 'đổi ' || id where id % 97 = 0;
             update dose set id = -id where id % 401 = 0;
             delete from dose where id between 1000 and 1300;
             insert into dose (id, note) values (1100, 'new'), (99999, 'last');
             update person set name = 'đổi' where id_number like '%77';
             insert into person (id_number) values (''), ('zzz'), ('079000500000');
             update visit set note = null where visit_no % 50 = 0;
             delete from visit where person like 'P1%';
             insert into note values (0, 'note 0'), (null, null);
             delete from note where a = 3;
             commit;",
        );
        let outcome = handover.copy().go();
        expect_copied(&outcome);
        assert!(outcome.stderr.contains("chunks are in the target already"), "{}", outcome.stderr);
        assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM), "{from:?} → {to:?}");
        handover.verified();
        // What did not change was not copied again.
        let after = target.copied_chunks();
        let kept =
            before.iter().filter(|(chunk, moment)| after.get(*chunk) == Some(moment)).count();
        assert!(kept > 10 && kept < before.len(), "{kept} of {}", before.len());
    }
}

/// Every row of the source is replaced, and many more come, within the planned boundaries.
#[test]
fn a_source_that_is_another_one_altogether() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        copy_half(&handover, &["--chunk-bytes", "8K", "--max-rate", "400K"]);
        source.query(
            "begin; delete from dose; delete from person; delete from note;
             insert into dose (id, note) select visit_no * 3, note || note from visit;
             delete from visit; commit;",
        );
        handover.copied();
        assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM), "{from:?} → {to:?}");
        handover.verified();
    }
}

/// Ranges of keys of every kind are replaced exactly, whatever order the target's indexes have.
#[test]
fn keys_of_every_kind_are_replaced_in_postgres() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(KEYS);
    let handover = Handover::postgres(&source, &target);
    copy_half(&handover, &["--chunk-bytes", "1K", "--max-rate", "200K"]);
    source.sql(
        "do $$ declare t regclass; begin
            for t in select attrelid from pg_attribute a join pg_class c on c.oid = attrelid
                where attname = 'filler' and relnamespace = 'keys'::regnamespace and relkind = 'r'
            loop
                execute format('update %s set filler = filler || ''!'' where hashtext(ctid::text) %% 7 = 0', t);
            end loop;
            for t in select oid from pg_class where relnamespace = 'keys'::regnamespace and relkind = 'r'
            loop
                execute format('delete from %s where hashtext(ctid::text) %% 11 = 0', t);
            end loop;
        end $$",
    );
    expect_copied(&handover.copy().go());
    handover.verified();
}

/// The same for keys that SQLite itself orders otherwise.
#[test]
fn keys_of_every_kind_are_replaced_from_sqlite() {
    let target = Database::create();
    let sql = format!(
        "{SQLITE} create table no_case (code text not null collate nocase primary key, n int);
         insert into no_case select 'C' || id, id from of_integer;"
    );
    let lost = "collation nocase of no_case.code is not carried over: PostgreSQL tells capital and \
                small letters apart in it; make it by hand";
    for (handover, found) in
        [(Handover::sqlite(&sql), ""), (Handover::sqlite_to_postgres(&sql, &target), lost)]
    {
        copy_half(&handover, &["--chunk-bytes", "1K", "--max-rate", "200K"]);
        let source = handover.source_file();
        let tables = sqlite(
            &source,
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'",
        );
        for name in tables.lines().filter(|name| !REFERRED_TO.contains(name)) {
            let order = if name == "without_rowid" { "n" } else { "rowid" };
            let change = format!("delete from \"{name}\" where abs({order} % 7919 * 31) % 11 = 3");
            sqlite(&source, &change);
        }
        sqlite(
            &source,
            "update of_real set t = 'changed' where rowid % 5 = 0;
             update without_rowid set note = 'changed' where n % 13 = 0;
             update no_case set n = -1 where n % 7 = 0;
             update descending set a = -a where a % 9 = 0",
        );
        let report = json(handover.copy().go().expect(i32::from(!found.is_empty())));
        assert_eq!(messages(&report), found);
        handover.verified();
    }
}

/// Parents keep their rows: PostgreSQL would miss them.
const REFERRED_TO: [&str; 4] = ["tree", "hen", "egg", "order"];

/// Once foreign keys stand, a range can no longer be replaced: the table stops, nothing is lost.
#[test]
fn rows_change_after_the_structure_was_begun() {
    let (source, target) = (platform(Engine::Postgres), End::empty(Engine::Postgres));
    source.query(
        "create function slow(i int) returns int immutable language plpgsql as
            $$ begin perform pg_sleep(0.0005); return i; end $$;
         create index slow_index on note (slow(a));",
    );
    let handover = Handover::between(&source.url(), &target.url());
    let mut run = handover.copy().spawn();
    assert!(run.wait_for(|run| run.stderr().contains("other objects to make")));
    run.kill();
    assert_eq!(handover.status().stage(), "structure");
    let before = target.rows(&PLATFORM);
    source.query("update dose set note = 'changed' where id = 5");
    let report = json(handover.copy().go().expect(1));
    assert_eq!(report["outcome"], "incomplete");
    let said = messages(&report);
    assert!(
        said.contains("public.dose") && said.contains("begin again with an empty target"),
        "{said}"
    );
    assert_eq!(target.rows(&PLATFORM), before);
    // Put right at the source, it goes on.
    source.query("update dose set note = (select note from dose where id = 6) where id = 5");
    let note = target.query("select note from dose where id = 5");
    source.query(&format!("update dose set note = '{note}' where id = 5"));
    handover.copied();
    handover.verified();
    assert_eq!(table(&report, "public.person")["read_back"], 1);
}

/// Another type named for a column, or another chunk size, does not slip into a plan that exists.
#[test]
fn the_plan_stays_as_it_was_frozen() {
    let (source, target) = (platform(Engine::Sqlite), End::empty(Engine::Postgres));
    let handover = Handover::between(&source.url(), &target.url());
    copy_half(&handover, &["--chunk-bytes", "8K", "--max-rate", "400K"]);
    let planned = handover.status().sum("planned");
    let refused = handover.copy().args(["--map-type", "dose.note=bytea"]).go();
    crate::support::says(
        refused.expect(2),
        &["column note of main.dose was text and is note bytea"],
    );
    expect_copied(&handover.copy().args(["--chunk-bytes", "16M"]).go());
    assert!(handover.status().sum("planned") >= planned);
}
