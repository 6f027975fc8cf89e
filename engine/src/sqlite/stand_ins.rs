//! Functions and collations that stand in for those that only the application has.
//!
//! SQLite prepares no statement that names a function or collation it does not know. With a stand-in it
//! does. What a stand-in computes is not what the application would compute, and must get nowhere.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Null;

use super::open::sqlite_error;

/// Names that stand for what only the application has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandIns {
    functions: BTreeSet<String>,
    collations: BTreeSet<String>,
}

impl StandIns {
    /// These names.
    pub fn new(
        functions: impl IntoIterator<Item = String>,
        collations: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            functions: functions.into_iter().collect(),
            collations: collations.into_iter().collect(),
        }
    }

    /// Whether anything has to stand in.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.collations.is_empty()
    }

    /// Whether a function has to stand in.
    pub fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    /// Takes in the names that others have.
    pub fn take_in(&mut self, mut others: Self) {
        self.functions.append(&mut others.functions);
        self.collations.append(&mut others.collations);
    }

    /// Forgets the collations, and gives their names.
    pub fn take_collations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.collations).into_iter().collect()
    }

    /// Adds what the error of an attempt says is missing, so that the attempt can be made again. Gives
    /// back what nothing can stand in for.
    pub fn supply(
        &mut self,
        connection: &Connection,
        missing: Missing,
    ) -> Result<Result<(), Missing>> {
        match missing {
            Missing::Function(name) if self.functions.insert(name.clone()) => {
                add_function(connection, &name)?;
            }
            Missing::Collation(name) if self.collations.insert(name.clone()) => {
                add_collation(connection, &name)?;
            }
            other => return Ok(Err(other)),
        }
        Ok(Ok(()))
    }

    /// Puts them into a connection.
    pub fn add(&self, connection: &Connection) -> Result<()> {
        self.add_functions(connection)?;
        self.collations.iter().try_for_each(|name| add_collation(connection, name))
    }

    /// Puts the functions into a connection.
    pub fn add_functions(&self, connection: &Connection) -> Result<()> {
        self.functions.iter().try_for_each(|name| add_function(connection, name))
    }

    /// Takes them out of a connection: from here on nothing can be computed with them.
    pub fn remove(&self, connection: &Connection) -> Result<()> {
        for name in &self.functions {
            connection.remove_function(name.as_str(), ANY_NUMBER).map_err(sqlite_error)?;
        }
        for name in &self.collations {
            connection.remove_collation(name.as_str()).map_err(sqlite_error)?;
        }
        Ok(())
    }
}

/// Number of arguments of a function that takes any.
const ANY_NUMBER: std::ffi::c_int = -1;

fn add_function(connection: &Connection, name: &str) -> Result<()> {
    // A schema may name only innocuous functions where it is not trusted.
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection
        .create_scalar_function(name, ANY_NUMBER, flags, |_arguments| Ok(Null))
        .map_err(sqlite_error)
}

fn add_collation(connection: &Connection, name: &str) -> Result<()> {
    let by_bytes = |one: &str, other: &str| -> Ordering { one.cmp(other) };
    connection.create_collation(name, by_bytes).map_err(sqlite_error)
}

/// What SQLite does not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A function.
    Function(String),
    /// A collation.
    Collation(String),
    /// Something else is wrong, in SQLite's words.
    Other(String),
}

impl Missing {
    /// SQLite has one code for all errors in a statement; only its message says which.
    pub fn of(error: &rusqlite::Error) -> Self {
        let message = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let after = |prefix: &str| message.strip_prefix(prefix).map(str::to_owned);
        if let Some(name) = after("no such collation sequence: ") {
            return Self::Collation(name);
        }
        if let Some(name) = after("no such function: ").or_else(|| after("unknown function: ")) {
            return Self::Function(name.trim_end_matches("()").to_owned());
        }
        Self::Other(message)
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function(name) => write!(f, "SQLite has no function {name}"),
            Self::Collation(name) => write!(f, "SQLite has no collation {name}"),
            Self::Other(message) => write!(f, "SQLite says: {message}"),
        }
    }
}
