//! What is written for people says what the code does: every command of the runbooks runs, and the
//! rehearsal ends as the README shows.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::path::{Path, PathBuf};

use handover_testkit::{Database, Outcome, Run, binary};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The commands of a page, block by block.
fn blocks(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(project().join("runbooks").join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```sh" => {
                inside = true;
                blocks.push(String::new());
            }
            "```" => inside = false,
            _ if inside => {
                let block = blocks.last_mut().unwrap();
                block.push_str(line);
                block.push('\n');
            }
            _ => {}
        }
    }
    assert!(!blocks.is_empty(), "{page} has no commands");
    blocks
}

/// What a vendor delivers: a git repository, an installer with its checksum, photos.
fn deliver(folder: &Path) {
    let script = "set -e; mkdir -p portal/installers portal/photos/2022
        git init -q --bare portal/source.git
        tree=$(git -C portal/source.git mktree </dev/null)
        commit=$(GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a \
                 GIT_COMMITTER_EMAIL=a@example.org git -C portal/source.git commit-tree -m x $tree)
        git -C portal/source.git update-ref HEAD $commit
        echo program > portal/installers/setup.bin
        (cd portal/installers && sha256sum setup.bin > SHA256SUMS)
        printf photo > portal/photos/2022/1.jpg
        mkdir population-database
        { echo subject_id,result
          for id in $(seq 1 1000); do
            if [ $((id % 3)) = 0 ]; then echo \"$id,cannot be verified\"; else echo \"$id,right\"; fi
          done; } > population-database/results.csv";
    Run::program("bash").args(["-c", script]).dir(folder).go().expect(0);
}

fn run_block(block: &str, source: &Database, target: &Database, folder: &Path) -> Outcome {
    let programs = binary("handover-migrate").parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    Run::program("bash")
        .args(["-c", block])
        .env("PATH", path)
        .env("SOURCE", source.url())
        .env("TARGET", target.url())
        .env("HANDOVER", folder)
        .env("DELIVERED", folder.with_file_name("delivered"))
        .env("KEYS", folder.with_file_name("keys"))
        .env("HANDOVER_PASSPHRASE", "a passphrase of a test")
        .env("HANDOVER_ESCROW_PASSPHRASE", "another passphrase of it")
        .dir(folder.parent().unwrap())
        .go()
}

#[test]
fn every_command_of_the_runbooks_runs() {
    let source = Database::create();
    source.sql(
        "CREATE TABLE subjects (id bigint PRIMARY KEY, name text, born date,
           identity_number text, phone text);
         INSERT INTO subjects SELECT i, 'Nguyễn ' || i, date '1960-01-01' + i,
           CASE WHEN i % 3 > 0 THEN lpad(i::text, 12, '0') END, '090' || lpad(i::text, 7, '0')
         FROM generate_series(1, 1000) i;
         CREATE TABLE doses (id bigint PRIMARY KEY, subject_id bigint NOT NULL REFERENCES subjects,
           given_on date NOT NULL);
         INSERT INTO doses SELECT i, 1 + i % 1000, date '2021-06-01' + (i % 300)::int
         FROM generate_series(1, 2500) i;
         CREATE TABLE log (at timestamptz, what text);
         INSERT INTO log VALUES (now(), 'a'), (now(), 'a');
         CREATE TABLE feedback (id bigint PRIMARY KEY, photo_path text, photo_sha256 text);
         INSERT INTO feedback VALUES
           (1, '2022/1.jpg', encode(sha256('photo'), 'hex')), (2, NULL, NULL);",
    );
    let target = Database::create();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("handover");
    std::fs::create_dir(folder.path().join("delivered")).unwrap();
    deliver(&folder.path().join("delivered"));
    for page in ["copy.md", "verify.md", "artifacts.md", "purge.md", "restore.md"] {
        for block in blocks(page) {
            let outcome = run_block(&block, &source, &target, &handover);
            assert_eq!(
                outcome.code,
                Some(0),
                "{page}:\n{block}\n{}{}",
                outcome.stdout,
                outcome.stderr
            );
        }
    }
    let verified = std::fs::read_to_string(handover.join("verify-tables.json")).unwrap();
    assert!(verified.contains("\"verdict\": \"equal\""), "{verified}");
}

/// Runs a rehearsal and checks what the README promises of it.
fn rehearse(extra: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("rehearsal");
    let outcome = Run::new("handover-migrate")
        .args(["rehearse", "--doses", "40000", "--dir"])
        .arg(&dir)
        .args(extra)
        .go();
    outcome.expect(0);
    for promised in [
        "killed with SIGKILL",
        "were kept",
        "(1 cut off",
        "verdict: equal",
        "MISSING",
        "These 11 findings",
        "verdict: intact",
        "opened with the escrow key",
        "keys and salts are erased from the list",
        "restore 1: read back, and every row is what was archived",
        "verdict: holds: exactly this row",
        "table and archive together are what the table was before",
        "verdict: holds",
    ] {
        assert!(outcome.stdout.contains(promised), "no {promised:?} in\n{}", outcome.stdout);
    }
    let again = Run::new("handover-migrate").args(["rehearse", "--dir"]).arg(&dir).go();
    again.expect(2);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);
}

#[test]
fn the_rehearsal_ends_equal_on_sqlite() {
    rehearse(&[]);
}

#[test]
fn the_rehearsal_ends_equal_on_postgres() {
    let (source, target) = (Database::create(), Database::create());
    rehearse(&["--source", &source.url(), "--target", &target.url()]);
}
