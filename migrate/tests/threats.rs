//! `THREATS.md` names the test of each of its claims. They have to exist.

use std::fs;
use std::path::Path;

#[test]
fn each_claim_has_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("THREATS.md")).unwrap();
    let claims = page.lines().filter(|line| line.starts_with("| ") && line.contains("` |"));
    let mut count = 0;
    for claim in claims {
        let (_, tests) = claim.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        for test in tests.split(", ") {
            let named = test.trim_matches('`').split_once(' ');
            let (file, name) = named
                .and_then(|(of, place)| {
                    let (module, name) = place.split_once("::")?;
                    Some((root.join(of).join("tests").join(format!("{module}.rs")), name))
                })
                .unwrap_or_else(|| panic!("no name of a test: {test}"));
            let source =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{test}: {error}"));
            assert!(source.contains(&format!("#[test]\nfn {name}()")), "{test} does not exist");
            count += 1;
        }
    }
    assert!(count > 30, "{count} tests are named");
}
