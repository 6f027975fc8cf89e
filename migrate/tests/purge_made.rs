//! A small platform with people who cannot be verified, and their purge, as far as a test needs it:
//! made by the real binaries, in SQLite or in PostgreSQL.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use handover_testkit::{Database, Outcome, Role, Run, sqlite};
use tempfile::TempDir;

/// What every key of these tests is encrypted with.
pub(crate) const PASSPHRASE: &str = "một câu đủ dài";

/// The engine of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// How far a purge is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    Made,
    Selected,
    BackedUp,
    Approved,
    Executed,
    Certified,
}

/// A platform, a hand-over folder, keys, and a trust file outside of the folder. The rule
/// `unverified` deletes the people with an odd number, with their doses and cards.
pub(crate) struct PurgeMade {
    folder: TempDir,
    engine: Engine,
    database: Option<Database>,
    /// The account of a target whose platform belongs to a role of its own, and the source that was copied.
    account: Option<(Role, Database)>,
    reached: Cell<Until>,
}

/// People who have keys, with their roles.
const PEOPLE: [(&str, &str); 7] = [
    ("owner", "data_owner"),
    ("keeper", "custodian"),
    ("operator", "operator"),
    ("third", "auditor"),
    ("vendor", "giving_side"),
    ("ministry", "receiving_side"),
    ("witness", "witness"),
];

impl PurgeMade {
    /// A platform, and its purge up to there.
    #[track_caller]
    pub(crate) fn until(engine: Engine, until: Until) -> Self {
        let made = Self::begin(engine);
        made.fill();
        made.go_on(until);
        made
    }

    /// Keys and config, and a platform whose tables have no rows yet.
    #[track_caller]
    pub(crate) fn begin(engine: Engine) -> Self {
        let made = Self::empty(engine);
        let integer = match engine {
            Engine::Sqlite => "integer primary key",
            Engine::Postgres => "bigint generated always as identity primary key",
        };
        let bytes = if engine == Engine::Sqlite { "blob" } else { "bytea" };
        made.sql(&TABLES.replace("SERIAL", integer).replace("BYTES", bytes));
        made
    }

    /// A platform that was copied: its tables belong to a role of its own, the ledger to the account.
    #[track_caller]
    pub(crate) fn handed_over() -> Self {
        let mut made = Self::begin(Engine::Postgres);
        made.fill();
        let target = Database::create();
        let (owner, account) = target.owner_and_account(PASSPHRASE);
        let source = made.database.replace(target).unwrap();
        let old = source.url();
        made.account = Some((account, source));
        let config = made.dir().join("handover.toml");
        let text = fs::read_to_string(&config).unwrap().replace(&old, &made.url());
        fs::write(&config, text).unwrap();
        let copy = made.migrate("copy").args(["--source", &old, "--owner", &owner, "--handover"]);
        copy.arg(made.dir()).go().expect(0);
        made
    }

    /// Keys and config, and a database in which nothing is.
    #[track_caller]
    pub(crate) fn empty(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = (engine == Engine::Postgres).then(Database::create);
        let account = None;
        let made = Self { folder, engine, database, account, reached: Cell::new(Until::Made) };
        let keys = KEYS.get_or_init(make_keys);
        for key in fs::read_dir(keys.path()).unwrap() {
            let key = key.unwrap();
            fs::copy(key.path(), made.at(key.file_name().to_str().unwrap())).unwrap();
        }
        let recipients = fs::read_to_string(made.at("recipients.toml")).unwrap();
        fs::create_dir(made.dir()).unwrap();
        let config = format!("[target]\nurl = \"{}\"\n{}{RULE}", made.url(), recipients);
        fs::write(made.dir().join("handover.toml"), config).unwrap();
        made
    }

