//! Keys: which one a table is read by, and whether its index has them in canonical order.

use std::collections::HashMap;

use anyhow::Result;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key, TableShape};

use super::{OF_THE_PLATFORM, READ_BY_ITSELF};
use crate::postgres::session::Session;
use crate::sql::{literal, qualified};

/// Whether a column that is ordered by the collation `coll` is ordered by the bytes of its UTF-8:
/// the collation is PostgreSQL's own order of bytes, and the bytes are those of UTF-8, or, in
/// SQL_ASCII, whatever they are at the client too. A collation is known by what it does, not by its
/// name. Of the providers, `b` (builtin, PostgreSQL 17) orders by code point always.
const BYTE_ORDER: &str = "(current_setting('server_encoding') IN ('UTF8', 'SQL_ASCII') AND \
     CASE WHEN coll.oid = 100 \
          THEN (SELECT CASE coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') \
                         WHEN 'b' THEN true \
                         WHEN 'c' THEN d.datcollate IN ('C', 'POSIX') ELSE false END \
                FROM pg_database d WHERE d.datname = current_database()) \
          WHEN coll.collprovider = 'b' THEN true \
          WHEN coll.collprovider = 'c' THEN coll.collcollate IN ('C', 'POSIX') \
          ELSE false END)";

/// A unique index over plain, NOT NULL columns.
pub(super) struct CandidateKey {
    name: String,
    columns: Vec<String>,
    /// Per column: whether its index order is the order of its bytes.
    byte_order: Vec<bool>,
}

/// Candidates per table, the best first: the primary key, then fewest columns, then name. A key
/// WITHOUT OVERLAPS (PostgreSQL 18) is one too: its index is an exclusion constraint's, and equal
/// values overlap.
pub(super) fn keys_by_table(session: &mut Session) -> Result<HashMap<String, Vec<CandidateKey>>> {
    let rows = session.query(&format!(
        "SELECT i.indrelid::text, x.relname, i.indexrelid::text, a.attname, \
                {BYTE_ORDER} AND i.indcollation[position] = a.attcollation \
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_am am ON am.oid = x.relam AND (am.amname = 'btree' OR i.indisexclusion) \
         CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS position \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[position] \
         LEFT JOIN pg_collation coll ON coll.oid = i.indcollation[position] \
         WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
           AND {READ_BY_ITSELF} AND {OF_THE_PLATFORM} \
         ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, x.relname COLLATE \"C\", position"
    ))?;
    let mut tables: HashMap<String, Vec<(String, CandidateKey)>> = HashMap::new();
    for row in rows {
        let [Some(table), Some(name), Some(index), Some(column), byte_order] = row.as_slice()
        else {
            anyhow::bail!("the catalog gave an incomplete row for an index");
        };
        let keys = tables.entry(table.clone()).or_default();
        if keys.last().is_none_or(|(last, _key)| last != index) {
            let key =
                CandidateKey { name: name.clone(), columns: Vec::new(), byte_order: Vec::new() };
            keys.push((index.clone(), key));
        }
        if let Some((_index, key)) = keys.last_mut() {
            key.columns.push(column.clone());
            key.byte_order.push(byte_order.as_deref() == Some("t"));
        }
    }
    let without_index = |keys: Vec<(String, CandidateKey)>| keys.into_iter().map(|(_, key)| key);
    Ok(tables.into_iter().map(|(table, keys)| (table, without_index(keys).collect())).collect())
}

/// The first candidate whose columns are all copied and NOT NULL. A nullable unique index is no
/// key: NULLs repeat.
pub(super) fn usable_key(candidates: &[CandidateKey], columns: &[Column]) -> Option<Key> {
    candidates.iter().find_map(|candidate| {
        let positions: Option<Vec<usize>> = candidate
            .columns
            .iter()
            .map(|name| columns.iter().position(|c| c.name == *name && c.not_null))
            .collect();
        let positions = positions?;
        let range_scan = positions.iter().zip(&candidate.byte_order).all(|(position, bytes)| {
            columns.get(*position).is_some_and(|column| {
                column.ty.has_native_order() || (column.ty == PgType::Text && *bytes)
            })
        });
        Some(Key { name: candidate.name.clone(), columns: positions, range_scan })
    })
}

/// Whether ranges of a table's key can be read in canonical order through an index on it at this
/// end, whose columns may have another collation than at the end the shape was described at.
pub fn can_scan_ranges(session: &mut Session, shape: &TableShape) -> Result<bool> {
    let Some(key) = shape.key.as_ref().filter(|_| !shape.whole_only) else { return Ok(false) };
    let in_byte_order: Vec<String> = session
        .query(&format!(
            "SELECT a.attname FROM pg_attribute a \
             JOIN pg_collation coll ON coll.oid = a.attcollation \
             WHERE a.attrelid = {}::regclass AND {BYTE_ORDER}",
            literal(&qualified(&shape.name.schema, &shape.name.name))
        ))?
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    Ok(key.columns.iter().filter_map(|at| shape.columns.get(*at)).all(|column| {
        column.ty.has_native_order()
            || (column.ty == PgType::Text && in_byte_order.contains(&column.name))
    }))
}
