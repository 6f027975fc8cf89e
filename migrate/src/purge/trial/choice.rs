//! Which rows are tried: one of each table, and the listed rows that refer to it, since they go
//! before it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use handover_engine::sql::ident;
use handover_schemas::archive::manifest::ParentLink;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::purge::list::{List, POSITION};

use crate::purge::PurgeDatabase;

/// Places on the list of one table.
pub(super) type Chosen = BTreeSet<u64>;

/// Places on the lists of all tables.
pub(super) struct Choice(Vec<Chosen>);

impl Choice {
    pub(super) fn of(&self, table: usize) -> Chosen {
        self.0.get(table).cloned().unwrap_or_default()
    }

    fn rows(&self) -> usize {
        self.0.iter().map(BTreeSet::len).sum()
    }

    fn add(&mut self, other: Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            own.extend(other);
        }
    }
}

/// Most rows that go with a row that is tried; one with more is passed over.
const ROWS_MAX: usize = 500;

/// How many rows of a table are looked at for one that can be tried.
const ROWS_LOOKED_AT: u64 = 20;

/// Chooses from each list behind the places that were dealt with.
pub(super) fn choose(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    remaining: &[u64],
) -> Result<Choice> {
    let tables = &purge.selection.tables;
    let mut choice = Choice(vec![Chosen::new(); tables.len()]);
    for (number, (table, first)) in tables.iter().zip(remaining).enumerate() {
        let until = table.listed.rows.min(first.saturating_add(ROWS_LOOKED_AT));
        for place in *first..until {
            if !choice.of(number).is_empty() {
                break;
            }
            if let Some(with) = with_dependents(database, purge, number, place)? {
                choice.add(with);
            }
        }
    }
    Ok(choice)
}

/// A row with the listed rows that refer to it, and those that refer to these; nothing if they are
/// many.
fn with_dependents(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    table: usize,
    place: u64,
) -> Result<Option<Choice>> {
    let tables = &purge.selection.tables;
    let mut choice = Choice(vec![Chosen::new(); tables.len()]);
    choice.0.get_mut(table).context("no such table")?.insert(place);
    for (number, child) in tables.iter().enumerate().skip(table + 1) {
        for link in &child.parents {
            let parent = tables.iter().position(|one| *one.name() == link.parent);
            let parent = parent.context("a parent is not selected")?;
            let places = choice.of(parent);
            if places.is_empty() {
                continue;
            }
            let found = referring(database, purge, (number, link), (parent, &places))?;
            choice.0.get_mut(number).context("no such table")?.extend(found);
            if choice.rows() > ROWS_MAX {
                return Ok(None);
            }
        }
    }
    Ok(Some(choice))
}

/// Places of a child's listed rows that refer to rows of the parent.
fn referring(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    (child, link): (usize, &ParentLink),
    (parent, places): (usize, &Chosen),
) -> Result<Vec<u64>> {
    let tables = &purge.selection.tables;
    let shape =
        |number: usize| tables.get(number).map(|table| &table.shape).context("no such table");
    let child = List::new(purge.number, child, shape(child)?)?;
    let parent = List::new(purge.number, parent, shape(parent)?)?;
    let equal = |pairs: Vec<(String, String)>| {
        let parts: Vec<String> =
            pairs.iter().map(|(one, other)| format!("{one} = {other}")).collect();
        parts.join(" AND ")
    };
    let listed = equal(
        parent
            .key_names()
            .enumerate()
            .map(|(at, name)| (format!("p.{}", ident(name)), format!("k.{}", List::key_column(at))))
            .collect(),
    );
    let refers = equal(
        link.columns
            .iter()
            .zip(&link.parent_columns)
            .map(|(child, parent)| (format!("t.{}", ident(child)), format!("p.{}", ident(parent))))
            .collect(),
    );
    let reader = database.reader();
    let among: Vec<String> = places.iter().map(ToString::to_string).collect();
    let sql = format!(
        "SELECT DISTINCT l.{POSITION} FROM {} AS k JOIN {} AS p ON {listed} \
         JOIN {} AS t ON {refers} JOIN {} AS l ON {} WHERE k.{POSITION} IN ({}) LIMIT {}",
        parent.list(&reader),
        parent.table(&reader),
        child.table(&reader),
        child.list(&reader),
        child.join(),
        among.join(", "),
        ROWS_MAX + 1
    );
    let rows = database.store().query(&sql)?;
    let place = |text: String| text.parse().context("a place on the list is not a number");
    rows.into_iter().flatten().flatten().map(place).collect()
}
