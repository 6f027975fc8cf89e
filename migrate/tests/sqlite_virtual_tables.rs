//! SQLite files with virtual tables: they are copied whole between files, and named where the target cannot have them.

use std::thread;
use std::time::Duration;

use handover_testkit::{Database, sqlite};
use serde_json::json;

use crate::config::write;
use crate::sqlite_schemas::{found, tables};
use crate::support::{Handover, json, messages, table};

/// Ordinary tables whose names are those of an index's own tables, beside such indexes.
const NAMESAKES: &str = "
    create table notes_content (id integer primary key, body text);
    insert into notes_content values (7, 'hello'), (9, 'world');
    create virtual table notes using fts5(body, content='notes_content', content_rowid='id');
    insert into notes (notes) values ('rebuild');
    create table words_content (word text); insert into words_content values ('a'), ('a');
    create virtual table words using fts5(word, content='');
    insert into words (rowid, word) values (1, 'only here');
    create table places_docsize (id integer primary key, size int);
    insert into places_docsize values (1, 1);
    create virtual table places using fts5(name, columnsize=0);
    insert into places values ('Hà Nội'), ('Huế'), ('Cần Thơ');";

/// Tables of an application's own module, as its file has them.
const OWN_MODULE: &str = "
    create table vec_chunks (id integer primary key, chunk blob); insert into vec_chunks values (1, x'00');
    pragma writable_schema = on;
    insert into sqlite_schema values
        ('table', 'vec', 'vec', 0, 'CREATE VIRTUAL TABLE vec USING vec0(a float[3])');";

#[test]
fn a_file_with_virtual_tables_is_copied_whole() {
    let handover = Handover::sqlite(&format!("{NAMESAKES}{OWN_MODULE}"));
    let report = handover.copied();
    for name in
        ["main.notes_content", "main.words_content", "main.places_docsize", "main.vec_chunks"]
    {
        assert_ne!(table(&report, name)["rows"], 0, "{report:#}");
    }
    let verified = handover.verified();
    assert_eq!(tables(&verified), tables(&report));
    assert_eq!(verified["not_checked"], json!(["the text encoding"]));
    let target = handover.target_file();
    let matching = |table: &str, word: &str| {
        sqlite(&target, &format!("select rowid from {table} where {table} match '{word}'"))
    };
    assert_eq!([matching("notes", "world"), matching("words", "here")], ["9", "1"]);
    assert_eq!(sqlite(&target, "select name from places where places match 'Huế'"), "Huế");
    for table in ["notes", "words", "places"] {
        sqlite(&target, &format!("insert into {table} ({table}) values ('integrity-check')"));
    }
    assert_eq!(sqlite(&target, "pragma integrity_check"), "ok");
    let module = "select sql from sqlite_schema where name = 'vec'";
    assert_eq!(sqlite(&target, module), "CREATE VIRTUAL TABLE vec USING vec0(a float[3])");
    // What the index tables hold is compared as everything else is.
    sqlite(&target, "insert into places (name) values ('Vinh')");
    let report = json(handover.verify().go().expect(1));
    assert!(messages(&report).contains("main.places_content"), "{report:#}");
}

#[test]
fn a_killed_copy_of_virtual_tables_goes_on() {
    let many = "with recursive n(i) as (values (1) union all select i + 1 from n where i < 3000)
        insert into places select 'Xã ' || i from n;";
    let handover = Handover::sqlite(&format!("{NAMESAKES}{many}"));
    let mut run = handover.copy().args(["--chunk-bytes", "4K", "--max-rate", "60K"]).spawn();
    assert!(run.wait_for(|run| run.stderr().contains("] copying ")));
    thread::sleep(Duration::from_millis(500));
    run.kill();
    assert_eq!(handover.status().stage(), "rows");
    handover.copied();
    handover.verified();
    let target = handover.target_file();
    sqlite(&target, "insert into places (places) values ('integrity-check')");
    assert_eq!(sqlite(&target, "select count(*) from places where places match 'Xã'"), "3000");
}

#[test]
fn rows_of_virtual_tables_are_copied_or_named() {
    let target = Database::create();
    let boxes = "create virtual table boxes using rtree(id, x0, x1);
        insert into boxes values (1, 0, 1), (2, 3, 4);
        create virtual table doc using fts4(text); insert into doc values ('x'), ('y');
        create virtual table terms using fts4aux(doc);";
    let handover =
        Handover::sqlite_to_postgres(&format!("{NAMESAKES}{boxes}{OWN_MODULE}"), &target);
    let nowhere = "row(s) are nowhere else; put them into an ordinary table at the source";
    let expected = [
        "main.boxes is not copied: a virtual table (rtree): its 2 ",
        nowhere,
        "main.doc is not copied: a virtual table (fts4): its rows are those of main.doc_content",
        "main.notes is not copied: a virtual table (fts5): it is an index of main.notes_content",
        "main.places is not copied: a virtual table (fts5): its rows are those of \
         main.places_content",
        "main.terms is not copied: a virtual table (fts4aux): its rows are computed from other tables",
        "main.vec is not copied: a virtual table (vec0): only the application has all of vec0",
        "main.words is not copied: a virtual table (fts5): its 1 ",
    ];
    let outcome = handover.copy().go();
    let report = json(outcome.expect(1));
    for part in expected {
        assert!(messages(&report).contains(part), "{part}\n{}", messages(&report));
    }
    // Before a row moves.
    let before = outcome.stderr.split("] copying ").next().unwrap();
    assert!(before.contains("main.words will not be copied: a virtual table"), "{before}");
    let copied = [
        "main.doc_content",
        "main.notes_content",
        "main.places_content",
        "main.places_docsize",
        "main.vec_chunks",
        "main.words_content",
    ];
    assert_eq!(tables(&report), copied);
    assert_eq!(target.query("select count(*), min(body) from public.notes_content"), "2|hello");
    assert_eq!(target.query("select count(*), min(c0) from public.places_content"), "3|Cần Thơ");

    // Rows that nobody compared are not called equal, until somebody leaves them out.
    let report = json(handover.verify().go().expect(2));
    assert_eq!(report["verdict"], "unverified", "{report:#}");
    for name in ["main.boxes", "main.vec", "main.words"] {
        assert_eq!(table(&report, name)["verdict"], "unverified");
    }
    let leave_out =
        ["boxes", "vec", "words"].map(|name| ["--leave-out".to_owned(), format!("main.{name}")]);
    let report = json(handover.verify().args(leave_out.concat()).go().expect(0));
    assert_eq!(tables(&report), copied);
    let not_checked = report["not_checked"].to_string();
    assert!(
        not_checked.contains("main.notes, a virtual table (fts5): it is an index"),
        "{not_checked}"
    );
}

#[test]
fn a_virtual_table_is_left_out_with_its_own_tables() {
    let leave_out = "[[leave_out]]\ntable = \"main.places\"\nreason = \"made anew\"\n";
    let handover = Handover::sqlite(NAMESAKES);
    write(&handover.dir(), leave_out);
    handover.copied();
    let left =
        sqlite(&handover.target_file(), "select name from sqlite_schema where name like 'places%'");
    assert_eq!(left, "places_docsize");
    handover.verified();
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(NAMESAKES, &target);
    write(&handover.dir(), leave_out);
    let (report, said) = found(&handover);
    assert!(!said.contains("places"), "{said}");
    assert_eq!(
        tables(&report),
        ["main.notes_content", "main.places_docsize", "main.words_content"]
    );
}
