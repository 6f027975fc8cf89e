//! What tables a PostgreSQL database has, from its catalog.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Extent, Key, TableShape};
use handover_schemas::sqlite_form::Form;

use super::beside::Beside;
use super::lexer::is_one_piece;
use super::read::from_table;
use super::session::{Session, TextRow};
use crate::sql::{ident, literal, qualified};

/// Everything the catalog says about a database's tables.
#[derive(Debug, Default)]
pub struct Description {
    /// Tables whose rows are read, sorted by name. Those of extensions are among them as far as
    /// their extension declares them to be configuration.
    pub tables: Vec<TableShape>,
    /// Tables of which the account may not read every row, and why.
    pub unreadable: Vec<(TableName, String)>,
    /// Foreign tables: their rows live elsewhere.
    pub foreign: Vec<ForeignTable>,
    /// Tables of extensions among them that hold no configuration.
    pub empty_configuration: Vec<TableName>,
    /// What has rows that are not copied, and that are compared all the same.
    pub uncopied: Vec<Uncopied>,
    /// What tables have beside the columns that are read, as far as they have anything.
    pub beside: BTreeMap<TableName, Beside>,
    /// Number of large objects, where the account may count them.
    pub large_objects: Option<u64>,
}

/// A foreign table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignTable {
    /// The table.
    pub name: TableName,
    /// Name of its server.
    pub server: String,
    /// The partitioned table that it is a part of, however far down.
    pub root: Option<TableName>,
}

impl ForeignTable {
    /// Why its rows are not read.
    pub fn reason(&self) -> String {
        let server = &self.server;
        match &self.root {
            Some(root) => format!(
                "a foreign table (server {server}) that is a partition of {root}: its rows live on \
                 another server"
            ),
            None => format!("a foreign table (server {server}): its rows live on another server"),
        }
    }
}

/// Something with rows that a copy does not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncopied {
    /// As it is read.
    pub shape: TableShape,
    /// What it is.
    pub kind: UncopiedKind,
    /// Why the account may not read it.
    pub unreadable: Option<String>,
    /// Whether it has no row; told of tables of extensions only.
    pub is_empty: bool,
}

/// What has rows that a copy does not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UncopiedKind {
    /// A materialised view that holds rows: the target fills its own.
    MaterializedView,
    /// A table of an extension that is not configuration: the extension fills it.
    OfExtension(String),
}

/// Condition on `n.nspname` that leaves out what is the server's.
const OF_THE_PLATFORM: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Condition on `c` that leaves out partitions, which are read through their table. Only those that
/// the platform gave to a partitioned table of an extension are tables of their own.
const READ_BY_ITSELF: &str = "(NOT c.relispartition OR EXISTS ( \
     SELECT 1 FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid \
     WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' \
       AND d.objid = pg_partition_root(c.oid) \
       AND d.objid <> ALL (coalesce(x.extconfig, '{}'))))";

/// Describes all tables; in a target, those of the ledger too.
pub fn describe(session: &mut Session) -> Result<Description> {
    let types = TypeCatalog::load(session)?;
    let mut description = Description {
        large_objects: session
            .query_value("SELECT count(*) FROM pg_largeobject_metadata")?
            .and_then(|count| count.parse().ok()),
        foreign: foreign_tables(session)?,
        ..Description::default()
    };
    let columns = columns_by_table(session, &types)?;
    let keys = keys_by_table(session)?;
    let partitions = partitions_by_root(session)?;
    for row in session.query(&relations_query())? {
        let relation = Relation::of(row)?;
        let own = columns.get(&relation.oid).cloned().unwrap_or_default();
        let parts = partitions.get(&relation.oid);
        let key = keys.get(&relation.oid).and_then(|keys| usable_key(keys, &own.written));
        let shape = TableShape {
            name: relation.name.clone(),
            columns: own.written,
            generated: own.generated,
            key,
            partitioned: relation.kind == "p",
            extent: relation.extent(parts),
            estimated_rows: relation.rows,
            largest_row: 0,
            renamed: None,
            whole_only: relation.may_call,
        };
        let unreadable = relation.unreadable(parts, &shape.extent);
        if let Some(kind) = relation.uncopied_kind() {
            // What an extension's own partitioned table holds is in its partitions.
            if relation.kind != "p" {
                description.uncopied.push(Uncopied { shape, kind, unreadable, is_empty: false });
            }
            continue;
        }
        if let Some(reason) = unreadable {
            description.unreadable.push((relation.name, reason));
            continue;
        }
        let local = parts.into_iter().flatten().filter(|part| !part.is_foreign);
        let partitions = local.map(|part| part.name.clone()).collect();
        let beside = Beside { generated: own.stored, partitions };
        if !beside.is_empty() {
            description.beside.insert(relation.name, beside);
        }
        description.tables.push(shape);
    }
    let large = stored_outside(session)?;
    for table in &mut description.tables {
        ask_about(session, table, large.contains(&table.name))?;
        if matches!(table.extent, Extent::Configuration(_)) && is_empty(session, table)? {
            description.empty_configuration.push(table.name.clone());
        }
    }
    for table in &mut description.uncopied {
        if table.unreadable.is_none() {
            let is_large = large.contains(&table.shape.name);
            ask_about(session, &mut table.shape, is_large)?;
        }
        if let UncopiedKind::OfExtension(_) = table.kind
            && table.unreadable.is_none()
        {
            table.is_empty = is_empty(session, &table.shape)?;
        }
    }
    Ok(description)
}

