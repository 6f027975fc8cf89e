//! The JSON document: its shape, its schema, and that it says the same twice.

use std::path::Path;

use handover_schemas::report::TablesReport;
use handover_testkit::{Database, generated_file, sqlite, violations};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::judged::{Judged, judge, judge_with, verifier};
use crate::mutation::{Seed, SqliteSeed};

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<TablesReport>().to_value()
}

#[test]
fn the_schema_is_up_to_date() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/json/tables-report.schema.json");
    generated_file(&path, &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

/// Keys of an object, in order.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn document(judged: &Judged) -> Value {
    let document = serde_json::from_str(&judged.outcome.stdout).unwrap();
    assert_eq!(violations(&schema(), &document), [""; 0]);
    document
}

#[test]
fn the_shape_is_the_one_promised() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id int primary key, note text); insert into t values (1, 'a');
                create table gone (id int primary key)",
    );
    target.sql(
        "create table t (id int primary key, note text); insert into t values (1, 'b');
                create table more (id int primary key)",
    );
    let judged = judge(&source.url(), &target.url());
    let report = document(&judged);
    assert_eq!(keys(&report), ["findings", "left_out", "not_checked", "tables", "verdict"]);
    assert_eq!(report["verdict"], "different");
    let tables = report["tables"].as_array().unwrap();
    let names: Vec<&Value> = tables.iter().map(|table| &table["table"]).collect();
    assert_eq!(names, ["public.gone", "public.more", "public.t"]);
    for table in tables {
        assert_eq!(keys(table), ["findings", "source", "table", "target", "verdict"]);
        assert_eq!(table["verdict"], "different");
    }
    // A missing side is null.
    assert_eq!((&tables[0]["target"], &tables[1]["source"]), (&Value::Null, &Value::Null));
    let end = &tables[2]["source"];
    assert_eq!(keys(end), ["bytes", "command", "digest", "root", "rows"]);
    assert_eq!((&end["rows"], &end["bytes"]), (&json!(1), &json!(4)));
    // printf '1\ta\n' | sha256sum
    let digest = "85999f8a9988bf18a1b5d48f40c16b524730f2a864dd898f784e51d065411a89";
    assert_eq!(end["digest"], digest);
    let finding = &tables[2]["findings"][0];
    let file = judged.dir.path().join("findings/verify-tables.jsonl");
    assert_eq!(
        *finding,
        json!({
            "kind": "rows_differ",
            "message": format!("1 row(s) of public.t differ in note; likely cause: the value \
                differs; keys: 1; all keys: {}", file.display()),
            "columns": ["note"], "count": 1, "cause": "value_changed", "keys": [["1"]],
            "keys_in": file.display().to_string(),
        })
    );
}

#[test]
fn every_kind_of_report_keeps_to_the_schema() {
    let seed = Seed::of_everything();
    document(&seed.judge_after(""));
    document(&seed.judge_after("delete from log; drop table moments; drop view large_facilities"));
    let file = SqliteSeed::of_everything();
    document(&judge(&file.url(), &seed.source.url()));
    document(&judge_with(&file.url(), &file.url(), &["--explain", "main.people", "--show-keys"]));
    let empty = Database::create();
    document(&judge(&empty.url(), &empty.url()));
}

#[test]
fn nothing_in_it_changes_from_run_to_run() {
    let seed = Seed::of_everything();
    let target = seed.target();
    // Much to say about rows, columns and objects, and more than one reader at each end.
    target.sql(
        "set search_path = public; delete from scalars where id > 5; update people set name = '';
         alter table moments drop column span; drop view large_facilities; drop table log;
         update visits set purpose = purpose || ' '; delete from doses where id = 3",
    );
    let dir = tempfile::tempdir().unwrap();
    let run = |jobs: &str| {
        let run = verifier(&seed.source.url(), &target.url()).args(["--json", "--jobs", jobs]);
        let outcome = run.arg("--handover").arg(dir.path()).go();
        outcome.expect(1);
        let file = std::fs::read(dir.path().join("findings/verify-tables.jsonl")).unwrap();
        (outcome.stdout, file)
    };
    let first = run("4");
    for jobs in ["4", "1", "9"] {
        assert_eq!(run(jobs), first);
    }
}

#[test]
fn the_findings_file_goes_when_there_is_nothing_left_to_find() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let table = "create table t (id integer primary key); insert into t values (1)";
    sqlite(&source, table);
    sqlite(&target, &format!("{table}, (2)"));
    let handover = folder.path().join("handover");
    let url = |file: &Path| format!("sqlite:{}", file.display());
    let run = || verifier(&url(&source), &url(&target)).arg("--handover").arg(&handover).go();
    run().expect(1);
    let file = handover.join("findings/verify-tables.jsonl");
    let line: Map<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(line["key"], json!(["2"]));
    // Keys may be people's numbers.
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
            & 0o777
    };
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    sqlite(&target, "delete from t where id = 2");
    run().expect(0);
    assert!(!file.exists());
}
