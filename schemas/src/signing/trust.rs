//! `trust.toml`: whose keys are whose, and what each person may sign as.
//!
//! It is written by people, agreed on between the parties, and kept apart from what is signed. A key
//! belongs to a person: two keys of one person are one signature.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::public_key::PublicKey;
use crate::date::Date;

/// The usual name of the file.
pub const TRUST_FILE: &str = "trust.toml";

/// Longest `person`.
const PERSON_MAX: usize = 40;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustFile {
    /// The keys that are trusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<TrustedKey>,
}

/// A key, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// base64 of the 32 bytes of an Ed25519 key, or PEM as `openssl pkey -pubout` prints it.
    pub public_key: PublicKey,
    /// The human being whose key it is: lower-case letters, digits and `-`. People are told apart
    /// by it.
    pub person: String,
    /// The person's name, as it stands in minutes.
    pub name: String,
    /// For whom the person acts.
    pub organisation: String,
    /// What the person may sign as.
    pub roles: Vec<Role>,
    /// First day (UTC) on which the key counts.
    pub valid_from: Date,
    /// Last day (UTC) on which the key counts.
    pub valid_until: Date,
}

/// What somebody signs as.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers for the data.
    DataOwner,
    /// Keeps the data.
    Custodian,
    /// Runs the programs.
    Operator,
    /// Checks what others did.
    Auditor,
    /// Saw it.
    Witness,
    /// Hands over.
    GivingSide,
    /// Takes over.
    ReceivingSide,
    /// Answers for an outside body, whose result files are evidence.
    OutsideBody,
}

impl Role {
    /// The word for it in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::DataOwner => "data_owner",
            Self::Custodian => "custodian",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Witness => "witness",
            Self::GivingSide => "giving_side",
            Self::ReceivingSide => "receiving_side",
            Self::OutsideBody => "outside_body",
        }
    }

    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DataOwner,
        Self::Custodian,
        Self::Operator,
        Self::Auditor,
        Self::Witness,
        Self::GivingSide,
        Self::ReceivingSide,
        Self::OutsideBody,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|role| role.word()).collect();
            format!("a role is one of {}", words.join(", "))
        })
    }
}

/// What is wrong in a trust file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct TrustError {
    /// Which entry, such as `key 2 (person "nguyen-van-a")`.
    pub place: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl TrustFile {
    /// Checks the rules that the shape cannot say; the first one that is broken is the error.
    pub fn check(&self) -> Result<(), TrustError> {
        if self.key.is_empty() {
            return Err(TrustError {
                place: "the trust file".to_owned(),
                problem: "there is no [[key]] in it, so nobody is trusted".to_owned(),
            });
        }
        let mut keys: BTreeMap<PublicKey, usize> = BTreeMap::new();
        let mut people: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for (number, key) in (1..).zip(&self.key) {
            let wrong = |problem: String| {
                Err(TrustError {
                    place: format!("key {number} (person {:?})", key.person),
                    problem,
                })
            };
            if let Err(problem) = key.check() {
                return wrong(problem);
            }
            if let Some(other) = keys.insert(key.public_key, number) {
                return wrong(format!(
                    "its public_key is that of key {other}; a key belongs to one person and \
                     stands there once"
                ));
            }
            let (first, name) = *people.entry(&key.person).or_insert((number, &key.name));
            if name != key.name {
                return wrong(format!(
                    "its name is another one than in key {first}; a person has one name"
                ));
            }
        }
        Ok(())
    }
}

impl TrustedKey {
    fn check(&self) -> Result<(), String> {
        if !is_person(&self.person) {
            return Err(format!(
                "person is 1 to {PERSON_MAX} lower-case letters (a-z), digits and -, not first -"
            ));
        }
        for (key, text) in [("name", &self.name), ("organisation", &self.organisation)] {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return Err(format!("{key} is one line of text"));
            }
        }
        if self.roles.is_empty() {
            return Err("roles is empty; without a role a signature means nothing".to_owned());
        }
        let mut roles = BTreeSet::new();
        if let Some(role) = self.roles.iter().find(|role| !roles.insert(**role)) {
            return Err(format!("the role {role} stands there twice"));
        }
        if self.valid_until < self.valid_from {
            return Err("valid_until is before valid_from".to_owned());
        }
        Ok(())
    }

    /// Whether the key counts on this day (UTC).
    pub fn is_valid_on(&self, day: Date) -> bool {
        (self.valid_from..=self.valid_until).contains(&day)
    }
}

