//! The inventory of a SQLite database.

use anyhow::{Context, Result};
use handover_schemas::name::TableName;
use rusqlite::Connection;

use super::{CatalogObject, Inventory, ObjectKind, SequenceValue};

/// The schema that corresponds to PostgreSQL's `public`.
const SCHEMA: &str = "main";

/// Reads the inventory. What SQLite keeps for itself (`sqlite_*`, the indexes behind constraints
/// among them) is left out.
pub fn collect(connection: &Connection) -> Result<Inventory> {
    let mut inventory = Inventory::default();
    let mut has_sequences = false;
    let mut statement = connection
        .prepare("select type, name, tbl_name, sql from main.sqlite_schema order by type, name")
        .context("reading the schema")?;
    let mut rows = statement.query([]).context("reading the schema")?;
    while let Some(row) = rows.next().context("reading the schema")? {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sql: Option<String> = row.get(3)?;
        has_sequences |= name == "sqlite_sequence";
        let kind = match kind.as_str() {
            "table" => ObjectKind::TableDefinition,
            "index" => ObjectKind::Index,
            "view" => ObjectKind::View,
            "trigger" => ObjectKind::Trigger,
            _ => continue,
        };
        // An index behind a constraint has no statement of its own.
        let Some(sql) = sql else { continue };
        // A trigger or an index belongs to its table, whatever it is called; a table or a view is
        // its own.
        if is_reserved(&table) {
            continue;
        }
        let table = (kind != ObjectKind::View).then(|| TableName::new(SCHEMA, table));
        let definition = single_spaced(&sql);
        inventory.add(CatalogObject { kind, name: qualified(&name), table, definition });
    }
    if has_sequences {
        add_sequence_values(connection, &mut inventory)?;
    }
    for (name, number) in header_numbers(connection)? {
        let (kind, definition) = (ObjectKind::HeaderNumber, number.to_string());
        inventory.add(CatalogObject { kind, name: name.to_owned(), table: None, definition });
    }
    Ok(inventory)
}

/// The numbers that applications keep in a file's header, where they are not zero.
pub fn header_numbers(connection: &Connection) -> Result<Vec<(&'static str, i64)>> {
    let mut numbers = Vec::new();
    for name in ["user_version", "application_id"] {
        let number: i64 = connection
            .query_row(&format!("select {name} from pragma_{name}"), [], |row| row.get(0))
            .with_context(|| format!("reading {name}"))?;
        if number != 0 {
            numbers.push((name, number));
        }
    }
    Ok(numbers)
}

/// Adds the highest row number that each `AUTOINCREMENT` table ever had.
fn add_sequence_values(connection: &Connection, inventory: &mut Inventory) -> Result<()> {
    let mut statement = connection
        .prepare("select name, seq from main.sqlite_sequence")
        .context("reading sqlite_sequence")?;
    let mut rows = statement.query([]).context("reading sqlite_sequence")?;
    while let Some(row) = rows.next().context("reading sqlite_sequence")? {
        let name: Option<String> = row.get(0).context("a name in sqlite_sequence is not text")?;
        let Some(name) = name.filter(|name| !is_reserved(name)) else { continue };
        // Anybody may write anything into this table.
        let Ok(Some(last_value)) = row.get::<_, Option<i64>>(1) else {
            inventory.add_unreadable(ObjectKind::SequenceValue, &qualified(&name));
            continue;
        };
        let definition = SequenceValue { last_value, is_called: true }.to_string();
        let table = Some(TableName::new(SCHEMA, name.as_str()));
        let kind = ObjectKind::SequenceValue;
        inventory.add(CatalogObject { kind, name: qualified(&name), table, definition });
    }
    inventory.unreadable.sort_unstable();
    Ok(())
}

fn qualified(name: &str) -> String {
    format!("{SCHEMA}.{name}")
}

/// Names that SQLite itself compares without regard to case.
fn is_reserved(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("sqlite_")
}

/// The statement with every run of white space made one blank, outside quotes and comments.
fn single_spaced(sql: &str) -> String {
    let mut spaced = String::with_capacity(sql.len());
    let mut characters = sql.trim_ascii().chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_ascii_whitespace() {
            while characters.next_if(char::is_ascii_whitespace).is_some() {}
            spaced.push(' ');
            continue;
        }
        spaced.push(c);
        let until = match (c, characters.peek()) {
            ('\'' | '"' | '`', _) => c,
            ('[', _) => ']',
            // The end of a comment's line is part of the statement's meaning.
            ('-', Some('-')) => '\n',
            ('/', Some('*')) => {
                copy_comment(&mut characters, &mut spaced);
                continue;
            }
            _ => continue,
        };
        for next in characters.by_ref() {
            spaced.push(next);
            if next == until {
                break;
            }
        }
    }
    spaced
}

