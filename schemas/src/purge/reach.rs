//! What a deletion reaches beside the rows on its list. It was tried, on a few rows that were put
//! back at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::TableName;
use crate::signing::statement::U64Text;

/// What was seen when one row of each table was deleted and put back, and which copies of the rows
/// the catalog knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The account of the database with whose rights it was tried; absent for a file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// Table by table, in the order of the selection.
    pub tables: Vec<TriedTable>,
    /// Materialised views that read one of the tables: what was deleted stays in them until they are
    /// refreshed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub views: Vec<TableName>,
    /// Columns that may name large objects, which are neither archived nor deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub objects: Vec<ObjectColumn>,
    /// Tables from which one of the tables inherits, directly or not: rows disappear from them too.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parents: Vec<TableName>,
}

/// What deleting rows of one table did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedTable {
    /// The table.
    pub name: TableName,
    /// Rows that were deleted and put back; none if no row could be tried.
    pub tried: U64Text,
    /// Triggers that act when its rows are deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub triggers: Vec<String>,
    /// Rows of other tables that were written.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub writes: Vec<Writes>,
}

/// Rows of one table that triggers wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Writes {
    /// The table.
    pub table: TableName,
    /// Rows that came.
    pub inserted: U64Text,
    /// Rows that were changed.
    pub updated: U64Text,
    /// Rows that went.
    pub deleted: U64Text,
}

/// A column of one of the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectColumn {
    /// The table.
    pub table: TableName,
    /// The column.
    pub column: String,
}

impl Reach {
    /// What was seen now and is not in what was seen, and signed, before: one line each.
    pub fn beyond(&self, signed: &Self) -> Vec<String> {
        let mut beyond = Vec::new();
        for table in &self.tables {
            let before = signed.tables.iter().find(|one| one.name == table.name);
            for trigger in &table.triggers {
                if before.is_none_or(|before| !before.triggers.contains(trigger)) {
                    beyond.push(format!("the trigger {trigger} of {}", table.name));
                }
            }
            for writes in &table.writes {
                let known =
                    |before: &TriedTable| before.writes.iter().any(|one| one.table == writes.table);
                if before.is_none_or(|before| !known(before)) {
                    let name = &table.name;
                    beyond.push(format!("rows of {} when rows of {name} go", writes.table));
                }
            }
        }
        let views = self.views.iter().filter(|view| !signed.views.contains(view));
        beyond.extend(views.map(|view| format!("the materialised view {view}")));
        let objects = self.objects.iter().filter(|column| !signed.objects.contains(column));
        beyond.extend(objects.map(|one| format!("large objects of {}.{}", one.table, one.column)));
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(trigger: &str, written: &str) -> Reach {
        let name = TableName::new("public", "doses");
        let writes = Writes {
            table: TableName::new("public", written),
            inserted: 1.into(),
            updated: 0.into(),
            deleted: 0.into(),
        };
        let table = TriedTable {
            name,
            tried: 1.into(),
            triggers: vec![trigger.into()],
            writes: vec![writes],
        };
        Reach { tables: vec![table], ..Reach::default() }
    }

    #[test]
    fn what_nobody_signed_is_named() {
        let signed = reach("audit", "log");
        assert!(signed.beyond(&signed).is_empty());
        assert_eq!(reach("other", "log").beyond(&signed), ["the trigger other of public.doses"]);
        assert_eq!(
            reach("audit", "copies").beyond(&signed),
            ["rows of public.copies when rows of public.doses go"]
        );
        let views = vec![TableName::new("public", "report")];
        assert_eq!(
            Reach { views, ..signed.clone() }.beyond(&signed),
            ["the materialised view public.report"]
        );
    }
}
