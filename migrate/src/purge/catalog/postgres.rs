//! The same in PostgreSQL's catalog.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_schemas::name::TableName;

use super::{DeleteTrigger, ForeignKey, OnDelete};

pub(super) fn foreign_keys(session: &mut Session) -> Result<Vec<ForeignKey>> {
    let columns = |of: &str, numbers: &str| {
        format!(
            "(SELECT json_agg(a.attname ORDER BY k.n)::text \
              FROM unnest(f.{numbers}) WITH ORDINALITY AS k (attnum, n) \
              JOIN pg_attribute a ON a.attrelid = f.{of} AND a.attnum = k.attnum)"
        )
    };
    // A constraint that a partition has from the table it is part of stands for the table's; one of
    // its own counts as the table's too.
    let rows = session.query(&format!(
        "SELECT f.conname, cn.nspname, c.relname, {}, pn.nspname, p.relname, {}, \
                f.confdeltype::text, coalesce(to_jsonb(f) ->> 'conperiod', 'false') \
         FROM pg_constraint f \
         JOIN pg_class c ON c.oid = coalesce(pg_partition_root(f.conrelid), f.conrelid) \
         JOIN pg_namespace cn ON cn.oid = c.relnamespace \
         JOIN pg_class p ON p.oid = coalesce(pg_partition_root(f.confrelid), f.confrelid) \
         JOIN pg_namespace pn ON pn.oid = p.relnamespace \
         WHERE f.contype = 'f' AND f.conparentid = 0 \
         ORDER BY cn.nspname, c.relname, f.conname",
        columns("conrelid", "conkey"),
        columns("confrelid", "confkey"),
    ))?;
    rows.into_iter()
        .map(|row| {
            let values: Vec<String> = row.into_iter().flatten().collect();
            let [
                name,
                child_schema,
                child,
                columns,
                parent_schema,
                parent,
                parent_columns,
                action,
                temporal,
            ] = values.as_slice()
            else {
                bail!("the catalog gave an incomplete row for a foreign key");
            };
            let names = |json: &str| {
                serde_json::from_str(json).context("the catalog gave a list that is none")
            };
            Ok(ForeignKey {
                name: name.clone(),
                child: TableName::new(child_schema, child),
                child_columns: names(columns)?,
                parent: TableName::new(parent_schema, parent),
                parent_columns: names(parent_columns)?,
                on_delete: match action.as_str() {
                    "a" | "r" => OnDelete::Refuse,
                    "c" => OnDelete::Cascade,
                    "n" | "d" => OnDelete::Change,
                    other => bail!("the foreign key {name} has an unknown action {other:?}"),
                },
                temporal: temporal == "true",
            })
        })
        .collect()
}

pub(super) fn delete_triggers(session: &mut Session) -> Result<Vec<DeleteTrigger>> {
    // Bit 8 of tgtype: fires on DELETE (pg_trigger.h). ev_type 4: a rule on DELETE (pg_rewrite.h).
    let rows = session.query(
        "SELECT DISTINCT n.nspname, c.relname, t.tgname, false FROM pg_trigger t \
         JOIN pg_class c ON c.oid = coalesce(pg_partition_root(t.tgrelid), t.tgrelid) \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype::int & 8) <> 0 \
         UNION \
         SELECT n.nspname, c.relname, r.rulename, true FROM pg_rewrite r \
         JOIN pg_class c ON c.oid = coalesce(pg_partition_root(r.ev_class), r.ev_class) \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE r.ev_type = '4' AND r.ev_enabled <> 'D' AND c.relkind IN ('r', 'p') \
         ORDER BY 1, 2, 3",
    )?;
    rows.into_iter()
        .map(|row| {
            let values: Vec<String> = row.into_iter().flatten().collect();
            let [schema, table, name, is_rule] = values.as_slice() else {
                bail!("the catalog gave an incomplete row for a trigger");
            };
            Ok(DeleteTrigger {
                table: TableName::new(schema, table),
                name: name.clone(),
                is_rule: is_rule == "t",
            })
        })
        .collect()
}
