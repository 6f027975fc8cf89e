//! Archives and approvals that are not the ones that were meant: nothing is deleted under them.

use std::fs;

use serde_json::{Value, json};

use crate::package_made::{list_anew, seal_anew};
use crate::purge_broken::{
    CERTIFY, ENGINES, EXECUTE, copy_folder, edit_file, edit_trust, finds, forge, holds,
    ledger_count, ledger_table, refused, verify_with_key,
};
use crate::purge_made::{ARCHIVE, Engine, PurgeMade, Until};
use crate::support::says;

/// A sound state to which a test comes back after each thing that it does to the folder.
struct Sound<'m>(&'m PurgeMade);

impl<'m> Sound<'m> {
    fn of(made: &'m PurgeMade) -> Self {
        copy_folder(&made.dir(), &made.at("sound"));
        fs::copy(made.at("trust.toml"), made.at("sound-trust.toml")).unwrap();
        Self(made)
    }

    fn back(&self) {
        fs::remove_dir_all(self.0.dir()).unwrap();
        copy_folder(&self.0.at("sound"), &self.0.dir());
        fs::copy(self.0.at("sound-trust.toml"), self.0.at("trust.toml")).unwrap();
    }
}

/// A whole other archive, with or without checksums made right; one that lost a file, a chunk or
/// its last bytes; one whose manifest was edited. Whatever the state of the purge.
#[test]
fn an_archive_that_is_not_the_one() {
    for engine in ENGINES {
        let other = PurgeMade::until(engine, Until::BackedUp);
        let made = PurgeMade::until(engine, Until::BackedUp);
        for until in [Until::BackedUp, Until::Approved] {
            if until == Until::Approved {
                made.go_on_from(Until::BackedUp, Until::Approved);
            }
            let sound = Sound::of(&made);
            let (archive, chunk) = (made.archive(), "data/rows/main.subjects/000001.copy.zst.age");
            let chunk = match engine {
                Engine::Postgres => archive.join(chunk.replace("main", "public")),
                Engine::Sqlite => archive.join(chunk),
            };
            let swap = || {
                fs::remove_dir_all(&archive).unwrap();
                copy_folder(&other.archive(), &archive);
            };
            let damages: [(&str, bool, &dyn Fn()); 8] = [
                ("swapped", true, &swap),
                ("swapped, with our leaves", true, &|| {
                    swap();
                    let ours = made.at("sound/packages").join(ARCHIVE);
                    fs::copy(ours.join("leaves.bin"), archive.join("leaves.bin")).unwrap();
                    list_anew(&archive);
                }),
                ("gone", true, &|| fs::remove_dir_all(&archive).unwrap()),
                ("a chunk gone", false, &|| fs::remove_file(&chunk).unwrap()),
                ("a chunk gone and not listed", true, &|| {
                    fs::remove_file(&chunk).unwrap();
                    seal_anew(&archive);
                }),
                ("its last bytes gone", false, &|| {
                    let bytes = fs::read(&chunk).unwrap();
                    fs::write(&chunk, &bytes[..bytes.len() - 1]).unwrap();
                }),
                ("a manifest edited", true, &|| {
                    edit_file(&archive.join("package.json"), "2036-12-31", "2026-12-31");
                    list_anew(&archive);
                }),
                ("tags gone", true, &|| {
                    fs::remove_file(archive.join("tagmanifest-sha256.txt")).unwrap();
                }),
            ];
            for (what, seen_at_once, damage) in damages {
                println!("{engine:?} {until:?} {what}");
                damage();
                if until == Until::Approved {
                    refused(&made, &EXECUTE, &["error: ", "archive"]);
                    assert_eq!(ledger_count(&made, "purge_batch", "true"), 0);
                    assert_eq!(ledger_count(&made, "purge", "state = 'backed_up'"), 1);
                } else if seen_at_once {
                    refused(&made, &["approve", "--key", "owner.pem"], &["error: ", "archive"]);
                }
                assert_eq!(verify_with_key(&made).expect(1).code, Some(1), "{what}");
                sound.back();
            }
            fs::remove_dir_all(made.at("sound")).unwrap();
        }
        made.go_on_from(Until::Approved, Until::Certified);
        holds(&made);
    }
}

/// The ledger names the seal of another archive: somebody put both in place of the right ones.
#[test]
fn a_swapped_archive_that_the_ledger_names_too() {
    for engine in ENGINES {
        let (made, other) =
            (PurgeMade::until(engine, Until::BackedUp), PurgeMade::until(engine, Until::BackedUp));
        let purge = ledger_table(&made, "purge");
        let backup = other.sql(&format!("select backup from {purge}"));
        fs::remove_dir_all(made.archive()).unwrap();
        copy_folder(&other.archive(), &made.archive());
        made.sql(&format!("update {purge} set backup = '{backup}'"));
        refused(
            &made,
            &["approve", "--key", "owner.pem"],
            &["is not the archive of what was selected"],
        );
        finds(&made, "the archive is not that of what was selected");
    }
}

