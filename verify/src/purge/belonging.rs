//! Which archive belongs to which selection.

use handover_schemas::archive::manifest::ArchiveManifest;
use handover_schemas::purge::record::Selection;

/// Whether an archive says of itself that it holds what was selected: in the same database, the
/// same tables with the same rows, under the same root. That it does hold it is told by its leaves.
pub fn is_archive_of(manifest: &ArchiveManifest, selection: &Selection) -> bool {
    let selected = selection.tables.iter().map(|table| (table.name(), table.listed));
    let archived = manifest.tables.iter().map(|table| (&table.name, table.lines));
    manifest.root == selection.root
        && manifest.leaves == selection.rows
        && manifest.origin == selection.origin
        && manifest.database == selection.database
        && selected.eq(archived)
}