fn is_empty(session: &mut Session, table: &TableShape) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", from_table(table));
    Ok(matches!(session.attempt(|session| session.query_value(&sql))?, Ok(None)))
}

/// Tables and materialised views that hold rows, with what `Relation` takes.
fn relations_query() -> String {
    format!(
        "SELECT c.oid::text, n.nspname, c.relname, c.relkind::text, \
                CASE WHEN NOT (has_schema_privilege(n.oid, 'USAGE') \
                               AND has_table_privilege(c.oid, 'SELECT')) THEN 'no right' \
                     WHEN row_security_active(c.oid) THEN 'hidden rows' ELSE 'readable' END, \
                greatest(c.reltuples, 0)::int8::text, {CALLS_AT_PLANNING}::text, \
                x.extname, x.extcondition[array_position(x.extconfig, c.oid)] \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_depend e ON e.classid = 'pg_class'::regclass AND e.objid = c.oid \
              AND e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' \
         LEFT JOIN pg_extension x ON x.oid = e.refobjid \
         WHERE (c.relkind IN ('r', 'p') \
                OR c.relkind = 'm' AND c.relispopulated AND x.oid IS NULL) \
           AND {READ_BY_ITSELF} AND {OF_THE_PLATFORM} \
         ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\""
    )
}

/// A row of the catalog for something that has rows.
struct Relation {
    oid: String,
    name: TableName,
    kind: String,
    readable: String,
    rows: u64,
    /// Planning a query over it may call something.
    may_call: bool,
    extension: Option<String>,
    /// What its extension says about which of its rows are configuration.
    condition: Option<String>,
}

impl Relation {
    fn of(row: TextRow) -> Result<Self> {
        let Ok(
            [
                Some(oid),
                Some(schema),
                Some(name),
                Some(kind),
                Some(readable),
                Some(rows),
                Some(may_call),
                extension,
                condition,
            ],
        ) = <[Option<String>; 9]>::try_from(row)
        else {
            anyhow::bail!("the catalog gave an incomplete row for a table");
        };
        let name = TableName::new(schema, name);
        if condition.as_deref().is_some_and(|condition| !is_one_piece(condition)) {
            anyhow::bail!(
                "the catalog's condition for the rows of {name} (pg_extension.extcondition) is not one clause; it was \
                 not run, and no server's own programs can read it either"
            );
        }
        let rows = rows.parse().unwrap_or(0);
        let may_call = may_call == "true";
        Ok(Self { oid, name, kind, readable, rows, may_call, extension, condition })
    }

    fn uncopied_kind(&self) -> Option<UncopiedKind> {
        match &self.extension {
            _ if self.kind == "m" => Some(UncopiedKind::MaterializedView),
            Some(extension) if self.condition.is_none() => {
                Some(UncopiedKind::OfExtension(extension.clone()))
            }
            _ => None,
        }
    }

    fn extent(&self, parts: Option<&Vec<Part>>) -> Extent {
        if self.kind == "m" {
            return Extent::Computed;
        }
        if let Some(condition) = &self.condition {
            return Extent::Configuration(condition.trim().to_owned());
        }
        match parts {
            Some(parts) if parts.iter().any(|part| part.is_foreign) => Extent::LocalPartitions(
                parts.iter().filter(|p| !p.is_foreign).map(|p| p.name.clone()).collect(),
            ),
            _ => Extent::Whole,
        }
    }

