//! Databases of other encodings than UTF8: the same rows have the same digest, whatever their
//! bytes are at home.

use handover_schemas::report::Verdict;
use handover_testkit::Database;

use crate::explain::check_all;
use crate::judged::{judge, judge_with};

/// Letters whose order in the encoding is not that of UTF-8, as keys of a table of several chunks
/// and beside them.
fn database(encoding: &'static str, letters: &str) -> Database {
    let database = Database::options().encoding(encoding).create();
    database.sql(&format!(
        "set client_encoding = 'UTF8';
         create type public.mood as enum ('{first}', 'z', 'a');
         create table public.people (name text primary key, mood public.mood, pad text);
         insert into public.people
            select (array[{letters}])[i % {count} + 1] || i, '{first}', repeat(md5(i::text), 3125)
            from generate_series(1, 240) i;
         create table public.words (word varchar(20), code char(5), primary key (word, code));
         insert into public.words
            select word, word from unnest(array[{letters}]) word;
         create table public.lines (line text);
         insert into public.lines select word || E'\\t' || word from public.words;",
        first = letters.chars().next().unwrap(),
        count = letters.chars().count(),
        letters =
            letters.chars().map(|letter| format!("'{letter}'")).collect::<Vec<_>>().join(", "),
    ));
    database
}

#[test]
fn the_same_rows_have_the_same_digest() {
    for (encoding, letters) in [
        ("WIN1258", "€ăđơưâêôAazœ₫"),
        ("WIN1252", "€ŸœéàAaz™"),
        ("LATIN9", "€ŽœéàAaz"),
        ("EUC_JP", "アa日本語zA、ｱ"),
        ("SQL_ASCII", "€ăđAaz"),
    ] {
        let (here, in_utf8) = (database(encoding, letters), database("UTF8", letters));
        let judged = judge_with(&here.url(), &in_utf8.url(), &["--explain", "public.people"]);
        assert_eq!(judged.brief(), [""; 0], "{encoding}");
        assert_eq!(judged.report.verdict, Verdict::Equal);
        let people = judged.table("public.people");
        assert_eq!(people.source.as_ref().unwrap().chunks.len(), 3, "{encoding}");
        if encoding != "WIN1258" {
            continue;
        }
        assert_eq!(check_all(&judged), [""; 0], "{encoding}");
        assert_eq!(judge(&in_utf8.url(), &here.url()).report.verdict, Verdict::Equal);
        in_utf8.sql("delete from public.people where name like '%99'");
        // Which rows, by ranges of the other end's keys.
        let brief = judge(&here.url(), &in_utf8.url()).brief();
        assert_eq!(brief.len(), 1, "{brief:?}");
        assert!(brief[0].starts_with("public.people: rows_missing 2 file"), "{brief:?}");
    }
}

/// What is no text in any encoding is said, and the rest is compared.
#[test]
fn bytes_that_are_no_text() {
    let database = Database::options().encoding("SQL_ASCII").create();
    database.sql(
        "set client_encoding = 'SQL_ASCII';
         create table public.odd (id int primary key, line text);
         insert into public.odd values (1, E'\\xc3\\xa9'), (2, E'\\xff\\xfe');
         create table public.fine (id int primary key, line text);
         insert into public.fine values (1, E'\\xc3\\xa9');",
    );
    let judged = judge(&database.url(), &database.url());
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    assert_eq!(judged.table("public.fine").verdict, Verdict::Equal);
    let odd = judged.table("public.odd");
    assert_eq!(odd.findings.len(), 2);
    for finding in &odd.findings {
        assert!(
            finding.message.contains("a text has bytes that are no text in the encoding"),
            "{}",
            finding.message
        );
    }
}

/// A collation is known by what it does.
#[test]
fn a_users_collation_named_like_the_order_of_bytes() {
    let database = Database::create();
    database.sql(
        "create collation public.\"C\" (provider = icu, locale = 'und');
         create table public.people (name text collate public.\"C\" primary key, pad text);
         create table public.towns (name text collate public.\"C\" not null, pad text);
         create unique index on public.towns (name collate pg_catalog.\"C\");
         insert into public.people
            select case i % 2 when 0 then 'a' else 'B' end || i, repeat(md5(i::text), 3125)
            from generate_series(1, 250) i;
         insert into public.towns select * from public.people;",
    );
    let judged = judge_with(&database.url(), &database.url(), &["--explain", "public.people"]);
    assert_eq!(judged.report.verdict, Verdict::Equal);
    assert_eq!(check_all(&judged), [""; 0]);
}
