//! Texts of rows that are no path of a delivered file as they stand: what they are is told, and what
//! `handover.toml` declares is read so.

use serde_json::Value;

use crate::artifacts_delivery::{Delivery, counts};
use crate::ends::{End, Engine};

const FILES: &str = "[[component.deliverable]]\nkind = \"files\"\npath = \"../delivered\"\n";

const ENGINES: [(Engine, &str); 2] = [(Engine::Sqlite, "main"), (Engine::Postgres, "public")];

/// Names of delivered files. The first is composed (NFC); the last two differ in case alone.
const DELIVERED: [&str; 9] = [
    "2022/Ảnh thẻ.jpg",
    "2022/a.jpg",
    "2022/b.jpg",
    "2022/IMG_1.JPG",
    "odd/a;b%20c\\d.jpg",
    "odd/what?.jpg",
    "top.jpg",
    "twins/x.jpg",
    "twins/X.jpg",
];

/// What a row has, and what is found of it: kind, words of the cause, path. No kind: it is met.
type Case = (&'static str, &'static str, &'static str, &'static str);

const OTHERWISE: &str = "reference_read_otherwise";
const OUTSIDE: &str = "reference_outside";
const LIST: &str = "reference_list";
const EMPTY: &str = "reference_empty";
const MISSING: &str = "reference_without_file";

