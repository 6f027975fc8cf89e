//! What an auditor reads first: the example at the head of FORMAT.md gives what stands below it, by public
//! programs and by the independent checker, which also holds every vector.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::Path;

use handover_testkit::Run;

/// The first block of FORMAT.md with this label.
fn block(label: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("\n```{label}\n")).unwrap();
    let (block, _) = rest.split_once("```\n").unwrap();
    block.to_owned()
}

#[test]
fn the_example_prints_what_stands_below_it() {
    let outcome = Run::program("bash").args(["-e", "-o", "pipefail", "-c", &block("sh")]).go();
    assert_eq!(outcome.expect(0).stdout, block("text"));
}

#[test]
fn the_independent_checker_holds_every_vector_and_the_example() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/check.py");
    let outcome = Run::program("python3").arg(script).go();
    let said = &outcome.expect(0).stdout;
    assert!(said.contains("all vectors hold"), "{said}");
    assert!(said.contains("the example of FORMAT.md holds: 11 values"), "{said}");
}
