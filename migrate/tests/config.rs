//! `handover.toml`: made by `init`, used by `copy`, `status` and `handover-verify tables`.

use std::fs;
use std::path::Path;

use handover_schemas::config::{CONFIG_SCHEMA, Config};
use handover_testkit::{Outcome, Run, sqlite, violations};
use handover_verify::config_file::load;
use serde_json::Value;

use crate::support::{expect_copied, json, mode, says};

fn init(dir: &Path) -> Run {
    Run::new("handover-migrate").arg("init").arg("--handover").arg(dir)
}

/// A command of either program that is told nothing but its hand-over folder.
pub(crate) fn with_config(program: &str, command: &str, dir: &Path) -> Run {
    Run::new(program).arg(command).arg("--handover").arg(dir)
}

/// `handover-migrate copy`.
pub(crate) fn copy(dir: &Path) -> Run {
    with_config("handover-migrate", "copy", dir).arg("--quiet")
}

/// `handover-verify tables`.
pub(crate) fn verify(dir: &Path) -> Run {
    with_config("handover-verify", "tables", dir).arg("--quiet")
}

/// Writes the config.
pub(crate) fn write(dir: &Path, config: &str) {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("handover.toml"), config).unwrap();
}

/// Ends with 2 and these words, with the folder's place left out, and nothing else.
#[track_caller]
pub(crate) fn is_refused(outcome: &Outcome, dir: &Path, error: &str) {
    outcome.expect(2);
    assert_eq!(outcome.stdout, "");
    let said = outcome.stderr.replace(dir.to_str().unwrap(), "DIR");
    assert_eq!(said, format!("error: {error}\n"));
}

#[test]
fn init_writes_a_config_that_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/handover");
    let outcome = init(&dir)
        .args(["--source", "sqlite:a \"b\".db", "--target", "postgres://owner@db:5433/ministry"])
        .dir(folder.path())
        .go();
    let said = outcome.expect(0).stdout.replace(dir.to_str().unwrap(), "DIR");
    assert_eq!(
        said,
        "written: DIR/handover.toml\nwritten: DIR/handover.schema.json\n\
         next: fill in the first; then handover-migrate copy --handover DIR\n"
    );
    let text = fs::read_to_string(dir.join("handover.toml")).unwrap();
    assert!(text.starts_with("#:schema ./handover.schema.json\n"), "{text}");
    assert_eq!((mode(&dir), mode(&dir.join("handover.toml"))), (0o700, 0o600));
    assert_eq!(fs::read_to_string(dir.join("handover.schema.json")).unwrap(), CONFIG_SCHEMA);

    let config = load(&dir).unwrap().unwrap();
    let url = |end: Option<handover_schemas::config::End>| end.unwrap().url;
    let source = format!("sqlite:{}/a \"b\".db", folder.path().display());
    assert_eq!(url(config.source), source);
    assert_eq!(url(config.target), "postgres://owner@db:5433/ministry");
    let components: Vec<(&str, Vec<String>)> = config
        .component
        .iter()
        .map(|one| (one.id.as_str(), one.deliverable.iter().map(|d| d.id()).collect()))
        .collect();
    let four = || ["source_code", "installer", "database", "document"].map(str::to_owned).to_vec();
    assert_eq!(
        components,
        [("portal", four()), ("support", four()), ("mcc", four()), ("app", four())]
    );
}

/// Whoever takes the `#` away from an example has a config that holds.
#[test]
fn the_examples_of_init_hold_too() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path()).go().expect(0);
    let path = folder.path().join("handover.toml");
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|first: char| first == '[' || first.is_alphabetic()) => rest,
        _ => line,
    });
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let config = load(folder.path()).unwrap().unwrap();
    assert_eq!(
        config.source.unwrap().url,
        "postgres://handover_reader@db.vendor.example:5432/vaccination"
    );
    assert_eq!((config.leave_out.len(), config.file_reference.len()), (1, 1));
    assert_eq!(config.rename.len(), 1);
    assert_eq!((config.purge.rule.len(), config.purge.recipient.len()), (1, 2));
    assert_eq!((config.figures.sets.len(), config.figures.shipped.len()), (1, 2));
    let document: Value = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
    assert_eq!(violations(&schema, &document), [""; 0]);
    let parsed: Config = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let portal = parsed.deliverable("portal", "source_code").unwrap();
    assert_eq!(portal.requested.len(), 2);
    assert_eq!(portal.promised.as_ref().unwrap().number, "604/BTTTT-THH");
}

