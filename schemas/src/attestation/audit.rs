//! What an auditor states after checking everything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signing::statement::{Predicate, Subject, U64Text};

/// What an auditor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Audit {
    /// Identity of the database; absent if no database was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database: Option<String>,
    /// The judgement on everything.
    pub verdict: CheckVerdict,
    /// Every check.
    pub checks: Vec<AuditedCheck>,
    /// What was not looked at, and what it would take.
    pub not_checked: Vec<String>,
    /// The head from elsewhere that the auditor gave; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head_given: Option<Digest>,
    /// Head of the chain of events that was found; absent if no ledger was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Digest>,
    /// The program that checked: name and version.
    pub program: String,
    /// SHA-256 of the program's file.
    pub program_sha256: Digest,
    /// When: `YYYY-MM-DDTHH:MM:SSZ`.
    pub audited_on: String,
}

/// The judgement of a check.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It was looked at, and is as it should be.
    Holds,
    /// It could not be looked at, or not at all of it.
    Unverified,
    /// It is not as it should be.
    Differs,
}

impl CheckVerdict {
    /// Of several verdicts any "differs" decides, else any "unverified".
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Holds)
    }

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Unverified => "unverified",
            Self::Differs => "does not hold",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuditedCheck {
    /// What was checked: `tables`, `package portal`, `purge 1`, …
    pub name: String,
    /// The judgement.
    pub verdict: CheckVerdict,
    /// How many things are not as they should be.
    pub findings: U64Text,
    /// SHA-256 of the check's own report, as JSON.
    pub report: Digest,
}

impl Predicate for Audit {
    const TYPE: &'static str = "urn:handover:audit:v1";
}

impl Audit {
    /// What it is about: the head of the chain and the reports of the checks.
    pub fn subjects(&self) -> Vec<Subject> {
        let head = self.head.map(|head| Subject::new("ledger-head", head));
        let checks = self.checks.iter().map(|check| Subject::new(&check.name, check.report));
        head.into_iter().chain(checks).collect()
    }
}
