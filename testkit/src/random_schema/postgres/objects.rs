//! Everything beside tables.

use super::Writer;
use super::tables::Table;
use crate::random_schema::name::Name;

impl Writer {
    pub(super) fn all_objects(&mut self) {
        for table in self.tables.clone() {
            self.of_table(&table);
        }
        for _ in 0..self.random.between(0, 3) {
            self.sequence();
        }
        for _ in 0..self.random.between(0, 3) {
            self.object_of_another_kind();
        }
        self.views();
        if self.random.chance(10) {
            self.event_trigger();
        }
    }

    fn of_table(&mut self, table: &Table) {
        for _ in 0..self.random.between(0, 2) {
            self.index(table);
        }
        if self.random.chance(30) {
            self.function_and_index(table);
        }
        if self.random.chance(25) {
            self.trigger(table);
        }
        if self.random.chance(15) {
            self.policy(table);
        }
        if self.random.chance(15) {
            self.default(table);
        }
        if self.random.chance(30) {
            let comment = "Chú thích: ''x'' \\ \"y\"";
            self.say(&format!("comment on table {} is '{comment}'", table.place));
            self.changed_by(format!("comment on table {} is null", table.place), table.name);
        }
        if self.random.chance(10) {
            let name = self.name();
            let place = self.place(name);
            let ordered = table.columns.iter().filter(|column| column.of.distinct).take(2);
            let columns: Vec<String> = ordered.map(|column| column.name.to_string()).collect();
            if columns.len() == 2 {
                self.say(&format!(
                    "create statistics {place} (dependencies) on {} from {}",
                    columns.join(", "),
                    table.place
                ));
                self.changed_by(format!("drop statistics {place}"), name);
            }
        }
    }

    fn index(&mut self, table: &Table) {
        let name = self.name();
        let column = self.random.pick(&table.columns);
        let (column, of) = (column.name, column.of.clone());
        let definition = match self.random.below(4) {
            _ if !of.distinct => return,
            0 => format!("({column} desc nulls last)"),
            1 => format!("({column}) where {column} is not null"),
            2 => format!("(({column} is null))"),
            _ => format!("({column})"),
        };
        self.say(&format!("create index {name} on {} {definition}", table.place));
        // An index is in the schema of its table.
        let schema = table.place.strip_suffix(&table.name.to_string()).unwrap_or_default();
        self.changed_by(format!("drop index {schema}{name}"), name);
    }

    /// A function, and an index that computes with it.
    fn function_and_index(&mut self, table: &Table) {
        let (function, index) = (self.name(), self.name());
        let place = self.place(function);
        let Some(column) = table.columns.iter().find(|column| column.of.name == "text") else {
            return;
        };
        let column = column.name;
        let body = match self.random.below(4) {
            0 if self.has_extension("unaccent") => {
                "public.unaccent('public.unaccent', t)".to_owned()
            }
            1 => self.helper_that_is_not_qualified(&place, function),
            _ => "lower(t) || 'x''y'".to_owned(),
        };
        self.say(&format!(
            "create function {place}(t text) returns text language sql immutable as $$ select {body} $$"
        ));
        self.say(&format!("create index {index} on {} ({place}({column}))", table.place));
        self.say("reset search_path");
        self.changed_by(
            format!("create or replace function {place}(t text) returns text language sql immutable as $$ select t $$"),
            function,
        );
    }

    /// A call of another function, found only because its schema is in the search path: dumps set that to nothing.
    fn helper_that_is_not_qualified(&mut self, place: &str, function: Name) -> String {
        let helper = self.name();
        let schema = place.strip_suffix(&format!(".{function}")).unwrap_or_default();
        self.say(&format!(
            "create function {schema}.{helper}(t text) returns text language sql immutable as $$ select upper(t) $$"
        ));
        self.say(&format!("set search_path = {schema}, public"));
        format!("{helper}(t)")
    }

