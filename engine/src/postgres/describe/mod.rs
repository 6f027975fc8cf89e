//! What tables a PostgreSQL database has, from its catalog.

mod columns;
mod keys;
mod row_size;
mod types;

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use handover_schemas::name::TableName;
use handover_schemas::plan::{Extent, TableShape};

use self::columns::columns_by_table;
pub use self::keys::can_scan_ranges;
use self::keys::{keys_by_table, usable_key};
use self::row_size::{largest_row, stored_outside};
use self::types::TypeCatalog;
use super::beside::Beside;
use super::large_objects::large_objects;
use super::lexer::is_one_piece;
use super::read::from_table;
use super::session::{Session, TextRow};

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
        large_objects: large_objects(session)?,
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
