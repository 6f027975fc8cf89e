//! The rehearsal's `handover.toml`.

use crate::target::postgres::Owner;

/// The text of `handover.toml`: both databases and everything that [`deliver`](super::deliver)
/// makes, with paths from a folder beside `deliveries/` and `photos/`.
///
/// The table with the photos is named as the source has it: the platform is in schema `public` of a
/// PostgreSQL database, and in `main` of an SQLite file.
pub(crate) fn config_text(source_url: &str, target_url: &str, owner: Option<&Owner>) -> String {
    let owner = owner
        .map_or_else(String::new, |owner| format!("\nowner = {}", toml_string(&owner.to_string())));
    let schema = if source_url.starts_with("sqlite:") { "main" } else { "public" };
    include_str!("handover.toml")
        .replace("{schema}", schema)
        .replace("{source}", &toml_string(source_url))
        .replace("{target}", &format!("{}{owner}", toml_string(target_url)))
}

/// A text as TOML writes it, quotes included.
fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
