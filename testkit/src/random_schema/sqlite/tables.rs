//! Tables of every kind that SQLite has, and rows.

use super::Writer;
use super::types::{FITTING, ODD, Type};
use crate::random_schema::name::Name;

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: Name,
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
    /// The column that numbers the rows, if one does.
    pub(super) id: Option<Name>,
    pub(super) without_rowid: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: Name,
    pub(super) of: Type,
    pub(super) nullable: bool,
}

impl Writer {
    pub(super) fn table(&mut self) {
        let name = self.name();
        let strict = self.random.chance(15);
        let mut columns = self.columns(strict);
        let rows = *self.random.pick(&[0, 1, 2, 7, 30, 100, 100, 400, 1500]);
        let mut parts = Vec::new();
        let mut options = Vec::new();
        let id = self.random.chance(50).then(|| self.name());
        if let Some(id) = id {
            let kind = *self.random.pick(&[
                "INTEGER PRIMARY KEY",
                "INTEGER PRIMARY KEY",
                "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            ]);
            parts.insert(0, format!("{id} {kind}"));
        } else if self.random.chance(75) {
            self.key(&mut columns, &mut parts, &mut options);
            if strict && parts.iter().any(|part| part.starts_with("PRIMARY")) {
                // The columns of a key of a STRICT table cannot be NULL.
                for column in &mut columns {
                    column.nullable = false;
                }
            }
        }
        if strict {
            options.push("STRICT");
        }
        let without_rowid = options.contains(&"WITHOUT ROWID");
        let reference = self.reference();
        let own = columns.iter().map(|column| {
            let not_null = if column.nullable { "" } else { " NOT NULL" };
            format!("{} {}{not_null}", column.name, column.of.declared)
        });
        // Constraints come last, columns first.
        let (numbering, constraints): (Vec<String>, Vec<String>) =
            parts.into_iter().partition(|part| part.starts_with('"'));
        let mut declared: Vec<String> = numbering.into_iter().chain(own).collect();
        if let Some((column, target)) = &reference {
            declared.push(format!("{column} INTEGER REFERENCES {target}"));
        }
        if self.random.chance(20) {
            let (column, of) = (self.name(), columns[0].name);
            let kept = *self.random.pick(&["STORED", "VIRTUAL"]);
            declared.push(format!("{column} TEXT GENERATED ALWAYS AS ({of} || '!') {kept}"));
        }
        declared.extend(constraints);
        let options = options.join(", ");
        self.say(&format!("create table {name} ({}) {options}", declared.join(", ")));
        let table = Table { name, columns, rows, id, without_rowid };
        self.fill(&table, reference.map(|(column, _)| column));
        self.finish(table);
    }

    fn columns(&mut self, strict: bool) -> Vec<Column> {
        let count = self.random.between(1, 7);
        (0..count)
            .map(|_| {
                let odd = !strict && self.random.chance(4);
                let mut of = *if odd { self.random.pick(&ODD) } else { self.random.pick(&FITTING) };
                while strict && !of.strict {
                    of = *self.random.pick(&FITTING);
                }
                Column { name: self.name(), of, nullable: self.random.chance(50) }
            })
            .collect()
    }

    fn key(&mut self, columns: &mut [Column], parts: &mut Vec<String>, options: &mut Vec<&str>) {
        let distinct: Vec<usize> =
            (0..columns.len()).filter(|at| columns[*at].of.distinct).collect();
        if distinct.is_empty() {
            return;
        }
        let at = *self.random.pick(&distinct);
        let name = columns[at].name;
        match self.random.below(6) {
            0 => parts.push(format!("UNIQUE ({name})")),
            1 => parts.push(format!("PRIMARY KEY ({name} DESC)")),
            2 => parts.push(format!("PRIMARY KEY ({name} COLLATE NOCASE)")),
            3 => {
                columns[at].nullable = false;
                parts.push(format!("PRIMARY KEY ({name})"));
                options.push("WITHOUT ROWID");
            }
            4 if columns.len() > 1 => {
                let other = (at + 1) % columns.len();
                columns[at].nullable = false;
                columns[other].nullable = false;
                parts.push(format!("PRIMARY KEY ({}, {name})", columns[other].name));
            }
            _ => {
                columns[at].nullable = false;
                parts.push(format!("PRIMARY KEY ({name})"));
            }
        }
    }

    /// A column that refers to an earlier table.
    fn reference(&mut self) -> Option<(Name, String)> {
        let possible: Vec<String> = self
            .tables
            .iter()
            .filter(|table| table.rows > 0)
            .filter_map(|table| table.id.map(|id| format!("{} ({id})", table.name)))
            .collect();
        if possible.is_empty() || !self.random.chance(60) {
            return None;
        }
        let target = self.random.pick(&possible).clone();
        Some((self.name(), target))
    }

    fn fill(&mut self, table: &Table, reference: Option<Name>) {
        if table.rows == 0 {
            return;
        }
        let value = |column: &Column| {
            if column.nullable {
                format!("case when i % 5 > 0 then {} end", column.of.value)
            } else {
                column.of.value.to_owned()
            }
        };
        let mut names: Vec<String> = table.columns.iter().map(|c| c.name.to_string()).collect();
        let mut values: Vec<String> = table.columns.iter().map(value).collect();
        names.extend(table.id.iter().map(Name::to_string));
        values.extend(table.id.iter().map(|_| "i".to_owned()));
        if let Some(column) = reference {
            names.push(column.to_string());
            // Every table with a numbering that has rows has a row 1.
            values.push("1".to_owned());
        }
        let (name, rows) = (table.name, table.rows);
        self.say(&format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {rows}) \
             insert into {name} ({}) select {} from n",
            names.join(", "),
            values.join(", ")
        ));
    }

    fn finish(&mut self, table: Table) {
        let Table { name, columns, rows, without_rowid, .. } = &table;
        if *rows > 0 && *without_rowid {
            self.changed_by(format!("delete from {name}"), *name);
        } else if *rows > 0 {
            let row = self.random.below(*rows);
            let one = format!("(select rowid from {name} limit 1 offset {row})");
            self.changed_by(format!("delete from {name} where rowid = {one}"), *name);
            for column in columns.iter().filter(|column| column.nullable) {
                let column = column.name;
                let one = format!("(select rowid from {name} where {column} is not null limit 1)");
                let update = format!("update {name} set {column} = null where rowid = {one}");
                self.changed_by(update, *name);
            }
        }
        self.changed_by(format!("alter table {name} add column mới text"), *name);
        self.changed_by(format!("drop table {name}"), *name);
        self.tables.push(table);
    }
}
