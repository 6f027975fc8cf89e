//! Tables of several chunks: rows lost and added where one chunk ends and the next begins, samples,
//! and the digest of each chunk.

use std::sync::OnceLock;

use handover_schemas::report::{ChunkReport, Verdict};

use crate::judged::{judge, judge_with};
use crate::mutation::Seed;

/// Keys 10, 20, …, 1900; rows so long that 83 of them make a chunk. Repeated text, so that the
/// server stores little.
const WIDE: &str = "create table public.wide (id int primary key, pad text);
    insert into public.wide
        select 10 * i, repeat(md5(i::text), 3125) from generate_series(1, 190) i;";

/// Key of the first row of the second and of the third chunk.
const BOUNDARIES: [u32; 2] = [840, 1670];

fn seed() -> &'static Seed {
    static SEED: OnceLock<Seed> = OnceLock::new();
    SEED.get_or_init(|| Seed::with(WIDE))
}

#[test]
fn chunks_are_cut_every_so_many_rows_in_key_order() {
    let url = seed().source.url();
    let chunks = judge_with(&url, &seed().target().url(), &["--explain", "public.wide"]);
    let table = chunks.table("public.wide");
    let source = table.source.as_ref().unwrap();
    let rows: Vec<u64> = source.chunks.iter().map(|chunk| chunk.rows).collect();
    assert_eq!(rows, [83, 83, 24]);
    let begins: Vec<u32> = source.chunks.iter().filter_map(first_key).collect();
    assert_eq!(begins, BOUNDARIES);
    assert_eq!(source.rows, 190);
    assert_eq!(source.bytes, source.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>());
    // The targets are other databases, and their commands with them.
    let digests = |chunks: &[ChunkReport]| -> Vec<_> {
        chunks.iter().map(|chunk| (chunk.chunk, chunk.rows, chunk.digest)).collect()
    };
    assert_eq!(digests(&source.chunks), digests(&table.target.as_ref().unwrap().chunks));
}

fn first_key(chunk: &ChunkReport) -> Option<u32> {
    let command = chunk.command.as_ref().unwrap();
    let (_, after) = command.split_once(">= (")?;
    after
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .map_while(|c| c.to_digit(10))
        .fold(None, |n, d| Some(n.unwrap_or(0) * 10 + d))
}

#[test]
fn rows_at_the_ends_of_chunks() {
    seed().each_is_found(&[
        ("delete from wide where id = 10", &["public.wide: rows_missing 1 [10]"]),
        ("delete from wide where id = 830", &["public.wide: rows_missing 1 [830]"]),
        ("delete from wide where id = 840", &["public.wide: rows_missing 1 [840]"]),
        ("delete from wide where id = 1900", &["public.wide: rows_missing 1 [1900]"]),
        ("insert into wide values (5, '')", &["public.wide: rows_extra 1 [5]"]),
        ("insert into wide values (-2147483648, '')", &["public.wide: rows_extra 1 [-2147483648]"]),
        ("insert into wide values (839, '')", &["public.wide: rows_extra 1 [839]"]),
        ("insert into wide values (1901, '')", &["public.wide: rows_extra 1 [1901]"]),
        (
            "update wide set id = 1669 where id = 1670",
            &["public.wide: rows_missing 1 [1670]", "public.wide: rows_extra 1 [1669]"],
        ),
        // One lost here, one gained there.
        (
            "update wide set id = 1905 where id = 10",
            &["public.wide: rows_missing 1 [10]", "public.wide: rows_extra 1 [1905]"],
        ),
        // Between chunks nobody looks for partners.
        (
            "update wide a set pad = b.pad from wide b where (a.id, b.id) in ((830, 840), (840, 830))",
            &["public.wide: rows_differ (pad) value_changed 2 [830] [840]"],
        ),
        (
            "update wide set pad = pad || ' ' where id in (840, 1900)",
            &["public.wide: rows_differ (pad) trailing_blanks 2 [840] [1900]"],
        ),
        (
            "delete from wide where id >= 820 and id < 860; delete from wide where id >= 1890",
            &["public.wide: rows_missing 6 [820] [830] [840] [850] [1890] [1900]"],
        ),
        (
            "alter table wide drop constraint wide_pkey;
             insert into wide select * from wide where id = 840",
            &[
                "public.wide: key_differs wide_pkey",
                "public.wide: rows_doubled 1 [840]",
                "public.wide: object_missing primary_key public.wide.wide_pkey",
            ],
        ),
        (
            "alter table wide drop constraint wide_pkey",
            &[
                "public.wide: key_differs wide_pkey",
                "public.wide: object_missing primary_key public.wide.wide_pkey",
            ],
        ),
    ]);
}

