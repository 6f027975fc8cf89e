//! Who has to have signed: roles, each by another person.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use handover_schemas::signing::trust::Role;

use super::envelope::Checked;
use super::trust::Signatory;

/// Who has to have signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// A person for each of these, and no person for two of them.
    pub roles: Vec<Role>,
    /// Persons who cannot be any of them: whoever did what is being signed.
    pub not: Vec<String>,
}

/// A person who signed, with one key or several.
struct Person<'a> {
    signatures: Vec<&'a Signatory>,
}

/// The people who meet the demand, in the order of its roles.
///
/// An error says who is missing, and why others who signed do not count.
pub fn meets(checked: &Checked, demand: &Demand) -> Result<Vec<Signatory>> {
    if demand.roles.is_empty() {
        bail!("no role is demanded, and so nothing could be missing; name at least one");
    }
    let mut people: BTreeMap<&str, Person<'_>> = BTreeMap::new();
    for signatory in &checked.signers {
        if !demand.not.contains(&signatory.person) {
            let person = people.entry(&signatory.person);
            let person = person.or_insert_with(|| Person { signatures: Vec::new() });
            person.signatures.push(signatory);
        }
    }
    let people: Vec<Person<'_>> = people.into_values().collect();
    let assigned = assign(&people, &demand.roles);
    let chosen: Vec<Signatory> = assigned
        .iter()
        .zip(&demand.roles)
        .filter_map(|(person, role)| people.get((*person)?)?.signature_as(*role).cloned())
        .collect();
    if chosen.len() < demand.roles.len() {
        bail!(missing(checked, demand, &people, &assigned));
    }
    Ok(chosen)
}

/// The operator who signed, of whose signature alone the statement is in need.
pub fn operator_of(checked: &Checked) -> Result<Signatory> {
    let demand = Demand { roles: vec![Role::Operator], not: Vec::new() };
    meets(checked, &demand)?.into_iter().next().context("no operator signed it")
}

impl Person<'_> {
    /// The signature with which the person signed as this.
    fn signature_as(&self, role: Role) -> Option<&Signatory> {
        self.signatures.iter().find(|signature| signature.roles.contains(&role)).copied()
    }
}

/// For each role the person who takes it, as many of them as possible: whoever could take another
/// role as well gives way (augmenting paths in a bipartite graph).
fn assign(people: &[Person<'_>], roles: &[Role]) -> Vec<Option<usize>> {
    let mut taken_by: Vec<Option<usize>> = vec![None; roles.len()];
    for person in 0..people.len() {
        let mut asked = vec![false; roles.len()];
        place(person, people, roles, &mut taken_by, &mut asked);
    }
    taken_by
}

/// Finds a role for a person, moving others on to other roles; whether there was one.
fn place(
    person: usize,
    people: &[Person<'_>],
    roles: &[Role],
    taken_by: &mut [Option<usize>],
    asked: &mut [bool],
) -> bool {
    let Some(candidate) = people.get(person) else { return false };
    for (number, role) in roles.iter().enumerate() {
        let was_asked = asked.get(number).copied().unwrap_or(true);
        if was_asked || candidate.signature_as(*role).is_none() {
            continue;
        }
        if let Some(asked) = asked.get_mut(number) {
            *asked = true;
        }
        let holder = taken_by.get(number).copied().flatten();
        if holder.is_none_or(|holder| place(holder, people, roles, taken_by, asked)) {
            if let Some(slot) = taken_by.get_mut(number) {
                *slot = Some(person);
            }
            return true;
        }
    }
    false
}

/// What is missing, in words.
fn missing(
    checked: &Checked,
    demand: &Demand,
    people: &[Person<'_>],
    assigned: &[Option<usize>],
) -> String {
    let words =
        |roles: Vec<Role>| roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
    let open = assigned.iter().zip(&demand.roles).filter(|(person, _)| person.is_none());
    let open: Vec<Role> = open.map(|(_, role)| *role).collect();
    let mut said = if demand.roles.len() == 1 {
        format!("nobody signed as {}", words(open))
    } else {
        format!(
            "{} different people have to sign, as {}; there is nobody left to sign as {}",
            demand.roles.len(),
            words(demand.roles.clone()),
            words(open)
        )
    };
    for person in people {
        let Some(first) = person.signatures.first() else { continue };
        let roles = person.signatures.iter().flat_map(|signature| &signature.roles);
        let mut roles: Vec<Role> = roles.copied().collect();
        roles.sort();
        roles.dedup();
        said.push_str(&format!("; {} signed, who is {}", first.name, words(roles)));
        if person.signatures.len() > 1 {
            let keys = person.signatures.len();
            said.push_str(&format!(" ({keys} keys of one person are one signature)"));
        }
    }
    let mut excluded: Vec<&str> = checked
        .signers
        .iter()
        .filter(|signatory| demand.not.contains(&signatory.person))
        .map(|signatory| signatory.name.as_str())
        .collect();
    excluded.dedup();
    for name in excluded {
        said.push_str(&format!("; {name} signed, but must not be one of them"));
    }
    if checked.has_others() || checked.signers.is_empty() {
        said.push_str("; ");
        said.push_str(&checked.why_not());
    }
    said
}