    fn unreadable(&self, parts: Option<&Vec<Part>>, extent: &Extent) -> Option<String> {
        match self.readable.as_str() {
            "no right" => Some("the account may not read it; ask for SELECT on it".to_owned()),
            "hidden rows" => Some(HIDDEN_ROWS.to_owned()),
            // Its partitions are read one by one.
            _ if matches!(extent, Extent::LocalPartitions(_)) => {
                let part = parts.into_iter().flatten().find(|part| !part.is_readable)?;
                Some(format!(
                    "the account may not read every row of its partition {}; ask for SELECT on it, \
                     or for BYPASSRLS",
                    part.name
                ))
            }
            _ => None,
        }
    }
}

const HIDDEN_ROWS: &str = "row-level security hides rows from the account; ask for BYPASSRLS";

/// A partition that has no further ones.
struct Part {
    name: TableName,
    is_foreign: bool,
    is_readable: bool,
}

/// The partitions that hold rows, by the oid of the table that they are parts of.
fn partitions_by_root(session: &mut Session) -> Result<HashMap<String, Vec<Part>>> {
    let rows = session.query(
        "SELECT pg_partition_root(c.oid)::oid::text, n.nspname, c.relname, c.relkind = 'f', \
                c.relkind = 'f' OR has_schema_privilege(n.oid, 'USAGE') \
                  AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relispartition AND c.relkind IN ('r', 'f') \
         ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"",
    )?;
    let mut parts: HashMap<String, Vec<Part>> = HashMap::new();
    for row in rows {
        let [Some(root), Some(schema), Some(name), Some(foreign), Some(readable)] = row.as_slice()
        else {
            anyhow::bail!("the catalog gave an incomplete row for a partition");
        };
        parts.entry(root.clone()).or_default().push(Part {
            name: TableName::new(schema, name),
            is_foreign: foreign == "t",
            is_readable: readable == "t",
        });
    }
    Ok(parts)
}

/// Foreign tables of the platform, partitions among them.
pub fn foreign_tables(session: &mut Session) -> Result<Vec<ForeignTable>> {
    let rows = session.query(&format!(
        "SELECT n.nspname, c.relname, s.srvname, pn.nspname, p.relname \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_foreign_table f ON f.ftrelid = c.oid JOIN pg_foreign_server s ON s.oid = f.ftserver \
         LEFT JOIN pg_class p ON c.relispartition AND p.oid = pg_partition_root(c.oid) \
         LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace \
         WHERE {OF_THE_PLATFORM} \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                           AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\""
    ))?;
    rows.into_iter()
        .map(|row| {
            let [Some(schema), Some(name), Some(server), root_schema, root] = row.as_slice() else {
                anyhow::bail!("the catalog gave an incomplete row for a foreign table");
            };
            let root = root_schema.as_ref().zip(root.as_ref());
            Ok(ForeignTable {
                name: TableName::new(schema, name),
                server: server.clone(),
                root: root.map(|(schema, name)| TableName::new(schema, name)),
            })
        })
        .collect()
}

/// The columns of a table.
#[derive(Clone, Default)]
struct Columns {
    /// Those that hold what somebody wrote.
    written: Vec<Column>,
    /// Names of the generated ones.
    generated: Vec<String>,
    /// Those of them whose values are stored.
    stored: Vec<Column>,
}

/// Tables of which something is stored out of line, in parts of theirs too: no others have large
/// rows.
fn stored_outside(session: &mut Session) -> Result<HashSet<TableName>> {
    let rows = session.query(
        "SELECT DISTINCT n.nspname, c.relname \
         FROM pg_class part JOIN pg_class c ON c.oid = coalesce(pg_partition_root(part.oid)::oid, part.oid) \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE part.relkind = 'r' AND part.reltoastrelid <> 0 \
           AND pg_relation_size(part.reltoastrelid) > 0",
    )?;
    let name = |row: TextRow| {
        let mut values = row.into_iter().flatten();
        Some(TableName::new(values.next()?, values.next()?))
    };
    Ok(rows.into_iter().filter_map(name).collect())
}