fn approval(made: &PurgeMade) -> std::path::PathBuf {
    made.statement("approval.dsse.json")
}

/// An approval as somebody with real keys makes it: only the right one counts.
#[test]
fn an_approval_that_does_not_count() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Approved);
        let sound = Sound::of(&made);
        let file = approval(&made);
        let both = ["owner", "keeper"];
        let forged = |people: &[&str], edit: &dyn Fn(&mut Value)| forge(&file, &made, people, edit);
        let predicate = |name: &str, value: Value| {
            forged(&both, &|statement| statement["predicate"][name] = value.clone());
        };
        let bound = |name: &str, value: Value| {
            forged(&both, &|statement| statement["predicate"]["binding"][name] = value.clone());
        };
        let zeros = "0".repeat(64);
        let cases: [(&str, &dyn Fn()); 17] = [
            ("ran out", &|| predicate("notAfter", json!("2020-01-01T00:00:00Z"))),
            ("does not count before", &|| predicate("notBefore", json!("2999-01-01T00:00:00Z"))),
            ("not a moment", &|| predicate("notAfter", json!("tomorrow"))),
            ("its subject is not the archive", &|| bound("seal", json!(zeros))),
            ("not about this purge", &|| bound("root", json!(zeros))),
            ("not about this purge", &|| bound("rows", json!("1"))),
            ("not about this purge", &|| bound("rule", json!("other"))),
            ("not about this purge", &|| bound("ruleDigest", json!(zeros))),
            ("not about this purge", &|| bound("database", json!("another"))),
            ("not about this purge", &|| bound("origin", json!("handover/x/unverified/1"))),
            ("the approval is not complete", &|| forged(&["owner"], &|_| ())),
            ("the approval is not complete", &|| forged(&["owner", "owner"], &|_| ())),
            ("the approval is not complete", &|| forged(&["owner", "third"], &|_| ())),
            ("no trusted person signed it", &|| forged(&[], &|_| ())),
            ("cannot be its operator as well", &|| {
                forged(&["owner", "keeper", "operator"], &|_| ());
            }),
            ("purge-execution", &|| {
                forged(&both, &|statement| {
                    statement["predicateType"] = json!("urn:handover:purge-execution:v1");
                });
            }),
            ("approval", &|| fs::write(&file, "{}").unwrap()),
        ];
        for (said, forging) in cases {
            forging();
            refused(&made, &EXECUTE, &["error: ", said]);
            assert_eq!(ledger_count(&made, "purge_authority", "true"), 0, "{said}");
            sound.back();
        }
        fs::remove_file(&file).unwrap();
        refused(&made, &EXECUTE, &["nobody approved purge 1 yet", "purge approve"]);
        sound.back();
        // With the same tools, the right one counts.
        forged(&both, &|_| ());
        made.go_on_from(Until::Approved, Until::Certified);
        holds(&made);
    }
}

/// Every byte of a signed statement counts.
#[test]
fn an_approval_with_a_changed_byte() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Approved);
    let file = approval(&made);
    let sound = fs::read(&file).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let begin = |name: &str| text.find(name).unwrap() + name.len();
    let (payload, sig) = (begin("\"payload\": \""), begin("\"sig\": \""));
    let places = [payload, payload + 100, payload + 900, sig, sig + 40];
    for place in places {
        let mut bytes = sound.clone();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        fs::write(&file, bytes).unwrap();
        refused(&made, &EXECUTE, &["error: "]);
    }
    fs::write(&file, sound).unwrap();
    made.go_on_from(Until::Approved, Until::Executed);
}

/// The key of the third person is one more key of this one.
fn same_person(made: &PurgeMade, person: &str) {
    edit_trust(made, "person = \"third\"", &format!("person = \"{person}\""));
    edit_trust(made, "Trần Văn third", &format!("Trần Văn {person}"));
}

