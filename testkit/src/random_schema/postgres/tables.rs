//! Tables: plain, partitioned, with children; with keys of every kind, and rows.

use super::Writer;
use super::types::Type;
use crate::random_schema::name::Name;

/// A table that others can refer to.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: Name,
    /// With its schema.
    pub(super) place: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
    /// The column that is the whole primary key, if one is.
    pub(super) key: Option<usize>,
    pub(super) partitioned: bool,
    /// How many of the columns can be dropped; they come first.
    pub(super) droppable: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: Name,
    pub(super) of: Type,
    pub(super) nullable: bool,
}

impl Column {
    /// What row `i` holds.
    fn value(&self) -> String {
        let value = self.of.of_row("i");
        if self.nullable { format!("case when i % 5 > 0 then {value} end") } else { value }
    }
}

impl Writer {
    pub(super) fn all_tables(&mut self) {
        for _ in 0..self.random.between(2, 7) {
            match self.random.below(10) {
                0..=5 => self.plain_table(true),
                6 | 7 => self.partitioned_table(),
                _ => self.table_with_children(),
            }
        }
    }

    fn columns(&mut self, most: usize) -> Vec<Column> {
        let count = self.random.between(1, most);
        (0..count)
            .map(|_| {
                let of = self.random.pick(&self.types).clone();
                Column { name: self.name(), of, nullable: self.random.chance(50) }
            })
            .collect()
    }

    fn some_rows(&mut self) -> usize {
        *self.random.pick(&[0, 1, 2, 7, 30, 100, 100, 400, 1500])
    }

    /// `numbered`: whether it may have columns that number themselves, which a child would not inherit.
    fn plain_table(&mut self, numbered: bool) {
        let name = self.name();
        let place = self.place(name);
        let mut columns = self.columns(8);
        let rows = self.some_rows();
        let mut parts: Vec<String> = Vec::new();
        let key = if self.random.chance(50) {
            let of = Type::new("bigint", "({i}::bigint * 1000003 - 5)", true);
            let id = Column { name: self.name(), of, nullable: false };
            parts.push(format!("primary key ({})", id.name));
            columns.insert(0, id);
            Some(0)
        } else {
            self.key(&mut columns, &mut parts)
        };
        self.further_constraints(&columns, rows, &mut parts);
        self.exclusion(&columns, &mut parts);
        let reference = self.reference(&mut parts);
        let mut declared = declared(&columns);
        declared.extend(reference.iter().map(|(column, _)| format!("{column} bigint")));
        declared.extend(self.computed_columns(&columns, numbered));
        declared.extend(parts);
        let unlogged = if self.random.chance(5) { "unlogged " } else { "" };
        // Tables that survive a crash may not refer to one that does not.
        let key = if unlogged.is_empty() { key } else { None };
        self.say(&format!("create {unlogged}table {place} ({})", declared.join(", ")));
        let droppable = columns.len();
        let table = Table { name, place, columns, rows, key, partitioned: false, droppable };
        self.fill(&table, &table.place, reference.as_ref());
        self.finish(table);
    }

    /// A key, in one of the ways in which tables have one or none.
    fn key(&mut self, columns: &mut [Column], parts: &mut Vec<String>) -> Option<usize> {
        let distinct: Vec<usize> =
            (0..columns.len()).filter(|at| columns[*at].of.distinct).collect();
        if distinct.is_empty() || self.random.chance(20) {
            return None;
        }
        let at = *self.random.pick(&distinct);
        let name = columns[at].name;
        match self.random.below(6) {
            0 => {
                // NULL is not equal to another: no key for who reads in order.
                parts.push(format!("unique ({name})"));
                None
            }
            1 => {
                columns[at].nullable = false;
                parts.push(format!("unique ({name}) deferrable initially deferred"));
                None
            }
            2 if columns.len() > 1 => {
                let other = (at + 1) % columns.len();
                if !columns[other].of.distinct {
                    return None;
                }
                columns[at].nullable = false;
                columns[other].nullable = false;
                parts.push(format!("primary key ({}, {name})", columns[other].name));
                None
            }
            _ => {
                columns[at].nullable = false;
                parts.push(format!("primary key ({name})"));
                Some(at)
            }
        }
    }

