//! Values of sequences. They are not part of any snapshot: they are read after it was taken, so
//! that no row copied is ahead of its sequence.

use anyhow::{Context, Result};
use handover_engine::postgres::{Refused, Session};
use handover_engine::sql::{ident, literal, qualified};

/// What a sequence of the source stands at.
#[derive(Clone, Debug)]
pub struct SequenceValue {
    /// `schema.name`, for people.
    pub display: String,
    /// `"schema"."name"`.
    pub qualified: String,
    /// Last value and whether it was handed out; else why that is not known.
    pub value: std::result::Result<(i64, bool), &'static str>,
    /// Table and column that own the sequence, quoted.
    pub owner: Option<(String, String)>,
}

/// Sequences that are asked for, or set, at once.
const AT_ONCE: usize = 200;

const NO_RIGHT: &str = "the account may not read";
const REFUSED: &str = "the source cannot read, as a standby cannot read those of unlogged tables,";

/// Reads all sequences of the source, in its open transaction; those of extensions as far as their
/// extension declares them to be configuration.
pub fn sequence_values(session: &mut Session) -> Result<Vec<SequenceValue>> {
    let rows = session.query(
        "SELECT n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT') \
                  AND has_schema_privilege(n.oid, 'USAGE'), \
                tn.nspname, t.relname, a.attname \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid \
              AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
         LEFT JOIN pg_class t ON t.oid = d.refobjid \
         LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace \
         LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
         WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' \
           AND n.nspname <> 'information_schema' \
           AND (NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass \
                            AND e.objid = c.oid AND e.deptype = 'e') \
                OR EXISTS (SELECT 1 FROM pg_extension x WHERE c.oid = ANY (x.extconfig))) \
         ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"",
    )?;
    let mut sequences = Vec::new();
    for row in rows {
        let [Some(schema), Some(name), Some(readable), owner_schema, owner_table, owner_column] =
            row.as_slice()
        else {
            anyhow::bail!("the catalog gave an incomplete row for a sequence");
        };
        let owner = match (owner_schema, owner_table, owner_column) {
            (Some(schema), Some(table), Some(column)) => {
                Some((qualified(schema, table), ident(column)))
            }
            _ => None,
        };
        sequences.push(SequenceValue {
            display: format!("{schema}.{name}"),
            qualified: qualified(schema, name),
            value: Err(if readable == "t" { REFUSED } else { NO_RIGHT }),
            owner,
        });
    }
    let mut readable: Vec<&mut SequenceValue> =
        sequences.iter_mut().filter(|sequence| sequence.value == Err(REFUSED)).collect();
    for group in readable.chunks_mut(AT_ONCE) {
        if !read_values(session, group)? {
            for sequence in group.chunks_mut(1) {
                read_values(session, sequence)?;
            }
        }
    }
    Ok(sequences)
}

/// Reads the values of sequences; whether the server gave them.
fn read_values(session: &mut Session, sequences: &mut [&mut SequenceValue]) -> Result<bool> {
    let one = |(number, sequence): (usize, &&mut SequenceValue)| {
        format!("SELECT {number} AS n, last_value::text, is_called FROM {}", sequence.qualified)
    };
    let all: Vec<String> = sequences.iter().enumerate().map(one).collect();
    session.execute("SAVEPOINT sequences")?;
    let rows = match session.query(&format!("{} ORDER BY n", all.join(" UNION ALL "))) {
        Ok(rows) => rows,
        Err(error) if error.is::<Refused>() => {
            session.execute("ROLLBACK TO SAVEPOINT sequences")?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    for (sequence, row) in sequences.iter_mut().zip(rows) {
        let [_, Some(value), Some(called)] = row.as_slice() else {
            anyhow::bail!("sequence {} has no value", sequence.display);
        };
        let value = value.parse().with_context(|| {
            format!("sequence {} stands at what is no number", sequence.display)
        })?;
        sequence.value = Ok((value, called == "t"));
    }
    session.execute("RELEASE SAVEPOINT sequences")?;
    Ok(true)
}

/// A sequence that does not stand where the source's does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceProblem {
    /// `schema.name`, for people.
    pub display: String,
    /// What could not be done with it.
    pub reason: &'static str,
    /// It was set to the last number in use in its column; otherwise it starts anew.
    pub is_set: bool,
}

/// Sets the target's sequences. One that could not be read at the source is set to the last number
/// in its column. Returns those, and those that could not be set.
pub fn set_sequences(
    session: &mut Session,
    sequences: &[SequenceValue],
) -> Result<Vec<SequenceProblem>> {
    let mut problems = Vec::new();
    let (known, unknown): (Vec<_>, Vec<_>) =
        sequences.iter().partition(|sequence| sequence.value.is_ok());
    for group in known.chunks(AT_ONCE) {
        if !set_known(session, group)? {
            for sequence in group {
                if !set_known(session, &[*sequence])? {
                    let display = sequence.display.clone();
                    let reason = "the target does not set";
                    problems.push(SequenceProblem { display, reason, is_set: false });
                }
            }
        }
    }
    for sequence in unknown {
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
        let reason = sequence.value.as_ref().err().copied().unwrap_or(NO_RIGHT);
        problems.push(SequenceProblem { display: sequence.display.clone(), reason, is_set });
    }
    Ok(problems)
}

/// Sets sequences to the source's values, all or none; whether the server took them.
fn set_known(session: &mut Session, sequences: &[&SequenceValue]) -> Result<bool> {
    let one = |sequence: &&SequenceValue| {
        let (value, called) = sequence.value.as_ref().ok()?;
        Some(format!("setval({}, {value}, {called})", literal(&sequence.qualified)))
    };
    let all: Vec<String> = sequences.iter().filter_map(one).collect();
    match session.query(&format!("SELECT {}", all.join(", "))) {
        Ok(_rows) => Ok(true),
        Err(error) if error.is::<Refused>() => Ok(false),
        Err(error) => Err(error),
    }
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
