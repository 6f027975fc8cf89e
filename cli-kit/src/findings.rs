//! `findings/*.jsonl`: the keys behind findings, which neither a terminal nor a report shows.

use anyhow::{Context, Result};
use handover_schemas::chunk::KeyValue;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::TableShape;
use handover_schemas::report::FindingKind;
use serde::Serialize;

use crate::handover_dir::HandoverDir;
use crate::visible::as_json;

/// One line of a findings file.
#[derive(Clone, Debug, Serialize)]
pub struct KeyLine {
    /// `schema.name`.
    pub table: String,
    /// What sort of finding.
    pub kind: FindingKind,
    /// Column concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Key of the row; null for a table without a key.
    pub key: Option<KeyValue>,
}

/// A findings file that is being gathered.
pub struct FindingsFile<'a> {
    dir: &'a HandoverDir,
    name: &'static str,
    lines: Vec<u8>,
}

impl<'a> FindingsFile<'a> {
    /// A file that will replace the last one of its name.
    pub fn new(dir: &'a HandoverDir, name: &'static str) -> Self {
        Self { dir, name, lines: Vec::new() }
    }

    /// Where it will be.
    pub fn place(&self) -> String {
        self.dir.path().join(self.name).display().to_string()
    }

    /// Adds a line. Its values are exact; what must not reach a terminal is written as JSON's escapes.
    pub fn add(&mut self, line: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(line) {
            self.lines.extend_from_slice(as_json(&text).as_bytes());
            self.lines.push(b'\n');
        }
    }

    /// Writes the file; takes the last one away if there is nothing to say.
    pub fn finish(self) -> Result<()> {
        if self.lines.is_empty() {
            return self.dir.remove(self.name);
        }
        self.dir.write(self.name, &self.lines).context("cannot keep the findings").map(|_path| ())
    }
}

/// Whether a table's key may be an identity number, a phone number, a name.
pub fn key_holds_text(shape: &TableShape) -> bool {
    let Some(key) = &shape.key else { return true };
    key.columns.iter().filter_map(|at| shape.columns.get(*at)).any(|column| {
        matches!(
            column.ty,
            PgType::Text | PgType::Char | PgType::Json | PgType::Jsonb | PgType::Other
        )
    })
}
