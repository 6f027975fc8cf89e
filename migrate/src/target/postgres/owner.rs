//! Who the platform's objects belong to, and whose rights their code runs with.
//!
//! With a role of its own, every statement of structure runs inside a function of that role's which is `SECURITY
//! DEFINER`: there the server refuses to change the role or the session's user, to functions that are called from there
//! too (`check_role` and `check_session_authorization` behind `InLocalUserIdChange`, `guc.c` and `miscinit.c`). `SET ROLE`
//! alone would be undone by `RESET ROLE`. Rows come by `COPY`, which no function can run: they come under `SET LOCAL ROLE`.
//!
//! The function is made anew in the transaction that calls it. Its owner may replace it, and code of the vendor's runs as
//! its owner; but another session's change has to wait for our transaction, and one of our own session comes too late.

use std::fmt;
use std::str::FromStr;

use handover_engine::postgres::{MAKING_FUNCTION, PINNED, making_call};
use handover_engine::sql::{ident, literal};

use super::make::SETTINGS;

/// Who makes the platform's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The target's account, with all of its rights.
    #[default]
    Account,
    /// A role of which the account is a member.
    Role(String),
}

/// What a statement may set for itself alone, beside what is pinned: `pg_dump`'s settings.
const OF_STATEMENTS: [&str; 2] = ["check_function_bodies", "xmloption"];

impl Owner {
    /// The word for the account itself.
    pub const ACCOUNT: &'static str = "account";

    /// SQL that runs statements as the owner, whatever they call, within a transaction that is open.
    pub fn run(&self, sql: &str) -> String {
        let Self::Role(role) = self else { return sql.to_owned() };
        // What the statements set for themselves does not outlast them; what code that they call sets for the session
        // would (manual, CREATE FUNCTION), so that everything is set anew behind them. All of this goes to the server in
        // one text, which it takes apart before any of it runs.
        let names = PINNED.iter().map(|(name, _)| *name).chain(OF_STATEMENTS);
        let kept: Vec<String> = names.map(|name| format!("SET {name} FROM CURRENT")).collect();
        format!(
            "SET LOCAL ROLE {}; \
             CREATE OR REPLACE FUNCTION {MAKING_FUNCTION}(pg_catalog.text) RETURNS pg_catalog.void LANGUAGE plpgsql \
             SECURITY DEFINER {} AS 'BEGIN EXECUTE $1; END'; \
             SET LOCAL ROLE NONE; {} {} {SETTINGS};",
            ident(role),
            kept.join(" "),
            making_call(sql),
            pinned()
        )
    }

    /// Statements before rows are written, within a transaction.
    pub fn begin_rows(&self) -> String {
        match self {
            Self::Account => String::new(),
            Self::Role(role) => format!("SET LOCAL ROLE {};", ident(role)),
        }
    }

    /// Statements after rows were written, before the ledger is told.
    pub fn end_rows(&self) -> &'static str {
        match self {
            Self::Account => "",
            Self::Role(_) => "SET LOCAL ROLE NONE;",
        }
    }

    /// Statements that end a transaction. What was put off until then runs as the owner, and the session is as pinned
    /// afterwards as it was at first.
    /// `settings` are the session's beside those.
    pub fn commit(&self, settings: &str) -> String {
        let Self::Role(role) = self else { return "COMMIT;".to_owned() };
        format!("SET LOCAL ROLE {}; COMMIT; SET ROLE NONE; {} {settings}", ident(role), pinned())
    }
}

/// A statement after which the session is pinned as at its beginning.
fn pinned() -> String {
    let set = |(name, value): &(&str, &str)| {
        format!("pg_catalog.set_config({}, {}, false)", literal(name), literal(value))
    };
    let all: Vec<String> = PINNED.iter().map(set).collect();
    format!("SELECT {};", all.join(", "))
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err(format!("expected the name of a role, or {}", Self::ACCOUNT)),
            Self::ACCOUNT => Ok(Self::Account),
            role => Ok(Self::Role(role.to_owned())),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str(Self::ACCOUNT),
            Self::Role(role) => f.write_str(role),
        }
    }
}