/// Ranges of one end's keys mean nothing where the other end has other keys, or orders them
/// otherwise; no row is read twice for that, and none is called missing that is there.
#[test]
fn keys_of_another_order() {
    seed().each_is_found(&[
        ("alter table wide alter id type bigint", &["public.wide: column_type column id"]),
        ("alter table wide alter id type text", &["public.wide: column_type column id"]),
        (
            "alter table wide alter id type text; delete from wide where id = '840'",
            &["public.wide: column_type column id", "public.wide: rows_missing 1 [840]"],
        ),
        (
            "alter table wide drop column id; alter table wide add column k uuid primary key
                default gen_random_uuid()",
            &[
                "public.wide: column_missing column id",
                "public.wide: column_extra column k",
                "public.wide: object_extra default public.wide.k",
                "public.wide: object_missing not_null public.wide.id",
                "public.wide: object_extra not_null public.wide.k",
                "public.wide: object_differs primary_key public.wide.wide_pkey",
            ],
        ),
        (
            "alter table wide rename id to number; alter table wide add column b int default 1;
             alter table wide drop constraint wide_pkey;
             alter table wide add constraint wide_pkey primary key (number, b)",
            &[
                "public.wide: column_missing column id",
                "public.wide: column_extra column number",
                "public.wide: column_extra column b",
                "public.wide: object_extra default public.wide.b",
                "public.wide: object_extra not_null public.wide.b",
                "public.wide: object_missing not_null public.wide.id",
                "public.wide: object_extra not_null public.wide.number",
                "public.wide: object_differs primary_key public.wide.wide_pkey",
            ],
        ),
        (
            "alter table wide drop constraint wide_pkey; alter table wide alter id drop not null;
             update wide set id = null where id in (10, 840)",
            &[
                "public.wide: key_differs wide_pkey",
                "public.wide: rows_missing 2 [10] [840]",
                "public.wide: rows_extra 2 [NULL] [NULL]",
                "public.wide: object_missing not_null public.wide.id",
                "public.wide: object_missing primary_key public.wide.wide_pkey",
            ],
        ),
    ]);
    let target = seed().target();
    target.sql("alter table public.wide alter id type text");
    // Both ways round, all rows are read, and once.
    for (source, target) in [(&seed().source, &target), (&target, &seed().source)] {
        let judged = judge(&source.url(), &target.url());
        let table = judged.table("public.wide");
        let ends = [&table.source, &table.target].map(|end| end.as_ref().unwrap().rows);
        assert_eq!(ends, [190, 190]);
    }
}

#[test]
fn a_lost_row_changes_its_own_chunk_and_no_other() {
    let target = seed().target();
    target.sql("delete from public.wide where id = 840");
    let found = judge_with(&seed().source.url(), &target.url(), &["--explain", "public.wide"]);
    let table = found.table("public.wide");
    let (source, target) = (table.source.as_ref().unwrap(), table.target.as_ref().unwrap());
    let pairs = source.chunks.iter().zip(&target.chunks);
    let same: Vec<bool> = pairs.map(|(a, b)| a.digest == b.digest).collect();
    assert_eq!(same, [true, false, true]);
}

#[test]
fn a_sample_is_never_called_equal() {
    let target = seed().target();
    let judged = judge_with(&seed().source.url(), &target.url(), &["--sample", "10"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    assert_eq!(judged.brief(), ["public.wide: sampled 1"]);
    let table = judged.table("public.wide");
    assert!(table.findings.iter().all(|finding| finding.message.contains("sampled")));
    let source = table.source.as_ref().unwrap();
    assert_eq!((source.rows, source.digest, source.root), (83, None, None));
}

#[test]
fn a_sample_finds_what_lies_in_it_only() {
    let (inside, outside) = (seed().target(), seed().target());
    inside.sql("update public.wide set pad = '' where id = 830");
    outside.sql("update public.wide set pad = '' where id = 840");
    let source = seed().source.url();
    let sampled = judge_with(&source, &inside.url(), &["--sample", "10"]);
    assert_eq!(
        sampled.brief(),
        ["public.wide: rows_differ (pad) became_empty 1 [830]", "public.wide: sampled 1"]
    );
    assert_eq!(sampled.report.verdict, Verdict::Different);
    let sampled = judge_with(&source, &outside.url(), &["--sample", "10"]);
    assert_eq!(sampled.brief(), ["public.wide: sampled 1"]);
    assert_eq!(sampled.report.verdict, Verdict::Unverified);
    assert_eq!(judge(&source, &outside.url()).report.verdict, Verdict::Different);
}
