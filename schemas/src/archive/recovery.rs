//! `RECOVERY.md` of an archive: how to get one record, or a whole table, back with `age`, `zstd`,
//! `sha256sum` and `psql`. Every command of it is run by a test, as it stands there.

use super::manifest::{ArchiveManifest, ArchivedColumn, ArchivedTable};
use crate::quoting::{filled, markdown_code, markdown_text, shell_word, sql_name};

const TEMPLATE: &str = include_str!("recovery.md");

/// The text for an archive.
pub fn recovery_text(identifier: &str, archive: &ArchiveManifest) -> String {
    let keepers: Vec<String> = archive
        .key_keepers
        .iter()
        .map(|keeper| {
            let escrow = if keeper.escrow { " (ký gửi / escrow)" } else { "" };
            format!("{}{escrow}", markdown_text(&keeper.name))
        })
        .collect();
    let tables: String = archive.tables.iter().map(table_text).collect();
    // The identity of a SQLite file ends so.
    let is_file = archive.database.ends_with(" sqlite");
    let loads: String = archive.tables.iter().map(|table| load_text(table, is_file)).collect();
    let loads = if is_file { format!("{OF_A_FILE}{loads}") } else { loads };
    let first = archive.tables.first();
    let example = first.map_or_else(String::new, |table| {
        let key = table.key.first().map_or(1, |position| position + 1);
        markdown_code(&format!("TABLE={} COLUMN={key} VALUE=…", shell_word(&table.folder)))
    });
    let back = first.map_or_else(String::new, |table| {
        let (to, from) = (in_use(table), recovered(table));
        markdown_code(&format!("INSERT INTO {to} SELECT * FROM recovered.{from} WHERE …"))
    });
    filled(
        TEMPLATE,
        &[
            ("identifier", &markdown_text(identifier)),
            ("reason_vi", &markdown_text(&archive.reason_vi)),
            ("reason_en", &markdown_text(&archive.reason_en)),
            ("legal_basis", &markdown_text(&archive.legal_basis.join(", "))),
            ("retain_until", &markdown_text(&archive.retain_until)),
            ("key_keepers", &keepers.join(", ")),
            ("example", &example),
            ("back", &back),
            ("tables", &tables),
            ("loads", &loads),
        ],
    )
}

fn table_text(table: &ArchivedTable) -> String {
    let columns: Vec<String> = (1..)
        .zip(&table.columns)
        .map(|(number, column)| {
            let (name, type_name) = (markdown_code(&column.name), markdown_text(&column.type_name));
            format!("{number} {name} ({type_name})")
        })
        .collect();
    format!(
        "{}: {}, {} dòng / rows\n\n{}\n\n",
        markdown_code(&table.folder),
        markdown_code(&table.name.to_string()),
        table.lines.rows,
        columns.join(", ")
    )
}

fn load_text(table: &ArchivedTable, is_file: bool) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let type_name = if is_file { "text" } else { type_in_any_database(column) };
            format!("{} {type_name}", sql_name(&column.name))
        })
        .collect();
    let names: Vec<String> = table.columns.iter().map(|column| sql_name(&column.name)).collect();
    // A table without rows has no chunks, and nothing to load.
    let copy = if table.chunks == 0 { "" } else { COPY_CHUNKS };
    let copy_in = format!("COPY recovered.{} ({}) FROM STDIN", recovered(table), names.join(", "));
    let copy = filled(
        copy,
        &[
            ("as text", if is_file { KEEP_TAGS } else { "" }),
            ("folder", &shell_word(&table.folder)),
            ("copy", &shell_word(&copy_in)),
        ],
    );
    format!(
        "{folder}:\n\n```sh\npsql -X -q -v ON_ERROR_STOP=1 -d \"$DATABASE\" \\\n    \
         -c 'SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS recovered' \\\n    -c {create}\n\
         {copy}```\n\n",
        folder = markdown_code(&table.folder),
        create = shell_word(&format!(
            "CREATE TABLE recovered.{} ({})",
            recovered(table),
            columns.join(", ")
        )),
    )
}

/// Loads every chunk of a table.
const COPY_CHUNKS: &str = r#"for CHUNK in data/rows/{folder}/*; do
    age -d -i "$IDENTITY" "$CHUNK" | zstd -dcq
done | {as text}psql -X -q -v ON_ERROR_STOP=1 -d "$DATABASE" \
    -c {copy}
"#;

/// What precedes the commands for rows of a SQLite file.
const OF_A_FILE: &str = "\
Các dòng là của một tệp SQLite, nơi cột nào cũng chứa được mọi giá trị: mọi cột được nạp thành `text`. Giá trị không thuộc \
lớp lưu trữ của cột có `\\I`, `\\R`, `\\T` hoặc `\\B` ở trước (schemas/FORMAT.md, 5.5); văn bản bắt đầu như vậy có thêm một `\\`.
The rows are of a SQLite file, whose columns hold anything: every column is loaded as `text`. A value that is not of its \
column's storage class has `\\I`, `\\R`, `\\T` or `\\B` before it (schemas/FORMAT.md, 5.5); a text that begins so has one `\\` more.

";

/// Keeps the backslash of a storage class, which COPY would drop, and gives texts that begin so
/// another one.
const KEEP_TAGS: &str =
    r"sed -E 's/(^|\t)((\\\\)+[IRTB])/\1\\\\\2/g; s/(^|\t)\\([IRTB])/\1\\\\\2/g' | ";

/// Types of the platform's own are not in every database; their texts are.
fn type_in_any_database(column: &ArchivedColumn) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _(),[]".contains(&byte);
    if column.type_name.bytes().all(is_plain) { &column.type_name } else { "text" }
}

fn recovered(table: &ArchivedTable) -> String {
    sql_name(&table.folder)
}

/// Where the rows would go in PostgreSQL: `main` of SQLite is its `public`.
fn in_use(table: &ArchivedTable) -> String {
    let schema = if table.name.schema == "main" { "public" } else { &table.name.schema };
    format!("{}.{}", sql_name(schema), sql_name(&table.name.name))
}
