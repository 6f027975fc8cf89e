//! Text keys in databases that order text otherwise: the tool sorts, past its memory too, and the
//! digest is that of PostgreSQL's own bytewise order.

use handover_schemas::report::Verdict;
use handover_testkit::{Collation, Database, Run, Server};

use crate::judged::{judge, judge_with};

/// 12,000 rows of 2 kB, keys mixed in case, script and punctuation: more than the tool sorts in
/// memory, and several chunks. Stored in an order of its own.
const TABLE: &str = "create table public.people (name text, n int not null, pad text,
        primary key (name));
    insert into public.people
        select (array['a', 'B', 'ă', 'Ấ', 'đ', 'Z', '-', '_', ' ', 'z', 'Ａ', '😀', 'é', 'é'])
                 [i % 14 + 1] || md5(i::text), i, repeat(md5(i::text), 63)
        from (select i * 7919 % 12007 as i from generate_series(1, 12000) i) numbers;";

fn database(collation: Collation) -> Database {
    let database = Database::options().collation(collation).create();
    database.sql(TABLE);
    database
}

#[test]
fn every_collation_gives_the_same_digest() {
    let by_code_point = database(Collation::CUtf8);
    let mut others = vec![database(Collation::C)];
    if Server::shared().version() >= 150_000 {
        others.push(database(Collation::Icu));
    }
    let copy =
        "copy (select name, n, pad from public.people order by name collate \"C\") to stdout";
    let shell = format!("psql -X -q -d '{}' -c '{copy}' | sha256sum", by_code_point.url());
    let digest = Run::program("bash").args(["-o", "pipefail", "-c", &shell]).go();
    let digest = digest.expect(0).stdout.split(' ').next().unwrap().to_owned();
    for other in &others {
        let judged = judge(&by_code_point.url(), &other.url());
        assert_eq!(judged.report.verdict, Verdict::Equal);
        let table = judged.table("public.people");
        let ends = [&table.source, &table.target].map(|end| end.as_ref().unwrap());
        for end in ends {
            assert_eq!(end.digest.unwrap().to_string(), digest);
            assert_eq!(end.rows, 12_000);
        }
        // And the same tree, though one end is read through its index and the other is sorted.
        assert_eq!(ends[0].root, ends[1].root);
        // Who is compared with whom makes no difference.
        assert_eq!(judge(&other.url(), &by_code_point.url()).report.verdict, Verdict::Equal);
    }
}

#[test]
fn a_lost_row_is_found_in_its_chunk() {
    let collation =
        if Server::shared().version() >= 150_000 { Collation::Icu } else { Collation::CUtf8 };
    let (source, target) = (database(collation), database(Collation::CUtf8));
    let chunks = |judged: &crate::judged::Judged| -> Vec<_> {
        let table = judged.table("public.people");
        let ends = [&table.source, &table.target].map(|end| end.as_ref().unwrap());
        let pairs = ends[0].chunks.iter().zip(&ends[1].chunks);
        pairs.map(|(a, b)| (a.rows, a.digest == b.digest)).collect()
    };
    target.sql("delete from public.people where n = 6000");
    let key = source.query("select name from public.people where n = 6000");
    let arguments = ["--explain", "public.people"];
    let judged = judge_with(&source.url(), &target.url(), &arguments);
    assert_eq!(judged.brief(), [format!("public.people: rows_missing 1 file [{key}]")]);
    let chunks = chunks(&judged);
    assert!(chunks.len() >= 3, "{chunks:?}");
    assert_eq!(chunks.iter().filter(|(_, same)| !same).count(), 1, "{chunks:?}");
}

#[test]
fn a_collation_called_c_orders_as_it_was_made() {
    let database = || {
        let database = Database::options().collation(Collation::CUtf8).create();
        database.sql("create collation public.\"C\" (provider = icu, locale = 'vi')");
        database.sql(&TABLE.replace("(name text,", "(name text collate public.\"C\","));
        database
    };
    let (source, target) = (database(), database());
    assert_eq!(judge(&source.url(), &target.url()).report.verdict, Verdict::Equal);
    target.sql("delete from public.people where n = 6000");
    let key = source.query("select name from public.people where n = 6000");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.brief(), [format!("public.people: rows_missing 1 file [{key}]")]);
}