    fn further_constraints(&mut self, columns: &[Column], rows: usize, parts: &mut Vec<String>) {
        if self.random.chance(25) {
            let column = self.random.pick(columns).name;
            let name = self.name();
            let state = if rows > 30 { "" } else { " no inherit" };
            parts.push(format!(
                "constraint {name} check ({column} is null or {column} is not null){state}"
            ));
        }
    }

    /// No two rows may have a value in common; an index of another kind than a key's.
    fn exclusion(&mut self, columns: &[Column], parts: &mut Vec<String>) {
        let ranges = columns.iter().find(|column| column.of.name == "int4range");
        if let Some(column) = ranges.filter(|_| self.random.chance(50)) {
            parts.push(format!("exclude using gist ({} with =)", column.name));
        }
    }

    /// A column that refers to an earlier table, and the expression of its values.
    fn reference(&mut self, parts: &mut Vec<String>) -> Option<(Name, String)> {
        let possible: Vec<&Table> = self
            .tables
            .iter()
            .filter(|table| !table.partitioned && table.rows > 0)
            .filter(|table| table.key.is_some_and(|key| table.columns[key].of.name == "bigint"))
            .collect();
        if possible.is_empty() || !self.random.chance(60) {
            return None;
        }
        let table = (*self.random.pick(&possible)).clone();
        let key = &table.columns[table.key?];
        let column = self.name();
        let action = *self.random.pick(&["", " on delete cascade", " on update set null"]);
        parts.push(format!(
            "foreign key ({column}) references {} ({}){action}",
            table.place, key.name
        ));
        let row = format!("(i % {} + 1)", table.rows);
        Some((column, key.of.of_row(&row)))
    }

    /// Columns that the server computes or numbers.
    fn computed_columns(&mut self, columns: &[Column], numbered: bool) -> Vec<String> {
        let mut declared = Vec::new();
        if self.random.chance(25) {
            let name = self.name();
            let of = columns.iter().find(|column| column.of.name == "int");
            let expression = of.map_or("1 + 1".to_owned(), |column| format!("{} * 2", column.name));
            declared.push(format!("{name} int generated always as ({expression}) stored"));
        }
        if numbered && self.random.chance(20) {
            let name = self.name();
            let kind = *self.random.pick(&[
                "bigint generated by default as identity",
                "int generated always as identity (start 10 increment 5)",
                "serial",
            ]);
            declared.push(format!("{name} {kind}"));
        }
        declared
    }

    fn partitioned_table(&mut self) {
        let name = self.name();
        let place = self.place(name);
        let mut columns = self.columns(5);
        let by = Type::new("int", "({i} % 30)", false);
        columns.push(Column { name: self.name(), of: by, nullable: false });
        let number = Type::new("int", "{i}", true);
        columns.push(Column { name: self.name(), of: number, nullable: false });
        let (by, number) = (columns[columns.len() - 2].name, columns[columns.len() - 1].name);
        let rows = self.some_rows();
        let mut parts = declared(&columns);
        if self.random.chance(70) {
            parts.push(format!("primary key ({number}, {by})"));
        }
        let way = self.random.below(3);
        let word = ["range", "list", "hash"][way];
        self.say(&format!(
            "create table {place} ({}) partition by {word} ({by})",
            parts.join(", ")
        ));
        for bounds in bounds(way) {
            let part = self.name();
            let part_place = self.place(part);
            let below = if way == 0 && self.random.chance(30) {
                format!(" partition by hash ({number})")
            } else {
                String::new()
            };
            self.say(&format!("create table {part_place} partition of {place} {bounds}{below}"));
            if !below.is_empty() {
                for remainder in 0..2 {
                    let leaf = self.name();
                    let leaf_place = self.place(leaf);
                    self.say(&format!(
                        "create table {leaf_place} partition of {part_place} for values with (modulus 2, remainder {remainder})"
                    ));
                }
            }
        }
        let droppable = columns.len() - 2;
        let table = Table { name, place, columns, rows, key: None, partitioned: true, droppable };
        self.fill(&table, &table.place, None);
        self.finish(table);
    }

