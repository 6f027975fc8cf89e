//! Random SQLite schemas.

mod objects;
mod tables;
mod types;

use self::tables::Table;
use super::RandomSchema;
use super::change::Change;
use super::name::{Name, Names};
use super::random::Random;

/// A schema that is to be copied into another file; the change is one of that file.
pub fn sqlite(seed: u64) -> RandomSchema {
    let mut writer = Writer::new(seed);
    writer.write();
    let change = writer.random.pick(&writer.changes).clone();
    RandomSchema { sql: writer.sql, change }
}

/// A schema that is to be copied into a PostgreSQL database; the change is one of that.
pub fn to_postgres(seed: u64) -> RandomSchema {
    let mut writer = Writer::new(seed);
    writer.write();
    let changes = writer.changes_in_postgres();
    let change = writer.random.pick(&changes).clone();
    RandomSchema { sql: writer.sql, change }
}

/// What was made so far.
struct Writer {
    random: Random,
    names: Names,
    sql: String,
    changes: Vec<Change>,
    tables: Vec<Table>,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let random = Random::from_seed(seed);
        let names = Names::default();
        Self { random, names, sql: String::new(), changes: Vec::new(), tables: Vec::new() }
    }

    fn write(&mut self) {
        // One transaction: a file is not written for each row.
        self.say("begin");
        for _ in 0..self.random.between(2, 7) {
            self.table();
        }
        self.objects();
        self.say("commit");
    }

    fn say(&mut self, statement: &str) {
        self.sql.push_str(statement);
        self.sql.push_str(";\n");
    }

    fn name(&mut self) -> Name {
        self.names.next(&mut self.random)
    }

    fn changed_by(&mut self, sql: String, mark: Name) {
        self.changes.push(Change::new(sql, mark.mark()));
    }

    /// What can be changed where the catalogs are not compared: rows, columns and tables. A table that `PostgreSQL` cannot
    /// hold is not there; nothing is changed then, and it has to be named all the same.
    fn changes_in_postgres(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for table in &self.tables {
            let Table { name, rows, .. } = table;
            let mark = name.mark();
            let mut add = |statements: String| {
                let sql = format!(
                    "set session_replication_role = replica; \
                     do $change$ begin if to_regclass($name$public.{name}$name$) is not null then {statements}; \
                     end if; end $change$"
                );
                changes.push(Change::new(sql, mark.clone()));
            };
            add(format!("drop table public.{name} cascade"));
            add(format!("alter table public.{name} add column mới text"));
            if *rows > 0 {
                add(format!(
                    "delete from public.{name} where ctid = (select min(ctid) from public.{name})"
                ));
            }
            for column in table.columns.iter().filter(|column| column.nullable && *rows > 0) {
                let column = column.name;
                add(format!(
                    "update public.{name} set {column} = null \
                     where ctid = (select min(ctid) from public.{name} where {column} is not null)"
                ));
            }
        }
        changes
    }
}
