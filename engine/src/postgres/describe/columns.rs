//! Columns, with what their values are decoded by.

use std::collections::HashMap;

use anyhow::Result;
use handover_schemas::plan::Column;
use handover_schemas::sqlite_form::Form;

use super::types::TypeCatalog;
use super::{OF_THE_PLATFORM, READ_BY_ITSELF};
use crate::postgres::session::Session;

/// The columns of a table.
#[derive(Clone, Default)]
pub(super) struct Columns {
    /// Those that hold what somebody wrote.
    pub(super) written: Vec<Column>,
    /// Names of the generated ones.
    pub(super) generated: Vec<String>,
    /// Those of them whose values are stored.
    pub(super) stored: Vec<Column>,
}

pub(super) fn columns_by_table(
    session: &mut Session,
    types: &TypeCatalog,
) -> Result<HashMap<String, Columns>> {
    let rows = session.query(&format!(
        "SELECT c.oid::text, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid::text, \
                a.attnotnull AND NOT {NOT_NULL_UNPROVEN}, a.attgenerated::text \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE c.relkind IN ('r', 'p', 'm') AND {READ_BY_ITSELF} AND {OF_THE_PLATFORM} \
         ORDER BY c.oid, a.attnum"
    ))?;
    let mut tables: HashMap<String, Columns> = HashMap::new();
    for row in rows {
        let [Some(table), Some(name), Some(type_name), Some(type_oid), Some(not_null), generated] =
            row.as_slice()
        else {
            anyhow::bail!("the catalog gave an incomplete row for a column");
        };
        let of_table = tables.entry(table.clone()).or_default();
        let column = Column {
            name: name.clone(),
            type_name: type_name.clone(),
            ty: types.codec(type_oid),
            not_null: not_null == "t",
            renamed: None,
            form: Form::default(),
        };
        let generated = generated.as_deref().unwrap_or_default();
        if generated.is_empty() {
            of_table.written.push(column);
            continue;
        }
        of_table.generated.push(name.clone());
        if generated == "s" {
            of_table.stored.push(column);
        }
    }
    Ok(tables)
}

/// Whether the NOT NULL of a column `a` of table `c` was declared `NOT VALID` (PostgreSQL 18): rows
/// of before may hold NULL, whatever `attnotnull` says.
const NOT_NULL_UNPROVEN: &str = "EXISTS (SELECT 1 FROM pg_constraint nn \
     WHERE nn.conrelid = c.oid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum] \
       AND NOT nn.convalidated)";
