//! SQL about the files of a rule's evidence.

use anyhow::{Result, bail};
use handover_engine::sql::ident;
use handover_schemas::config::Winner;
use handover_verify::ledger::evidence::Evidence;

use super::PurgeDatabase;
use crate::ledger::Store;

/// What `evidence` stands for in a rule, and the number of the file that a line is of. Several files are
/// one table that has the columns which all of them have.
pub(super) fn files_source(
    store: &dyn Store,
    files: &[Evidence],
    rule: [&str; 2],
    wins: Option<&Winner>,
) -> Result<(String, &'static str)> {
    let has = |file: &Evidence, column: &str| file.columns.iter().any(|one| one == column);
    if let Some(Winner::Latest(column)) = wins
        && let Some(file) = files.iter().find(|file| !has(file, column))
    {
        bail!("wins = {{ latest = {column:?} }}: the evidence {} has no such column", file.name);
    }
    let table = |file: &Evidence| store.table(&format!("evidence_{}", file.name));
    let [first, others @ ..] = files else { bail!("the rule rests on no evidence") };
    if others.is_empty() {
        return Ok((table(first), "0"));
    }
    let used = rule.iter().flat_map(|sql| named_columns(&first.columns, sql));
    for column in used {
        if let Some(file) = others.iter().find(|file| !has(file, &column)) {
            bail!(
                "the rule's on and where name a column that the evidence {} has and {} has not: files that \
                 answer the same question have the same columns",
                first.name,
                file.name
            );
        }
    }
    let shared = first.columns.iter().filter(|column| others.iter().all(|file| has(file, column)));
    let columns = std::iter::once("line_no".to_owned()).chain(shared.map(|column| ident(column)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let parts: Vec<String> = files
        .iter()
        .enumerate()
        .map(|(number, file)| {
            format!("SELECT {number} AS handover_file, {columns} FROM {}", table(file))
        })
        .collect();
    Ok((format!("({})", parts.join(" UNION ALL ")), "evidence.handover_file"))
}

/// The columns of evidence that a piece of SQL names, as `evidence.NAME` or `evidence."NAME"`.
pub(super) fn named_columns(columns: &[String], sql: &str) -> Vec<String> {
    let sql = sql.to_lowercase();
    let is_named = |column: &&String| {
        let column = column.to_lowercase();
        let quoted = format!("evidence.{}", ident(&column));
        let plain = format!("evidence.{column}");
        let ends =
            |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        sql.contains(&quoted)
            || sql
                .match_indices(&plain)
                .any(|(at, found)| sql.get(at + found.len()..).is_some_and(ends))
    };
    columns.iter().filter(is_named).cloned().collect()
}

/// The day that a column of evidence has in it, as `YYYY-MM-DD`; NULL if it has none.
pub(super) fn day(database: &PurgeDatabase, column: &str) -> String {
    let column = format!("evidence.{}", ident(column));
    match database {
        PurgeDatabase::Postgres(_) => {
            let text = format!("btrim({column})");
            let (day, month) = ("(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|1[0-2])");
            format!(
                "CASE WHEN {text} ~ '^[0-9]{{4}}-{month}-{day}([ T].*)?$' THEN substr({text}, 1, 10) \
                 WHEN {text} ~ '^{day}/{month}/[0-9]{{4}}( .*)?$' THEN {} END COLLATE \"C\"",
                turned(&text)
            )
        }
        PurgeDatabase::Sqlite(_) => {
            let text = format!("trim({column})");
            let (two, four) = ("[0-9][0-9]", "[0-9][0-9][0-9][0-9]");
            let is = |form: &str, behind: &str| {
                format!("({text} GLOB '{form}' OR {text} GLOB '{form}{behind}*')")
            };
            let between = |from: u8, least: &str, most: &str| {
                format!("substr({text}, {from}, 2) BETWEEN '{least}' AND '{most}'")
            };
            format!(
                "CASE WHEN {} AND {} AND {} THEN substr({text}, 1, 10) \
                 WHEN {} AND {} AND {} THEN {} END",
                is(&format!("{four}-{two}-{two}"), "[ T]"),
                between(6, "01", "12"),
                between(9, "01", "31"),
                is(&format!("{two}/{two}/{four}"), " "),
                between(1, "01", "31"),
                between(4, "01", "12"),
                turned(&text)
            )
        }
    }
}

/// Characters that people do not see or that programs add: white space of Unicode, format characters, and
/// the apostrophe by which a spreadsheet program keeps a number as text.
const NOT_WRITTEN_BY_HAND: [u32; 36] = [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x27, 0x85, 0xa0, 0xad, 0x1680, 0x180e, 0x2000, 0x2001,
    0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x200b, 0x200c, 0x200d,
    0x200e, 0x200f, 0x2019, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff,
];

/// The values of some columns of a line as one text that is the same for values of which one is written
/// with blanks, in other case, as a number with a fraction (`38.0`), or has lost zeros at its beginning.
/// It is empty if all of them are.
pub(super) fn tidied(database: &PurgeDatabase, columns: &[String]) -> String {
    let character = match database {
        PurgeDatabase::Postgres(_) => "chr",
        PurgeDatabase::Sqlite(_) => "char",
    };
    let tidied = |column: &String| {
        let mut text = format!("coalesce(evidence.{}, '')", ident(column));
        for code in NOT_WRITTEN_BY_HAND {
            text = format!("replace({text}, {character}({code}), '')");
        }
        // A fraction of zero, as programs add it that read a column as floating-point numbers.
        let whole = format!("replace({text} || ' ', '.0 ', '')");
        format!("upper(ltrim(trim({whole}), '0'))")
    };
    match columns {
        [] => "''".to_owned(),
        [one] => tidied(one),
        several => {
            let all: Vec<String> = several.iter().map(tidied).collect();
            format!("nullif({}, '{}')", all.join(" || '/' || "), "/".repeat(all.len() - 1))
        }
    }
}

/// `DD/MM/YYYY` as `YYYY-MM-DD`.
fn turned(text: &str) -> String {
    format!("substr({text}, 7, 4) || '-' || substr({text}, 4, 2) || '-' || substr({text}, 1, 2)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_a_rule_names() {
        let columns: Vec<String> = ["id", "identity", "Kết quả", "x"].map(str::to_owned).to_vec();
        let named = |sql: &str| named_columns(&columns, sql);
        assert_eq!(named("evidence.identity = CAST(s.id AS text)"), ["identity"]);
        assert_eq!(named("EVIDENCE.\"Kết quả\" = 'x' AND evidence.id=s.x"), ["id", "Kết quả"]);
        assert_eq!(named("trim(evidence.x) = s.id"), ["x"]);
    }
}
