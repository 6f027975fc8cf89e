//! Names that PostgreSQL can keep, and no two of which are the same.
//!
//! Tables, indexes and sequences share one space of names within a schema. A name longer than
//! `NAMEDATALEN - 1` bytes is cut by the server without a word, and may then be another's.

use std::collections::BTreeSet;

use handover_schemas::digest::Digest;
use handover_schemas::plan::TableShape;

/// `NAMEDATALEN - 1`, as every distribution builds the server.
const NAME_BYTES_MAX: usize = 63;

/// `MaxHeapAttributeNumber`.
const COLUMNS_MAX: usize = 1600;

/// Columns that every table has without having declared them (`SysAtt` in `heap.c`).
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"];

/// Digits of a digest at the end of a name that had to be changed.
const DIGITS: usize = 8;

/// Why PostgreSQL cannot have a table, under the names that it would have there.
pub fn cannot_hold(shape: &TableShape) -> Option<String> {
    if shape.columns.len() > COLUMNS_MAX {
        return Some(format!(
            "it has {} columns, and a table of PostgreSQL's has room for {COLUMNS_MAX}; split it at \
             the source",
            shape.columns.len()
        ));
    }
    let mut problems = Vec::new();
    let target = shape.under_target_names();
    if let Some(problem) = name_problem(&target.name.name) {
        problems.push((String::from("its name"), problem, String::new()));
    }
    for (column, there) in shape.columns.iter().zip(&target.columns) {
        let problem = if SYSTEM_COLUMNS.contains(&there.name.as_str()) {
            Some("is that of a column which PostgreSQL adds to every table".to_owned())
        } else {
            name_problem(&there.name)
        };
        if let Some(problem) = problem {
            let rule = format!(", column = {}", quoted(&column.name));
            problems.push((format!("the name of its column {}", column.name), problem, rule));
        }
    }
    let (_, _, column) = problems.first()?;
    let rule = format!("[[rename]] table = {}{column}, to = …", quoted(&shape.name.to_string()));
    let problems: Vec<String> =
        problems.iter().map(|(what, problem, _)| format!("{what} {problem}")).collect();
    Some(format!("{}; give it another in handover.toml ({rule})", problems.join("; ")))
}

/// A string as `handover.toml` has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    let bytes = name.len();
    (bytes > NAME_BYTES_MAX)
        .then(|| format!("has {bytes} bytes, and PostgreSQL keeps {NAME_BYTES_MAX}"))
}

/// The names of a schema's relations, while more are made up.
#[derive(Debug, Default)]
pub(super) struct RelationNames {
    taken: BTreeSet<String>,
}

impl RelationNames {
    /// Begins with names that are fixed.
    pub(super) fn with(fixed: impl IntoIterator<Item = String>) -> Self {
        Self { taken: fixed.into_iter().collect() }
    }

    /// This name; where it is taken, empty or too long, its beginning and some digits of its digest.
    pub(super) fn make(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut attempt = 0_u32;
        while name.is_empty() || name.len() > NAME_BYTES_MAX || self.taken.contains(&name) {
            let kept = wanted.floor_char_boundary(NAME_BYTES_MAX - DIGITS - 1);
            let digest = Digest::of(format!("{attempt} {wanted}").as_bytes()).to_string();
            let (kept, digits) = (wanted.get(..kept), digest.get(..DIGITS));
            name = format!("{}_{}", kept.unwrap_or_default(), digits.unwrap_or_default());
            attempt += 1;
        }
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_differ() {
        let mut names = RelationNames::with(["t_a_key".to_owned()]);
        assert_eq!(names.make("t_pkey"), "t_pkey");
        let long = "Người được tiêm chủng tại cơ sở y tế tuyến huyện";
        let wanted = ["t_pkey", "t_pkey", "t_a_key", "", "", long, &format!("{long} 2"), long];
        let mut made: Vec<String> = wanted.iter().map(|wanted| names.make(wanted)).collect();
        assert!(made.iter().all(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX));
        assert!(made[5].starts_with("Người được tiêm chủng tại cơ sở"), "{made:?}");
        let again: Vec<String> = {
            let mut names = RelationNames::with(["t_a_key".to_owned(), "t_pkey".to_owned()]);
            wanted.iter().map(|wanted| names.make(wanted)).collect()
        };
        assert_eq!(made, again, "another run gives the same names");
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), wanted.len());
    }
}