const CASES: [Case; 57] = [
    ("2022/a.jpg", "", "", ""),
    ("/upload/2022/a.jpg", "", "", ""),
    ("/upload/old/2022/a.jpg", "", "", ""),
    ("odd/a;b%20c\\d.jpg", "", "", ""),
    ("odd/what?.jpg", "", "", ""),
    ("2022/gone.jpg", MISSING, "", "2022/gone.jpg"),
    ("/upload/2022/gone.jpg", MISSING, "", "2022/gone.jpg"),
    ("2022/gone.jpg?token=letmein", MISSING, "", "2022/gone.jpg"),
    ("2022/100%.jpg", MISSING, "", "2022/100%.jpg"),
    ("../../etc/passwd", MISSING, "", "../../etc/passwd"),
    // One reading.
    (" 2022/a.jpg\n", OTHERWISE, "[\"trim\"]", "2022/a.jpg"),
    ("2022/a.jpg?v=3", OTHERWISE, "[\"query\"]", "2022/a.jpg"),
    ("2022/%E1%BA%A2nh%20th%E1%BA%BB.jpg", OTHERWISE, "[\"percent\"]", "2022/Ảnh thẻ.jpg"),
    ("2022\\a.jpg", OTHERWISE, "[\"backslash\"]", "2022/a.jpg"),
    ("./2022/a.jpg", OTHERWISE, "[\"dots\"]", "2022/a.jpg"),
    ("2022//a.jpg", OTHERWISE, "[\"dots\"]", "2022/a.jpg"),
    ("2021/../2022/a.jpg", OTHERWISE, "[\"dots\"]", "2022/a.jpg"),
    ("2022/A\u{309}nh the\u{309}.jpg", OTHERWISE, "[\"unicode\"]", "2022/Ảnh thẻ.jpg"),
    ("2022/img_1.jpg", OTHERWISE, "[\"case\"]", "2022/IMG_1.JPG"),
    ("2022/ẢNH THẺ.JPG", OTHERWISE, "[\"case\"]", "2022/Ảnh thẻ.jpg"),
    // Several.
    (".\\2022\\a.jpg", OTHERWISE, "[\"backslash\", \"dots\"]", "2022/a.jpg"),
    ("2022%5Cimg_1.jpg", OTHERWISE, "[\"percent\", \"backslash\", \"case\"]", "2022/IMG_1.JPG"),
    ("\\upload\\2022\\a.jpg", OTHERWISE, "[\"backslash\"]", "2022/a.jpg"),
    // Prefixes that nobody declared.
    ("/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("//2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("uploads/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("/upload/more/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("https://cong.example.vn/anh/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    (
        "https://cong.example.vn/anh/2022/a.jpg?v=1",
        OTHERWISE,
        "[\"query\"] and strip_prefix",
        "2022/a.jpg",
    ),
    ("s3://photos/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("file:///srv/2022/a.jpg", OTHERWISE, "strip_prefix", "2022/a.jpg"),
    ("C:\\photos\\2022\\a.jpg", OTHERWISE, "[\"backslash\"] and strip_prefix", "2022/a.jpg"),
    // Elsewhere.
    (
        "https://clerk:letmein@anh.example.vn:8443/p/9.jpg?sig=letmein",
        OUTSIDE,
        "the host anh.example.vn;",
        "",
    ),
    ("HTTP://ANH.example.vn/9.jpg", OUTSIDE, "the host anh.example.vn;", ""),
    ("ftp://10.1.2.3/9.jpg", OUTSIDE, "the host 10.1.2.3;", ""),
    ("//cdn.example.vn/p/9.jpg", OUTSIDE, "the host cdn.example.vn;", ""),
    ("s3://vaccine-photos/p/9.jpg", OUTSIDE, "the bucket vaccine-photos (s3:)", ""),
    ("gs://vaccine-photos/p/9.jpg", OUTSIDE, "the bucket vaccine-photos (gs:)", ""),
    (
        "abfss://photos@byt.dfs.core.windows.net/p/9.jpg",
        OUTSIDE,
        "the bucket photos of byt.dfs.core.windows.net (abfss:)",
        "",
    ),
    ("file:///srv/p/9.jpg", OUTSIDE, "another computer (file:)", ""),
    ("D:\\p\\9.jpg", OUTSIDE, "drive D: of a Windows computer", ""),
    ("\\\\MAYCHU\\p\\9.jpg", OUTSIDE, "the Windows server MAYCHU", ""),
    ("content://media/9", OUTSIDE, "begins with content:", ""),
    // Lists.
    ("2022/a.jpg;2022/b.jpg", LIST, "separated by ;", ""),
    ("2022/a.jpg, 2022/gone.jpg", LIST, "separated by ,", ""),
    ("2022/a.jpg|2022/b.jpg", LIST, "separated by |", ""),
    ("2022/a.jpg\n2022/b.jpg", LIST, "one in each line", ""),
    ("[\"2022/a.jpg\", \"2022/b.jpg\"]", LIST, "JSON", ""),
    ("{\"front\": \"/upload/2022/b.jpg\"}", LIST, "JSON", ""),
    ("Nguyen, Van.jpg", MISSING, "", "Nguyen, Van.jpg"),
    // Nothing, and content.
    ("", EMPTY, "it is empty", ""),
    (" \t ", EMPTY, "it is blank", ""),
    ("NULL", EMPTY, "a word for nothing", ""),
    ("[]", EMPTY, "a word for nothing", ""),
    ("/upload/", EMPTY, "it is empty", ""),
    ("data:image/jpeg;base64,bGV0bWVpbg==", "reference_holds_content", "data: URI", ""),
    // Either of two.
    ("TWINS/x.jpg", "reference_ambiguous", "[\"case\"]", "twins/X.jpg"),
];

/// A row with a column for each case, or rows of one column.
fn platform(engine: Engine, columns: &[&str]) -> (End, Delivery) {
    let source = End::empty(engine);
    let delivery = Delivery::into_target("sqlite:../target.db");
    for name in DELIVERED {
        delivery.put(name, name);
    }
    let quoted = |text: &&str| format!("'{}'", text.replace('\'', "''"));
    let names: Vec<_> = (0..columns.len()).map(|at| format!("c{at:02} text")).collect();
    let values: Vec<_> = columns.iter().map(quoted).collect();
    source.query(&format!(
        "create table photo (id integer primary key, {});
         insert into photo values (1, {})",
        names.join(", "),
        values.join(", ")
    ));
    (source, delivery)
}

fn configure(delivery: &Delivery, source: &End, schema: &str, columns: usize, more: &str) {
    let references: Vec<_> = (0..columns)
        .map(|at| {
            format!(
                "[[file_reference]]\ntable = \"{schema}.photo\"\ncolumn = \"c{at:02}\"\n\
                 component = \"portal\"\ndeliverable = \"files\"\n{more}\n"
            )
        })
        .collect();
    let url = source.url();
    delivery.configure(&format!("{FILES}{}[source]\nurl = {url:?}\n", references.concat()));
}

/// The findings about one column.
fn about<'f>(findings: &'f [Value], schema: &str, column: usize) -> Vec<&'f Value> {
    let name = format!("{schema}.photo.c{column:02}");
    let is_about = |what: &str| what == name || what.starts_with(&format!("{name}: "));
    findings.iter().filter(|line| line["what"].as_str().is_some_and(is_about)).collect()
}

