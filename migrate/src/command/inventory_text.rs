//! The inventory as people read it.

use handover_cli_kit::output::{Lines, grouped};
use handover_schemas::config::Letter;
use handover_schemas::package::inventory::{
    DeliverableState, Inventory, InventoryComponent, InventoryLine,
};

/// Digits of a commit that are shown.
const COMMIT_DIGITS: usize = 12;

/// A matrix of components and deliverables, then each line with its letters and sums.
pub(super) fn inventory_text(inventory: &Inventory) -> Lines {
    let mut out = Lines::new();
    matrix(&mut out, inventory);
    for component in &inventory.components {
        writeln!(out);
        writeln!(out, "{}  {}", component.id, component.name_vi);
        for line in &component.deliverables {
            line_text(&mut out, line);
        }
        if let Some(seal) = component.seal {
            writeln!(out, "  seal {seal}");
        }
    }
    out
}

/// One row a component, one column a kind (and name) of deliverable.
fn matrix(out: &mut Lines, inventory: &Inventory) {
    let mut columns: Vec<&str> = Vec::new();
    for line in inventory.components.iter().flat_map(|component| &component.deliverables) {
        if !columns.contains(&line.id.as_str()) {
            columns.push(&line.id);
        }
    }
    let first = inventory.components.iter().map(|component| component.id.len()).max();
    let first = first.unwrap_or(0).max("component".len());
    let mut row = format!("{:<first$}", "component");
    for column in &columns {
        row.push_str(&format!("  {column:<12}"));
    }
    writeln!(out, "{}", row.trim_end());
    for component in &inventory.components {
        let mut row = format!("{:<first$}", component.id);
        for column in &columns {
            let width = column.len().max(12);
            row.push_str(&format!("  {:<width$}", cell(component, column)));
        }
        writeln!(out, "{}", row.trim_end());
    }
}

fn cell(component: &InventoryComponent, column: &str) -> String {
    match component.deliverables.iter().find(|line| line.id == column) {
        // Not asked for of this component.
        None => "-".to_owned(),
        Some(line) if line.state == DeliverableState::Missing => "MISSING".to_owned(),
        Some(line) => line.state.as_str().to_owned(),
    }
}

fn line_text(out: &mut Lines, line: &InventoryLine) {
    let mut parts = Vec::new();
    if matches!(line.state, DeliverableState::Received | DeliverableState::Verified) {
        let unit = match (line.rows.is_some(), line.files) {
            (true, 1) => "table",
            (true, _) => "tables",
            (false, 1) => "file",
            (false, _) => "files",
        };
        parts.push(format!("{} {unit}", grouped(line.files)));
        parts.extend(line.rows.map(|rows| format!("{} rows", grouped(rows))));
        parts.push(format!("{} bytes", grouped(line.bytes)));
        let commit = line.commit.iter().map(|commit| commit.chars().take(COMMIT_DIGITS).collect());
        parts.extend(commit.map(|digits: String| format!("commit {digits}")));
    }
    match line.findings {
        0 => {}
        1 => parts.push("1 finding".to_owned()),
        count => parts.push(format!("{} findings", grouped(count))),
    }
    let said = format!("  {:<14} {:<9} {}", line.id, line.state.as_str(), parts.join(", "));
    writeln!(out, "{}", said.trim_end());
    let letters = |letters: &[Letter]| {
        let texts: Vec<String> =
            letters.iter().map(|one| format!("{} ({})", one.number, one.date)).collect();
        texts.join(", ")
    };
    let mut asked = Vec::new();
    if !line.requested.is_empty() {
        asked.push(format!("requested {}", letters(&line.requested)));
    }
    if let Some(promised) = &line.promised {
        asked.push(format!("promised {}", letters(std::slice::from_ref(promised))));
    }
    if !asked.is_empty() {
        writeln!(out, "{:27}{}", "", asked.join("; "));
    }
}
