//! Types, by which values are decoded.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use handover_schemas::pg_type::PgType;

use crate::postgres::session::Session;

/// `pg_type`, to find the codec behind domains and arrays.
pub(super) struct TypeCatalog {
    types: HashMap<String, TypeEntry>,
    array_elements: BTreeMap<String, String>,
}

struct TypeEntry {
    schema: String,
    name: String,
    kind: String,
    base: String,
}

impl TypeCatalog {
    pub(super) fn load(session: &mut Session) -> Result<Self> {
        let rows = session.query(
            "SELECT t.oid::text, n.nspname, t.typname, t.typtype::text, t.typbasetype::text, \
                    t.typarray::text \
             FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype <> 'c'",
        )?;
        let mut types = HashMap::new();
        let mut array_elements = BTreeMap::new();
        for row in rows {
            let [Some(oid), Some(schema), Some(name), Some(kind), Some(base), Some(array)] =
                row.as_slice()
            else {
                anyhow::bail!("the catalog gave an incomplete row for a type");
            };
            array_elements.insert(array.clone(), oid.clone());
            let entry = TypeEntry {
                schema: schema.clone(),
                name: name.clone(),
                kind: kind.clone(),
                base: base.clone(),
            };
            types.insert(oid.clone(), entry);
        }
        array_elements.remove("0");
        Ok(Self { types, array_elements })
    }

    pub(super) fn codec(&self, oid: &str) -> PgType {
        let Some(entry) = self.types.get(oid) else { return PgType::Other };
        if entry.kind == "d" {
            return self.codec(&entry.base);
        }
        if entry.kind == "e" {
            return PgType::Enum;
        }
        if let Some(element) = self.array_elements.get(oid) {
            // The binary form of an array names its element type by oid, which for a type of the
            // platform's own differs between databases: such a table goes over the text wire.
            return match self.types.get(element) {
                Some(element_entry) if element_entry.schema == "pg_catalog" => {
                    PgType::Array(Box::new(self.codec(element)))
                }
                _ => PgType::Other,
            };
        }
        if entry.schema == "pg_catalog" { builtin(&entry.name) } else { PgType::Other }
    }
}

fn builtin(name: &str) -> PgType {
    match name {
        "bool" => PgType::Bool,
        "int2" => PgType::Int2,
        "int4" => PgType::Int4,
        "int8" => PgType::Int8,
        "float4" => PgType::Float4,
        "float8" => PgType::Float8,
        "numeric" => PgType::Numeric,
        "text" | "varchar" => PgType::Text,
        "bpchar" => PgType::Char,
        "bytea" => PgType::Bytea,
        "date" => PgType::Date,
        "time" => PgType::Time,
        "timestamp" => PgType::Timestamp,
        "timestamptz" => PgType::TimestampTz,
        "interval" => PgType::Interval,
        "uuid" => PgType::Uuid,
        "json" => PgType::Json,
        "jsonb" => PgType::Jsonb,
        "char" => PgType::SingleChar,
        "pg_lsn" => PgType::PgLsn,
        _ => PgType::Other,
    }
}
