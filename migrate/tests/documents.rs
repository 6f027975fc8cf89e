//! What is written for people says what the code does: every command of the runbooks runs, and the
//! rehearsal ends as the README shows.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover_testkit::{Database, Outcome, Run, Server, binary, sqlite};
use tempfile::TempDir;

/// The pages, in the order of the work: each finds what those before it left.
const PAGES: [&str; 11] = [
    "01-prepare.md",
    "02-copy-and-verify.md",
    "03-receiving-deliverables.md",
    "04-purge.md",
    "05-restoring-a-person.md",
    "06-key-ceremony-and-loss.md",
    "07-attest-and-sign.md",
    "08-auditing-from-zero.md",
    "09-recovery-without-this-program.md",
    "10-disaster-of-the-target.md",
    "11-tls.md",
];

/// Blocks that make something new whenever they are run, and are not run twice for that.
const NEW_EACH_TIME: [&str; 2] =
    ["handover-migrate attest --handover", "handover-migrate rehearse"];

/// Blocks that are refused when nothing is left for them to do, with what is said then.
const ONCE: [(&str, &str); 5] = [
    ("handover-migrate init", "is there already, and nothing was changed"),
    ("purge approve --handover", "signed this approval already"),
    ("attest --sign \"$HANDOVER/attestations/0001.dsse.json\"", "has signed with this key already"),
    ("--statement \"$WORK/audit.dsse.json\"", "is there already"),
    ("handover-migrate attest --close", "is closed already"),
];

/// More of them on a server: its accounts are gone, and what was restored is there.
const ONCE_ON_A_SERVER: [(&str, &str); 3] = [
    ("DROP ROLE handover_reader", "does not exist"),
    ("DROP ROLE handover_auditor", "does not exist"),
    ("pg_restore --exit-on-error", "already exists"),
];

/// What a second run of a block has to leave as it is.
const KEPT: &str = "keys handover/handover.toml handover/packages handover/purges \
    handover/attestations new-handover/handover.toml new-handover/packages work/tls ";

/// What a second run makes anew, and one that fails leaves as it is.
const MADE_ANEW: &str = "work/head.txt handover/verify-tables.json \
    handover/verify-tables.commands.txt backup/target.dump home/.local ";

/// Programs that fail in a second run: ours, and those that write a file which another one is made of.
const FAILING: [&str; 5] = ["handover-migrate", "handover-verify", "pg_dump", "awk", "openssl"];

/// The block for a purge that cannot go on. The pages are followed with one that can.
const CLOSES: &str = "handover-migrate purge close";

const ESCROW_PASSPHRASE: &str = "another passphrase of it";

/// What the vendor runs, in the two engines: the same rows.
const POSTGRES_PLATFORM: &str = "
    CREATE TABLE subjects (id bigint PRIMARY KEY, name text, born date,
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
      (1, '2022/1.jpg', encode(sha256('photo'), 'hex')), (2, NULL, NULL);";

const SQLITE_PLATFORM: &str = "
    CREATE TABLE subjects (id integer PRIMARY KEY, name text, born date,
      identity_number text, phone text);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO subjects SELECT i, 'Nguyễn ' || i, date('1960-01-01', '+' || i || ' days'),
      CASE WHEN i % 3 > 0 THEN printf('%012d', i) END, printf('090%07d', i) FROM n;
    CREATE TABLE doses (id integer PRIMARY KEY, subject_id integer NOT NULL REFERENCES subjects,
      given_on date NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
    INSERT INTO doses SELECT i, 1 + i % 1000, date('2021-06-01', '+' || (i % 300) || ' days') FROM n;
    CREATE TABLE log (at timestamp, what text);
    INSERT INTO log VALUES ('2022-04-08 08:00:00', 'a'), ('2022-04-08 08:00:00', 'a');
    CREATE TABLE feedback (id integer PRIMARY KEY, photo_path text, photo_sha256 text);
    INSERT INTO feedback VALUES (1, '2022/1.jpg',
      '55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8'), (2, NULL, NULL);";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(project().join("runbooks").join(name)).unwrap()
}

/// The commands of a page, block by block.
fn blocks(name: &str) -> Vec<String> {
    let text = page(name);
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
    assert!(!blocks.is_empty(), "{name} has no commands");
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
          done; } > population-database/results.csv
        cd population-database
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ../c06.key -out c06.pem -days 30 -subj /C=VN/O=C06/CN=x \
            2>/dev/null
        openssl cms -sign -binary -in results.csv -signer c06.pem -inkey ../c06.key -outform DER \
            -out results.csv.p7s
        rm ../c06.key";
    Run::program("bash").args(["-c", script]).dir(folder).go().expect(0);
}

