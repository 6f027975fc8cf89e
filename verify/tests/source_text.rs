//! What the sources of the verifier's program say: no statement that writes, no way to the crate that does.

use std::fs;
use std::path::{Path, PathBuf};

use handover_testkit::Run;

/// Words that begin statements which change something, and functions that do.
const WRITING: [&str; 20] = [
    "alter",
    "attach",
    "call",
    "cluster",
    "create",
    "delete",
    "drop",
    "grant",
    "insert",
    "merge",
    "nextval",
    "refresh",
    "reindex",
    "revoke",
    "setval",
    "truncate",
    "update",
    "upsert",
    "vacuum",
    "lo_import",
];

/// Where the sources of the program are, besides those of the formats.
const OF_THE_VERIFIER: [&str; 3] = ["cli-kit/src", "engine/src", "verify/src"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Rust files below a folder, without those that hold tests only.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().unwrap() != "tests" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs")
            && path.file_stem().unwrap() != "tests"
        {
            found.push(path);
        }
    }
}

/// String literals of Rust code, before the module of its tests.
fn literals(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let characters: Vec<char> = code.chars().collect();
    let at = |place: usize| characters.get(place).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut place = 0;
    while place < characters.len() {
        match at(place) {
            '/' if at(place + 1) == '/' => {
                while place < characters.len() && at(place) != '\n' {
                    place += 1;
                }
            }
            '/' if at(place + 1) == '*' => {
                while place < characters.len() && !characters[place..].starts_with(&['*', '/']) {
                    place += 1;
                }
            }
            '\'' if at(place + 1) == '\\' => place += 3,
            '\'' if at(place + 2) == '\'' => place += 2,
            'r' if at(place + 1) == '#' || at(place + 1) == '"' => {
                let rest = &characters[place + 1..];
                let hashes = rest.iter().take_while(|c| **c == '#').count();
                if at(place + 1 + hashes) == '"' {
                    let begin = place + 2 + hashes;
                    let end: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
                    let mut ends = begin..characters.len();
                    place = ends.find(|from| characters[*from..].starts_with(&end)).unwrap();
                    found.push(characters[begin..place].iter().collect());
                    place += hashes;
                }
            }
            '"' => {
                let begin = place + 1;
                place = begin;
                while place < characters.len() && at(place) != '"' {
                    place += if at(place) == '\\' { 2 } else { 1 };
                }
                found.push(characters[begin..place.min(characters.len())].iter().collect());
            }
            _ => {}
        }
        place += 1;
    }
    found
}

/// The literals that could be part of a statement which writes.
fn writing_literals(code: &str) -> Vec<String> {
    let writes = |literal: &String| {
        let lower = literal.to_lowercase();
        let copies_in = lower.contains("copy ") && lower.contains("from stdin");
        // Without the strings of the statement itself.
        let lower: String = lower.split('\'').step_by(2).collect();
        let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
        copies_in || words.any(|word| WRITING.contains(&word))
    };
    literals(code).into_iter().filter(writes).collect()
}

fn writing_literals_below(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    sources(&root().join(folder), &mut files);
    assert!(files.len() > 5, "{folder} has sources");
    let of_file = |file: PathBuf| {
        let found = writing_literals(&fs::read_to_string(&file).unwrap());
        found.into_iter().map(move |literal| format!("{}: {literal}", file.display()))
    };
    files.into_iter().flat_map(of_file).collect()
}

#[test]
fn no_statement_of_the_verifier_writes() {
    for folder in OF_THE_VERIFIER {
        assert_eq!(writing_literals_below(folder), [""; 0], "{folder}");
    }
    // Were there one, it would be found.
    assert!(writing_literals_below("migrate/src").len() > 20);
    for code in [
        "run(\"select 1; DROP TABLE t\")",
        "let verb = \"insert\"; format!(\"{verb} into t\")",
        "r#\"x \" update t\"#; '\"'",
        "/* \" */ '\\'' ; concat!(\"select setval('s', 1)\")",
        "\"COPY t FROM STDIN\"",
    ] {
        assert_eq!(writing_literals(code).len(), 1, "{code}");
    }
}

#[test]
fn what_could_carry_rows_to_a_server_is_never_called() {
    let mut files = Vec::new();
    for folder in OF_THE_VERIFIER {
        sources(&root().join(folder), &mut files);
    }
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let count = |what: &str| text.matches(what).count();
    // The session's is there for handover-migrate, and asks the driver's.
    assert_eq!((count("fn copy_in("), count("client.copy_in("), count("copy_in(")), (1, 1, 2));
    assert_eq!(count("Access::Write"), 0);
}

#[test]
fn the_verifier_does_not_depend_on_what_writes() {
    let tree = Run::program(env!("CARGO"))
        .args(["tree", "-p", "handover-verify", "--offline", "--locked", "--prefix", "none"])
        .dir(root())
        .go();
    tree.expect(0);
    assert!(tree.stdout.starts_with("handover-verify v"), "{}", tree.stdout);
    assert!(tree.stdout.contains("handover-schemas v"));
    assert!(!tree.stdout.contains("handover-migrate"), "{}", tree.stdout);
}
