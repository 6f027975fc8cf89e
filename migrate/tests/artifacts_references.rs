//! Rows that name files: each has its file, and each file its row.

use handover_testkit::sqlite;

use crate::artifacts_delivery::{Delivery, counts};
use crate::ends::{End, Engine};

const FILES: &str = "[[component.deliverable]]\nkind = \"files\"\npath = \"../delivered\"\n";

/// A database with a column of paths, one of digests, and files that go with them.
fn platform(engine: Engine) -> (End, Delivery) {
    let source = End::empty(engine);
    let delivery = Delivery::into_target("sqlite:../target.db");
    delivery.put("2022/right.jpg", "right");
    delivery.put("2022/twin.jpg", "right");
    delivery.put("2022/other.jpg", "other");
    delivery.put("2022/empty.jpg", "");
    delivery.put("2022/orphan.jpg", "orphan");
    delivery.put("2022/Ảnh\tthẻ.jpg", "with a tab");
    let digest = |name: &str| {
        delivery.shell(&format!("sha256sum {name}")).stdout.get(..64).unwrap().to_owned()
    };
    let (right, wrong) = (digest("2022/right.jpg"), digest("2022/orphan.jpg"));
    source.query(&format!(
        "create table photo (id integer primary key, path text, digest text);
         insert into photo values
           (1, '/upload/2022/right.jpg', '{right}'),
           (2, '/upload/2022/right.jpg', ' {} '),
           (3, '/upload/2022/other.jpg', '{wrong}'),
           (4, '/upload/2022/empty.jpg', null),
           (5, '/upload/2022/gone.jpg', null),
           (6, '/upload/2022/Ảnh\tthẻ.jpg', null),
           (7, '2022/twin.jpg', null),
           (8, null, null)",
        right.to_uppercase()
    ));
    (source, delivery)
}

fn configure(delivery: &Delivery, source: &End, schema: &str, column: &str, more: &str) {
    delivery.configure(&format!(
        "{FILES}[[file_reference]]\ntable = \"{schema}.photo\"\ncolumn = \"{column}\"\n\
         component = \"portal\"\ndeliverable = \"files\"\nstrip_prefix = \"/upload/\"\n{more}\n\
         [source]\nurl = {:?}\n",
        source.url()
    ));
}

#[test]
fn every_row_has_its_file_and_every_file_its_row() {
    for (engine, schema) in [(Engine::Sqlite, "main"), (Engine::Postgres, "public")] {
        let (source, delivery) = platform(engine);
        configure(&delivery, &source, schema, "path", "digest_column = \"digest\"");
        let report = delivery.received(1);
        let found: Vec<(String, String)> =
            delivery.found().into_iter().map(|(kind, path, _)| (kind, path)).collect();
        let expected = [
            ("reference_without_file", "2022/gone.jpg"),
            ("file_without_reference", "2022/orphan.jpg"),
            ("file_empty", "2022/empty.jpg"),
            ("file_duplicate", "2022/twin.jpg"),
            ("reference_digest_differs", "2022/other.jpg"),
        ];
        let expected = expected.map(|(kind, path)| (kind.to_owned(), path.to_owned()));
        assert_eq!(found, expected, "{engine:?}");
        assert_eq!(delivery.found()[0].2, format!("{schema}.photo.path"));
        // Again, from the sealed package.
        assert_eq!(delivery.received(1)["findings"], report["findings"]);

        // Once the rows are as they should be, the deliverable is whole.
        source.query("delete from photo where id in (3, 5) or path like '%empty.jpg'");
        let report = delivery.received(1);
        let kinds: Vec<String> = counts(&report).into_keys().collect();
        assert_eq!(kinds, ["file_duplicate", "file_without_reference"]);
        let line = &report["inventory"]["components"][0]["deliverables"][0];
        assert_eq!(line["state"], "verified", "{report:#}");
    }
}

/// Neither a wrong name in the config nor a database that is away stops the receiving.
#[test]
fn columns_that_cannot_be_read_are_told() {
    for (engine, schema) in [(Engine::Sqlite, "main"), (Engine::Postgres, "public")] {
        let (source, delivery) = platform(engine);
        for (column, digest) in [("no_such", ""), ("path", "digest_column = \"no_such\"")] {
            configure(&delivery, &source, schema, column, digest);
            let report = delivery.received(1);
            let kinds = counts(&report);
            assert_eq!(
                kinds.into_iter().collect::<Vec<_>>(),
                [("references_unreadable".to_owned(), 1)]
            );
            let what = &delivery.found()[0].2;
            assert!(what.starts_with(&format!("{schema}.photo.{column}: ")), "{what}");
            assert!(what.contains("no_such"), "{what}");
        }
        configure(&delivery, &source, "nowhere", "path", "");
        assert_eq!(counts(&delivery.received(1))["references_unreadable"], 1);
        let line = &delivery.received(1)["inventory"]["components"][0]["deliverables"][0];
        assert_eq!(line["state"], "received");
    }
    // Nothing is there to be read.
    let (source, delivery) = platform(Engine::Sqlite);
    configure(&delivery, &source, "main", "path", "");
    let gone = source.url();
    drop(source);
    let outcome = delivery.receive().arg("--quiet").go();
    outcome.expect(1);
    assert!(
        delivery.found()[0].2.contains("there is no such file"),
        "{gone}: {:?}",
        delivery.found()
    );
}

/// Without a source and without a copy nobody knows what rows say.
#[test]
fn references_that_nobody_can_look_at_are_not_checked() {
    let (_source, delivery) = platform(Engine::Sqlite);
    delivery.configure(&format!(
        "{FILES}[[file_reference]]\ntable = \"main.photo\"\ncolumn = \"path\"\n\
         component = \"portal\"\ndeliverable = \"files\"\n"
    ));
    let report = delivery.received(0);
    let not_checked = report["not_checked"][0].as_str().unwrap();
    assert!(not_checked.contains("main.photo.path"), "{not_checked}");
}

/// After the copy it is the target whose rows count, whatever became of the source.
#[test]
fn after_the_copy_the_targets_rows_count() {
    let (source, delivery) = platform(Engine::Sqlite);
    let target = delivery.beside("target.db");
    configure(&delivery, &source, "main", "path", "");
    let copied = crate::config::copy(&delivery.dir()).arg("--json").go();
    crate::support::expect_copied(&copied);
    source.query("delete from photo");
    delivery.received(1);
    let gone = ("reference_without_file".to_owned(), "2022/gone.jpg".to_owned());
    let found: Vec<_> = delivery.found().into_iter().map(|(kind, path, _)| (kind, path)).collect();
    assert!(found.contains(&gone), "{found:?}");
    assert_eq!(sqlite(&target, "select count(*) from photo"), "8");
}
