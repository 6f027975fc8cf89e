//! The copied database: tables, as many as paper can hold, and the sums of the others.

use handover_schemas::attestation::{StatedCopy, StatedTable, TableState};
use serde_json::{Value, json};

use super::{ROWS_MAX, cut, sum};

/// What the minutes say of the copy.
pub(super) fn copy(copy: &StatedCopy) -> Value {
    let (printed, left) = divided(&copy.tables);
    json!({
        "source": copy.source,
        "stage": copy.stage,
        "settled": copy.settled,
        "root": copy.root,
        "runs": copy.runs,
        "runsCutOff": copy.runs_cut_off,
        "tables": printed,
        "left": sums(&left),
        "sums": sums(&copy.tables.iter().collect::<Vec<_>>()),
        "leftOut": cut(&copy.left_out, ROWS_MAX),
        "transforms": cut(&copy.transforms, ROWS_MAX),
    })
}

/// The tables that are printed, and the others. All of them if there is place; otherwise those that
/// are not settled come first, then those with most rows.
fn divided(tables: &[StatedTable]) -> (Vec<&StatedTable>, Vec<&StatedTable>) {
    let mut printed: Vec<&StatedTable> = tables.iter().collect();
    if printed.len() <= ROWS_MAX {
        return (printed, Vec::new());
    }
    printed.sort_by_key(|table| {
        (table.state == TableState::Settled, std::cmp::Reverse(table.rows), &table.name)
    });
    let left = printed.split_off(ROWS_MAX);
    printed.sort_by_key(|table| &table.name);
    (printed, left)
}

fn sums(tables: &[&StatedTable]) -> Value {
    let settled = tables.iter().filter(|table| table.state == TableState::Settled).count();
    json!({
        "tables": tables.len().to_string(),
        "settled": settled.to_string(),
        "rows": sum(tables.iter().map(|table| table.rows)),
        "bytes": sum(tables.iter().map(|table| table.bytes)),
    })
}
