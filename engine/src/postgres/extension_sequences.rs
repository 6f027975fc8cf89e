//! Sequences that an extension declares to be configuration of the platform.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::session::Session;
use crate::inventory::SequenceValue;
use crate::sql::qualified;

/// Where each has got to, by qualified name; those that the account may not read are left out.
pub fn extension_sequences(session: &mut Session) -> Result<BTreeMap<String, SequenceValue>> {
    let names = session.query(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE CASE WHEN c.relkind = 'S' THEN has_schema_privilege(n.oid, 'USAGE') \
                 AND has_sequence_privilege(c.oid, 'SELECT') ELSE false END \
           AND EXISTS (SELECT 1 FROM pg_extension x WHERE c.oid = ANY (x.extconfig))",
    )?;
    let mut values = BTreeMap::new();
    for name in names {
        let [Some(schema), Some(name)] = name.as_slice() else {
            bail!("the catalog gave an incomplete row for a sequence");
        };
        let sql = format!("SELECT last_value::text, is_called FROM {}", qualified(schema, name));
        let row = session.query(&sql)?.into_iter().next().unwrap_or_default();
        let [Some(last_value), Some(is_called)] = row.as_slice() else {
            bail!("sequence {schema}.{name} has no value");
        };
        let last_value = last_value.parse().context("a sequence's value is not a number")?;
        let is_called = is_called == "t";
        values.insert(format!("{schema}.{name}"), SequenceValue { last_value, is_called });
    }
    Ok(values)
}