/// Whose keys count is said by the trust file, outside of the folder.
#[test]
fn people_who_may_not() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::BackedUp);
        let approve = |key: &'static str| ["approve", "--key", key];
        refused(&made, &approve("operator.pem"), &["may not approve", "data_owner"]);
        made.purge(&approve("owner.pem")).go().expect(0);
        refused(&made, &EXECUTE, &["the approval is not complete"]);
        refused(&made, &approve("owner.pem"), &["signed this approval already", "another person"]);
        let sound = Sound::of(&made);

        // A second key of the same person, with the other role.
        edit_trust(&made, "[\"auditor\"]", "[\"custodian\"]");
        made.purge(&approve("third.pem")).go().expect(0);
        same_person(&made, "owner");
        refused(&made, &EXECUTE, &["the approval is not complete"]);
        sound.back();
        edit_trust(&made, "[\"auditor\"]", "[\"custodian\"]");
        same_person(&made, "owner");
        refused(&made, &approve("third.pem"), &["signed this approval already"]);
        sound.back();

        // The operator may also approve, by the trust file; not the same purge.
        edit_trust(&made, "[\"operator\"]", "[\"operator\", \"custodian\"]");
        made.purge(&approve("operator.pem")).go().expect(0);
        refused(&made, &EXECUTE, &["cannot be its operator as well"]);
        sound.back();

        made.purge(&approve("keeper.pem")).go().expect(0);
        let key = |name: &'static str| ["execute", "--key", name];
        refused(&made, &key("third.pem"), &["the role of operator"]);
        refused(&made, &key("owner.pem"), &["the role of operator"]);
        let sound = Sound::of(&made);
        // Another key of an approver executes.
        edit_trust(&made, "[\"auditor\"]", "[\"operator\"]");
        same_person(&made, "keeper");
        refused(&made, &key("third.pem"), &["cannot be its operator as well"]);
        sound.back();
        // A key that ran out, and one that does not count yet.
        let trust = fs::read_to_string(made.at("trust.toml")).unwrap();
        for (from, until) in [("2020-01-01", "2020-12-31"), ("2999-01-01", "2999-12-31")] {
            let dated: Vec<String> = trust
                .split_inclusive('\n')
                .map(|line| match line.split(" = ").next() {
                    Some("valid_from") => format!("valid_from = \"{from}\"\n"),
                    Some("valid_until") => format!("valid_until = \"{until}\"\n"),
                    _ => line.to_owned(),
                })
                .collect();
            fs::write(made.at("trust.toml"), dated.concat()).unwrap();
            refused(&made, &EXECUTE, &["is not valid today"]);
        }
        sound.back();
        made.go_on_from(Until::Approved, Until::Executed);
        refused(&made, &["certify", "--key", "third.pem"], &["the role of operator"]);
        made.purge(&CERTIFY).go().expect(0);
        holds(&made);
    }
}

/// An approval of the same rows by the same rule in another database.
#[test]
fn an_approval_of_another_database() {
    for engine in ENGINES {
        let other = PurgeMade::until(engine, Until::Approved);
        let made = PurgeMade::until(engine, Until::BackedUp);
        fs::create_dir_all(approval(&made).parent().unwrap()).unwrap();
        fs::copy(approval(&other), approval(&made)).unwrap();
        refused(&made, &EXECUTE, &["not about this purge"]);
        // The other database itself, with this folder.
        let url = other.url();
        let config = made.dir().join("handover.toml");
        edit_file(&config, &made.url(), &url);
        let before = other.everything();
        let outcome = made.purge(&EXECUTE).go();
        says(outcome.expect(2), &["error: ", "archive"]);
        assert!(other.everything() == before);
    }
}

/// One approval, one purge.
#[test]
fn an_approval_is_used_once() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        let after = made.everything();
        // Executed again, nothing happens.
        let again = made.purge(&EXECUTE).go();
        says(again.expect(2), &["certified"]);
        assert!(made.everything() == after);

        made.sql("update subjects set status = 'unverified' where number in (2, 4)");
        made.go_on_from(Until::Made, Until::BackedUp);
        let second = approval(&made).to_str().unwrap().replace("-1/", "-2/");
        fs::create_dir_all(std::path::Path::new(&second).parent().unwrap()).unwrap();
        fs::copy(approval(&made), &second).unwrap();
        refused(&made, &EXECUTE, &["not about this purge"]);
        // The same nonce in an approval that is otherwise right.
        let first: Value = serde_json::from_slice(
            handover_schemas::signing::dsse::Envelope::parse(&fs::read(approval(&made)).unwrap())
                .unwrap()
                .body(),
        )
        .unwrap();
        made.go_on_from(Until::BackedUp, Until::Approved);
        forge(second.as_ref(), &made, &["owner", "keeper"], |statement| {
            statement["predicate"]["nonce"] = first["predicate"]["nonce"].clone();
        });
        refused(&made, &EXECUTE, &["was used for purge 1", "used once"]);
        assert_eq!(ledger_count(&made, "purge_batch", "purge_no = 2"), 0);
        // The approval that was used is not taken for another signature either.
        fs::remove_file(&second).unwrap();
        made.go_on_from(Until::BackedUp, Until::Certified);
        holds(&made);
    }
}