/// Asks what only a look at the table itself tells: whether a query over it can be planned, where
/// something of the vendor's might stand before that, and how large its rows are.
fn ask_about(session: &mut Session, table: &mut TableShape, may_be_large: bool) -> Result<()> {
    table.whole_only = table.whole_only && !can_plan(session, table)?;
    if let Some(key) = &mut table.key {
        key.range_scan &= !table.whole_only;
    }
    if !may_be_large {
        return Ok(());
    }
    // Reading the table's rows will say what it is refused for.
    let largest = session.attempt(|session| largest_row(session, table))?;
    table.largest_row = largest.unwrap_or(0);
    Ok(())
}

/// Whether planning a query over `c` may look at expressions that call something: those of indexes
/// and of extended statistics, and of a partitioned table also those by which it is partitioned.
/// The planner inlines SQL functions, whose bodies name things as the database's own `search_path`
/// finds them, and runs immutable ones whose arguments are constants.
const CALLS_AT_PLANNING: &str = "(c.relkind = 'p' \
     OR EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid \
                AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) \
     OR EXISTS (SELECT 1 FROM pg_statistic_ext s WHERE s.stxrelid = c.oid \
                AND to_jsonb(s) ->> 'stxexprs' IS NOT NULL))";

/// Whether the server plans queries over a table under the pinned settings.
fn can_plan(session: &mut Session, table: &TableShape) -> Result<bool> {
    let planned = session.attempt(|session| {
        session.query(&format!("EXPLAIN (COSTS OFF) SELECT 1 FROM {}", from_table(table)))
    })?;
    match planned {
        Ok(_plan) => Ok(true),
        // Plain COPY will say the same, in the words of who reads.
        Err(refused) if refused.is_missing_right() => Ok(true),
        Err(_refused) => Ok(false),
    }
}

fn columns_by_table(
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
struct CandidateKey {
    name: String,
    columns: Vec<String>,
    /// Per column: whether its index order is the order of its bytes.
    byte_order: Vec<bool>,
}

/// Candidates per table, the best first: the primary key, then fewest columns, then name. A key
/// WITHOUT OVERLAPS (PostgreSQL 18) is one too: its index is an exclusion constraint's, and equal
/// values overlap.
fn keys_by_table(session: &mut Session) -> Result<HashMap<String, Vec<CandidateKey>>> {
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
fn usable_key(candidates: &[CandidateKey], columns: &[Column]) -> Option<Key> {
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

/// The longest row, asked for only where values are stored out of line: sizes of text and bytea
/// are known without fetching them.
fn largest_row(session: &mut Session, table: &TableShape) -> Result<u64> {
    let name = qualified(&table.name.schema, &table.name.name);
    let outside = session.query_value(&format!(
        "SELECT coalesce(sum(pg_relation_size(c.reltoastrelid)), 0)::text \
         FROM (SELECT {table}::regclass AS oid \
               UNION SELECT relid FROM pg_partition_tree({table}::regclass)) part \
         JOIN pg_class c ON c.oid = part.oid WHERE c.reltoastrelid <> 0",
        table = literal(&name),
    ))?;
    let outside: u64 = outside.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    if outside == 0 || table.whole_only {
        // No query tells which row it is of: it may be one.
        return Ok(outside);
    }
    let sizes: Vec<String> = table
        .columns
        .iter()
        .filter_map(|column| {
            let name = ident(&column.name);
            let size = match &column.ty {
                PgType::Text | PgType::Char | PgType::Bytea => format!("octet_length({name})"),
                PgType::Json => format!("octet_length({name}::text)"),
                PgType::Jsonb | PgType::Array(_) | PgType::Other | PgType::Numeric => {
                    format!("pg_column_size({name})")
                }
                _ => return None,
            };
            Some(format!("coalesce({size}, 0)::int8"))
        })
        .collect();
    if sizes.is_empty() {
        return Ok(0);
    }
    let largest = session
        .query_value(&format!(
            "SELECT coalesce(max({}), 0)::text FROM {}",
            sizes.join(" + "),
            from_table(table)
        ))
        .with_context(|| format!("cannot read {}", table.name))?;
    Ok(largest.and_then(|bytes| bytes.parse().ok()).unwrap_or(0))
}

/// `pg_type`, to find the codec behind domains and arrays.
struct TypeCatalog {
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
    fn load(session: &mut Session) -> Result<Self> {
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

    fn codec(&self, oid: &str) -> PgType {
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
