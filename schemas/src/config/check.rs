//! Rules of `handover.toml` that its shape cannot say.

use std::collections::BTreeSet;

use super::{
    Component, Config, Deliverable, DeliverableForm, DeliverableKind, FileReference, Letter,
};
use crate::date::Date;
use crate::sqlite_form;

/// What is wrong in a config, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// Which entry, such as `component "portal", deliverable "installer"`.
    pub place: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl ConfigError {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// Whether this toolkit encrypts to a recipient: an X25519 key (`age1…`, c2sp.org/age).
///
/// The letters of such a key have no `1` (BIP 173); with another one the prefix is longer and names
/// another sort of key: `age1pq1…`, or `age1NAME1…` of a plugin.
pub(super) fn check_recipient(
    recipient: &str,
    place: impl FnOnce() -> String,
) -> Result<(), ConfigError> {
    // Not repeated: it may be a secret key.
    let problem = match recipient.strip_prefix("age1") {
        None => "an age recipient begins with age1; a secret key must not stand here",
        Some(rest) if rest.starts_with("pq1") => {
            "a post-quantum recipient (age1pq1…, age 1.3) is not supported: only new versions of \
             age would open the files. Use a key made by age-keygen without -pq, or by \
             handover-migrate keygen archive"
        }
        Some(rest) if rest.contains('1') => {
            "a recipient of an age plugin (age1NAME1…) is not supported. Use a key made by \
             age-keygen, or by handover-migrate keygen archive"
        }
        Some(_) => return Ok(()),
    };
    Err(ConfigError::new(place(), problem))
}

/// Longest `id` or `name`.
const NAME_MAX: usize = 40;

/// Bytes that PostgreSQL keeps of a name.
const TARGET_NAME_MAX: usize = 63;

impl Config {
    /// Checks the rules; the first one that is broken is the error.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_owner()?;
        self.check_leave_out()?;
        self.check_rename()?;
        self.check_map_type()?;
        for (number, recipient) in (1..).zip(&self.package.recipients) {
            check_recipient(recipient, || format!("package, recipient {number}"))?;
        }
        let mut ids = BTreeSet::new();
        for component in &self.component {
            check_component(component)?;
            if !ids.insert(&component.id) {
                return Err(ConfigError::new(
                    format!("component {:?}", component.id),
                    "it stands there twice; give each component an id of its own",
                ));
            }
        }
        self.file_reference.iter().try_for_each(|reference| self.check_reference(reference))?;
        self.minutes.check()?;
        self.purge.check()?;
        self.figures.check()
    }

    /// The component and deliverable with these names.
    pub fn deliverable(&self, component: &str, deliverable: &str) -> Option<&Deliverable> {
        let component = self.component.iter().find(|known| known.id == component)?;
        component.deliverable.iter().find(|known| known.id() == deliverable)
    }

    fn check_owner(&self) -> Result<(), ConfigError> {
        match &self.source {
            Some(source) if source.owner.is_some() => Err(ConfigError::new(
                "source",
                "owner is for the target, in which objects are made; nothing is made in the source",
            )),
            _ => Ok(()),
        }
    }

    fn check_leave_out(&self) -> Result<(), ConfigError> {
        let mut tables = BTreeSet::new();
        for left_out in &self.leave_out {
            let place = format!("leave_out {:?}", left_out.table);
            if !left_out.table.contains('.') {
                return Err(ConfigError::new(place, "a table is named schema.name"));
            }
            if left_out.reason.trim().is_empty() {
                return Err(ConfigError::new(place, "give a reason: it stands in the reports"));
            }
            if !tables.insert(&left_out.table) {
                return Err(ConfigError::new(place, "it stands there twice"));
            }
        }
        Ok(())
    }

    fn check_rename(&self) -> Result<(), ConfigError> {
        let mut renamed = BTreeSet::new();
        for rename in &self.rename {
            let place = format!("rename {:?}", rename.what());
            if !rename.table.starts_with("main.") {
                return Err(ConfigError::new(
                    place,
                    "only tables of a SQLite source are renamed; they are named main.name",
                ));
            }
            if rename.to.is_empty() || rename.to.len() > TARGET_NAME_MAX {
                return Err(ConfigError::new(
                    place,
                    format!("a name in PostgreSQL has 1 to {TARGET_NAME_MAX} bytes"),
                ));
            }
            if !renamed.insert((&rename.table, &rename.column)) {
                return Err(ConfigError::new(place, "it stands there twice"));
            }
        }
        Ok(())
    }

    fn check_map_type(&self) -> Result<(), ConfigError> {
        let mut columns = BTreeSet::new();
        for one in &self.map_type {
            let place = format!("map_type {}.{}", one.table, one.column);
            if !one.table.contains('.') {
                return Err(ConfigError::new(place, "a table is named schema.name"));
            }
            if let Err(error) = sqlite_form::chosen(&one.chosen()) {
                return Err(ConfigError::new(place, error.to_string()));
            }
            if !columns.insert((&one.table, &one.column)) {
                return Err(ConfigError::new(place, "it stands there twice"));
            }
        }
        Ok(())
    }

    fn check_reference(&self, reference: &FileReference) -> Result<(), ConfigError> {
        let place = format!("file_reference {}.{}", reference.table, reference.column);
        if !reference.table.contains('.') {
            return Err(ConfigError::new(place, "a table is named schema.name"));
        }
        let Some(found) = self.deliverable(&reference.component, &reference.deliverable) else {
            return Err(ConfigError::new(
                place,
                format!(
                    "component {:?} has no deliverable {:?}",
                    reference.component, reference.deliverable
                ),
            ));
        };
        if found.form != DeliverableForm::Folder {
            return Err(ConfigError::new(place, "the deliverable it names is not a folder"));
        }
        Ok(())
    }
}

