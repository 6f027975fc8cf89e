//! Manipulations of rows: of the platform at both ends, and of every table of the ledger.

use rand_chacha::ChaCha8Rng;

use crate::evidence_desk::{Deed, End, Manipulation, Rehearsed};
use crate::evidence_tampering::roll;
use crate::purge_made::Engine;

/// Words of which the database itself takes no other.
const WORDS: [(&str, &str, [&str; 2]); 5] = [
    ("ledger", "stage", ["rows", "done"]),
    ("chunk", "state", ["copied", "read_back"]),
    ("run", "outcome", ["finished", "interrupted"]),
    ("plan_table", "left_out_by", ["source", "config"]),
    ("purge", "state", ["executed", "certified"]),
];

/// A table of either end.
pub(crate) struct Table {
    end: End,
    /// As SQL writes it.
    name: String,
    columns: Vec<Column>,
    pub(crate) rows: usize,
}

struct Column {
    /// As SQL writes it.
    name: String,
    declared: String,
    /// Whether no two rows may have the same.
    is_unique: bool,
}

impl Table {
    /// The tables of an end, those with no columns of their own left out.
    pub(crate) fn all(rehearsed: &Rehearsed, end: End) -> Vec<Self> {
        let listing = match rehearsed.engine() {
            Engine::Sqlite => {
                "select '\"' || m.name || '\"' || char(9) || '\"' || c.name || '\"' || char(9) || \
                   lower(c.type) || char(9) || (c.pk > 0 or exists (select 1 from \
                   pragma_index_list(m.name) l, pragma_index_info(l.name) i \
                   where l.\"unique\" and i.name = c.name)) \
                 from sqlite_schema m, pragma_table_info(m.name) c \
                 where m.type = 'table' and m.name not like 'sqlite%' order by m.name, c.cid"
            }
            Engine::Postgres => {
                "select format('%I.%I', n.nspname, c.relname) || E'\\t' || quote_ident(a.attname) \
                   || E'\\t' || case a.attidentity when 'a' then 'always' else \
                   format_type(a.atttypid, null) end || E'\\t' || (exists (select 1 from \
                   pg_index i where i.indrelid = c.oid and i.indisunique \
                   and a.attnum = any (i.indkey)))::int \
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 join pg_attribute a on a.attrelid = c.oid \
                 where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema$' \
                   and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' \
                 order by n.nspname, c.relname, a.attnum"
            }
        };
        let mut tables: Vec<Self> = Vec::new();
        for line in rehearsed.query(end, listing).lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, column, declared, is_unique] = fields.as_slice() else { panic!("{line}") };
            if tables.last().is_none_or(|table| table.name != *name) {
                let count = rehearsed.query(end, &format!("select count(*) from {name}"));
                let (name, rows) = ((*name).to_owned(), count.trim().parse().unwrap());
                tables.push(Self { end, name, columns: Vec::new(), rows });
            }
            // The database takes one value only, which says nothing.
            if column.trim_matches('"') != "only_row" {
                tables.last_mut().unwrap().columns.push(Column {
                    name: (*column).to_owned(),
                    declared: (*declared).to_owned(),
                    is_unique: *is_unique == "1",
                });
            }
        }
        tables
    }

    /// Whether it is one of the ledger.
    pub(crate) fn is_of_ledger(&self) -> bool {
        self.name.starts_with("handover.") || self.name.starts_with("\"handover_")
    }

    /// Every column of some row, each changed.
    pub(crate) fn every_column(&self, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
        (0..self.columns.len()).filter_map(|column| self.change(column, dice)).collect()
    }

    /// Some column of some row, changed.
    pub(crate) fn some_column(&self, dice: &mut ChaCha8Rng) -> Option<Manipulation> {
        self.change(roll(dice, self.columns.len()), dice)
    }

    fn change(&self, column: usize, dice: &mut ChaCha8Rng) -> Option<Manipulation> {
        let column = &self.columns[column];
        // A number that the database gives is not to be changed either.
        if self.rows == 0 || column.declared == "always" {
            return None;
        }
        let (row, changed) = (self.row(dice), self.changed(column, dice)?);
        let sql = format!("update {} set {} = {changed} where {row}", self.name, column.name);
        Some(self.manipulation("changed", sql))
    }

    /// Some row, deleted.
    pub(crate) fn delete(&self, dice: &mut ChaCha8Rng) -> Option<Manipulation> {
        let sql = format!("delete from {} where {}", self.name, self.row(dice));
        (self.rows > 0).then(|| self.manipulation("deleted", sql))
    }

    /// Some row, there twice; what may not be there twice is another value.
    pub(crate) fn double(&self, dice: &mut ChaCha8Rng) -> Option<Manipulation> {
        if self.rows == 0 {
            return None;
        }
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let values: Option<Vec<String>> = self
            .columns
            .iter()
            .map(|one| if one.is_unique { self.changed(one, dice) } else { Some(one.name.clone()) })
            .collect();
        let (names, values) = (names.join(", "), values?.join(", "));
        let (name, row) = (&self.name, self.row(dice));
        let over = if name.starts_with('"') { "" } else { "overriding system value" };
        let sql =
            format!("insert into {name} ({names}) {over} select {values} from {name} where {row}");
        Some(self.manipulation("doubled", sql))
    }

    fn manipulation(&self, what: &str, sql: String) -> Manipulation {
        let kind = match (self.is_of_ledger(), self.end, what) {
            (true, _, "changed") => "ledger: value changed",
            (true, _, "deleted") => "ledger: row deleted",
            (true, ..) => "ledger: row doubled",
            (false, End::Target, "changed") => "target: value changed",
            (false, End::Target, "deleted") => "target: row deleted",
            (false, End::Target, _) => "target: row doubled",
            (false, End::Source, _) => "source: row changed, deleted or doubled",
        };
        Manipulation { kind, what: sql.clone(), deed: Deed::Sql(self.end, sql) }
    }

    /// A condition that some row meets.
    fn row(&self, dice: &mut ChaCha8Rng) -> String {
        let place = if self.name.starts_with('"') { "rowid" } else { "ctid" };
        // The one table of a file that has no such number.
        let place =
            if self.name == "\"handover_chunk\"" { "(table_no, chunk_no, part_no)" } else { place };
        let columns = place.trim_matches(['(', ')']);
        let nth = roll(dice, self.rows.max(1));
        let name = &self.name;
        format!("{place} = (select {columns} from {name} order by {columns} limit 1 offset {nth})")
    }

    /// Another value than a column has, in SQL; nothing for types without a rule here.
    fn changed(&self, column: &Column, dice: &mut ChaCha8Rng) -> Option<String> {
        let name = &column.name;
        let plain = |text: &str| text.trim_matches('"').to_owned();
        let table = plain(self.name.trim_start_matches("handover."));
        let table = table.trim_start_matches("handover_").to_owned();
        let words =
            WORDS.iter().find(|(of, one, _)| (table.as_str(), plain(name).as_str()) == (*of, *one));
        if let (true, Some((_, _, [one, other]))) = (self.is_of_ledger(), words) {
            return Some(format!("case {name} when '{one}' then '{other}' else '{one}' end"));
        }
        let more = if column.is_unique { 10_007 } else { 1 };
        let declared = column.declared.as_str();
        let declared = declared.split('(').next().unwrap_or(declared);
        Some(match declared.trim() {
            "integer" | "int" | "bigint" | "smallint" | "always" => {
                format!("coalesce({name}, 0) + {more}")
            }
            "numeric" | "decimal" | "real" | "double precision" | "double" => {
                format!("coalesce({name}, 0) + 1")
            }
            "boolean" if self.name.starts_with('"') => format!("1 - coalesce({name}, 0)"),
            "boolean" => format!("not coalesce({name}, false)"),
            "blob" => format!("zeroblob(length({name}))"),
            "bytea" => format!("set_byte({name}, 0, get_byte({name}, 0) # 1)"),
            "date" if !self.name.starts_with('"') => {
                format!("coalesce({name}, '2021-01-01') + {more}")
            }
            "timestamp with time zone" | "timestamp without time zone" => {
                format!("coalesce({name}, '2021-01-01') + interval '1 second'")
            }
            "text" | "varchar" | "character varying" | "char" | "character" | "date"
            | "timestamp" | "datetime" | "json" | "" => {
                // A letter or a digit, anywhere; of an empty one, that it has one.
                let value = format!("coalesce(nullif({name}, ''), 'x')");
                let at = format!("{} % length({value})", roll(dice, 1 << 20));
                // A code with another digit may be that of another row.
                let free = column.is_unique && !self.is_of_ledger();
                let (one, other) = if free { ('Z', 'Y') } else { ('1', '2') };
                format!(
                    "substr({value}, 1, {at}) || case substr({value}, 1 + {at}, 1) when '{one}' \
                     then '{other}' else '{one}' end || substr({value}, 2 + {at})"
                )
            }
            _ => return None,
        })
    }
}