/// The platform that the pages are followed on, and everything beside it.
struct Desk {
    folder: TempDir,
    source: String,
    target: String,
    restored: String,
    new_target: String,
    recovered: Database,
    // Dropped with everything in them at the end.
    _databases: Vec<Database>,
}

impl Desk {
    fn on_postgres() -> Self {
        let databases: Vec<Database> = (0..4).map(|_| Database::create()).collect();
        databases[0].sql(POSTGRES_PLATFORM);
        let urls = databases.iter().map(Database::url).collect();
        Self::new(tempfile::tempdir().unwrap(), urls, databases)
    }

    fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(format!("{name}.db"));
        sqlite(&file("platform"), SQLITE_PLATFORM);
        let names = ["platform", "target", "restored", "new"];
        let urls = names.map(|name| format!("sqlite:{}", file(name).display())).to_vec();
        Self::new(folder, urls, Vec::new())
    }

    fn new(folder: TempDir, urls: Vec<String>, databases: Vec<Database>) -> Self {
        let [source, target, restored, new_target] = urls.try_into().unwrap();
        let recovered = Database::create();
        let delivered = folder.path().join("delivered");
        fs::create_dir(&delivered).unwrap();
        deliver(&delivered);
        Self { folder, source, target, restored, new_target, recovered, _databases: databases }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn is_sqlite(&self) -> bool {
        self.target.starts_with("sqlite:")
    }

    /// Runs a block; ends with an error at the first of its commands that does.
    fn run(&self, block: &str) -> Outcome {
        self.prepared(block).go()
    }

    /// Runs a block whose programs fail, pasted into a shell that goes on behind what failed.
    fn run_with_failing_programs(&self, block: &str) {
        let failing = self.at("failing");
        if !failing.exists() {
            fs::create_dir(&failing).unwrap();
            for program in FAILING {
                let file = failing.join(program);
                fs::write(&file, "#!/bin/sh\necho \"error: no connection\" >&2\nexit 2\n").unwrap();
                fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
            }
        }
        let block = format!("set +e; export PATH=\"{}:$PATH\"\n{block}", failing.display());
        self.prepared(&block).go();
    }

    fn prepared(&self, block: &str) -> Run {
        let programs = binary("handover-migrate").parent().unwrap().display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
        let run = if block.contains("age --decrypt --output") {
            self.at_a_terminal(block)
        } else {
            Run::program("bash").args(["-e", "-c", block])
        };
        run.env("PATH", path)
            .env("HOME", self.at("home"))
            .env("SOURCE", &self.source)
            .env("TARGET", &self.target)
            .env("ADMIN", Server::shared().url("postgres"))
            .env("RESTORED", &self.restored)
            .env("NEW_TARGET", &self.new_target)
            .env("DATABASE", self.recovered.url())
            .env("HANDOVER", self.at("handover"))
            .env("NEW_HANDOVER", self.at("new-handover"))
            .env("BACKUP", self.at("backup"))
            .env("DELIVERED", self.at("delivered"))
            .env("KEYS", self.at("keys"))
            .env("WORK", self.at("work"))
            .env("CHECKER", project().join("schemas/checker"))
            .env("DB_HOST", "db.ministry.example")
            .env("HANDOVER_PASSPHRASE", "a passphrase of a test")
            .env("HANDOVER_ESCROW_PASSPHRASE", ESCROW_PASSPHRASE)
            .dir(self.folder.path())
    }

    /// `age` takes a passphrase from a terminal and from nowhere else: somebody types it.
    fn at_a_terminal(&self, block: &str) -> Run {
        let (script, typed) = (self.at("block.sh"), self.at("typed"));
        fs::write(&script, block).unwrap();
        let times = block.matches("age --decrypt").count();
        fs::write(&typed, format!("{ESCROW_PASSPHRASE}\n").repeat(times)).unwrap();
        let command = format!("bash -e {}", script.display());
        Run::program("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(fs::File::open(typed).unwrap())
            .limit(Duration::from_mins(1))
    }

    /// Somebody changes the target without these programs.
    fn change(&self, sql: &str) {
        if let Some(file) = self.target.strip_prefix("sqlite:") {
            sqlite(Path::new(file), sql);
        } else {
            let psql = Run::program("psql").args([&self.target, "-X", "-q", "-c", sql]);
            psql.go().expect(0);
        }
    }

    /// What the last page is for: first a row is gone, which is noticed, and then everything.
    fn lose_the_target(&self) {
        self.change("DELETE FROM doses WHERE id = 100");
        let notice = "handover-verify all --handover \"$HANDOVER\" --identity \"$KEYS/escrow.age\" \
            --trust \"$KEYS/trust.toml\" --head \"$(cat \"$WORK/head.txt\")\" --quiet";
        self.run(notice).expect(1);
        for table in ["doses", "subjects", "feedback", "log"] {
            self.change(&format!("DROP TABLE {table}"));
        }
        if !self.is_sqlite() {
            self.change("DROP SCHEMA handover CASCADE");
        }
    }

    /// Follows every page, in the order of the work.
    fn follow(&self) {
        self.follow_with(|_, _| {});
        // The last page says so: a database that pg_restore made is the same once it is recorded.
        let moved = fs::read_dir(self.at("handover/moves")).map_or(0, Iterator::count);
        assert_eq!(moved, usize::from(!self.is_sqlite()));
        let verified = fs::read_to_string(self.at("handover/verify-tables.json")).unwrap();
        assert!(verified.contains("\"verdict\": \"equal\""), "{verified}");
    }

    /// Runs every block of every page, and tells what came behind each.
    fn follow_with(&self, mut behind: impl FnMut(&str, &str)) {
        for (place, block) in PAGES.into_iter().flat_map(|page| self.blocks(page)) {
            if block.contains(CLOSES) {
                continue;
            }
            if block.contains("pg_restore --exit-on-error") {
                self.lose_the_target();
            }
            let outcome = self.run(&block);
            let (stdout, stderr) = (&outcome.stdout, &outcome.stderr);
            assert_eq!(outcome.code, Some(0), "{place}:\n{block}\n{stdout}{stderr}");
            behind(&place, &block);
        }
    }

    /// The blocks of a page that are for this engine, in its words, each with its place.
    fn blocks(&self, page: &str) -> Vec<(String, String)> {
        // The page says that there is nothing to do here for a file. A rehearsal has a platform of its own: once is
        // enough.
        let not_for_a_file =
            ["psql \"$SOURCE\"", "psql \"$TARGET\"", "for target in", "handover-migrate rehearse"];
        let is_for_this = |block: &str| {
            !self.is_sqlite() || !not_for_a_file.iter().any(|words| is_about(block, words))
        };
        let placed = blocks(page).into_iter().enumerate().filter(|(_, block)| is_for_this(block));
        let in_its_words = |(number, block): (usize, String)| {
            let block = if self.is_sqlite() { in_sqlite(&block) } else { block };
            (format!("{page}, block {}", number + 1), block)
        };
        placed.map(in_its_words).collect()
    }

    /// Follows the pages until a purge is approved. A trigger that let everything go when it was tried holds rows
    /// back then, and the purge is closed as its page says.
    fn close_a_purge(&self) {
        let blocks: Vec<(String, String)> =
            PAGES[..4].iter().flat_map(|page| self.blocks(page)).collect();
        let execute = blocks.iter().position(|(_, block)| block.contains("purge execute")).unwrap();
        let (_, close) = blocks.iter().find(|(_, block)| block.contains(CLOSES)).unwrap();
        for (place, block) in &blocks[..execute] {
            if block.contains("purge select") {
                self.change(&self.keeping("1 = 0"));
                let allow = if self.is_sqlite() { "main" } else { "public" };
                self.run(&format!(
                    "sed -i 's/^follow = .*/&\\nallow_triggers = [\"{allow}.doses.keep\"]/' \"$HANDOVER/handover.toml\""
                ))
                .expect(0);
            }
            let outcome = self.run(block);
            assert_eq!(outcome.code, Some(0), "{place}: {}{}", outcome.stdout, outcome.stderr);
        }
        self.change(&self.keeping("old.id = 500"));
        let stuck = self.run(&blocks[execute].1);
        stuck.expect(2);
        assert!(stuck.stderr.contains("purge close"), "{}", stuck.stderr);
        let closed = self.run(close);
        closed.expect(0);
        let judged = self.run("handover-verify purge --handover \"$HANDOVER\" --json --quiet");
        assert!(judged.stdout.contains("\"closed\""), "{}", judged.stdout);
    }

    /// A trigger that keeps rows of a table where this holds.
    fn keeping(&self, condition: &str) -> String {
        if self.is_sqlite() {
            return format!(
                "DROP TRIGGER IF EXISTS keep;
                 CREATE TRIGGER keep BEFORE DELETE ON doses WHEN {condition}
                 BEGIN SELECT RAISE(IGNORE); END"
            );
        }
        format!(
            "CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
               $$BEGIN IF {condition} THEN RETURN NULL; END IF; RETURN old; END$$;
             DROP TRIGGER IF EXISTS keep ON doses;
             CREATE TRIGGER keep BEFORE DELETE ON doses FOR EACH ROW EXECUTE FUNCTION keep()"
        )
    }

    /// Runs every block a second time, at once, as somebody does who is not sure that it was run. It
    /// ends well, or says why not; and what people made or keep is what it was.
    fn follow_every_block_twice(&self) {
        let on_a_server: &[_] = if self.is_sqlite() { &[] } else { &ONCE_ON_A_SERVER };
        let once = [ONCE.as_slice(), on_a_server].concat();
        let (mut refused, mut wrong) = (BTreeSet::new(), Vec::new());
        self.follow_with(|place, block| {
            if NEW_EACH_TIME.iter().any(|words| block.contains(words)) {
                return;
            }
            let before = self.kept(KEPT);
            let outcome = self.run(block);
            let reason = once.iter().find(|(words, _)| block.contains(words));
            let ended_well = match reason {
                Some((words, reason)) => {
                    refused.insert(*words);
                    outcome.code != Some(0) && outcome.stderr.contains(reason)
                }
                None => outcome.code == Some(0),
            };
            if !ended_well || self.kept(KEPT) != before {
                wrong.push(format!("{place}:\n{block}\n{}{}", outcome.stdout, outcome.stderr));
            }
        });
        assert!(wrong.is_empty(), "{} blocks, run twice:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(refused.len(), once.len(), "{refused:?}");
    }

    /// Runs every block once more with programs that fail. What people made or keep is what it was.
    fn follow_every_block_with_failing_programs(&self) {
        let (mut failed, mut wrong) = (0, Vec::new());
        let kept = [KEPT, MADE_ANEW].concat();
        self.follow_with(|place, block| {
            if !FAILING.iter().any(|program| block.contains(program))
                || block.contains("age --decrypt --output")
            {
                return;
            }
            let before = self.kept(&kept);
            self.run_with_failing_programs(block);
            failed += 1;
            if self.kept(&kept) != before {
                wrong.push(format!("{place}:\n{block}"));
            }
        });
        assert!(wrong.is_empty(), "{} blocks:\n{}", wrong.len(), wrong.join("\n"));
        assert!(failed > 50, "{failed}");
    }

    /// SHA-256 of every file of some folders.
    fn kept(&self, folders: &str) -> String {
        let script = format!(
            "for folder in {folders}; do [ ! -e $folder ] || find $folder -type f ! -name '*.new'; done |
               LC_ALL=C sort | xargs -r -d '\\n' sha256sum"
        );
        Run::program("bash")
            .args(["-c", &script])
            .dir(self.folder.path())
            .go()
            .expect(0)
            .stdout
            .clone()
    }
}

/// Whether a line of a block begins with these words.
fn is_about(block: &str, words: &str) -> bool {
    block.lines().any(|line| line.starts_with(words))
}

/// A block with the names that a SQLite file has, as the pages say.
fn in_sqlite(block: &str) -> String {
    block
        .replace("public.", "main.")
        .replace(" --owner handover_owner", "")
        .replace("handover.identity_number_class", "handover_identity_number_class")
}

#[test]
fn every_command_of_the_runbooks_runs_on_postgres() {
    Desk::on_postgres().follow();
}

#[test]
fn every_command_of_the_runbooks_runs_on_sqlite() {
    Desk::on_sqlite().follow();
}

#[test]
fn a_second_run_of_a_block_destroys_nothing_on_postgres() {
    Desk::on_postgres().follow_every_block_twice();
}

#[test]
fn a_second_run_of_a_block_destroys_nothing_on_sqlite() {
    Desk::on_sqlite().follow_every_block_twice();
}

#[test]
fn a_block_whose_program_fails_destroys_nothing_on_postgres() {
    Desk::on_postgres().follow_every_block_with_failing_programs();
}

#[test]
fn a_block_whose_program_fails_destroys_nothing_on_sqlite() {
    Desk::on_sqlite().follow_every_block_with_failing_programs();
}

#[test]
fn a_purge_that_cannot_go_on_is_closed_as_its_page_says_on_postgres() {
    Desk::on_postgres().close_a_purge();
}

#[test]
fn a_purge_that_cannot_go_on_is_closed_as_its_page_says_on_sqlite() {
    Desk::on_sqlite().close_a_purge();
}

/// A page that is forgotten above is found here.
#[test]
fn every_page_is_followed() {
    let mut found: Vec<String> = fs::read_dir(project().join("runbooks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut known: Vec<&str> = PAGES.to_vec();
    known.push("README.md");
    assert_eq!(found, known);
    let contents = page("README.md");
    for page in PAGES {
        assert!(contents.contains(&format!("({page})")), "README.md does not name {page}");
    }
}

/// Somebody who reads one of the two languages reads everything.
#[test]
fn every_section_is_in_both_languages() {
    for name in PAGES {
        for section in page(name).split("\n## ") {
            let heading = section.lines().next().unwrap();
            assert!(heading.contains(" / "), "{name}: {heading}");
            let both = section.matches("**VI**").count() == section.matches("**EN**").count();
            assert!(both && (section.contains("**VI**")), "{name}: {heading}");
        }
    }
}

/// Pages that are named somewhere are there.
#[test]
fn no_page_is_named_that_is_not_there() {
    let help = |program: &str| Run::new(program).args(["manual", "--out", "man"]);
    let folder = tempfile::tempdir().unwrap();
    help("handover-migrate").dir(folder.path()).go().expect(0);
    help("handover-verify").dir(folder.path()).go().expect(0);
    let manual = fs::read_dir(folder.path().join("man")).unwrap();
    let mut texts: Vec<String> =
        manual.map(|page| fs::read_to_string(page.unwrap().path()).unwrap()).collect();
    for file in ["README.md", "ARCHITECTURE.md", "migrate/src/command/init.toml"] {
        texts.push(fs::read_to_string(project().join(file)).unwrap());
    }
    texts.extend(PAGES.map(|name| page(name).replace("](", "](runbooks/")));
    let mut named = 0;
    for text in texts {
        // A manual page writes a hyphen as "\\-".
        let text = text.replace("\\-", "-");
        for rest in text.split("runbooks/").skip(1) {
            let name = rest.split_once(".md").map(|(name, _)| name).unwrap_or_default();
            let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            if !name.is_empty() && name.chars().all(|letter| plain(letter) || letter == '-') {
                assert!(PAGES.contains(&format!("{name}.md").as_str()), "runbooks/{name}.md");
                named += 1;
            }
        }
    }
    assert!(named > PAGES.len(), "{named}");
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
    let (owner, _account) = target.owner_and_account("a password of a test");
    rehearse(&["--source", &source.url(), "--target", &target.url(), "--owner", &owner]);
}
