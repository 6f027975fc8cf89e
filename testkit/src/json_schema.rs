//! JSON Schemas that are generated from our types, and documents that have to keep to them.

use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value};

/// Fails unless the file holds this text; with `HANDOVER_RENEW=1` writes it instead.
#[track_caller]
pub fn generated_file(path: &Path, text: &str) {
    if env::var_os("HANDOVER_RENEW").is_some_and(|renew| renew == "1") {
        fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is out of date: run HANDOVER_RENEW=1 ./test, look at what changed, commit it",
        path.display()
    );
}

/// What in a document does not keep to a schema. Knows the keywords that ours use, and panics at
/// any other, so that none is passed over.
pub fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let mut checker = Checker { root: schema, found: Vec::new() };
    checker.check(schema, document, "");
    checker.found
}

struct Checker<'a> {
    root: &'a Value,
    found: Vec<String>,
}

impl Checker<'_> {
    fn check(&mut self, schema: &Value, value: &Value, place: &str) {
        let Some(keywords) = schema.as_object() else {
            assert_eq!(schema, &Value::Bool(true), "a schema is an object or true");
            return;
        };
        for (keyword, argument) in keywords {
            if !self.holds(keyword, argument, keywords, (value, place)) {
                self.found.push(format!("{place}: {keyword} {argument}, but {value}"));
            }
        }
    }

    fn holds(
        &mut self,
        keyword: &str,
        argument: &Value,
        all: &Map<String, Value>,
        (value, place): (&Value, &str),
    ) -> bool {
        let list = || argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let branches = |checker: &Self| {
            let holding = |branch: &&Value| {
                let mut branch_checker = Checker { root: checker.root, found: Vec::new() };
                branch_checker.check(branch, value, place);
                branch_checker.found.is_empty()
            };
            list().iter().filter(holding).count()
        };
        match keyword {
            "$schema" | "title" | "description" | "$defs" | "default" | "format" => true,
            "$ref" => {
                let name = argument.as_str().and_then(|path| path.strip_prefix('#'));
                let target = name.and_then(|path| self.root.pointer(path)).expect("a known $ref");
                self.check(target, value, place);
                true
            }
            "type" => match argument {
                Value::Array(kinds) => kinds.iter().any(|kind| is_of_kind(value, kind)),
                kind => is_of_kind(value, kind),
            },
            "enum" => list().contains(value),
            "const" => argument == value,
            "anyOf" => branches(self) >= 1,
            "oneOf" => branches(self) == 1,
            "minimum" => {
                value.as_f64().zip(argument.as_f64()).is_none_or(|(value, least)| value >= least)
            }
            "maximum" => {
                value.as_f64().zip(argument.as_f64()).is_none_or(|(value, most)| value <= most)
            }
            "pattern" => {
                // Ours have one only.
                assert_eq!(argument, "^[0-9a-f]{64}$");
                value.as_str().is_none_or(|text| {
                    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                })
            }
            "required" => {
                let has = |name: &Value| value.get(name.as_str().unwrap_or_default()).is_some();
                !value.is_object() || list().iter().all(has)
            }
            "properties" => {
                for (name, schema) in argument.as_object().into_iter().flatten() {
                    if let Some(member) = value.get(name) {
                        self.check(schema, member, &format!("{place}/{name}"));
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(argument, &Value::Bool(false));
                let known = all.get("properties").and_then(Value::as_object);
                let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
                value.as_object().is_none_or(|members| members.keys().all(is_known))
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(argument, item, &format!("{place}/{index}"));
                }
                true
            }
            "uniqueItems" => value.as_array().is_none_or(|items| all_differ(items)),
            other => panic!("{place}: this checker does not know the keyword {other}"),
        }
    }
}

fn is_of_kind(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("the name of a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("no type of JSON: {other}"),
    }
}

fn all_differ(items: &[Value]) -> bool {
    items.iter().enumerate().all(|(at, item)| !items.iter().take(at).any(|one| one == item))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn violations_are_found() {
        let schema = json!({
            "$defs": {"count": {"type": "integer", "minimum": 0, "maximum": 9, "format": "uint64"}},
            "type": "object",
            "properties": {
                "count": {"$ref": "#/$defs/count"},
                "name": {"type": ["string", "null"]},
                "kind": {"oneOf": [{"const": "a"}, {"const": "b"}]},
                "list": {"type": "array", "items": {"anyOf": [{"type": "null"}, {"enum": ["x"]}]}}
            },
            "required": ["count"],
            "additionalProperties": false
        });
        let good = json!({"count": 1, "name": null, "kind": "b", "list": [null, "x"]});
        assert_eq!(violations(&schema, &good), [""; 0]);
        for (bad, keyword) in [
            (json!({}), "required"),
            (json!({"count": -1}), "minimum"),
            (json!({"count": 10}), "maximum"),
            (json!({"count": "1"}), "type"),
            (json!({"count": 1, "name": 2}), "type"),
            (json!({"count": 1, "kind": "c"}), "oneOf"),
            (json!({"count": 1, "list": ["y"]}), "anyOf"),
            (json!({"count": 1, "more": 1}), "additionalProperties"),
            (json!([]), "type"),
        ] {
            let found = violations(&schema, &bad);
            assert!(found.iter().any(|line| line.contains(keyword)), "{bad}: {found:?}");
        }
    }

    #[test]
    #[should_panic(expected = "does not know the keyword maxItems")]
    fn an_unknown_keyword_is_not_passed_over() {
        violations(&json!({"maxItems": 1}), &json!([]));
    }

    #[test]
    #[should_panic(expected = "is out of date: run HANDOVER_RENEW=1 ./test")]
    fn a_generated_file_has_to_be_renewed() {
        let folder = tempfile::tempdir().unwrap();
        generated_file(&folder.path().join("missing.json"), "{}\n");
    }
}
