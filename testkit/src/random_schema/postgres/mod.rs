//! Random PostgreSQL schemas.

mod objects;
mod tables;
mod types;

use self::tables::Table;
use self::types::Type;
use super::RandomSchema;
use super::change::Change;
use super::name::{Name, Names};
use super::random::Random;

/// A schema with everything that belongs to it. Only what `extensions` names is used of extensions.
pub fn postgres(seed: u64, extensions: &[&str]) -> RandomSchema {
    let mut writer = Writer {
        random: Random::from_seed(seed),
        names: Names::default(),
        sql: String::new(),
        changes: Vec::new(),
        types: types::built_in(),
        schemas: Vec::new(),
        tables: Vec::new(),
    };
    writer.schemas();
    writer.extensions(extensions);
    writer.own_types();
    writer.all_tables();
    writer.all_objects();
    let change = writer.random.pick(&writer.changes).clone();
    RandomSchema { sql: writer.sql, change }
}

/// What was made so far.
struct Writer {
    random: Random,
    names: Names,
    sql: String,
    changes: Vec<Change>,
    types: Vec<Type>,
    schemas: Vec<Name>,
    tables: Vec<Table>,
}

impl Writer {
    fn say(&mut self, statement: &str) {
        self.sql.push_str(statement);
        self.sql.push_str(";\n");
    }

    fn name(&mut self) -> Name {
        self.names.next(&mut self.random)
    }

    /// A name with its schema.
    fn place(&mut self, name: Name) -> String {
        let schema = *self.random.pick(&self.schemas);
        format!("{schema}.{name}")
    }

    fn changed_by(&mut self, sql: String, mark: Name) {
        self.changes.push(Change::new(sql, mark.mark()));
    }

    fn schemas(&mut self) {
        for _ in 0..self.random.between(1, 3) {
            let name = self.name();
            self.say(&format!("create schema {name}"));
            self.schemas.push(name);
        }
    }

    fn extensions(&mut self, extensions: &[&str]) {
        for extension in extensions {
            if !self.random.chance(25) {
                continue;
            }
            self.say(&format!("create extension if not exists {extension} schema public"));
            match *extension {
                "hstore" => self.types.push(Type::new(
                    "public.hstore",
                    "public.hstore('k' || {i}, 'v' || {i})",
                    false,
                )),
                "citext" => self.types.push(Type::new(
                    "public.citext",
                    "('Tên ' || {i})::public.citext",
                    true,
                )),
                _ => {}
            }
        }
    }

    fn has_extension(&self, name: &str) -> bool {
        self.sql.contains(&format!("create extension if not exists {name} "))
    }

    fn own_types(&mut self) {
        for _ in 0..self.random.between(0, 4) {
            let name = self.name();
            let place = self.place(name);
            match self.random.below(4) {
                0 => {
                    self.say(&format!("create type {place} as enum ('một', 'hai', 'it''s', '')"));
                    let value = format!("(enum_range(null::{place}))[{{i}} % 4 + 1]");
                    self.types.push(Type::new(&place, &value, false));
                    self.changed_by(format!("alter type {place} add value 'mới'"), name);
                }
                1 => {
                    let rule = self.name();
                    self.say(&format!(
                        "create domain {place} as text constraint {rule} check (value <> 'no')"
                    ));
                    self.types.push(Type::new(&place, &format!("('d' || {{i}})::{place}"), true));
                    self.changed_by(format!("alter domain {place} drop constraint {rule}"), name);
                }
                2 => {
                    self.say(&format!("create type {place} as (a int, \"b c\" text)"));
                    let value = format!("row({{i}}, 'x,\"' || {{i}})::{place}");
                    self.types.push(Type::new(&place, &value, true));
                    self.changed_by(format!("comment on type {place} is 'khác'"), name);
                }
                _ => {
                    self.say(&format!("create type {place} as range (subtype = float8)"));
                    let value = format!("{place}({{i}}, {{i}} + 0.5)");
                    self.types.push(Type::new(&place, &value, true));
                    self.changed_by(format!("comment on type {place} is 'khác'"), name);
                }
            }
        }
    }
}