fn is_person(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=PERSON_MAX).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> String {
        let entry = |byte: u8, person: &str, role: &str| {
            format!(
                "[[key]]\npublic_key = \"{}\"\nperson = \"{person}\"\nname = \"Nguyễn Văn {person}\"\n\
                 organisation = \"Bộ Y tế\"\nroles = [\"{role}\"]\n\
                 valid_from = \"2026-01-01\"\nvalid_until = \"2027-12-31\"\n",
                PublicKey::from_bytes([byte; 32])
            )
        };
        [entry(1, "a", "data_owner"), entry(2, "b", "custodian"), entry(3, "a", "auditor")].concat()
    }

    fn checked(text: &str) -> Result<TrustFile, String> {
        let file: TrustFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        file.check().map_err(|error| error.to_string())?;
        Ok(file)
    }

    #[test]
    fn a_person_may_have_several_keys() {
        let file = checked(&file()).unwrap();
        assert_eq!(file.key.len(), 3);
        assert_eq!(file.key[0].person, file.key[2].person);
    }

    #[test]
    fn errors_name_the_entry() {
        let good = file();
        let second_key = PublicKey::from_bytes([2; 32]).to_string();
        let first_key = PublicKey::from_bytes([1; 32]);
        for (from, to, expected) in [
            ("person = \"b\"", "person = \"B\"", "key 2 (person \"B\"): person is 1 to 40 lower"),
            ("person = \"b\"", "person = \"-b\"", "key 2 (person \"-b\"): person is 1 to 40 lower"),
            (
                second_key.as_str(),
                &first_key.to_string(),
                "key 2 (person \"b\"): its public_key is that of key 1",
            ),
            (
                "person = \"b\"",
                "person = \"a\"",
                "key 2 (person \"a\"): its name is another one than in key 1",
            ),
            ("[\"custodian\"]", "[]", "key 2 (person \"b\"): roles is empty"),
            (
                "[\"custodian\"]",
                "[\"custodian\", \"custodian\"]",
                "the role custodian stands there twice",
            ),
            ("[\"custodian\"]", "[\"boss\"]", "unknown variant `boss`"),
            ("name = \"Nguyễn Văn b\"", "name = \" \"", "key 2 (person \"b\"): name is one line"),
            ("2027-12-31", "2025-12-31", "key 1 (person \"a\"): valid_until is before valid_from"),
            ("2027-12-31", "2027-02-30", "a date is written YYYY-MM-DD"),
            ("person = \"b\"", "person = \"b\"\nadmin = true", "unknown field `admin`"),
            ("[[key]]", "[[keys]]", "unknown field `keys`"),
            (second_key.as_str(), "AAAA", "a public key is base64 of 32 bytes"),
        ] {
            assert!(good.contains(from), "{from}");
            let said = checked(&good.replacen(from, to, 1)).unwrap_err();
            assert!(said.contains(expected), "{said}\nnot {expected}");
        }
        assert!(checked("").unwrap_err().contains("nobody is trusted"));
        // The same key in the other spelling is the same key.
        let pem = format!("\"\"\"\n{}\"\"\"", first_key.to_pem());
        let twice = good.replacen(&format!("\"{second_key}\""), &pem, 1);
        assert!(checked(&twice).unwrap_err().contains("is that of key 1"));
    }

    #[test]
    fn both_days_count() {
        let file = checked(&file()).unwrap();
        let valid = |day: &str| file.key[0].is_valid_on(day.parse().unwrap());
        assert!(valid("2026-01-01") && valid("2027-12-31"));
        assert!(!valid("2025-12-31") && !valid("2028-01-01"));
    }

    #[test]
    fn roles_have_one_word() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert!("Auditor".parse::<Role>().unwrap_err().contains("data_owner, custodian"));
    }
}