fn check_component(component: &Component) -> Result<(), ConfigError> {
    let place = format!("component {:?}", component.id);
    if !is_name(&component.id) {
        return Err(ConfigError::new(place, name_rule("id")));
    }
    for title in [&component.name_vi, &component.name_en] {
        if title.trim().is_empty() || title.chars().any(char::is_control) {
            return Err(ConfigError::new(place, "name_vi and name_en are one line of text each"));
        }
    }
    let mut seen: Vec<&Deliverable> = Vec::new();
    for deliverable in &component.deliverable {
        let place = format!("{place}, deliverable {:?}", deliverable.id());
        check_deliverable(deliverable, &place)?;
        let clashes = |known: &&Deliverable| {
            known.kind == deliverable.kind
                && (known.name == deliverable.name
                    || known.name.is_none()
                    || deliverable.name.is_none())
        };
        if seen.iter().any(clashes) {
            return Err(ConfigError::new(
                place,
                "there is another of this kind; give each of them a name of its own",
            ));
        }
        seen.push(deliverable);
    }
    Ok(())
}

fn check_deliverable(deliverable: &Deliverable, place: &str) -> Result<(), ConfigError> {
    let wrong = |problem: &str| Err(ConfigError::new(place, problem));
    if deliverable.name.as_ref().is_some_and(|name| !is_name(name)) {
        return wrong(&name_rule("name"));
    }
    if deliverable.path.as_ref().is_some_and(String::is_empty) {
        return wrong("path is empty; leave the key out if nothing was delivered");
    }
    if deliverable.form == DeliverableForm::Git && deliverable.kind == DeliverableKind::Database {
        return wrong("a database is not delivered as a git repository");
    }
    if deliverable.checksums.is_some() {
        if deliverable.path.is_none() {
            return wrong("checksums needs a path");
        }
        if deliverable.form == DeliverableForm::Git {
            return wrong("checksums is for folders and files; git checks its own objects");
        }
    }
    let mut letters = deliverable.requested.iter().chain(&deliverable.promised);
    letters.try_for_each(|letter| check_letter(letter, place))
}

fn check_letter(letter: &Letter, place: &str) -> Result<(), ConfigError> {
    if letter.number.trim().is_empty() {
        return Err(ConfigError::new(place, "a letter has a number, such as \"810/BYT-CNTT\""));
    }
    if letter.date.parse::<Date>().is_err() {
        return Err(ConfigError::new(
            place,
            format!("the date of letter {:?} is written \"YYYY-MM-DD\"", letter.number),
        ));
    }
    Ok(())
}

pub(crate) fn name_rule(key: &str) -> String {
    format!("{key} is 1 to {NAME_MAX} lower-case letters (a-z), digits, _ and -, not first -")
}

pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere() {
        assert!(is_name("mcc-2_a"));
        for bad in ["", "-x", "Portal", "a/b", "..", "cổng", &"x".repeat(41)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
