//! Tables that are left out of the hand-over on purpose: told, not compared.

use anyhow::{Result, bail};
use handover_engine::inventory::ObjectKind;
use handover_engine::inventory::difference::{ObjectChange, ObjectDifference};
use handover_engine::sql::ident;
use handover_schemas::config::LeaveOut;
use handover_schemas::leaf::logical_name;
use handover_schemas::name::TableName;
use handover_schemas::report::LeftOut;

use super::ends::Described;

/// The tables that are left out.
#[derive(Debug, Default)]
pub(super) struct LeftOutTables {
    /// Each with its reason, as the report has them.
    pub(super) report: Vec<LeftOut>,
    names: Vec<TableName>,
}

impl LeftOutTables {
    /// Takes them out of what both ends have. Refuses a table that the source does not have.
    pub(super) fn take_from(
        source: &mut Described,
        target: &mut Described,
        leave_out: &[LeaveOut],
    ) -> Result<Self> {
        let mut left_out = Self::default();
        for wanted in leave_out {
            let Some(name) = find(source, &wanted.table) else {
                bail!(
                    "the source has no table {}, which is to be left out; a table is named \
                     schema.name, as the source has it",
                    wanted.table
                );
            };
            // With a virtual table go the tables in which it keeps what it holds.
            let kept = source.virtual_tables.iter().filter(|table| table.name == name);
            let kept = kept.flat_map(|table| &table.own_tables);
            let kept = kept.map(|own| TableName::new(name.schema.as_str(), own.as_str()));
            let mut names: Vec<TableName> = kept.collect();
            names.push(name);
            for end in [&mut *source, &mut *target] {
                let is_left_out = |table: &TableName| names.iter().any(|name| is_same(table, name));
                let roots = std::mem::take(&mut end.foreign_partitions);
                let goes_with = |table: &TableName| {
                    roots.iter().any(|(part, root)| part == table && is_left_out(root))
                };
                end.tables.retain(|table| !is_left_out(&table.name));
                end.unreadable.retain(|(table, _)| !is_left_out(table) && !goes_with(table));
                end.virtual_tables.retain(|table| !is_left_out(&table.name));
                end.foreign_partitions = roots;
            }
            left_out
                .report
                .push(LeftOut { table: wanted.table.clone(), reason: wanted.reason.clone() });
            left_out.names.extend(names);
        }
        left_out.report.sort_by(|a, b| a.table.cmp(&b.table));
        Ok(left_out)
    }

    /// Takes away what differs because of these tables: all that belongs to them or to their
    /// partitions, and foreign keys of other tables that point at them and that the target lacks.
    /// The latter are returned, to be told.
    pub(super) fn take_objects(&mut self, objects: &mut Vec<ObjectDifference>) -> Vec<String> {
        self.add_partitions(objects);
        let mut pointing = Vec::new();
        objects.retain(|object| {
            if object.table.as_ref().is_some_and(|table| self.has(table)) {
                return false;
            }
            let Some(table) = self.referenced_by(object) else { return true };
            pointing.push(format!(
                "foreign key {}, which the target lacks because {table} is left out",
                object.name
            ));
            false
        });
        pointing
    }

    fn has(&self, table: &TableName) -> bool {
        self.names.iter().any(|name| is_same(name, table))
    }

    /// The table at which a foreign key points that the target lacks.
    fn referenced_by(&self, object: &ObjectDifference) -> Option<&TableName> {
        if (object.kind, object.what) != (ObjectKind::ForeignKey, ObjectChange::Missing) {
            return None;
        }
        let definition = object.source.as_deref()?;
        let points_at = |table: &&TableName| {
            let mut ways = written(table).into_iter();
            ways.any(|name| definition.contains(&format!(" REFERENCES {name}(")))
        };
        self.names.iter().find(points_at)
    }

    /// Counts the partitions, and theirs, among the tables left out.
    fn add_partitions(&mut self, objects: &[ObjectDifference]) {
        let mut at = 0;
        while let Some(parent) = self.names.get(at).cloned() {
            let prefixes = written(&parent).map(|name| format!("PARTITION OF {name} "));
            let is_partition = |object: &&ObjectDifference| {
                let definition = object.source.as_deref().unwrap_or_default();
                object.kind == ObjectKind::PartitionBound
                    && prefixes.iter().any(|prefix| definition.starts_with(prefix))
            };
            let partitions = objects.iter().filter(is_partition);
            let partitions = partitions.filter_map(|object| object.table.clone());
            self.names.extend(partitions.collect::<Vec<_>>());
            at += 1;
        }
    }
}

/// How PostgreSQL may write a table in a definition: it quotes a name where it has to.
fn written(table: &TableName) -> [String; 4] {
    let ways = |name: &str| [name.to_owned(), ident(name)];
    let ([schema, quoted_schema], [name, quoted_name]) = (ways(&table.schema), ways(&table.name));
    [
        format!("{schema}.{name}"),
        format!("{schema}.{quoted_name}"),
        format!("{quoted_schema}.{name}"),
        format!("{quoted_schema}.{quoted_name}"),
    ]
}

fn find(end: &Described, wanted: &str) -> Option<TableName> {
    let tables = end.tables.iter().map(|table| &table.name);
    let unreadable = end.unreadable.iter().map(|(table, _)| table);
    let virtual_tables = end.virtual_tables.iter().map(|table| &table.name);
    let mut names = tables.chain(unreadable).chain(&end.without_rows).chain(virtual_tables);
    names.find(|name| name.to_string() == wanted).cloned()
}

/// Whether names of two ends stand for the same table, whatever engines they are of.
fn is_same(one: &TableName, other: &TableName) -> bool {
    logical_name(one) == logical_name(other)
}
