//! Values of sequences. They are not part of any snapshot: they are read after it was taken, so
//! that no row copied is ahead of its sequence.

use anyhow::{Context, Result};
use handover_verify::postgres::Session;
use handover_verify::sql::{literal, qualified};

/// What a sequence of the source stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceValue {
    /// `schema.name`, for people.
    pub display: String,
    /// `"schema"."name"`.
    pub qualified: String,
    /// Last value and whether it was handed out; `None` if the account may not read it.
    pub value: Option<(String, bool)>,
    /// Table and column that own the sequence, quoted.
    pub owner: Option<(String, String)>,
}

/// Reads all sequences of the source.
pub fn sequence_values(session: &mut Session) -> Result<Vec<SequenceValue>> {
    let rows = session.query(
        "SELECT n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT') \
                  AND has_schema_privilege(n.oid, 'USAGE'), \
                tn.nspname, t.relname, quote_ident(a.attname) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid \
              AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
         LEFT JOIN pg_class t ON t.oid = d.refobjid \
         LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace \
         LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
         WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' \
           AND n.nspname NOT IN ('information_schema', 'handover') \
           AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e') \
         ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"",
    )?;
    let mut sequences = Vec::new();
    for row in rows {
        let [Some(schema), Some(name), Some(readable), owner_schema, owner_table, owner_column] =
            row.as_slice()
        else {
            anyhow::bail!("the catalog gave an incomplete row for a sequence");
        };
        let quoted = qualified(schema, name);
        let value = if readable == "t" { Some(read_value(session, &quoted)?) } else { None };
        let owner = match (owner_schema, owner_table, owner_column) {
            (Some(schema), Some(table), Some(column)) => {
                Some((qualified(schema, table), column.clone()))
            }
            _ => None,
        };
        sequences.push(SequenceValue {
            display: format!("{schema}.{name}"),
            qualified: quoted,
            value,
            owner,
        });
    }
    Ok(sequences)
}

fn read_value(session: &mut Session, sequence: &str) -> Result<(String, bool)> {
    let row = session.query(&format!("SELECT last_value::text, is_called FROM {sequence}"))?;
    let mut values = row.into_iter().flatten().flatten();
    match (values.next(), values.next()) {
        (Some(value), Some(called)) => Ok((value, called == "t")),
        _ => anyhow::bail!("sequence {sequence} has no value"),
    }
}

/// Sets the target's sequences. One that could not be read at the source is set past the largest
/// number in its column. Returns those.
pub fn set_sequences(session: &mut Session, sequences: &[SequenceValue]) -> Result<Vec<String>> {
    let mut unread = Vec::new();
    for sequence in sequences {
        let name = literal(&sequence.qualified);
        let sql = match (&sequence.value, &sequence.owner) {
            (Some((value, called)), _) => format!("SELECT setval({name}, {value}, {called})::text"),
            (None, Some((table, column))) => {
                unread.push(sequence.display.clone());
                format!(
                    "SELECT setval({name}, greatest(max({column}), 1)::int8, \
                            max({column}) IS NOT NULL)::text FROM {table}"
                )
            }
            (None, None) => {
                unread.push(sequence.display.clone());
                continue;
            }
        };
        session.query(&sql).with_context(|| format!("cannot set sequence {}", sequence.display))?;
    }
    Ok(unread)
}
