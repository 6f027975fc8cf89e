//! What the population database sent back, as a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use rusqlite::Connection;

/// Writes the results as CSV, from the platform as it was built: who was asked about, and what the
/// answer was.
pub(super) fn write(rehearsal: &HandoverDir, platform: &Path) -> Result<PathBuf> {
    let place = || format!("cannot read {}", platform.display());
    let connection = Connection::open(platform).with_context(place)?;
    let mut statement = connection
        .prepare("SELECT subject_id, result FROM verification_results ORDER BY subject_id")
        .with_context(place)?;
    let mut rows = statement.query([]).with_context(place)?;
    let mut text = String::from("subject_id,result\n");
    while let Some(row) = rows.next().with_context(place)? {
        let (subject, result): (i64, String) =
            (row.get(0).with_context(place)?, row.get(1).with_context(place)?);
        text.push_str(&format!("{subject},{result}\n"));
    }
    rehearsal.write("deliveries/population-database/results.csv", text.as_bytes())
}

/// A person of whom the population database knows nothing, with at least two doses: who comes back
/// later, in the rehearsal.
pub(super) fn somebody(platform: &Path) -> Result<String> {
    let place = || format!("cannot read {}", platform.display());
    let connection = Connection::open(platform).with_context(place)?;
    let sql = "SELECT r.subject_id FROM verification_results r \
               JOIN doses d ON d.subject_id = r.subject_id \
               WHERE r.result = 'cannot be verified' \
               GROUP BY r.subject_id ORDER BY count(*) DESC, r.subject_id LIMIT 1";
    let id: i64 = connection.query_row(sql, [], |row| row.get(0)).with_context(place)?;
    Ok(id.to_string())
}