    fn table_with_children(&mut self) {
        self.plain_table(false);
        let Some(parent) = self.tables.last().cloned() else { return };
        let name = self.name();
        let place = self.place(name);
        let own = self.columns(3);
        let child = declared(&own).join(", ");
        self.say(&format!("create table {place} ({child}) inherits ({})", parent.place));
        let (mut columns, droppable) = (own.clone(), own.len());
        columns.extend(parent.columns.clone());
        if self.random.chance(60) {
            // Comes last in the child, whatever the parent's order is.
            let column = self.name();
            let of = Type::new("text", "('sau ' || {i})", true);
            self.say(&format!("alter table {} add column {column} text", parent.place));
            columns.push(Column { name: column, of, nullable: true });
        }
        let rows = self.some_rows();
        let table = Table { name, place, columns, rows, key: None, partitioned: false, droppable };
        self.fill(&table, &table.place, None);
        self.finish(table);
    }

    fn fill(&mut self, table: &Table, place: &str, reference: Option<&(Name, String)>) {
        if table.rows == 0 {
            return;
        }
        let mut names: Vec<String> = table.columns.iter().map(|c| c.name.to_string()).collect();
        let mut values: Vec<String> = table.columns.iter().map(Column::value).collect();
        if let Some((name, value)) = reference {
            names.push(name.to_string());
            values.push(value.clone());
        }
        let (names, values, rows) = (names.join(", "), values.join(", "), table.rows);
        self.say(&format!(
            "insert into {place} ({names}) select {values} from generate_series(1, {rows}) i"
        ));
    }

    /// What can be changed of a table, and what stands beside it.
    fn finish(&mut self, table: Table) {
        let only = if table.partitioned { "" } else { "only " };
        let Table { name, place, columns, rows, .. } = &table;
        let quiet = "set session_replication_role = replica";
        if *rows > 0 {
            let row = self.random.below(*rows);
            let one = format!(
                "(select tableoid, ctid from {only}{place} order by tableoid, ctid offset {row} limit 1)"
            );
            let delete =
                format!("{quiet}; delete from {only}{place} where (tableoid, ctid) = {one}");
            self.changed_by(delete, *name);
            for column in columns.iter().filter(|column| column.nullable) {
                let column = column.name;
                let one = format!(
                    "(select tableoid, ctid from {only}{place} where {column} is not null order by tableoid, ctid limit 1)"
                );
                let update = format!(
                    "{quiet}; update {only}{place} set {column} = null where (tableoid, ctid) = {one}"
                );
                self.changed_by(update, *name);
            }
        }
        let column = self.random.pick(columns).name;
        self.changed_by(format!("alter table {place} add column mới text"), *name);
        self.changed_by(format!("comment on column {place}.{column} is 'khác'"), *name);
        let dropped = columns[self.random.below(table.droppable)].name;
        self.changed_by(format!("alter table {place} drop column {dropped} cascade"), *name);
        self.changed_by(format!("drop table {place} cascade"), *name);
        self.tables.push(table);
    }
}

fn declared(columns: &[Column]) -> Vec<String> {
    let one = |column: &Column| {
        let not_null = if column.nullable { "" } else { " not null" };
        format!("{} {}{not_null}", column.name, column.of.name)
    };
    columns.iter().map(one).collect()
}

/// Partitions that take every number from 0 to 29.
fn bounds(way: usize) -> Vec<String> {
    match way {
        0 => vec![
            "for values from (minvalue) to (10)".to_owned(),
            "for values from (10) to (20)".to_owned(),
            "default".to_owned(),
        ],
        1 => vec![
            "for values in (1, 2, 3)".to_owned(),
            "for values in (4, null)".to_owned(),
            "default".to_owned(),
        ],
        _ => (0..3)
            .map(|remainder| format!("for values with (modulus 3, remainder {remainder})"))
            .collect(),
    }
}
