//! JSON of which nobody can say that it means two things: an object has each of its names once.
//!
//! RFC 8259 section 4 leaves open which of two members of one name counts, and readers differ. What
//! is signed, and read by other programs than ours, must not depend on it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess};

/// Reads a document; refuses an object, at whatever depth, that has a name twice.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    UniqueNames.deserialize(&mut deserializer)?;
    deserializer.end()?;
    serde_json::from_slice(text)
}

/// Walks through a document and keeps nothing but the names of the objects it is in.
struct UniqueNames;

impl<'de> DeserializeSeed<'de> for UniqueNames {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for UniqueNames {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(UniqueNames)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                // Not shown: a name may be made up by whoever wrote the file.
                return Err(de::Error::custom("a name stands twice in one object"));
            }
            members.next_value_seed(UniqueNames)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn names_are_unique_at_every_depth() {
        for good in ["{}", "[1, -1, 1.5, true, null, \"a\"]", r#"{"a": {"a": [{"a": 1}]}}"#] {
            let value: Value = parse(good.as_bytes()).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(good).unwrap());
        }
        for bad in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            r#"[{"b": {"a": 1, "c": 2, "a": 3}}]"#,
        ] {
            let said = parse::<Value>(bad.as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with("a name stands twice in one object"), "{said}");
        }
        for bad in ["", "{", "{} {}", "{}x", &"[".repeat(100_000)] {
            assert!(parse::<Value>(bad.as_bytes()).is_err());
        }
    }
}
