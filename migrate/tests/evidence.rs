//! `handover-migrate evidence`: files that come back signed are in the ledger whole or not at all.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use handover_testkit::{Outcome, Run, Running};
use serde_json::Value;
use tempfile::TempDir;

use crate::ends::{End, Engine};
use crate::support::{Handover, json, says, says_nothing_of};

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Sqlite];

/// Stands for what a person's row holds. Nothing that a command says may have it.
const CANARY: &str = "canary079201000001";

/// A target and a folder with files.
struct Desk {
    target: End,
    folder: TempDir,
}

impl Desk {
    fn new(engine: Engine) -> Self {
        Self { target: End::empty(engine), folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn evidence(&self) -> Run {
        Run::new("handover-migrate")
            .args(["evidence", "--target", &self.target.url()])
            .dir(self.folder.path())
    }

    /// Loads a file under a name.
    fn load(&self, file: &str, name: &str) -> Run {
        self.evidence().args(["--file", file, "--name", name])
    }

    #[track_caller]
    fn list(&self) -> Value {
        json(self.evidence().args(["--list", "--json"]).go().expect(0))["evidence"].clone()
    }

    /// The table of a file's rows.
    fn table(&self, name: &str) -> String {
        match self.target {
            End::Postgres(_) => format!("handover.evidence_{name}"),
            End::Sqlite(_) => format!("handover_evidence_{name}"),
        }
    }

    /// Everything of ours that is in the target.
    fn ours(&self) -> String {
        match &self.target {
            End::Postgres(database) => database.query(
                "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname = 'handover' and c.relkind = 'r'
                 union all select 'schema' from pg_namespace where nspname = 'handover' order by 1",
            ),
            End::Sqlite(_) => self.target.query("select name from sqlite_schema order by 1"),
        }
    }

    /// Refused with this, nothing said of the canary, and nothing left in the target.
    #[track_caller]
    fn is_refused(&self, outcome: &Outcome, parts: &[&str]) {
        outcome.expect(2);
        says(outcome, parts);
        says_nothing_of(outcome, &[CANARY]);
        match &self.target {
            End::Postgres(_) => assert_eq!(self.ours(), ""),
            // Not even a file was made.
            End::Sqlite(folder) => assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0),
        }
    }
}

#[test]
fn rows_arrive_as_they_are_in_the_file() {
    for engine in ENGINES {
        let desk = Desk::new(engine);
        let text = "\u{feff}Họ và tên;cccd;\"Kết \"\"quả\"\"\"\r\n\
            Nguyễn Văn An;001085123456;\\N\r\n\
            \"Hai\r\ndòng\"; 1 ;\"\\.\"\r\n\
            \"x;\"\"y\"\"\";\t\\t;'\r\n";
        let file = desk.file("Kết quả.csv", text);
        let signed = ["--signer", "Công an phường Bến Nghé"];
        let report =
            json(desk.load("Kết quả.csv", "c06_2022").args(signed).arg("--json").go().expect(0));
        let sum = Run::program("sha256sum").arg(&file).go().stdout;
        assert_eq!(report["already_loaded"], false);
        let entry = &report["evidence"];
        assert_eq!(entry["name"], "c06_2022");
        assert_eq!(entry["file"], "Kết quả.csv");
        assert_eq!(entry["signer"], signed[1]);
        assert_eq!((&entry["rows"], &entry["columns"]), (&3.into(), &3.into()));
        assert_eq!(entry["bytes"], text.len());
        assert_eq!(entry["sha256"], sum.split(' ').next().unwrap());
        assert_eq!(desk.list(), Value::from(vec![entry.clone()]));

        let table = desk.table("c06_2022");
        let hex = match engine {
            Engine::Postgres => "encode(convert_to(\"Kết \"\"quả\"\"\", 'UTF8'), 'hex')",
            Engine::Sqlite => "lower(hex(\"Kết \"\"quả\"\"\"))",
        };
        let rows = desk.target.query(
            &format!(
                "select line_no, replace(\"Họ và tên\", chr(13), '<'), length(cccd), {hex}
             from {table} order by 1"
            )
            .replace("chr(13)", if engine == Engine::Postgres { "chr(13)" } else { "char(13)" }),
        );
        let lines: Vec<&str> = rows.lines().collect();
        assert_eq!(lines, ["2|Nguyễn Văn An|12|5c4e", "3|Hai<", "dòng|3|5c2e", "5|x;\"y\"|3|27"]);
        let signer = desk
            .target
            .query(&format!("select signer, columns from {}", table.replace("_c06_2022", "")));
        assert_eq!(
            signer.trim_end(),
            format!("{}|{}", signed[1], r#"["Họ và tên","cccd","Kết \"quả\""]"#)
        );
    }
}

#[test]
fn a_file_is_loaded_once_and_never_replaced() {
    for engine in ENGINES {
        let desk = Desk::new(engine);
        desk.file("a.csv", "so,ket_qua\n1,dung\n2,sai\n");
        desk.file("b.csv", format!("so,ket_qua\n1,{CANARY}\n2,sai\n"));
        desk.load("a.csv", "x").args(["--signer", "C06"]).go().expect(0);
        let before = desk.target.query(&format!("select * from {}", desk.table("x")));

        let again = desk.load("a.csv", "x").go();
        assert!(again.expect(0).stdout.starts_with("already loaded: x: 2 rows, 2 columns\n"));
        let report =
            json(desk.load("a.csv", "x").args(["--signer", "C06", "--json"]).go().expect(0));
        assert_eq!(report["already_loaded"], true);
        for (outcome, parts) in [
            (desk.load("b.csv", "x").go(), ["another file is loaded as x", "a name of its own"]),
            (
                desk.load("a.csv", "x").args(["--signer", "C07"]).go(),
                ["with another signer", "another name"],
            ),
        ] {
            outcome.expect(2);
            says(&outcome, &parts);
            says_nothing_of(&outcome, &[CANARY]);
        }
        assert_eq!(desk.target.query(&format!("select * from {}", desk.table("x"))), before);

        // Another name is another file, whatever its content.
        desk.load("b.csv", "w_1").go().expect(0);
        desk.load("a.csv", "w").go().expect(0);
        let names: Vec<Value> =
            desk.list().as_array().unwrap().iter().map(|file| file["name"].clone()).collect();
        assert_eq!(names, ["w", "w_1", "x"]);
        let text = desk.evidence().arg("--list").go();
        assert!(text.expect(0).stdout.contains("\nx: 2 rows, 2 columns\n"), "{}", text.stdout);
        says_nothing_of(&text, &[CANARY]);

        desk.target.query(&format!("delete from {} where line_no = 2", desk.table("x")));
        let tampered = desk.load("a.csv", "x").go();
        tampered.expect(2);
        says(&tampered, &["has another number of rows than the 2", "somebody changed it"]);
    }
}

#[test]
fn a_malformed_file_is_refused_and_leaves_nothing() {
    for engine in ENGINES {
        let desk = Desk::new(engine);
        let row = format!("a,b\n1,2\n{CANARY},");
        for (text, parts) in [
            (format!("a,b\n{CANARY}\n"), ["line 2", "the row has 1 field, and the header has 2"]),
            (format!("{row}2,3\n"), ["line 3", "the row has 3 fields"]),
            (format!("{row}\0\n"), ["line 3", "NUL"]),
            (format!("{row}\"{CANARY}\n"), ["line 3", "not closed"]),
            (format!("{row}\"x\"{CANARY}\n"), ["line 3", "behind a closing quote"]),
            (format!("{row}1\n\n\n2,3\n"), ["line 4", "the line is empty"]),
            (String::new(), ["it is empty", "the first line has to name the columns"]),
            ("a,b\n".to_owned(), ["has a header, and no rows", "nothing of it was loaded"]),
            (format!("a,\n1,{CANARY}\n"), ["line 1", "column 2 of the header has no name"]),
            (
                format!("{CANARY}a,B,{CANARY}A\n1,2,3\n"),
                ["column 1 of the header has 9 digits", ""],
            ),
            (format!("Đ,Tên,tÊN,tên\n1,{CANARY},3,4\n"), ["columns 2 and 4", "the same name"]),
            (format!("a,{}\n1,2\n", "đ".repeat(32)), ["column 2", "64 bytes"]),
            (format!("a\tb\n1\t{CANARY}\n"), ["column 1", "not by TAB"]),
            (format!("a,Line_No\n1,{CANARY}\n"), ["column 2", "is named line_no"]),
            (format!("a,ctid\n1,{CANARY}\n"), ["column 2", "is named ctid"]),
            (format!("{}\n", vec!["x"; 1001].join(",")), ["1001 columns", "at most 1000"]),
        ] {
            desk.file("bad.csv", &text);
            let outcome = desk.load("bad.csv", "x").args(["--signer", "C06"]).go();
            desk.is_refused(&outcome, &parts);
            says(&outcome, &["bad.csv"]);
        }
        desk.file("bad.csv", [row.as_bytes(), b"\xc4\n"].concat());
        desk.is_refused(&desk.load("bad.csv", "x").go(), &["bad.csv", "line 3", "not UTF-8"]);
    }
}

#[test]
fn what_cannot_be_loaded_is_said() {
    let desk = Desk::new(Engine::Sqlite);
    desk.file("a.csv", "a\n1\n");
    fs::create_dir(desk.folder.path().join("folder")).unwrap();
    Run::program("mkfifo").arg(desk.folder.path().join("pipe")).go().expect(0);
    for (file, name, parts) in [
        ("none.csv", "x", ["cannot read none.csv", "No such file"]),
        ("folder", "x", ["cannot read folder", "not a file"]),
        ("pipe", "x", ["cannot read pipe", "not a file"]),
        ("a.csv", "", ["--name", "a-z, 0-9 and _"]),
        ("a.csv", "X", ["--name", "a-z, 0-9 and _"]),
        ("a.csv", "x; drop table t", ["--name", "a-z, 0-9 and _"]),
        ("a.csv", &"x".repeat(41), ["--name", "1 to 40"]),
    ] {
        desk.is_refused(&desk.load(file, name).go(), &parts);
    }
    desk.is_refused(&desk.load("a.csv", "x").args(["--signer", "a\u{1b}[2J"]).go(), &["--signer"]);
    desk.is_refused(&desk.evidence().go(), &["--file"]);
    desk.is_refused(&desk.evidence().args(["--file", "a.csv"]).go(), &["--name"]);
}

/// Files as people send them that are something else: the cause is named, with what to do.
#[test]
fn what_other_programs_wrote_is_told() {
    let desk = Desk::new(Engine::Sqlite);
    let utf_16 = |text: &str| -> Vec<u8> {
        let text = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let csv = format!("id,result\n1,{CANARY}\n");
    desk.file("plain.csv", &csv);
    Run::program("gzip").args(["-k", "plain.csv"]).dir(desk.folder.path()).go().expect(0);
    desk.file("utf16.csv", utf_16(&csv));
    desk.file("sheet.xlsx", [b"PK\x03\x04".as_slice(), &[0; 200]].concat());
    desk.file("sep.csv", format!("sep=;\nid;result\n1;{CANARY}\n"));
    desk.file("comma.csv", format!("\u{feff}SEP=,\r\nid,result\r\n1,{CANARY}\r\n"));
    desk.file("nfd.csv", format!("id,ke\u{302}\u{301}t qua\u{309}\n1,{CANARY}\n"));
    desk.file("number.csv", format!("17,{CANARY}x\n18,{CANARY}\n"));
    desk.file("born.csv", format!("ok,01/02/1950\nok,{CANARY}\n"));
    for (file, parts) in [
        ("plain.csv.gz", ["gzip", "unpack it"]),
        ("utf16.csv", ["UTF-16", "CSV UTF-8"]),
        ("sheet.xlsx", ["workbook", "save the sheet"]),
        ("sep.csv", ["line 1", "which separator the file has"]),
        ("comma.csv", ["line 1", "which separator the file has"]),
        ("nfd.csv", ["column 2", "NFD"]),
        ("number.csv", ["column 1", "a number or a date"]),
        ("born.csv", ["column 2", "a number or a date"]),
    ] {
        desk.is_refused(&desk.load(file, "x").go(), &parts);
    }
    desk.load("plain.csv", "x").go().expect(0);
}

/// Names of columns are names, whatever is in them.
#[test]
fn a_header_cannot_run_sql() {
    let names = [
        "a\" text); drop table keep; --",
        "b'); drop table keep; --",
        "c) values (1); drop table keep; --",
        "$$; drop table keep; $$",
        "select",
        "\\",
        "?1",
        " d ",
        "SỐ ĐỊNH DANH",
    ];
    for engine in ENGINES {
        let desk = Desk::new(engine);
        desk.target.query("create table keep (id int)");
        let quoted: Vec<String> =
            names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        let values: Vec<String> = (1..=names.len()).map(|number| number.to_string()).collect();
        desk.file("a.csv", format!("{}\n{}\n", quoted.join(";"), values.join(";")));
        let injected = ["--signer", "'); drop table keep; --"];
        desk.load("a.csv", "x").args(injected).go().expect(0);
        assert_eq!(desk.target.query("select count(*) from keep").trim_end(), "0");
        let columns = match engine {
            Engine::Postgres => desk.target.query(
                "select attname from pg_attribute where attnum > 0
                 and attrelid = 'handover.evidence_x'::regclass order by attnum",
            ),
            Engine::Sqlite => {
                desk.target.query("select name from pragma_table_info('handover_evidence_x')")
            }
        };
        let expected: Vec<&str> = std::iter::once("line_no").chain(names).collect();
        assert_eq!(columns.trim_end_matches('\n').split('\n').collect::<Vec<_>>(), expected);
        let row = desk.target.query(&format!("select * from {}", desk.table("x")));
        assert_eq!(row.trim_end(), format!("2|{}", values.join("|")));
        assert_eq!(desk.list()[0]["signer"], injected[1]);
    }
}

/// The server refuses a row in the middle: what was sent before it goes, and it is not quoted.
#[test]
fn a_row_that_the_server_refuses_leaves_nothing() {
    let desk = Desk::new(Engine::Postgres);
    let header: Vec<String> = (0..1000).map(|number| format!("c{number}")).collect();
    let small = vec!["1"; 1000].join(",");
    let large = vec![CANARY; 1000].join(",");
    desk.file("a.csv", format!("{}\n{small}\n{large}\n", header.join(",")));
    let outcome = desk.load("a.csv", "x").go();
    desk.is_refused(&outcome, &["row is too big"]);
    desk.file("a.csv", format!("{}\n{small}\n", header.join(",")));
    desk.load("a.csv", "x").go().expect(0);
}

#[test]
fn killed_while_it_loads_it_leaves_nothing() {
    for engine in ENGINES {
        let desk = Desk::new(engine);
        desk.file("large.csv", large());
        let mut run = desk.load("large.csv", "x").spawn();
        assert!(run.wait_for(|run| is_writing(&desk, run)), "{}", run.stderr());
        let outcome = run.kill();
        assert_eq!(outcome.signal, Some(9), "it was too quick: {}", outcome.stdout);
        says_nothing_of(&outcome, &[CANARY]);
        if let End::Sqlite(folder) = &desk.target {
            assert!(folder.path().join("data.sqlite-journal").exists(), "nothing was written yet");
        }
        assert_eq!(desk.list(), Value::Array(Vec::new()));
        assert_eq!(desk.ours(), "");

        let outcome = desk.load("large.csv", "x").go();
        assert!(outcome.expect(0).stdout.starts_with("loaded: x: 400,000 rows, 3 columns\n"));
        says_nothing_of(&outcome, &[CANARY]);
        let count = format!("select count(*), max(line_no) from {}", desk.table("x"));
        assert_eq!(desk.target.query(&count).trim_end(), "400000|400001");
    }
}

/// 400,000 rows.
fn large() -> String {
    let mut text = String::from("so,ho_ten,ket_qua\n");
    for number in 0..400_000_u32 {
        text.push_str(&format!("{number:012},{CANARY} {number},khong dung\n"));
    }
    text
}

/// Somebody still writes to the file: what was checked is not what is being loaded.
#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    for engine in ENGINES {
        let desk = Desk::new(engine);
        let path = desk.file("large.csv", large());
        let mut run = desk.load("large.csv", "x").spawn();
        assert!(run.wait_for(|run| run.stderr().contains("loading")));
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        let end = file.metadata().unwrap().len();
        file.write_all_at(b"DUNG\n", end - 5).unwrap();
        let outcome = run.wait();
        outcome.expect(2);
        says(&outcome, &["large.csv was changed while it was read", "run the same command again"]);
        says_nothing_of(&outcome, &[CANARY]);
        assert_eq!(desk.ours(), "");
    }
}

/// Rows are on their way into the target.
fn is_writing(desk: &Desk, run: &Running) -> bool {
    match &desk.target {
        End::Postgres(database) => {
            let copying = "select count(*) from pg_stat_activity where datname = current_database()
                           and query like 'COPY handover.evidence_x%' and state = 'active'";
            database.query(copying).trim_end() == "1"
        }
        // The file itself is written once the page cache is full.
        End::Sqlite(folder) => {
            let file = folder.path().join("data.sqlite");
            run.stderr().contains("loading") && fs::metadata(file).is_ok_and(|file| file.len() > 0)
        }
    }
}

/// Files may come before the copy, and the verifier passes over them.
#[test]
fn a_copy_goes_into_a_target_that_has_evidence_only() {
    let source = "create table subjects (id integer primary key, so text);
                  insert into subjects values (1, '001085123456');";
    for engine in ENGINES {
        let desk = Desk::new(engine);
        desk.file("a.csv", "so,ket_qua\n001085123456,dung\n");
        desk.load("a.csv", "before").go().expect(0);
        if let End::Postgres(database) = &desk.target {
            database.sql(handover_schemas::identity_number::POSTGRES_FUNCTION);
        }
        let mut handover = Handover::sqlite(source);
        handover.set_target(&desk.target.url());
        handover.copied();
        let report = handover.verified();
        assert_eq!(report["tables"].as_array().unwrap().len(), 1);
        desk.load("a.csv", "after").go().expect(0);
        handover.verified();
        assert_eq!(desk.list().as_array().unwrap().len(), 2);
        assert_eq!(json(handover.copy().go().expect(0))["outcome"], "unchanged");
    }
}

/// The target of handover.toml, as for every command.
#[test]
fn the_target_may_come_from_the_config() {
    let desk = Desk::new(Engine::Sqlite);
    desk.file("a.csv", "a\n1\n");
    desk.file("handover.toml", format!("[target]\nurl = \"{}\"\n", desk.target.url()));
    let evidence = || Run::new("handover-migrate").arg("evidence").dir(desk.folder.path());
    evidence().args(["--file", "a.csv", "--name", "x"]).go().expect(0);
    assert!(evidence().arg("--list").go().expect(0).stdout.starts_with("x: 1 row, 1 column\n"));
}
