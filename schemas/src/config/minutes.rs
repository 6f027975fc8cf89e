//! What the minutes of the hand-over say besides what was done: who hands over to whom, on what
//! legal ground, and what they promise each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// What people agree on. All of it goes into the attestation, and from there onto paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinutesConfig {
    /// Number and symbol of the minutes, such as `05/BB-CNTT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What is handed over, in Vietnamese: stands below the words BIÊN BẢN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_vi: Option<String>,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Where the minutes are signed, such as `Hà Nội`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Documents on which the hand-over rests, one line each, in Vietnamese.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<String>,
    /// Who hands over: the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giving: Option<Party>,
    /// Who receives: the ministry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiving: Option<Party>,
    /// Who is present besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<Party>,
    /// What the parties commit themselves to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commitment: Vec<Commitment>,
    /// How many originals are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<u16>,
    /// Who gets a copy ("Nơi nhận").
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
}

/// A party to the hand-over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// What the body is called, in Vietnamese.
    pub organisation_vi: String,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation_en: Option<String>,
    /// The body above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_vi: Option<String>,
    /// Who acts for it; the first one signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub representative: Vec<Representative>,
}

/// Somebody who acts for a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Representative {
    /// The person's name.
    pub name: String,
    /// Office, in Vietnamese.
    pub title_vi: String,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
}

/// Something that a party commits itself to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl MinutesConfig {
    /// Checks the rules that the shape cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (place, party) in self.parties() {
            if party.organisation_vi.trim().is_empty() {
                return Err(ConfigError::new(place, "organisation_vi is empty"));
            }
            if party.representative.iter().any(|person| person.name.trim().is_empty()) {
                return Err(ConfigError::new(place, "a representative has no name"));
            }
        }
        if self.copies == Some(0) {
            return Err(ConfigError::new(
                "minutes",
                "copies is how many originals are made: 1 or more",
            ));
        }
        Ok(())
    }

    fn parties(&self) -> impl Iterator<Item = (&'static str, &Party)> {
        let giving = self.giving.iter().map(|party| ("minutes.giving", party));
        let receiving = self.receiving.iter().map(|party| ("minutes.receiving", party));
        let witness = self.witness.iter().map(|party| ("minutes.witness", party));
        giving.chain(receiving).chain(witness)
    }
}
