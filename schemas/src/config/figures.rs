//! The figure sets of a hand-over.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::ConfigError;
use crate::figures::{SHIPPED, shipped};

/// Reported figures that must add up, and that the databases should give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FiguresConfig {
    /// Files with figure sets, from the hand-over folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Names of sets that come with the toolkit, such as `2022-04-08`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shipped: Vec<String>,
}

impl FiguresConfig {
    /// Whether no set is named.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.shipped.is_empty()
    }

    /// Checks the rules; the first one that is broken is the error.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |name: &str, problem: String| {
            Err(ConfigError::new(format!("figures, {name:?}"), problem))
        };
        let mut seen = BTreeSet::new();
        for path in &self.sets {
            if path.trim().is_empty() || path.chars().any(char::is_control) {
                return wrong(path, "sets names files, from the hand-over folder".to_owned());
            }
            if !seen.insert(path) {
                return wrong(path, "it stands there twice".to_owned());
            }
        }
        let mut seen = BTreeSet::new();
        for id in &self.shipped {
            if shipped(id).is_none() {
                let known: Vec<&str> = SHIPPED.iter().map(|set| set.id).collect();
                return wrong(
                    id,
                    format!("no set of this name is shipped; known are {}", known.join(", ")),
                );
            }
            if !seen.insert(id) {
                return wrong(id, "it stands there twice".to_owned());
            }
        }
        Ok(())
    }
}