#[test]
fn init_refuses_what_it_would_spoil() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(dir, "# mine\n");
    is_refused(
        &init(dir).go(),
        dir,
        "DIR/handover.toml is there already, and nothing was changed; edit it, or give another \
         --handover",
    );
    assert_eq!(fs::read_to_string(dir.join("handover.toml")).unwrap(), "# mine\n");
    assert!(!dir.join("handover.schema.json").exists());

    let dir = dir.join("new");
    let outcome = init(&dir).args(["--source", "postgres://u:s3cret@h/db"]).go();
    is_refused(
        &outcome,
        &dir,
        "--source <URL>: the url has a password; passwords belong into .pgpass or PGPASSWORD",
    );
    assert!(!dir.exists());
}

#[test]
fn a_config_that_cannot_be_used_stops_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for (config, error) in [
        (
            "[source]\nurl = \"sqlite:a.db\"\n\n[[leave_out]]\ntabel = \"public.x\"\n",
            "DIR/handover.toml: line 5, column 1: unknown key \"tabel\"; known are table, reason",
        ),
        (
            "[source]\nurl = \"postgres://reader:s3cret@h/db\"\n",
            "DIR/handover.toml: source: the url has a password; passwords belong into .pgpass or \
             PGPASSWORD",
        ),
        (
            "[target]\nurl = \"mysql://u@h/db\"\n",
            "DIR/handover.toml: target: mysql: is not supported; use \
             postgres://user@host:port/database or sqlite:path",
        ),
        (
            "[[leave_out]]\ntable = \"public.x\"\nreason = \" \"\n",
            "DIR/handover.toml: leave_out \"public.x\": give a reason: it stands in the reports",
        ),
    ] {
        write(dir, config);
        let ends = ["--source", "sqlite:a.db", "--target", "sqlite:b.db"];
        is_refused(&copy(dir).args(ends).go(), dir, error);
        is_refused(&verify(dir).args(ends).go(), dir, error);
        is_refused(&with_config("handover-migrate", "status", dir).go(), dir, error);
    }
    // `status` of a target that is named needs nothing else of the config.
    let named = with_config("handover-migrate", "status", dir).args(["--target", "sqlite:no.db"]);
    says(named.go().expect(2), &["no.db: there is no such file"]);
}

#[test]
fn without_a_database_the_commands_say_where_to_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let which = |end: &str| {
        format!(
            "which {end}? Give --{end} URL, or write [{end}] with its url into DIR/handover.toml"
        )
    };
    is_refused(&copy(dir).go(), dir, &which("source"));
    is_refused(&verify(dir).args(["--source", "sqlite:a.db"]).go(), dir, &which("target"));
    is_refused(&with_config("handover-migrate", "status", dir).go(), dir, &which("target"));
}

/// Two tables.
pub(crate) const PLATFORM: &str = "
    create table facilities (id integer primary key, name text);
    insert into facilities values (1, 'Trạm y tế A'), (2, 'Trạm y tế B');
    create table doses (id integer primary key, facility integer references facilities (id));
    insert into doses values (1, 1), (2, 1), (3, 2);";

/// Files are found from the folder of the config, whatever folder the command runs in, and are the
/// same ones for the ledger when they are named on the command line.
#[test]
fn files_lie_beside_the_config() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("handover");
    sqlite(&folder.path().join("source.db"), PLATFORM);
    write(&dir, "[source]\nurl = \"sqlite:../source.db\"\n[target]\nurl = \"sqlite:target.db\"\n");
    expect_copied(&copy(&dir).arg("--json").dir("/").go());
    assert_eq!(sqlite(&dir.join("target.db"), "select count(*) from doses"), "3");
    let again = copy(Path::new("handover")).arg("--json").dir(folder.path()).go();
    assert_eq!(json(again.expect(0))["outcome"], "unchanged");
    let named = copy(Path::new("handover"))
        .args(["--json", "--source", "sqlite:source.db"])
        .dir(folder.path())
        .go();
    assert_eq!(json(named.expect(0))["outcome"], "unchanged");
    let status = with_config("handover-migrate", "status", &dir).go();
    assert!(status.expect(0).stdout.contains("stage          done"), "{}", status.stdout);
    let verified = verify(&dir).go();
    says_at_end(&verified, "verdict: equal (2 tables equal, 0 different, 0 unverified)\n");

    // The command line comes before the config.
    sqlite(&folder.path().join("other.db"), PLATFORM);
    sqlite(&folder.path().join("other.db"), "delete from doses where id = 3");
    let other = format!("sqlite:{}", folder.path().join("other.db").display());
    verify(&dir).args(["--source", &other]).go().expect(1);
}

/// Ends with 0, and its standard output with these words.
#[track_caller]
pub(crate) fn says_at_end(outcome: &Outcome, end: &str) {
    assert!(outcome.expect(0).stdout.ends_with(end), "{}", outcome.stdout);
}
