//! Databases of either engine, and sources of the same rows on both.

use std::collections::BTreeMap;
use std::path::PathBuf;

use handover_testkit::{Database, sqlite};
use tempfile::TempDir;

/// A database that goes away when dropped.
pub(crate) enum End {
    Postgres(Database),
    Sqlite(TempDir),
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

/// Source and target of each route.
pub(crate) const ROUTES: [(Engine, Engine); 3] = [
    (Engine::Sqlite, Engine::Sqlite),
    (Engine::Sqlite, Engine::Postgres),
    (Engine::Postgres, Engine::Postgres),
];

impl End {
    /// An empty database.
    pub(crate) fn empty(engine: Engine) -> Self {
        match engine {
            Engine::Postgres => Self::Postgres(Database::create()),
            Engine::Sqlite => Self::Sqlite(tempfile::tempdir().unwrap()),
        }
    }

    fn file(folder: &TempDir) -> PathBuf {
        folder.path().join("data.sqlite")
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Postgres(database) => database.url(),
            Self::Sqlite(folder) => format!("sqlite:{}", Self::file(folder).display()),
        }
    }

    /// What statements print: a line for each row, `|` between columns, nothing for NULL.
    #[track_caller]
    pub(crate) fn query(&self, sql: &str) -> String {
        match self {
            Self::Postgres(database) => database.query(sql),
            Self::Sqlite(folder) => sqlite(&Self::file(folder), sql),
        }
    }

    /// One of the ledger's tables.
    fn ledger(&self, name: &str) -> String {
        match self {
            Self::Postgres(_) => format!("handover.{name}"),
            Self::Sqlite(_) => format!("handover_{name}"),
        }
    }

    /// The chunks whose rows are there, with the moment at which they were copied.
    pub(crate) fn copied_chunks(&self) -> BTreeMap<String, String> {
        let sql = format!(
            "select table_no || '/' || chunk_no || '/' || part_no, copied_at from {}
             where state <> 'planned'",
            self.ledger("chunk")
        );
        let text = self.query(&sql);
        let pairs = text.lines().filter_map(|line| line.split_once('|'));
        pairs.map(|(chunk, moment)| (chunk.to_owned(), moment.to_owned())).collect()
    }

    /// All rows of some tables, printed by the database's own program.
    pub(crate) fn rows(&self, tables: &[&str]) -> String {
        let all = tables.iter().map(|table| {
            let mut lines: Vec<String> =
                self.query(&format!("select * from {table}")).lines().map(str::to_owned).collect();
            lines.sort_unstable();
            format!("{table}\n{}\n", lines.join("\n"))
        });
        all.collect()
    }
}

/// Tables of [`platform`].
pub(crate) const PLATFORM: [&str; 5] = ["dose", "facility", "person", "visit", "note"];

/// A small platform of about 0.9 MB: keys of numbers, of texts and of both, no key with
/// duplicates, foreign keys and indexes. Both engines print its rows alike.
pub(crate) fn platform(engine: Engine) -> End {
    let source = End::empty(engine);
    source.query(
        "create table facility (code varchar(20) not null primary key, head bigint, name text);
         create table person (id_number text not null primary key, name text, facility varchar(20)
             references facility (code));
         create table dose (id integer not null primary key, given date, note text,
             person text references person (id_number));
         create table visit (person text not null, visit_no integer not null, note text,
             primary key (person, visit_no));
         create table note (a integer, b text);
         create index dose_person on dose (person);
         create unique index visit_note on visit (note, visit_no, person);",
    );
    fill(&source);
    source
}

/// Gives a platform the rows it has at first, and no others.
pub(crate) fn fill(source: &End) {
    let (numbers, text) = match source {
        End::Postgres(_) => ("generate_series(1, 6000) as n(i)", "md5(i::text)"),
        End::Sqlite(_) => (
            "(with recursive n(i) as (values (1) union all select i + 1 from n where i < 6000)
              select i from n) as n",
            "lower(hex(i * 7919)) || lower(hex(i * 104729))",
        ),
    };
    source.query(&format!(
        "begin;
         delete from dose; delete from visit; delete from note; delete from person;
         delete from facility;
         insert into facility select 'F' || i, i, 'Cơ sở ' || i from {numbers} where i <= 300;
         insert into person select '0' || (79000000000 + i * 7919), 'Nguyễn ' || {text},
             'F' || (1 + i % 300) from {numbers} where i <= 1500;
         insert into dose select i, null, {text} || {text} || {text},
             '0' || (79000000000 + (1 + i % 1500) * 7919) from {numbers};
         insert into visit select 'P' || (i % 500), i, {text} from {numbers} where i <= 2000;
         insert into note select i % 40, 'note ' || (i % 7) from {numbers} where i <= 1000;
         commit;"
    ));
}
