//! The independent checker asks the databases for published figures again.

use std::fs;

use crate::attest_made::{AttestMade, FIRST};
use crate::checker::checker;
use crate::purge_made::Engine;

/// A figure set of this platform: one number, and a sum.
const SET: &str = "
id = \"own\"
as_of = \"2022-04\"
[document]
title_vi = \"Báo cáo\"
title_en = \"Report\"
date = \"2022-04\"
[[figure]]
id = \"people\"
label_vi = \"Người\"
label_en = \"People\"
unit = \"subject\"
value = 10
query.sql = \"SELECT count(*) FROM subjects\"
[[figure]]
id = \"verified\"
label_vi = \"Đã xác minh\"
label_en = \"Verified\"
unit = \"subject\"
value = 4
rounding = { as = \"over\", step = 2 }
query.sql = \"SELECT count(*) FROM subjects WHERE status = 'verified'\"
[[relation]]
label_vi = \"Một phần\"
label_en = \"A part\"
total = \"people\"
parts = [\"verified\"]
rest = true
";

/// Figures are asked for again, at both ends.
#[test]
fn numbers_that_a_database_does_not_give_any_more_are_found() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let made = AttestMade::copied(engine);
        fs::create_dir(made.file("figures")).unwrap();
        fs::write(made.file("figures/own.toml"), SET).unwrap();
        let config = made.file("handover.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(
            config,
            format!(
                "{text}\n[source]\nurl = \"{}\"\n[figures]\nsets = [\"figures/own.toml\"]\n",
                made.source.url()
            ),
        )
        .unwrap();
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.sign("vendor.pem", FIRST).expect(0);
        let checked = || {
            let run = checker(&made.target.dir()).args(["--head", &made.head()]);
            let run = run.args(["--target", &made.target.url(), "--source", &made.source.url()]);
            run.arg("--trust").arg(made.target.at("trust.toml")).go()
        };
        let honest = checked();
        for part in [
            "holds         figures own: numbers and sums are those of its file",
            "holds         figures own: the source gives the numbers that were attested",
            "holds         figures own: the target gives the numbers that were attested",
            "holds         figures own: its verdicts follow from its numbers",
        ] {
            assert!(honest.expect(2).stdout.contains(part), "{}", honest.stdout);
        }
        assert!(!honest.stdout.contains("  FINDING "), "{}", honest.stdout);
        made.source.sql("update subjects set status = 'unverified' where number = 2");
        let found = checked();
        let part = "  FINDING       figures own: the source gives other numbers than were attested for verified";
        assert!(found.expect(1).stdout.contains(part), "{}", found.stdout);
        fs::write(made.file("figures/own.toml"), SET.replace("value = 10", "value = 11")).unwrap();
        let changed = checked();
        let part = "  unverified    figures own: no file in figures/ has its digest";
        assert!(changed.stdout.contains(part), "{}", changed.stdout);
    }
}