#[test]
fn what_a_row_has_is_told_apart() {
    let texts: Vec<_> = CASES.iter().map(|case| case.0).collect();
    for (engine, schema) in ENGINES {
        let (source, delivery) = platform(engine, &texts);
        let prefixes = "strip_prefix = [\"/upload/\", \"/upload/old/\", \"/unused/\"]";
        configure(&delivery, &source, schema, CASES.len(), prefixes);
        let report = delivery.received(1);
        let findings = delivery.findings();
        for (at, (text, kind, cause, path)) in CASES.into_iter().enumerate() {
            let found = about(&findings, schema, at);
            let place = format!("{engine:?} {text:?}: {found:#?}");
            assert_eq!(found.len(), usize::from(!kind.is_empty()), "{place}");
            let Some(found) = found.first() else { continue };
            assert_eq!(found["kind"], kind, "{place}");
            assert_eq!(found["path"].as_str().unwrap_or_default(), path, "{place}");
            let told = found["cause"].as_str().unwrap_or_default();
            assert!(told.contains(cause) && told.is_empty() == cause.is_empty(), "{place}");
        }
        // Neither what may be secret nor content stands anywhere, and no path in the report.
        let text = format!("{findings:?}{report}");
        for secret in ["letmein", "bGV0bWVpbg", "clerk", "9.jpg"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(!report["findings"].to_string().contains("2022/"), "{report:#}");
        // Which prefix it is stands in the findings file.
        assert!(text.contains("strip_prefix = \\\"https://cong.example.vn/anh/\\\""), "{text}");
        assert!(text.contains("strip_prefix = \\\"/upload/more/\\\""), "{text}");
        // Of files that a row would name it is said that no row names them as they are called.
        let unnamed: Vec<_> =
            findings.iter().filter(|line| line["kind"] == "file_without_reference").collect();
        let [first, .., last] = unnamed.as_slice() else { panic!("{unnamed:?}") };
        assert_eq!((&first["path"], &first["cause"]), (&"top.jpg".into(), &Value::Null));
        assert!(last["cause"].as_str().unwrap().starts_with("a row would name it"), "{last}");
        assert_eq!(unnamed.len(), 6, "{unnamed:#?}");
        // The same from the sealed package.
        assert_eq!(delivery.received(1)["findings"], report["findings"]);
    }
}

/// What is declared is read so, in every combination, and what is found of the files stays.
#[test]
fn what_is_declared_is_read_so() {
    let texts: Vec<_> = CASES
        .iter()
        .filter(|(text, kind, ..)| *kind == OTHERWISE && !text.contains("more"))
        .map(|case| case.0)
        .collect();
    assert!(texts.len() > 20);
    let declared = "read_as = [\"trim\", \"query\", \"percent\", \"backslash\", \"dots\", \
                    \"unicode\", \"case\"]\nstrip_prefix = [\"/upload/\", \"/\", \"//\", \"uploads/\", \
                    \"https://cong.example.vn/anh/\", \"s3://photos/\", \"file:///srv/\", \
                    \"C:\\\\photos\\\\\"]";
    for (engine, schema) in ENGINES {
        let (source, delivery) = platform(engine, &texts);
        configure(&delivery, &source, schema, texts.len(), declared);
        delivery.put("2022/a.jpg", "");
        let report = delivery.received(1);
        let kinds: Vec<_> = counts(&report).into_iter().collect();
        let expected = [("file_empty", 1), ("file_without_reference", 6)];
        assert_eq!(kinds, expected.map(|(kind, count)| (kind.to_owned(), count)), "{engine:?}");
    }
}

/// A file that has another digest than the row is not the one that is meant; one that has the same
/// digest under another name is told.
#[test]
fn the_digest_of_a_row_says_which_file_is_not_meant() {
    for (engine, schema) in ENGINES {
        let (source, delivery) = platform(engine, &["2022/A.jpg"]);
        let digest = delivery.shell("sha256sum 2022/b.jpg").stdout.get(..64).unwrap().to_owned();
        let more = "digest_column = \"digest\"";
        configure(&delivery, &source, schema, 1, more);
        source.query(&format!(
            "alter table photo add digest text; update photo set digest = '{digest}'"
        ));
        delivery.received(1);
        let findings = delivery.findings();
        let found = about(&findings, schema, 0);
        assert_eq!((&found[0]["kind"], found.len()), (&MISSING.into(), 1), "{findings:#?}");
        let cause = found[0]["cause"].as_str().unwrap();
        assert!(cause.contains("under another name"), "{cause}");

        // What is no digest contradicts nothing.
        source.query("update photo set digest = ''");
        delivery.received(1);
        assert_eq!(about(&delivery.findings(), schema, 0)[0]["kind"], OTHERWISE);
    }
}

/// Every row is counted, though not every one is listed.
#[test]
fn rows_are_counted_and_some_of_them_listed() {
    for (engine, schema) in ENGINES {
        let (source, delivery) = platform(engine, &[""]);
        delivery.shell("for n in $(seq 150); do echo $n > \"2022/no $n.jpg\"; done");
        configure(&delivery, &source, schema, 1, "");
        let rows: Vec<_> = (2..152).map(|n| format!("({n}, '2022/no%20{}.jpg')", n - 1)).collect();
        source.query(&format!("insert into photo values {}", rows.join(", ")));
        source.query("insert into photo select id + 1000, '' from photo");
        let report = delivery.received(1);
        let counts = counts(&report);
        assert_eq!((counts[OTHERWISE], counts[EMPTY]), (150, 152), "{report:#}");
        let line = &report["inventory"]["components"][0]["deliverables"][0];
        let all: u64 = counts.values().sum();
        assert_eq!(line["findings"], all, "{line}");
        let findings = delivery.findings();
        let of = |kind: &str| -> Vec<&Value> {
            findings.iter().filter(|line| line["kind"] == kind).collect()
        };
        let listed = of(OTHERWISE);
        assert_eq!((listed.len(), &listed[100]["count"]), (101, &50.into()), "{engine:?}");
        assert_eq!(listed[0]["path"], "2022/no 1.jpg");
        assert_eq!((of(EMPTY).len(), &of(EMPTY)[0]["count"]), (1, &152.into()));
        // For people it is one line each, with what to do.
        let text = delivery.in_words();
        assert!(
            text.contains(
                "finding: portal files: 150 rows name delivered files only if they are read \
                 otherwise: percent-encoded (%20); if that is right, write read_as = [\"percent\"]"
            ),
            "{text}"
        );
    }
}

/// Rows that have nothing, or the file itself, do not make a deliverable less whole.
#[test]
fn a_row_without_a_file_is_no_missing_file() {
    for (engine, schema) in ENGINES {
        let (source, delivery) = platform(engine, &["", "data:image/png;base64,AA=="]);
        configure(&delivery, &source, schema, 2, "");
        let report = delivery.received(1);
        let line = &report["inventory"]["components"][0]["deliverables"][0];
        assert_eq!(line["state"], "verified", "{report:#}");
    }
}

#[test]
fn a_reading_that_there_is_not_is_an_error() {
    let (source, delivery) = platform(Engine::Sqlite, &["x"]);
    for (more, told) in [
        ("read_as = [\"percents\"]", "percents"),
        ("strip_prefix = 7", "a text or a list of texts"),
    ] {
        configure(&delivery, &source, "main", 1, more);
        let outcome = delivery.receive().go();
        assert!(outcome.expect(2).stderr.contains(told), "{outcome:?}");
    }
}
