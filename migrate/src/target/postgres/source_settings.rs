//! Settings under which the source's own database computes: generated columns, partitions, checks
//! and indexes may call functions that depend on them, whatever these promise.
//!
//! Sessions stay pinned, since digests and the wire rest on that. The source's settings hold while
//! rows are written or objects are made, and no longer.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::{Access, PINNED, Refused, Session};
use handover_engine::sql::literal;

/// What an expression can see, of what every server has. Encoding and row security are pinned for
/// good, and so is how literals are read.
const VISIBLE: [&str; 15] = [
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "array_nulls",
    "bytea_output",
    "default_text_search_config",
    "extra_float_digits",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "quote_all_identifiers",
    "search_path",
    "timezone_abbreviations",
    "xmlbinary",
    "xmloption",
];

/// How texts of the text wire are read, whatever the source's settings are: as they were printed.
const TEXT_WIRE: &str = "SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = content; \
     SET LOCAL array_nulls = on; ";

/// Settings by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSettings(BTreeMap<String, String>);

impl SourceSettings {
    /// Those of a list, e.g. of the ledger.
    pub fn of(list: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(list.into_iter().collect())
    }

    /// All, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Asks the source what a session has that sets nothing itself: what the database says, and else
    /// the server.
    ///
    /// What somebody set for the account alone says nothing of the database, and is left out.
    pub fn read(endpoint: &PostgresEndpoint, session: &mut Session) -> Result<Self> {
        let mut settings = BTreeMap::new();
        for Shown { name, setting, source } in shown(endpoint)? {
            if !matches!(source.as_str(), "user" | "database user" | "client" | "session") {
                settings.insert(name, setting);
            }
        }
        for (name, value) in of_database(session)? {
            let known = VISIBLE.iter().find(|visible| visible.eq_ignore_ascii_case(&name));
            if let Some(known) = known {
                settings.insert((*known).to_owned(), value);
            }
        }
        Ok(Self(settings))
    }

    /// Adds the database's settings that no server knows, which functions of the platform may ask
    /// for. They are asked for each time and written down nowhere: some keep a password there.
    pub fn add_own(&mut self, session: &mut Session) -> Result<()> {
        let own = of_database(session)?.into_iter().filter(|(name, _)| name.contains('.'));
        self.0.extend(own);
        Ok(())
    }

    /// Those that a target takes, and the names of those that it does not: a locale that its machine
    /// lacks, a setting of an extension that only an administrator may change.
    pub fn usable_at(&self, session: &mut Session) -> Result<(Self, Vec<String>)> {
        let (mut usable, mut refused) = (BTreeMap::new(), Vec::new());
        for (name, value) in &self.0 {
            session.execute("BEGIN")?;
            let set = session.execute(&set_config(name, value));
            session.execute("ROLLBACK")?;
            match set {
                Ok(()) => {
                    usable.insert(name.clone(), value.clone());
                }
                Err(error) if error.is::<Refused>() => refused.push(name.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok((Self(usable), refused))
    }

    /// What another database has otherwise of what decides about values: name, value here, value
    /// there.
    pub fn others_than<'s>(
        &'s self,
        other: &'s Self,
    ) -> impl Iterator<Item = (&'s str, &'s str, &'s str)> {
        let decides = |name: &str| {
            ["DateStyle", "IntervalStyle", "TimeZone", "default_text_search_config", "search_path"]
                .contains(&name)
        };
        other.iter().filter(move |(name, _)| decides(name)).filter_map(|(name, there)| {
            let here = self.0.get(name).map_or("not set", String::as_str);
            (here != there).then_some((name, here, there))
        })
    }

    /// Statements that make them hold until the transaction ends or [`pinned_again`] says otherwise.
    pub fn begin(&self) -> String {
        self.0.iter().map(|(name, value)| set_config(name, value)).collect()
    }

    /// The same for rows that travel as text.
    pub fn begin_text_wire(&self) -> String {
        format!("{}{TEXT_WIRE}", self.begin())
    }
}

/// Statements under which the rest of a transaction is as pinned as its session.
pub fn pinned_again() -> String {
    PINNED.iter().map(|(name, value)| set_config(name, value)).collect()
}

fn set_config(name: &str, value: &str) -> String {
    format!("SELECT pg_catalog.set_config({}, {}, true); ", literal(name), literal(value))
}

/// What `ALTER DATABASE … SET` said.
fn of_database(session: &mut Session) -> Result<Vec<(String, String)>> {
    let rows = session.query(
        "SELECT split_part(s, '=', 1), substr(s, strpos(s, '=') + 1) \
         FROM pg_db_role_setting r JOIN pg_database d ON d.oid = r.setdatabase, unnest(r.setconfig) s \
         WHERE d.datname = current_database() AND r.setrole = 0",
    )?;
    rows.into_iter()
        .map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(name), Some(value)]) => Ok((name, value)),
            _ => bail!("the catalog gave an incomplete row for a setting"),
        })
        .collect()
}

struct Shown {
    name: String,
    setting: String,
    source: String,
}

/// What a new session has before it sets anything.
fn shown(endpoint: &PostgresEndpoint) -> Result<Vec<Shown>> {
    let mut session = Session::open(endpoint, Access::ReadOnly, &Interrupt::default())?;
    session.execute(&format!("RESET {}", VISIBLE.join("; RESET ")))?;
    let names: Vec<String> = VISIBLE.iter().map(|name| literal(name)).collect();
    let rows = session.query(&format!(
        "SELECT name, setting, source FROM pg_catalog.pg_settings WHERE name IN ({})",
        names.join(", ")
    ))?;
    rows.into_iter()
        .map(|row| match <[Option<String>; 3]>::try_from(row) {
            Ok([Some(name), Some(setting), Some(source)]) => Ok(Shown { name, setting, source }),
            _ => bail!("the server gave an incomplete row for a setting"),
        })
        .collect()
}
