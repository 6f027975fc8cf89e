//! What can be changed in a target afterwards.

/// A change, and what a verifier has to name after it.
#[derive(Clone, Debug)]
pub struct Change {
    /// Statements for a superuser.
    pub sql: String,
    /// A message that names the changed thing has one of these.
    pub marks: Vec<String>,
}

impl Change {
    pub(super) fn new(sql: String, mark: String) -> Self {
        Self { sql, marks: vec![mark] }
    }
}
