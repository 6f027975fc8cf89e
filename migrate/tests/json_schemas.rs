//! JSON Schemas of the reports of handover-migrate, and reports that keep to them.

use std::path::Path;

use handover_migrate::command::status::StatusReport;
use handover_migrate::copy::report::CopyReport;
use handover_schemas::config::Config;
use handover_testkit::{Outcome, Run, generated_file, sqlite, violations};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

#[track_caller]
fn check_up_to_date<T: JsonSchema>(name: &str) {
    check_file(name, &schema::<T>());
}

#[track_caller]
fn check_file(name: &str, schema: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/json");
    let text = serde_json::to_string_pretty(schema).unwrap();
    generated_file(&folder.join(name), &format!("{text}\n"));
}

/// The report keeps to its schema, and has nothing that the type does not have.
#[track_caller]
fn check_report<T: JsonSchema + DeserializeOwned + Serialize>(outcome: &Outcome, code: i32) {
    outcome.expect(code);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(violations(&schema::<T>(), &document), [""; 0], "{}", outcome.stdout);
    let report: T = serde_json::from_str(&outcome.stdout).unwrap();
    let again = serde_json::to_string_pretty(&report).unwrap();
    assert_eq!(outcome.stdout, format!("{again}\n"));
}

#[test]
fn the_schemas_are_up_to_date() {
    check_up_to_date::<StatusReport>("status.schema.json");
    check_up_to_date::<CopyReport>("copy-report.schema.json");
    // The config is read, not written: what has a default may be left out.
    let settings = SchemaSettings::draft2020_12();
    let schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    check_file("handover-config.schema.json", &schema);
}

#[test]
fn reports_keep_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    sqlite(
        &file("source.db"),
        "create table t (id integer primary key, note text); insert into t values (1, 'a');
         create table bad (id integer primary key, n int); insert into bad values (1, 'many')",
    );
    let url = |name: &str| format!("sqlite:{}", file(name).display());
    let copy = || {
        let ends = [
            "copy",
            "--json",
            "--quiet",
            "--source",
            &url("source.db"),
            "--target",
            &url("target.db"),
        ];
        Run::new("handover-migrate").args(ends).arg("--handover").arg(file("handover")).go()
    };
    let status = || {
        Run::new("handover-migrate").args(["status", "--json", "--target", &url("target.db")]).go()
    };
    check_report::<CopyReport>(&copy(), 1);
    check_report::<StatusReport>(&status(), 0);
    sqlite(&file("source.db"), "update bad set n = 2");
    let again = copy();
    check_report::<CopyReport>(&again, again.code.unwrap());
    check_report::<StatusReport>(&status(), 0);
}
