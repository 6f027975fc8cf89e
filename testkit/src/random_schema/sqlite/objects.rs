//! Everything beside tables.

use super::Writer;
use super::tables::Table;

impl Writer {
    pub(super) fn objects(&mut self) {
        for table in self.tables.clone() {
            for _ in 0..self.random.between(0, 2) {
                self.index(&table);
            }
            if self.random.chance(20) {
                self.view(&table);
            }
            if self.random.chance(15) {
                self.trigger(&table);
            }
        }
        if self.random.chance(15) {
            self.full_text();
        }
    }

    fn index(&mut self, table: &Table) {
        let name = self.name();
        let column = self.random.pick(&table.columns).name;
        let definition = match self.random.below(4) {
            0 => format!("({column} desc)"),
            1 => format!("({column}) where {column} is not null"),
            2 => format!("(length({column}), {column} collate nocase)"),
            _ => format!("({column})"),
        };
        self.say(&format!("create index {name} on {} {definition}", table.name));
        self.changed_by(format!("drop index {name}"), name);
    }

    fn view(&mut self, table: &Table) {
        let name = self.name();
        self.say(&format!(
            "create view {name} as select *, 'x''y' as t from {} limit 10",
            table.name
        ));
        self.changed_by(format!("drop view {name}"), name);
    }

    fn trigger(&mut self, table: &Table) {
        let name = self.name();
        self.say(&format!(
            "create trigger {name} after insert on {} begin select raise(abort, 'a trigger ran'); end",
            table.name
        ));
        self.changed_by(format!("drop trigger {name}"), name);
    }

    fn full_text(&mut self) {
        let name = self.name();
        self.say(&format!("create virtual table {name} using fts5 (title, body)"));
        self.say(&format!("insert into {name} values ('một', 'hai ba'), ('bốn', 'năm')"));
    }
}