    /// The rows: ten people, a dose and a card for each, and a second dose for some.
    #[track_caller]
    pub(crate) fn fill(&self) {
        let over = match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => "overriding system value",
        };
        let blob = match self.engine {
            Engine::Sqlite => "x'00ff0a09'",
            Engine::Postgres => "'\\x00ff0a09'",
        };
        let mut sql = String::from(
            "insert into places values ('HN', 'Hà Nội'), ('HCM', 'Thành phố Hồ Chí Minh');",
        );
        for (number, name) in (1..).zip(NAMES) {
            let status = if number % 2 == 1 { "unverified" } else { "verified" };
            sql.push_str(&format!(
                "insert into subjects values ({number}, '{name}', '0010{number:08}', \
                 '+84 9{number:08}', '19{:02}-0{}-15', 'HN', '{status}');\
                 insert into doses {over} values ({}, {number}, '2021-08-{:02}', 'AZ', 0.5),\
                 ({}, {number}, '2021-11-{:02}', 'Vero', 1.25);\
                 insert into cards values ('QR-{number}-a', {}, {blob}, 'ghi\tchú\nhai \\dòng'),\
                 ('QR-{number}-b', {}, null, '');",
                50 + number,
                1 + number % 9,
                number * 10,
                number,
                number * 10 + 1,
                number,
                number * 10,
                number * 10 + 1,
            ));
        }
        self.sql(&sql);
    }

    /// Runs the commands of the purge, from where it is up to there.
    #[track_caller]
    pub(crate) fn go_on(&self, until: Until) {
        self.go_on_from(self.reached.get(), until);
    }

    /// Runs the commands of the purge that follow a step, up to another.
    #[track_caller]
    pub(crate) fn go_on_from(&self, done: Until, until: Until) {
        let steps: [(Until, &[&[&str]]); 5] = [
            (Until::Selected, &[&["select"]]),
            (Until::BackedUp, &[&["backup", "--identity", "escrow.age"]]),
            (
                Until::Approved,
                &[&["approve", "--key", "owner.pem"], &["approve", "--key", "keeper.pem"]],
            ),
            (Until::Executed, &[&["execute", "--key", "operator.pem"]]),
            (Until::Certified, &[&["certify", "--key", "operator.pem"]]),
        ];
        for (step, commands) in steps.iter().filter(|(step, _)| *step > done && *step <= until) {
            for command in *commands {
                self.purge(command).go().expect(0);
            }
            self.reached.set(*step);
        }
    }

    /// `handover-migrate purge …`; files are named as they are beside the folder.
    pub(crate) fn purge(&self, arguments: &[&str]) -> Run {
        self.migrate("purge").args(arguments).args(["--quiet", "--handover"]).arg(self.dir())
    }

    /// A command of `handover-migrate`, in the folder that has the keys.
    pub(crate) fn migrate(&self, command: &str) -> Run {
        let run = migrate(command, self.folder.path());
        match &self.account {
            Some((account, _)) => run.env("PGPASSWORD", &account.password),
            None => run,
        }
    }

    /// `handover-migrate find|restore|prove` on the archive of the last purge.
    pub(crate) fn archived(&self, command: &str, arguments: &[&str]) -> Run {
        self.migrate(command)
            .arg("--handover")
            .arg(self.dir())
            .args(["--identity", "escrow.age"])
            .args(arguments)
    }

    /// The same, with what people type on standard input.
    pub(crate) fn typed(&self, run: Run, text: &str) -> Outcome {
        let file = self.at("typed");
        fs::write(&file, text).unwrap();
        run.stdin(fs::File::open(&file).unwrap()).go()
    }

    /// A file beside the hand-over folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The hand-over folder.
    pub(crate) fn dir(&self) -> PathBuf {
        self.at("handover")
    }

    /// The archive of the first purge.
    pub(crate) fn archive(&self) -> PathBuf {
        self.dir().join("packages").join(ARCHIVE)
    }

    /// Where the statements of the first purge are.
    pub(crate) fn statement(&self, name: &str) -> PathBuf {
        self.dir().join("purges").join(ARCHIVE).join(name)
    }

    /// The engine.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// The database file of SQLite.
    pub(crate) fn file(&self) -> PathBuf {
        self.at("platform.sqlite")
    }

    /// Another database with everything that is in this one: what a restored dump makes.
    #[track_caller]
    pub(crate) fn copy_of_database(&self) -> Database {
        self.database.as_ref().expect("it is a file").copy()
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> String {
        if let (Some(database), Some((account, _))) = (&self.database, &self.account) {
            return database.url_as(account);
        }
        self.database
            .as_ref()
            .map_or_else(|| format!("sqlite:{}", self.file().display()), Database::url)
    }

    /// Runs statements, with `psql` or `sqlite3`; gives what they print.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> String {
        match &self.database {
            None => sqlite(&self.file(), &format!("\n{sql}")),
            Some(database) => {
                let run = Run::program("psql")
                    .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
                    .arg(database.url());
                run.go().expect(0).stdout.trim_end_matches('\n').to_owned()
            }
        }
    }

    /// Every row of every table of the platform, as the engine prints it.
    #[track_caller]
    pub(crate) fn everything(&self) -> String {
        let tables = ["subjects", "doses", "cards", "places"];
        let parts: Vec<String> = tables
            .iter()
            .map(|table| match self.engine {
                Engine::Sqlite => {
                    let columns = self.sql(&format!(
                        "select group_concat('quote(' || name || ')', ' || '','' || ') \
                         from pragma_table_info('{table}')"
                    ));
                    self.sql(&format!("select {columns} from {table} order by 1"))
                }
                Engine::Postgres => self.sql(&format!("select t::text from {table} t order by 1")),
            })
            .collect();
        parts.join("\n")
    }

    /// The number of rows of a table that meet a condition.
    #[track_caller]
    pub(crate) fn count(&self, table: &str, condition: &str) -> u64 {
        self.sql(&format!("select count(*) from {table} where {condition}")).parse().unwrap()
    }
}

