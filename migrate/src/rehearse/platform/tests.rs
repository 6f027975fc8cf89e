//! What holds for a whole platform.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use handover_schemas::digest::Digest;
use tempfile::TempDir;

use super::identity::is_well_formed;
use super::*;

struct Built {
    folder: TempDir,
    summary: PlatformSummary,
}

fn built(doses: u64, seed: u64) -> Built {
    let folder = tempfile::tempdir().unwrap();
    let summary = build(&folder.path().join("x"), &folder.path().join("photos"), doses, seed);
    Built { summary: summary.unwrap(), folder }
}

impl Built {
    fn open(&self) -> Connection {
        Connection::open_with_flags(self.folder.path().join("x"), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap()
    }

    fn count(&self, sql: &str) -> u64 {
        let count: i64 = self.open().query_row(sql, [], |row| row.get(0)).unwrap();
        u64::try_from(count).unwrap()
    }

    /// Every file with its bytes and every folder with nothing, by path below the folder.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.folder.path()).unwrap().to_owned();
                let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
                files.insert(name, bytes);
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        files
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (built(3_000, 7), built(3_000, 7));
    assert_eq!(one.summary, two.summary);
    // Not by assert_eq: nobody wants to see these bytes.
    assert!(one.files() == two.files());
    assert!(one.files().len() > 5, "database, photos and their folders");
}

#[test]
fn another_seed_gives_other_bytes() {
    let (one, two) = (built(3_000, 7).files(), built(3_000, 8).files());
    assert!(one[Path::new("x")] != two[Path::new("x")]);
    let photos = |files: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<Vec<u8>> {
        files
            .iter()
            .filter(|(path, bytes)| *path != Path::new("x") && !bytes.is_empty())
            .map(|(_, b)| b.clone())
            .collect()
    };
    assert_eq!(photos(&one).len(), photos(&two).len());
    assert!(photos(&one) != photos(&two));
}

#[test]
fn the_smallest_platform_is_one_too() {
    for doses in [1, 2, 5] {
        let platform = built(doses, 1);
        assert_eq!(platform.count("select count(*) from doses"), doses);
        assert_eq!(platform.summary.photos.referenced, 1);
    }
}

#[test]
fn foreign_keys_hold_and_the_file_is_sound() {
    let platform = built(20_000, 1);
    let db = platform.open();
    let broken: Vec<String> = db
        .prepare("PRAGMA foreign_key_check")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(broken, Vec::<String>::new());
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let keys =
        "select count(*) from sqlite_schema, pragma_foreign_key_list(name) where type = 'table'";
    assert_eq!(platform.count(keys), 20);
}

#[test]
fn the_summary_counts_what_is_there() {
    let platform = built(20_000, 1);
    let summary = platform.summary.clone();
    let count = |sql: &str| platform.count(sql);
    assert_eq!(summary.tables, 16);
    assert_eq!(summary.subjects, count("select count(*) from subjects"));
    assert_eq!(summary.doses, count("select count(*) from doses"));
    assert_eq!(summary.not_sent, count("select count(*) from subjects where sent_at is null"));
    let of = |table: &str| count(&format!("select count(*) from {table}"));
    assert_eq!(summary.certificates, of("certificates"));
    assert_eq!(summary.feedback, of("feedback"));
    assert_eq!(summary.audit_log, of("audit_log"));
    assert_eq!(of("sms_outbox"), 0);
    let unknown = "from verification_results where result = 'cannot be verified'";
    assert_eq!(summary.not_verifiable, of(&format!("(select * {unknown})")));
    let doses = format!("(select * from doses where subject_id in (select subject_id {unknown}))");
    assert_eq!(summary.doses_not_verifiable, of(&doses));

    let db = platform.open();
    let mut numbers = db.prepare("select identity_number from subjects").unwrap();
    let numbers = numbers.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    let numbers: Vec<String> = numbers.map(|number| number.unwrap().unwrap_or_default()).collect();
    let missing = numbers.iter().filter(|number| number.is_empty()).count() as u64;
    let well_formed = numbers.iter().filter(|number| is_well_formed(number)).count() as u64;
    assert_eq!(summary.without_identity_number, missing);
    assert_eq!(summary.malformed_identity_number, summary.subjects - missing - well_formed);
}

#[test]
fn the_photo_store_is_in_the_state_that_the_summary_says() {
    // Few photos, and just enough for everything that is wrong with some.
    for doses in [20_000, 42_000] {
        let platform = built(doses, 1);
        let photos: BTreeMap<String, Vec<u8>> = platform
            .files()
            .into_iter()
            .filter(|(path, _)| path.extension().is_some())
            .map(|(path, bytes)| {
                let path = path.strip_prefix("photos").unwrap().to_str().unwrap().to_owned();
                (path, bytes)
            })
            .collect();
        let db = platform.open();
        let rows: BTreeMap<String, String> = db
            .prepare("select photo_path, photo_sha256 from feedback where photo_path is not null")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let present = |path: &&String| photos.contains_key(*path);
        let named: Vec<&String> = rows.keys().filter(present).collect();
        let contents: BTreeSet<&Vec<u8>> = photos.values().collect();
        let found = PhotoStore {
            referenced: platform.count("select count(photo_path) from feedback"),
            files: photos.len() as u64,
            missing: (rows.len() - named.len()) as u64,
            orphaned: (photos.len() - named.len()) as u64,
            empty: photos.values().filter(|bytes| bytes.is_empty()).count() as u64,
            same_content: (photos.len() - contents.len()) as u64,
        };
        assert_eq!(platform.summary.photos, found);

        let differing: Vec<&&String> = named
            .iter()
            .filter(|path| rows[**path] != Digest::of(&photos[**path]).to_string())
            .collect();
        assert_eq!(differing.len(), 1, "the empty file has the digest of what was sent");
        assert!(photos[*differing[0]].is_empty());
        let digests = "select count(*) from feedback where (photo_path is null) \
                       <> (photo_sha256 is null)";
        assert_eq!(platform.count(digests), 0);
    }
    let PhotoStore { referenced, files, missing, orphaned, empty, same_content } =
        built(42_000, 2).summary.photos;
    assert_eq!([referenced, files, missing, orphaned], [21, 20, 3, 2]);
    assert_eq!([empty, same_content], [1, 1]);
}

#[test]
fn the_shares_are_near_those_on_record() {
    let platform = built(60_000, 1);
    let summary = &platform.summary;
    // In a hundred thousand subjects; the margin is four standard deviations of 25,000 draws.
    let near = |what: &str, count: u64, expected: u64, margin: u64| {
        let share = count * 100_000 / summary.subjects;
        assert!(share.abs_diff(expected) <= margin, "{what}: {share}, {expected} expected");
    };
    near("doses", summary.doses, 239_489, 10);
    near("not sent", summary.not_sent, 794, 224);
    let without = summary.without_identity_number + summary.malformed_identity_number;
    near("without a number or malformed", without, 12_029, 823);
    near("malformed", summary.malformed_identity_number, 2_858, 421);
    near("not verifiable", summary.not_verifiable, 2_485, 394);
    let results = |word: &str| {
        platform
            .count(&format!("select count(*) from verification_results where result = '{word}'"))
    };
    near("right", results("right"), 68_099, 1_179);
    near("found right", results("found right"), 9_448, 740);
    let wrong = "select count(*) from verification_results where result in ('no such number', \
        'wrong birth date', 'wrong name', 'wrong name and birth date', 'other')";
    near("wrong", platform.count(wrong), 19_170, 996);
}

#[test]
fn awkward_values_are_there() {
    let platform = built(3_000, 1);
    let some = |table: &str, condition: &str| {
        let count = platform.count(&format!("select count(*) from {table} where {condition}"));
        assert!(count > 0, "{table}: {condition}");
    };
    some("subjects", "full_name like '%' || char(0x323) || '%'");
    some("subjects", "full_name <> rtrim(full_name)");
    some("subjects", "instr(full_name, char(9)) > 0");
    some("subjects", "instr(full_name, char(10)) > 0");
    some("subjects", "instr(full_name, '\\') > 0");
    some("subjects", "identity_number = ''");
    some("subjects", "identity_number is null");
    some("subjects", "note = '\\N'");
    some("subjects", "address = '\\.'");
    some("subjects", "updated_at glob '*.[0-9]*'");
    some("doses", "given_at not glob '*.*'");
    some("doses", "given_at glob '*.[0-9]*'");
    some(
        "(select 1 from audit_log group by at, account, action, object_id, address, detail having count(*) > 1)",
        "true",
    );
    let zeros = "given_at glob '*.*0' or entered_at glob '*.*0'";
    assert_eq!(platform.count(&format!("select count(*) from doses where {zeros}")), 0);
}

#[test]
fn values_fit_their_declared_types() {
    let platform = built(20_000, 1);
    let db = platform.open();
    let columns = "select m.name, c.name, c.type from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table'";
    let mut columns = db.prepare(columns).unwrap();
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let columns: Vec<(String, String, String)> = columns.map(Result::unwrap).collect();
    assert_eq!(columns.len(), 112);
    for (table, column, declared) in columns {
        let digits = declared.strip_prefix("VARCHAR(").and_then(|rest| rest.strip_suffix(')'));
        let fits = match (declared.as_str(), digits) {
            (_, Some(length)) => format!("typeof(v) = 'text' and length(v) <= {length}"),
            ("TEXT", _) => "typeof(v) = 'text'".into(),
            ("INTEGER", _) => "typeof(v) = 'integer'".into(),
            ("BOOLEAN", _) => "typeof(v) = 'integer' and v in (0, 1)".into(),
            ("REAL", _) => "typeof(v) = 'real'".into(),
            ("BLOB", _) => "typeof(v) = 'blob'".into(),
            ("NUMERIC(5,2)", _) => "typeof(v) in ('integer', 'real') and v * 100 = round(v * 100) and abs(v) < 1000".into(),
            ("NUMERIC(12,2)", _) => "typeof(v) in ('integer', 'real') and v * 100 = round(v * 100) and abs(v) < 1e10".into(),
            ("DATE", _) => "typeof(v) = 'text' and v = date(v)".into(),
            ("DATETIME", _) => "typeof(v) = 'text' and substr(v, 1, 19) = datetime(substr(v, 1, 19)) and length(v) <= 26".into(),
            ("UUID", _) => "typeof(v) = 'text' and length(v) = 36 and v = lower(v)".into(),
            _ => panic!("{table}.{column}: {declared}"),
        };
        let wrong = format!(
            "select count(*) from (select \"{column}\" v from \"{table}\") where v is not null and not ({fits})"
        );
        assert_eq!(platform.count(&wrong), 0, "{table}.{column}: {declared}");
    }
}

#[test]
fn the_daily_report_is_right() {
    let platform = built(3_000, 1);
    let differing = "select count(*) from (
        select date(given_at), province_code, count(*) from doses join facilities f on f.id = facility_id group by 1, 2
        except select \"Ngày\", \"Mã tỉnh\", \"Số mũi\" from \"Báo cáo Ngày\")";
    assert_eq!(platform.count(differing), 0);
    assert_eq!(platform.count("select sum(\"Số mũi\") from \"Báo cáo Ngày\""), 3_000);
}

#[test]
fn ids_ascend_but_times_do_not() {
    let platform = built(3_000, 1);
    let ids = "select count(*) from doses a join doses b on b.id = a.id + 1";
    assert_eq!(platform.count(ids), 2_999);
    let back = platform.count(&format!("{ids} where b.given_at < a.given_at"));
    assert!(
        (300..2_000).contains(&back),
        "{back} of 2999 doses were given before the one entered before"
    );
    let doubled = "select count(*) from (select 1 from doses group by subject_id, dose_number having count(*) > 1)";
    assert_eq!(platform.count(doubled), 0);
}

#[test]
fn nothing_happens_before_it_can() {
    let platform = built(20_000, 1);
    for (what, sql) in [
        ("entered before given", "doses where given_at > entered_at"),
        ("sent before registered", "subjects where sent_at <= created_at"),
        (
            "given before registered",
            "doses join subjects s on s.id = subject_id where given_at <= created_at",
        ),
        (
            "given before approved",
            "doses join vaccine_lots l on l.id = lot_id join vaccines on code = vaccine_code
            where given_at < approved_on",
        ),
        (
            "given within four weeks",
            "doses a join doses b on b.subject_id = a.subject_id and b.dose_number = a.dose_number + 1
            where julianday(date(b.given_at)) - julianday(date(a.given_at)) < 28",
        ),
        ("after the day of the figures", "doses where entered_at >= '2022-04-06'"),
        ("before the first vaccination", "doses where given_at < '2021-03-08'"),
        (
            "received on another day than sent",
            "verification_results join verification_batches b on b.id = batch_id
            where received_at < sent_at or date(received_at) <> date(sent_at)",
        ),
    ] {
        assert_eq!(platform.count(&format!("select count(*) from {sql}")), 0, "{what}");
    }
    let batches = "verification_batches b where subject_count <> (select count(*) from
        verification_results where batch_id = b.id) or dose_count <> (select count(*) from doses
        where subject_id in (select subject_id from verification_results where batch_id = b.id))";
    assert_eq!(platform.count(&format!("select count(*) from {batches}")), 0, "sizes of batches");
}

#[test]
fn only_the_owner_may_read_it() {
    let platform = built(3_000, 1);
    for name in platform.files().keys() {
        let path = platform.folder.path().join(name);
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (path, photos) = (folder.path().join("a/x"), folder.path().join("b/photos"));
    build(&path, &photos, 100, 1).unwrap();
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    let before = fs::read(&path).unwrap();
    assert!(build(&path, &folder.path().join("c"), 100, 2).is_err());
    assert!(build(&folder.path().join("y"), &photos, 100, 2).is_err());
    assert!(build(&folder.path().join("y"), &path, 100, 2).is_err());
    assert!(fs::read(&path).unwrap() == before);
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a", "b"], "and nothing half made is left");
    // An empty folder may be there already.
    fs::create_dir(folder.path().join("c")).unwrap();
    build(&folder.path().join("y"), &folder.path().join("c"), 100, 2).unwrap();
}

#[test]
fn nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let build = |doses| build(&folder.path().join("x"), &folder.path().join("photos"), doses, 1);
    assert!(build(0).is_err());
    assert!(build(MOST_DOSES + 1).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