/// Manipulations of the platform's rows, and of what is around them.
pub(crate) fn platform(rehearsed: &Rehearsed, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
    let mut all = Vec::new();
    for end in [End::Target, End::Source] {
        for table in Table::all(rehearsed, end).iter().filter(|table| !table.is_of_ledger()) {
            all.extend(table.some_column(dice));
            let which = roll(dice, 2);
            all.extend(if which == 0 { table.delete(dice) } else { table.double(dice) });
            if end == End::Target {
                all.extend(if which == 0 { table.double(dice) } else { table.delete(dice) });
            }
        }
    }
    let name = if rehearsed.engine() == Engine::Sqlite { "main" } else { "public" };
    let trigger = match rehearsed.engine() {
        Engine::Sqlite => {
            "create trigger handover_tidy after insert on doses begin delete from doses where id = \
             new.id; end"
        }
        Engine::Postgres => {
            "create function public.tidy() returns trigger language plpgsql as 'begin return null; \
             end'; create trigger handover_tidy before insert on public.doses for each row execute \
             function public.tidy()"
        }
    };
    let mut around = vec![
        trigger.to_owned(),
        format!("drop index {name}.subjects_identity_number"),
        format!("create table {name}.more (a integer)"),
        format!("create view {name}.handover_tidied as select 1 as one"),
        format!("alter table {name}.doses add column more text"),
    ];
    if rehearsed.engine() == Engine::Sqlite {
        around.push("pragma user_version = 7".to_owned());
        around
            .push("create trigger tidy after insert on handover_event begin select 1; end".into());
        around.push("create table handover_more (a)".into());
    } else {
        around.push("create table handover.more (a int)".into());
    }
    all.extend(around.into_iter().map(|sql| Manipulation {
        kind: "schema of the target",
        what: sql.clone(),
        deed: Deed::Sql(End::Target, sql),
    }));
    all
}

/// Manipulations of every table of the ledger, by single values and whole rows.
pub(crate) fn ledger(rehearsed: &Rehearsed, dice: &mut ChaCha8Rng) -> Vec<Manipulation> {
    let mut all = Vec::new();
    for table in Table::all(rehearsed, End::Target).iter().filter(|table| table.is_of_ledger()) {
        all.extend(table.every_column(dice));
        all.extend(table.delete(dice));
        // The database takes one row only.
        let has_one = ["ledger", "identity", "inventory"]
            .iter()
            .any(|name| table.name.trim_matches('"').ends_with(name));
        if !has_one {
            all.extend(table.double(dice));
        }
    }
    all
}
