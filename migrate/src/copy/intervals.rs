//! Intervals between servers of different versions.
//!
//! The greatest and the least bits of an `interval` are `infinity` and `-infinity` since 17, and
//! were finite before. Such a value has no equal at the other end, which takes the bits, and even
//! the older text, for another one without a word. Before 15 a server takes the bits of more than
//! 2,147,483,647 hours, and can then neither print nor be asked for them. Where the ends differ in
//! this, tables with intervals go over the text wire, which changes no digest: a server refuses the
//! texts it does not know, and rows with those it takes for others are looked at one by one.

use std::collections::BTreeMap;

use anyhow::Result;
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::TableShape;
use memchr::memmem;

use super::source::{Described, Source};
use super::target::OpenedTarget;

/// `server_version_num` of the first version with infinite intervals.
const INFINITE_SINCE: u32 = 170_000;

/// `server_version_num` of the first version that prints every number of hours.
const ANY_HOURS_SINCE: u32 = 150_000;

/// How the ends of the range are written where they are infinite.
const INFINITE: &[&str] = &["infinity"];
/// And where they are finite.
const FINITE: &[&str] = &[
    "178956970 years 7 mons 2147483647 days 2562047788:00:54.775807",
    "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808",
];

/// A value that the target's version does not have.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}: column {column} holds an interval at the end of its range, which is infinite from \
     PostgreSQL 17 on and finite before, and which the target's version therefore does not have; \
     change it at the source, or leave the table out"
)]
pub(super) struct NoSuchInterval {
    table: String,
    column: String,
}

/// Columns with intervals of the tables that are to be looked at, and what they may not hold.
#[derive(Default)]
pub(super) struct IntervalEnds {
    columns: BTreeMap<TableName, Vec<usize>>,
    without_equal: &'static [&'static str],
}

/// Puts tables with intervals on the text wire where the two ends take the same bits for different
/// intervals; gives what their rows may not hold.
pub(super) fn keep_meaning(
    source: &mut Source<'_>,
    target: &OpenedTarget<'_>,
    described: &mut Described,
) -> IntervalEnds {
    let (Source::Postgres(_, holder), OpenedTarget::Postgres(_, session)) = (source, target) else {
        return IntervalEnds::default();
    };
    let (there, here) = (holder.session().server_version(), session.server_version());
    let without_equal = match (there >= INFINITE_SINCE, here >= INFINITE_SINCE) {
        (true, false) => INFINITE,
        (false, true) => FINITE,
        _ if there >= ANY_HOURS_SINCE && here < ANY_HOURS_SINCE => &[],
        _ => return IntervalEnds::default(),
    };
    let mut columns: BTreeMap<TableName, Vec<usize>> = BTreeMap::new();
    for table in &mut described.tables {
        for (at, column) in table.columns.iter_mut().enumerate() {
            if column.ty.holds_intervals() {
                column.ty = PgType::Other;
                columns.entry(table.name.clone()).or_default().push(at);
            }
        }
    }
    IntervalEnds { columns, without_equal }
}

impl IntervalEnds {
    /// Refuses a row, as a canonical line, that the target would take for another.
    pub(super) fn check(&self, shape: &TableShape, line: &[u8]) -> Result<()> {
        let Some(columns) = self.columns.get(&shape.name) else { return Ok(()) };
        for (at, field) in line.split(|byte| *byte == b'\t').enumerate() {
            let holds = |end: &&str| memmem::find(field, end.as_bytes()).is_some();
            if columns.contains(&at) && self.without_equal.iter().any(holds) {
                let column = shape.columns.get(at).map(|column| column.name.clone());
                let table = shape.name.to_string();
                return Err(NoSuchInterval { table, column: column.unwrap_or_default() }.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use handover_schemas::plan::Column;
    use handover_schemas::sqlite_form::Form;

    use super::*;

    #[test]
    fn ends_of_the_range_are_refused_in_the_columns_that_hold_intervals() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            type_name: "interval".to_owned(),
            ty: PgType::Other,
            not_null: false,
            renamed: None,
            form: Form::default(),
        };
        let name = TableName::new("public", "t");
        let columns = vec![column("note"), column("i"), column("list")];
        let shape = TableShape::of(name.clone(), columns);
        let ends = |without_equal| IntervalEnds {
            columns: BTreeMap::from([(name.clone(), vec![1, 2])]),
            without_equal,
        };
        let [greatest, least] = FINITE else { panic!("both ends") };
        for (without_equal, line, refused) in [
            (INFINITE, "infinity\t1 day\t{}\n".to_owned(), None),
            (INFINITE, "x\tinfinity\t\\N\n".to_owned(), Some("i")),
            (INFINITE, "x\t\\N\t{\"1 day\",-infinity}\n".to_owned(), Some("list")),
            (INFINITE, format!("x\t{greatest}\t\\N\n"), None),
            (FINITE, format!("{greatest}\t1 day\t\\N\n"), None),
            (FINITE, format!("x\t{least}\t\\N\n"), Some("i")),
            (FINITE, format!("x\t\\N\t{{NULL,\"{greatest}\"}}\n"), Some("list")),
            (FINITE, "x\t178956970 years 7 mons\t{}\n".to_owned(), None),
        ] {
            let checked = ends(without_equal).check(&shape, line.as_bytes());
            let column = checked
                .err()
                .and_then(|error| Some(error.downcast::<NoSuchInterval>().ok()?.column));
            assert_eq!(column.as_deref(), refused, "{line}");
        }
    }
}
