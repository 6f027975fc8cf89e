//! Values of sequences. They are not part of any snapshot: they are read after it was taken, so
//! that no row copied is ahead of its sequence.

use anyhow::{Context, Result};
use handover_verify::postgres::{Refused, Session};
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
           AND n.nspname <> 'information_schema' \
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

/// A sequence that the account may not read at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadSequence {
    /// `schema.name`, for people.
    pub display: String,
    /// It was set to the last number in use in its column; otherwise it starts anew.
    pub is_set: bool,
}

/// Sets the target's sequences. One that could not be read at the source is set to the last number
/// in its column. Returns those.
pub fn set_sequences(
    session: &mut Session,
    sequences: &[SequenceValue],
) -> Result<Vec<UnreadSequence>> {
    let mut unread = Vec::new();
    for sequence in sequences {
        let display = sequence.display.clone();
        if let Some((value, called)) = &sequence.value {
            let name = literal(&sequence.qualified);
            session
                .query(&format!("SELECT setval({name}, {value}, {called})::text"))
                .with_context(|| format!("cannot set sequence {display}"))?;
            continue;
        }
        let is_set = match &sequence.owner {
            Some((table, column)) => {
                let set = session.query(&past_column(&sequence.qualified, table, column));
                match set {
                    Ok(_rows) => true,
                    // The column is not one of numbers.
                    Err(error) if error.is::<Refused>() => false,
                    Err(error) => return Err(error),
                }
            }
            None => false,
        };
        unread.push(UnreadSequence { display, is_set });
    }
    Ok(unread)
}

/// Sets a sequence to the last number of a column, in the direction in which it counts and within
/// its bounds. One that was never used stays as it was made.
fn past_column(sequence: &str, table: &str, column: &str) -> String {
    let name = literal(sequence);
    format!(
        "SELECT setval({name}, CASE WHEN s.seqincrement > 0 \
                THEN least(greatest(max({column}), s.seqmin), s.seqmax) \
                ELSE greatest(least(min({column}), s.seqmax), s.seqmin) END::int8)::text \
         FROM {table} CROSS JOIN pg_sequence s WHERE s.seqrelid = {name}::regclass \
         GROUP BY s.seqincrement, s.seqmin, s.seqmax HAVING count({column}) > 0"
    )
}
