//! Tables that were changed since: rows go back into the columns that were archived, and every change is told.

use handover_schemas::purge::restore::RestoreReport;

use crate::checker::{checker_finds, checker_holds};
use crate::purge_broken::{ENGINES, edit_file, verify_with_key};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{prints, says};

const PERSON: [&str; 5] = ["--table", "public.subjects", "--record-key", "5", "--person"];
const APPLY: [&str; 5] = ["--apply", "--key", "operator.pem", "--reason", "Khiếu nại 12/2026"];

/// What a person is in the columns that were archived.
#[track_caller]
fn row(made: &PurgeMade, phone: &str) -> String {
    made.sql(&format!("select name, {phone}, status, place_code from subjects where number = 5"))
}

#[test]
fn columns_that_were_added_are_told_and_left_to_their_defaults() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        let before = row(&made, "phone");
        made.go_on(Until::Certified);
        made.sql("alter table subjects add column email text; alter table subjects add column seen integer not null default 7");
        let told = made.archived("restore", &PERSON).go();
        prints(told.expect(0), &["email was added since", "seen was added since"]);
        let back = made.archived("restore", &PERSON).args(APPLY).arg("--json").go();
        let report: RestoreReport = serde_json::from_str(&back.expect(0).stdout).unwrap();
        assert_eq!(report.tables[0].columns.len(), 2);
        assert_eq!(row(&made, "phone"), before);
        assert_eq!(made.count("subjects", "number = 5 and email is null and seen = 7"), 1);
        verify_with_key(&made).expect(0);
        // An archived column that is changed afterwards is told; the added one is nobody's business here.
        made.sql("update subjects set email = 'a@example.org' where number = 5");
        verify_with_key(&made).expect(0);
        checker_holds(&made);
        made.sql("update subjects set phone = '0' where number = 5");
        checker_finds(&made, "subjects is as purge 1 left it, and 1 restored rows");
        prints(&verify_with_key(&made), &["1 are not what was archived any more"]);
        // What was added is of the row that is there: it does not go over to the archived one.
        let findings = made.archived("restore", &PERSON).go();
        findings.expect(1);
        std::fs::copy(made.dir().join("findings/restore.jsonl"), made.at("overwrite")).unwrap();
        let overwrite = made.archived("restore", &PERSON).args(["--overwrite", "overwrite"]).go();
        says(overwrite.expect(2), &["would be replaced", "\"email\" was added"]);
    }
}

#[test]
fn renamed_columns_take_a_declaration() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        let before = row(&made, "phone");
        made.go_on(Until::Certified);
        made.sql("alter table subjects rename column phone to telephone");
        let refused = made.archived("restore", &PERSON).go();
        says(
            refused.expect(2),
            &["\"phone\" (text) is not there any more", "purge.changed_column"],
        );
        let mut declared =
            "[[purge.changed_column]]\ntable = \"public.subjects\"\narchived = \"phone\"\nnow = \"telephone\"\n"
                .to_owned();
        if engine == Engine::Postgres {
            made.sql("alter table subjects alter status type varchar(40)");
            let refused = made.archived("restore", &PERSON).go();
            says(refused.expect(2), &["\"status\" was text and is character varying(40)"]);
            declared.push_str(
                "[[purge.changed_column]]\ntable = \"public.subjects\"\narchived = \"status\"\n\
                 now = \"status\"\ntype = \"character varying(40)\"\n",
            );
        }
        edit_file(
            &made.dir().join("handover.toml"),
            "[[purge.rule]]\n",
            &format!("{declared}[[purge.rule]]\n"),
        );
        let back = made.archived("restore", &PERSON).args(APPLY).go();
        prints(back.expect(0), &["phone of the archive is telephone"]);
        assert_eq!(row(&made, "telephone"), before);
        prints(
            verify_with_key(&made).expect(0),
            &["1 rows that restores put back are what was archived"],
        );
        checker_holds(&made);
        made.sql("update subjects set telephone = '0' where number = 5");
        checker_finds(&made, "subjects is as purge 1 left it, and 1 restored rows");
        prints(&verify_with_key(&made), &["1 are not what was archived any more"]);
    }
}

#[test]
fn what_rows_do_not_go_into_is_refused_with_its_name() {
    for engine in ENGINES {
        for (change, said) in [
            (
                "alter table subjects drop column phone",
                "\"phone\" (text) is not there any more: add it again",
            ),
            ("alter table doses rename column subject to person", "\"subject\""),
        ] {
            let made = PurgeMade::until(engine, Until::Certified);
            made.sql(change);
            let refused = made.archived("restore", &PERSON).args(APPLY).go();
            says(
                refused.expect(2),
                &["is not what it was when its rows were archived", said, "Nothing was put back"],
            );
            assert_eq!(made.count("subjects", "number = 5"), 0);
        }
    }
    let made = PurgeMade::until(Engine::Postgres, Until::Certified);
    made.sql("alter table subjects add column seen integer; update subjects set seen = 1; alter table subjects alter seen set not null");
    let refused = made.archived("restore", &PERSON).go();
    says(refused.expect(2), &["\"seen\" was added, must not be NULL and has no default"]);
}
