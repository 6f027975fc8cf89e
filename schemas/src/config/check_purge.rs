//! Rules of the purge part of `handover.toml` that its shape cannot say.

use std::collections::BTreeSet;

use super::check::{ConfigError, check_recipient, is_name, name_rule};
use super::{PurgeConfig, PurgeRule, SearchColumns, Winner};
use crate::date::Date;

impl PurgeConfig {
    /// Checks the rules; the first one that is broken is the error.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (number, recipient) in (1..).zip(&self.recipient) {
            let place = format!("purge, recipient {number}");
            check_recipient(&recipient.key, || place.clone())?;
            if recipient.name.trim().is_empty() {
                return Err(ConfigError::new(place, "say in name who keeps the secret key"));
            }
        }
        let keys: BTreeSet<&String> = self.recipient.iter().map(|one| &one.key).collect();
        if keys.len() != self.recipient.len() {
            return Err(ConfigError::new("purge", "one key stands there for two recipients"));
        }
        for (number, copy) in (1..).zip(&self.residual_copy) {
            if copy.place.trim().is_empty() || copy.action.trim().is_empty() {
                return Err(ConfigError::new(
                    format!("purge, residual_copy {number}"),
                    "say where it is (or that there is none), and what is to happen to it",
                ));
            }
        }
        let mut names = BTreeSet::new();
        for rule in &self.rule {
            rule.check()?;
            if !names.insert(&rule.name) {
                return Err(ConfigError::new(rule.place(), "it stands there twice"));
            }
        }
        Ok(())
    }
}

impl PurgeRule {
    fn place(&self) -> String {
        format!("purge, rule {:?}", self.name)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |problem: &str| Err(ConfigError::new(self.place(), problem));
        if !is_name(&self.name) {
            return wrong(&name_rule("name"));
        }
        for text in [&self.reason_vi, &self.reason_en] {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return wrong("reason_vi and reason_en are one line of text each");
            }
        }
        if self.legal_basis.is_empty() || self.legal_basis.iter().any(|one| one.trim().is_empty()) {
            return wrong("legal_basis names at least one document");
        }
        if self.retain_until.parse::<Date>().is_err() {
            return wrong("retain_until is a date, written \"YYYY-MM-DD\"");
        }
        if self.condition.trim().is_empty() {
            return wrong("where is empty: a rule says which rows it selects");
        }
        if self.share_max.is_some_and(|share| !(1..=100).contains(&share)) {
            return wrong("share_max is a percentage, 1 to 100");
        }
        let tables: Vec<&String> = std::iter::once(&self.table).chain(&self.follow).collect();
        if tables.iter().any(|table| !table.contains('.')) {
            return wrong("a table is named schema.name");
        }
        if tables.iter().collect::<BTreeSet<_>>().len() != tables.len() {
            return wrong("a table stands in table and follow twice");
        }
        let summaries = self.summary.iter().filter_map(|summary| summary.table.as_ref());
        let searched = self.search.iter().map(|search| &search.table);
        if let Some(table) = summaries.chain(searched).find(|table| !tables.contains(table)) {
            return wrong(&format!("{table:?} is neither its table nor one that follows"));
        }
        let searched: BTreeSet<&String> = self.search.iter().map(|one| &one.table).collect();
        if searched.len() != self.search.len() {
            return wrong("search names a table twice; one entry has all its columns");
        }
        if self.summary.iter().any(|summary| summary.by.trim().is_empty()) {
            return wrong("a summary says in by what it is by");
        }
        self.check_evidence()?;
        self.search.iter().try_for_each(|search| self.check_search(search))
    }

    fn check_evidence(&self) -> Result<(), ConfigError> {
        let Some(evidence) = &self.evidence else { return Ok(()) };
        let wrong = |problem: String| Err(ConfigError::new(self.place(), problem));
        let names: Vec<&String> = evidence.names().collect();
        let is_plain =
            |name: &str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if names.iter().any(|name| name.is_empty() || !is_plain(name)) {
            return wrong("evidence is named by the characters a-z, 0-9 and _".to_owned());
        }
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            return wrong("evidence names a file twice".to_owned());
        }
        match &evidence.wins {
            Some(Winner::File(file)) if !names.contains(&file) => {
                wrong(format!("wins names the file {file:?}, which evidence does not"))
            }
            Some(Winner::Latest(column)) if column.trim().is_empty() => {
                wrong("wins by latest names the column that has the date".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_search(&self, search: &SearchColumns) -> Result<(), ConfigError> {
        if search.name.is_some() != search.birth_date.is_some() {
            return Err(ConfigError::new(
                self.place(),
                format!(
                    "search in {:?}: name and birth_date are found together; give both",
                    search.table
                ),
            ));
        }
        Ok(())
    }
}