/// Keys with a passphrase take their time to be made: once for all tests.
static KEYS: OnceLock<TempDir> = OnceLock::new();

fn make_keys() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keygen =
        |purpose: &str, name: &str| migrate("keygen", folder.path()).args([purpose, "--out", name]);
    let mut trust = String::new();
    for (person, role) in PEOPLE {
        let run = keygen("signing", &format!("{person}.pem"))
            .args(["--person", person, "--name", &format!("Trần Văn {person}")])
            .args(["--organisation", "Bộ Y tế", "--role", role]);
        let outcome = run.go();
        let (_, entry) = outcome.expect(0).stdout.split_once("[[key]]").unwrap();
        trust.push_str(&format!("[[key]]{entry}\n"));
    }
    let mut recipients = String::new();
    for name in ["escrow", "second"] {
        let outcome = keygen("archive", &format!("{name}.age")).go();
        let (_, key) = outcome.expect(0).stdout.split_once("recipient  ").unwrap();
        recipients.push_str(&format!(
            "[[purge.recipient]]\nname = \"{name}\"\nkey = \"{}\"\nescrow = {}\n",
            key.trim(),
            name == "escrow"
        ));
    }
    fs::write(folder.path().join("trust.toml"), trust).unwrap();
    fs::write(folder.path().join("recipients.toml"), recipients).unwrap();
    folder
}

/// A command of `handover-migrate`, in a folder, with the passphrases of all keys.
fn migrate(command: &str, folder: &Path) -> Run {
    Run::new("handover-migrate")
        .arg(command)
        .env("HANDOVER_PASSPHRASE", PASSPHRASE)
        .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
        .dir(folder)
}

/// Name of the first purge's archive.
pub(crate) const ARCHIVE: &str = "purge-unverified-1";

/// Names of the people, from number 1 on.
pub(crate) const NAMES: [&str; 10] = [
    "Nguyễn Thị Ánh",
    "Trần Văn Bình",
    "Đặng Quốc Cường",
    "Lê Hoàng Dũng",
    "Phạm Thị Giang",
    "Võ Minh Hải",
    "Bùi Đức Khôi",
    "Đỗ Thị Lan",
    "Hồ Ngọc Mai",
    "Ngô Bá Nam",
];

const TABLES: &str = "
create table places (code text not null primary key, name text not null);
create table subjects (
  number bigint not null primary key, name text not null, identity_number text unique, phone text,
  birth_date date, place_code text references places, status text not null
);
create table doses (
  number SERIAL, subject bigint not null references subjects (number),
  given_on date not null, vaccine text not null, volume numeric(5,2)
);
create table cards (
  code text not null primary key, dose bigint not null references doses (number),
  picture BYTES, note text
);
create index doses_subject on doses (subject);
create index cards_dose on cards (dose);
";

const RULE: &str = r#"
[purge]
trust = "../trust.toml"
[[purge.residual_copy]]
kind = "replica"
place = "none"
action = "none"
[[purge.residual_copy]]
kind = "base_backup"
place = "vendor, tape 7"
action = "destroyed by 2027-01-31"
[[purge.residual_copy]]
kind = "wal"
place = "none"
action = "none"
[[purge.residual_copy]]
kind = "vendor_database"
place = "vendor"
action = "destroyed by 2027-01-31"
[[purge.rule]]
name = "unverified"
reason_vi = "Hồ sơ không xác minh được"
reason_en = "Records that nobody can verify"
legal_basis = ["Quyết định 12/QĐ-BYT"]
retain_until = "2036-12-31"
table = "public.subjects"
where = "status = 'unverified'"
follow = ["public.doses", "public.cards"]
[[purge.rule.search]]
table = "public.subjects"
identity_number = "identity_number"
phone = "phone"
name = "name"
birth_date = "birth_date"
"#;