/// Copies the rest of `/* … */`.
fn copy_comment(characters: &mut impl Iterator<Item = char>, copy: &mut String) {
    // The asterisk that opens does not also close.
    let mut before = None;
    copy.extend(characters.next());
    for c in characters {
        copy.push(c);
        if before == Some('*') && c == '/' {
            return;
        }
        before = Some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::super::difference::{ObjectChange, differences};
    use super::*;

    const SCHEMA_SQL: &str = "
        create table person (id integer primary key autoincrement, name text not null unique,
                             age int default 0 check (age >= 0));
        create table visit (id integer primary key, person int references person (id), note text);
        create index visit_person on visit (person);
        create view adults as select id, name from person where age >= 18;
        create trigger aged after update on person begin insert into visit (person) values (new.id); end;
        insert into person (name) values ('x'), ('y');";

    fn read(changes: &str) -> Inventory {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA_SQL).unwrap();
        connection.execute_batch(changes).unwrap();
        collect(&connection).unwrap()
    }

    #[test]
    fn every_object_is_listed_once() {
        let inventory = read("");
        let keys: Vec<_> = inventory.objects.keys().map(|(k, n)| format!("{k} {n}")).collect();
        assert_eq!(
            keys,
            [
                "table_definition main.person",
                "table_definition main.visit",
                "index main.visit_person",
                "sequence_value main.person",
                "view main.adults",
                "trigger main.aged",
            ]
        );
        assert_eq!(inventory.unreadable, [""; 0]);
        let value = &inventory.objects[&(ObjectKind::SequenceValue, "main.person".to_owned())];
        assert_eq!(value.definition, "last_value 2, is_called true");
    }

    #[test]
    fn one_change_is_one_difference() {
        let source = read("");
        assert_eq!(differences(&source, &read("insert into visit (note) values ('x')")), []);
        for (changes, kind, name, what) in [
            ("drop index visit_person", ObjectKind::Index, "main.visit_person", ObjectChange::Missing),
            ("drop trigger aged", ObjectKind::Trigger, "main.aged", ObjectChange::Missing),
            ("create index more on visit (note)", ObjectKind::Index, "main.more", ObjectChange::Extra),
            (
                "drop view adults; create view adults as select id, name from person where age >= 16",
                ObjectKind::View,
                "main.adults",
                ObjectChange::Different,
            ),
            (
                "drop table visit; create table visit (id integer primary key, person int, note text);
                 create index visit_person on visit (person)",
                ObjectKind::TableDefinition,
                "main.visit",
                ObjectChange::Different,
            ),
            (
                "update sqlite_sequence set seq = 1",
                ObjectKind::SequenceValue,
                "main.person",
                ObjectChange::Different,
            ),
            (
                "pragma user_version = 7",
                ObjectKind::HeaderNumber,
                "user_version",
                ObjectChange::Extra,
            ),
            (
                "create trigger handover_tidy after insert on visit begin delete from visit; end",
                ObjectKind::Trigger,
                "main.handover_tidy",
                ObjectChange::Extra,
            ),
        ] {
            let found = differences(&source, &read(changes));
            let brief: Vec<_> = found.iter().map(|d| (d.kind, d.name.as_str(), d.what)).collect();
            assert_eq!(brief, [(kind, name, what)], "{changes}");
        }
        let behind = differences(&source, &read("update sqlite_sequence set seq = 1"));
        assert_eq!(behind[0].target_behind, Some(true));
    }

    #[test]
    fn a_sequence_value_that_is_no_number_is_unreadable() {
        let inventory = read("update sqlite_sequence set seq = 'much'");
        assert_eq!(inventory.unreadable, ["sequence_value main.person"]);
    }

    #[test]
    fn a_database_without_autoincrement_has_no_sequences() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("create table t (a)").unwrap();
        assert_eq!(collect(&connection).unwrap().objects.len(), 1);
    }

    #[test]
    fn white_space_counts_within_quotes_only() {
        assert_eq!(
            single_spaced("  a\n\t b  'x  y''  z' \"q  r\" [s  t]  `u  v` "),
            "a b 'x  y''  z' \"q  r\" [s  t] `u  v`"
        );
        assert_eq!(single_spaced("a  -- b  ' c\n  d  '"), "a -- b  ' c\n d '");
        assert_eq!(single_spaced("a /* ' */  b  /*/  x */  c"), "a /* ' */ b /*/  x */ c");
        assert_eq!(single_spaced("'open  end"), "'open  end");
    }
}
