//! The example at the head of FORMAT.md is what the program gives, in both engines.

use std::fs;

use handover_schemas::digest::Digest;
use handover_testkit::{Database, sqlite};

use crate::judged::judge_with;

/// A value of the example, by the words before it.
fn written(words: &str) -> Digest {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/FORMAT.md");
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with(words) && !line.contains('$')).unwrap();
    line.split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn the_example_of_the_quick_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("numbers.db");
    sqlite(
        &file,
        "create table numbers (id integer primary key);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
         insert into numbers select i from n",
    );
    let database = Database::create();
    database.sql(
        "create table numbers (id bigint primary key);
         insert into numbers select generate_series(1, 300000)",
    );
    let source = format!("sqlite:{}", file.display());
    let judged = judge_with(&source, &database.url(), &["--explain", "main.numbers"]);
    for (name, end) in
        [("source", &judged.report.tables[0].source), ("target", &judged.report.tables[0].target)]
    {
        let end = end.as_ref().unwrap();
        assert_eq!(end.digest, Some(written("digest of the table")), "{name}");
        assert_eq!(end.root, Some(written("root of the table")), "{name}");
        let digests: Vec<Digest> = end.chunks.iter().map(|chunk| chunk.digest).collect();
        assert_eq!(digests, [written("digest of chunk 1"), written("digest of chunk 2")], "{name}");
        assert!(end.chunks[1].leaf.contains("\nlower\t262145\nupper\t\\N\n"), "{name}");
    }
}