    fn object_of_another_kind(&mut self) {
        let name = self.name();
        let place = self.place(name);
        let (made, changed) = match self.random.below(7) {
            0 => (
                format!(
                    "create procedure {place}(inout n int) language plpgsql as $$ begin n := 1; end $$"
                ),
                format!("drop procedure {place}(int)"),
            ),
            1 => (
                format!(
                    "create aggregate {place}(int) (sfunc = int4pl, stype = int, initcond = '0')"
                ),
                format!("drop aggregate {place}(int)"),
            ),
            2 => (
                format!(
                    "create function {place}(a int, b text default 'x''y') returns table (n int, t text) language sql stable as $$ select a, b $$"
                ),
                format!("alter function {place}(int, text) volatile"),
            ),
            3 => (
                format!("create text search configuration {place} (copy = simple)"),
                format!("alter text search configuration {place} drop mapping for asciiword"),
            ),
            4 => {
                (format!("create collation {place} from \"C\""), format!("drop collation {place}"))
            }
            5 => (
                format!(
                    "create function {place}() returns bigint language sql begin atomic select count(*) from pg_class; end"
                ),
                format!(
                    "create or replace function {place}() returns bigint language sql begin atomic select count(*) + 1 from pg_class; end"
                ),
            ),
            _ => (
                format!(
                    "create function {place}(variadic list text[]) returns text language sql immutable strict parallel safe as $$ select list[1] $$"
                ),
                format!("alter function {place}(text[]) called on null input"),
            ),
        };
        self.say(&made);
        self.changed_by(changed, name);
    }

    fn trigger(&mut self, table: &Table) {
        let (function, trigger) = (self.name(), self.name());
        let place = self.place(function);
        self.say(&format!(
            "create function {place}() returns trigger language plpgsql as $$ begin raise exception 'a trigger ran'; end $$"
        ));
        let time = *self.random.pick(&["before", "after"]);
        self.say(&format!(
            "create trigger {trigger} {time} insert or delete on {} for each row execute function {place}()",
            table.place
        ));
        self.changed_by(format!("drop trigger {trigger} on {}", table.place), trigger);
        self.changed_by(format!("alter table {} disable trigger {trigger}", table.place), trigger);
    }

    fn policy(&mut self, table: &Table) {
        let name = self.name();
        self.say(&format!("alter table {} enable row level security", table.place));
        self.say(&format!("create policy {name} on {} using (current_user <> 'x')", table.place));
        self.changed_by(format!("drop policy {name} on {}", table.place), name);
        self.changed_by(
            format!("alter table {} disable row level security", table.place),
            table.name,
        );
    }

    fn default(&mut self, table: &Table) {
        let Some(column) = table.columns.iter().find(|column| column.of.name == "text") else {
            return;
        };
        let column = column.name;
        self.say(&format!(
            "alter table {} alter {column} set default 'mặc định ''x'''",
            table.place
        ));
        self.changed_by(
            format!("alter table {} alter {column} drop default", table.place),
            table.name,
        );
    }

    fn sequence(&mut self) {
        let name = self.name();
        let place = self.place(name);
        let options = *self.random.pick(&[
            "",
            " increment -3 minvalue -1000 maxvalue 5 start 5 cycle",
            " as smallint start 7",
            " start 1000 cache 5",
        ]);
        self.say(&format!("create sequence {place}{options}"));
        if self.random.chance(50) {
            self.sql.push_str(&format!("select nextval('{}');\n", place.replace('\'', "''")));
        }
        self.changed_by(format!("drop sequence {place}"), name);
        self.changed_by(format!("alter sequence {place} cache 9"), name);
    }

    fn views(&mut self) {
        let mut readable: Vec<(Name, String)> =
            self.tables.iter().map(|table| (table.name, table.place.clone())).collect();
        for _ in 0..self.random.between(0, 5) {
            let (_, from) = self.random.pick(&readable).clone();
            let (name, column) = (self.name(), self.name());
            let place = self.place(name);
            let query = match self.random.below(5) {
                0 => format!("select *, 1 as {column} from {from}"),
                1 => format!("select count(*) as {column}, 'x''y' as t from {from} a"),
                2 => format!(
                    "with w as (select * from {from}) select w.*, exists (select from {from}) as {column} from w"
                ),
                3 => format!("select a.* from {from} a where (select count(*) from {from}) > 0"),
                // Without an order the rows of a materialized view would be another choice in a target.
                _ => format!("select * from {from} a order by a::text collate \"C\" limit 10"),
            };
            if self.random.chance(25) {
                self.say(&format!("create materialized view {place} as {query}"));
                self.changed_by(format!("drop materialized view {place} cascade"), name);
            } else {
                self.say(&format!("create view {place} as {query}"));
                self.changed_by(format!("drop view {place} cascade"), name);
                self.changed_by(format!("comment on view {place} is 'khác'"), name);
                readable.push((name, place));
            }
        }
    }

    fn event_trigger(&mut self) {
        let (function, trigger) = (self.name(), self.name());
        let place = self.place(function);
        self.say(&format!(
            "create function {place}() returns event_trigger language plpgsql as $$ begin perform tg_tag; end $$"
        ));
        self.say(&format!(
            "create event trigger {trigger} on ddl_command_end execute function {place}()"
        ));
        self.changed_by(format!("drop event trigger {trigger}"), trigger);
    }
}
