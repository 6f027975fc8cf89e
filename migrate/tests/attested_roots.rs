//! The roots that are attested are a function of the rows alone: not of the chunks that a copy was made in, nor of what
//! changed while it was made. They are those that the verifier prints.

use std::collections::BTreeMap;
use std::fs;

use handover_schemas::attestation::{HandoverAttestation, RootsOver};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_testkit::{Database, Run};
use serde_json::Value;

use crate::attest_made::{AttestMade, ENGINES, FIRST, finds};
use crate::ends::{End, Engine, ROUTES};
use crate::support::{Handover, by_table, json};

/// Rows of 300,000 bytes, so that section 8 cuts after every 27th; and a table without a key beside them.
fn with_photos(engine: Engine) -> End {
    let source = End::empty(engine);
    let (numbers, text) = match engine {
        Engine::Postgres => ("generate_series(1, 90) as n(i)", "repeat(md5(i::text), 9375)"),
        Engine::Sqlite => (
            "(with recursive n(i) as (values (1) union all select i + 1 from n where i < 90) select i from n) as n",
            "replace(hex(zeroblob(150000)), '00', char(65 + i % 26) || 'z')",
        ),
    };
    source.query(&format!(
        "create table photo (id integer not null primary key, image text);
         create table log (what text);
         create table empty (id integer not null primary key);
         insert into photo select i, {text} from {numbers};
         insert into log select 'line ' || i % 7 from {numbers};"
    ));
    source
}

/// What is attested of the copy; nobody has to sign it for that.
#[track_caller]
fn attested(handover: &Handover, target: &str) -> HandoverAttestation {
    let run = Run::new("handover-migrate").args(["attest", "--quiet", "--target", target]);
    let outcome = run.arg("--handover").arg(handover.dir()).go();
    assert!(outcome.code.is_some_and(|code| code < 2), "{outcome:?}");
    let envelope = Envelope::parse(&fs::read(handover.dir().join(FIRST)).unwrap()).unwrap();
    Statement::<HandoverAttestation>::parse(envelope.body()).unwrap().predicate
}

/// Roots by table, which are the same at both ends.
#[track_caller]
fn roots(stated: &HandoverAttestation) -> BTreeMap<String, String> {
    let copy = stated.copy.as_ref().unwrap();
    assert_eq!(copy.roots_over, Some(RootsOver::Rows));
    let root = |table: &handover_schemas::attestation::StatedTable| {
        assert_eq!(table.source_root, table.target_root);
        (table.name.to_string(), table.target_root.unwrap().to_string())
    };
    copy.tables.iter().map(root).collect()
}

/// The roots that `handover-verify tables` prints of an end.
fn printed(report: &Value, end: &str) -> BTreeMap<String, String> {
    let root = |table: &Value| table[end]["root"].as_str().unwrap().to_owned();
    by_table(report).into_iter().map(|(name, table)| (name, root(table))).collect()
}

#[test]
fn one_source_has_one_root_whatever_chunks_it_is_copied_in() {
    for (from, to) in ROUTES {
        let source = with_photos(from);
        let mut first = None;
        for chunk_bytes in ["16M", "64K", "7M"] {
            let target = End::empty(to);
            let handover = Handover::between(&source.url(), &target.url());
            handover.copy().args(["--chunk-bytes", chunk_bytes]).go().expect(0);
            let stated = attested(&handover, &target.url());
            let verified = handover.verified();
            for end in ["source", "target"] {
                assert_eq!(
                    roots(&stated),
                    printed(&verified, end),
                    "{from:?} → {to:?} {chunk_bytes}"
                );
            }
            let copy = stated.copy.unwrap();
            let photos = copy.tables.iter().find(|table| table.name.name == "photo").unwrap();
            assert_eq!(photos.chunks.0, 4, "{chunk_bytes}");
            let root = copy.root.unwrap();
            assert_eq!(*first.get_or_insert(root), root, "{from:?} → {to:?} {chunk_bytes}");
        }
    }
}

/// Rows that go while a copy is not finished move every boundary behind them. The copy keeps its chunks.
#[test]
fn what_changes_while_it_is_copied_leaves_no_trace_in_the_roots() {
    let source = with_photos(Engine::Sqlite);
    source.query("create table visit (id integer primary key, day date); insert into visit values (1, '20/09/2022')");
    let target = Database::create();
    let handover = Handover::between(&source.url(), &target.url());
    handover.copy().go().expect(1);
    // Nothing can be settled yet, and so no root is stated.
    let stated = attested(&handover, &target.url());
    assert!(stated.copy.unwrap().tables.iter().all(|table| table.target_root.is_none()));
    source.query("delete from photo where id < 20; update visit set day = '2022-09-20'");
    handover.copied();
    fs::remove_dir_all(handover.dir().join("attestations")).unwrap();
    let run = Run::new("handover-migrate").args(["attest", "--quiet", "--target", &target.url()]);
    run.arg("--handover").arg(handover.dir()).go();
    let second = handover.dir().join("attestations/0002.dsse.json");
    let envelope = Envelope::parse(&fs::read(second).unwrap()).unwrap();
    let stated = Statement::<HandoverAttestation>::parse(envelope.body()).unwrap().predicate;
    assert_eq!(roots(&stated), printed(&handover.verified(), "source"));
}

/// A copy that an earlier version finished has no roots in its ledger. Its roots are over the ledger's chunks, the
/// statement says so by saying nothing, and it is held against them; the same copy, run again, records them.
#[test]
fn an_earlier_version_s_copy_is_stated_as_it_was() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let steps = made.table("step");
        made.target.sql(&format!("delete from {steps} where name like 'root %'"));
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.sign("vendor.pem", FIRST).expect(0);
        let copy = made.stated().copy.unwrap();
        assert_eq!((copy.roots_over, copy.root.is_some()), (None, true));
        made.attestation(&[]).expect(0);
        made.copy();
        made.attest(&[]).go().expect(0);
        let stated = made.envelope("attestations/0002.dsse.json");
        let stated = Statement::<HandoverAttestation>::parse(stated.body()).unwrap().predicate;
        assert_eq!(roots(&stated).len(), 4);
    }
}

/// The ledger's word for a root is not enough.
#[test]
fn a_root_that_is_not_of_the_rows_is_found() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let (steps, zeros) = (made.table("step"), "0".repeat(64));
        made.target.sql(&format!(
            "update {steps} set name = substr(name, 1, 9) || '{zeros}' where name like 'root 0 %'"
        ));
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.sign("vendor.pem", FIRST).expect(0);
        for end in ["source", "target"] {
            let part =
                format!("{end}: the root that is stated of main.cards is not that of its rows");
            finds(&made.attestation(&[]), &part);
        }
        let all = made.all(&["--trust", made.target.at("trust.toml").to_str().unwrap()]);
        assert!(all.expect(1).stdout.contains("is not that of its rows"), "{all:?}");
        assert!(json(&made.attestation(&["--json"]))["findings"].as_array().unwrap().len() >= 2);
    }
}
