//! `handover.toml`: what a hand-over consists of, as people wrote it down.
//!
//! An unknown key is an error: a misspelt one would otherwise be a wish that nobody hears. This
//! file has the shape; [`Config::check`] has the rules that a shape cannot say.

mod check;
mod check_purge;
mod figures;
mod file_reference;
mod minutes;
mod purge;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::ConfigError;
pub(crate) use check::{is_name, name_rule};
pub use figures::FiguresConfig;
pub use file_reference::{FileReference, PathReading, Prefixes};
pub use minutes::{Commitment, MinutesConfig, Party, Representative};
pub use purge::{
    ArchiveRecipient, ChangedColumn, PurgeConfig, PurgeRule, ResidualCopy, ResidualCopyKind,
    RuleEvidence, SearchColumns, Summary, Winner,
};

/// Name of the file in the hand-over folder.
pub const CONFIG_FILE: &str = "handover.toml";

/// JSON Schema of the file, for editors.
pub const CONFIG_SCHEMA: &str = include_str!("../../json/handover-config.schema.json");

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The vendor's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<End>,
    /// The ministry's database, which also holds the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<End>,
    /// Tables that are not copied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<LeaveOut>,
    /// Tables and columns of a SQLite source that PostgreSQL calls otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rename: Vec<Rename>,
    /// Types of columns of a SQLite source, where its declarations do not say what the target's are
    /// to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub map_type: Vec<MapType>,
    /// What people say of the code in the vendor's database.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vendor_code: VendorCodeConfig,
    /// How packages are made.
    #[serde(default)]
    pub package: PackageConfig,
    /// What is to be handed over, component by component.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub component: Vec<Component>,
    /// Columns that name files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_reference: Vec<FileReference>,
    /// How records that nobody can verify are backed up and deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub purge: PurgeConfig,
    /// Reported figures that must add up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub figures: FiguresConfig,
    /// What the minutes of the hand-over say besides what was done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub minutes: MinutesConfig,
}

fn is_default<T: Default + PartialEq>(section: &T) -> bool {
    *section == T::default()
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// `postgres://user@host:port/database` or `sqlite:path`. No password: that belongs into
    /// `.pgpass` or `PGPASSWORD`.
    pub url: String,
    /// Of a PostgreSQL target: the role that owns the platform's objects there, and as which code of the vendor's runs while
    /// it is copied. `account` runs it with the account's own rights, which reach the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Code in the vendor's database that runs in the target while it is copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorCodeConfig {
    /// SHA-256 of `schema/vendor-code.sql`, once somebody has read that file: a copy runs no other code. `unread` lets it
    /// run though nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<String>,
}

/// A table that is not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveOut {
    /// `schema.name`, as the source has it.
    pub table: String,
    /// Why. It stands in the ledger and in reports.
    pub reason: String,
}

/// A table, or a column of one, that has another name in the target: PostgreSQL keeps 63 bytes of a
/// name, and has some of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// `main.name` of the table, as the source has it.
    pub table: String,
    /// The column, as the source has it; the table itself if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The name in the target, without a schema.
    pub to: String,
}

impl Rename {
    /// What is renamed: `main.table` or `main.table.column`.
    pub fn what(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.table),
            None => self.table.clone(),
        }
    }
}

/// The type of a column of a SQLite source in a PostgreSQL target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapType {
    /// `schema.name` of the table, as the source has it.
    pub table: String,
    /// The column.
    pub column: String,
    /// PostgreSQL's type, such as `timestamptz`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How stored values are read as values of it, such as `milliseconds since 1970-01-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl MapType {
    /// Type and rule as `--map-type` takes them.
    pub fn chosen(&self) -> String {
        match &self.rule {
            None => self.type_name.clone(),
            Some(rule) => format!("{}, {rule}", self.type_name),
        }
    }
}

/// How packages are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageConfig {
    /// Also list SHA-512 digests.
    #[serde(default)]
    pub sha512: bool,
    /// Compress every file with zstd.
    #[serde(default)]
    pub compress: bool,
    /// age recipients (`age1…`) to whom everything is encrypted; nothing is encrypted if there
    /// are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
}

/// One part of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Short name, also of its package: lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// What it is called, in Vietnamese.
    pub name_vi: String,
    /// What it is called, in English.
    pub name_en: String,
    /// What is to be handed over of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliverable: Vec<Deliverable>,
}

/// One thing to be handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliverable {
    /// What sort of thing.
    pub kind: DeliverableKind,
    /// Tells several of one kind apart: lower-case letters, digits, `_` and `-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Letters that asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requested: Vec<Letter>,
    /// The letter that promised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Letter>,
    /// Where it was delivered, from the hand-over folder. Absent: nothing was delivered. Kind
    /// `database` has none if it is the database that is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How it was delivered.
    #[serde(default)]
    pub form: DeliverableForm,
    /// The vendor's own checksum file, from `path` (`md5sum`, `sha1sum`, `sha256sum` or
    /// `sha512sum` format).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksums: Option<String>,
}

/// What sort of thing is handed over.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DeliverableKind {
    /// Source code.
    SourceCode,
    /// What is installed: programs, images.
    Installer,
    /// The database.
    Database,
    /// Documents.
    Document,
    /// A store of files, such as photos.
    Files,
    /// Configuration of servers and services.
    Configuration,
}

impl DeliverableKind {
    /// The word in the config, in packages and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SourceCode => "source_code",
            Self::Installer => "installer",
            Self::Database => "database",
            Self::Document => "document",
            Self::Files => "files",
            Self::Configuration => "configuration",
        }
    }
}

impl fmt::Display for DeliverableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How something was delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliverableForm {
    /// A folder with everything in it.
    #[default]
    Folder,
    /// One file.
    File,
    /// A git repository: everything its references lead to.
    Git,
}

/// An official letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Its number, such as `810/BYT-CNTT`.
    pub number: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
}

impl Deliverable {
    /// What it is called within its component: `kind`, or `kind/name`.
    pub fn id(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{name}", self.kind),
            None => self.kind.as_str().to_owned(),
        }
    }
}
