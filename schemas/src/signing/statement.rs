//! Statements: in-toto Statement v1 (github.com/in-toto/attestation, `spec/v1/statement.md`).
//!
//! ```json
//! { "_type": "https://in-toto.io/Statement/v1",
//!   "subject": [ { "name": "…", "digest": { "sha256": "…" } } ],
//!   "predicateType": "…", "predicate": { … } }
//! ```
//!
//! What is stated is the predicate, about the subjects. Which sort of predicate it is decides what
//! a signature means; so the type is looked at before the predicate is.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::strict_json;

/// What `_type` is.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Something that can be stated.
pub trait Predicate: Serialize + DeserializeOwned {
    /// Its `predicateType`: a URI that ends in a version.
    const TYPE: &'static str;
}

/// A thing that something is stated about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// Its digests.
    pub digest: SubjectDigest,
}

/// Digests of a subject. Others than SHA-256 are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectDigest {
    /// SHA-256.
    pub sha256: Digest,
}

impl Subject {
    /// A subject with a name and a SHA-256.
    pub fn new(name: impl Into<String>, sha256: Digest) -> Self {
        Self { name: name.into(), digest: SubjectDigest { sha256 } }
    }
}

/// A predicate about subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<P> {
    /// What it is about; at least one.
    pub subject: Vec<Subject>,
    /// What is stated.
    pub predicate: P,
}

/// What every statement says of itself, whatever its predicate is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StatementHeader {
    #[serde(rename = "_type")]
    statement_type: String,
    /// Which sort of predicate it has.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What it is about.
    pub subject: Vec<Subject>,
}

/// Why bytes are not the statement that was expected.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// They are not the JSON that a statement is.
    #[error("it is not an in-toto statement: {0}")]
    Json(#[from] serde_json::Error),
    /// `_type` is another one.
    #[error("its _type is {found:?}, not {STATEMENT_TYPE:?}")]
    OtherType {
        /// What `_type` is.
        found: String,
    },
    /// `predicateType` is another one.
    #[error(
        "its predicateType is {found:?}, where {expected:?} is needed: it states something else"
    )]
    OtherPredicate {
        /// What `predicateType` is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It is about nothing.
    #[error("it has no subject")]
    NoSubject,
    /// The predicate is not one of its type.
    #[error("its predicate is not one of {expected:?}: {source}")]
    Predicate {
        /// Type of the predicate.
        expected: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The members in the order in which they are written.
#[derive(Serialize)]
struct Written<'a, P> {
    #[serde(rename = "_type")]
    statement_type: &'static str,
    subject: &'a [Subject],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: &'a P,
}

#[derive(Deserialize)]
struct PredicateOnly<P> {
    predicate: P,
}

impl<P: Predicate> Statement<P> {
    /// A statement about these subjects.
    pub fn new(subject: Vec<Subject>, predicate: P) -> Self {
        Self { subject, predicate }
    }

    /// The bytes to put into an envelope: JSON without white space, members in the order of the
    /// specification. The same statement gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written {
            statement_type: STATEMENT_TYPE,
            subject: &self.subject,
            predicate_type: P::TYPE,
            predicate: &self.predicate,
        })
    }

    /// Reads a statement whose predicate has to be a `P`.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let header = StatementHeader::parse(bytes)?;
        if header.predicate_type != P::TYPE {
            let found = header.predicate_type;
            return Err(StatementError::OtherPredicate { found, expected: P::TYPE });
        }
        let PredicateOnly { predicate } = strict_json::parse(bytes)
            .map_err(|source| StatementError::Predicate { expected: P::TYPE, source })?;
        Ok(Self { subject: header.subject, predicate })
    }
}

impl StatementHeader {
    /// Reads what every statement has.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let header: Self = strict_json::parse(bytes)?;
        if header.statement_type != STATEMENT_TYPE {
            return Err(StatementError::OtherType { found: header.statement_type });
        }
        if header.subject.is_empty() {
            return Err(StatementError::NoSubject);
        }
        Ok(header)
    }
}

/// 64-bit numbers of statements are strings: other programs read the predicate as a protobuf
/// `Struct`, in which a number is a double. For `#[serde(with = "u64_text")]`.
pub mod u64_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes a number as a string of decimal digits.
    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    /// Reads a number from a string, in the one spelling that is written.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number: Option<u64> = text.parse().ok();
        number
            .filter(|number| number.to_string() == text)
            .ok_or_else(|| de::Error::custom("a number is a string of decimal digits here"))
    }
}

/// A 64-bit number in a statement, where numbers are strings: readers of JSON may make a double of
/// a number, and lose digits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct U64Text(
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub u64,
);

impl From<u64> for U64Text {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for U64Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Counted {
        #[serde(with = "u64_text")]
        rows: u64,
    }

    impl Predicate for Counted {
        const TYPE: &'static str = "https://example.org/counted/v1";
    }

    #[derive(Serialize, Deserialize)]
    struct Anything {}

    impl Predicate for Anything {
        const TYPE: &'static str = "https://example.org/anything/v1";
    }

    const TEXT: &str = concat!(
        r#"{"_type":"https://in-toto.io/Statement/v1","#,
        r#""subject":[{"name":"a","digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],"#,
        r#""predicateType":"https://example.org/counted/v1","predicate":{"rows":"18446744073709551615"}}"#
    );

    #[test]
    fn the_text_is_the_specification_s() {
        let statement =
            Statement::new(vec![Subject::new("a", Digest::EMPTY)], Counted { rows: u64::MAX });
        assert_eq!(String::from_utf8(statement.to_bytes().unwrap()).unwrap(), TEXT);
        assert_eq!(Statement::parse(TEXT.as_bytes()).unwrap(), statement);
    }

    #[test]
    fn another_predicate_is_refused_before_it_is_read() {
        // `Anything` would take every object.
        let error = Statement::<Anything>::parse(TEXT.as_bytes()).map(|_| ()).unwrap_err();
        assert!(
            matches!(&error, StatementError::OtherPredicate { found, .. } if found == Counted::TYPE)
        );
        let broken = TEXT.replace("\"rows\"", "\"lines\"");
        let error = Statement::<Anything>::parse(broken.as_bytes()).map(|_| ()).unwrap_err();
        assert!(matches!(error, StatementError::OtherPredicate { .. }), "{error}");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (from, to, says) in [
            (
                "in-toto.io/Statement/v1",
                "in-toto.io/Statement/v0.1",
                "its _type is \"https://in-toto",
            ),
            ("counted/v1", "counted/v2", "its predicateType is \"https://example.org/counted/v2\""),
            ("\"18446744073709551615\"", "7", "its predicate is not one of"),
            ("18446744073709551615", "18446744073709551616", "decimal digits"),
            ("18446744073709551615", "07", "decimal digits"),
            ("18446744073709551615", "+7", "decimal digits"),
            ("\"rows\"", "\"rows\":\"1\",\"rows\"", "stands twice"),
            ("\"rows\"", "\"more\":\"1\",\"rows\"", "unknown field"),
            ("sha256", "sha512", "missing field `sha256`"),
            ("\"predicate\":", "\"predicates\":", "missing field `predicate`"),
        ] {
            assert!(TEXT.contains(from));
            let text = TEXT.replacen(from, to, 1);
            let said = Statement::<Counted>::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
        let nothing = Statement::new(Vec::new(), Counted { rows: 1 }).to_bytes().unwrap();
        let error = Statement::<Counted>::parse(&nothing).unwrap_err();
        assert!(matches!(error, StatementError::NoSubject));
    }
}
