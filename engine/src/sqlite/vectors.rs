//! Stored values against the test vectors in `schemas/vectors/sqlite.json`.

use std::path::Path;

use handover_schemas::plan::Column;
use handover_schemas::sqlite_form::{Form, chosen};
use handover_schemas::value::OwnedStored;
use rusqlite::types::ValueRef;
use serde::Deserialize;

use super::exact::stored_field;
use super::values::{ColumnRule, Spelling, TextLimit, push_value};
use crate::rows::Wire;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stored {
    Integer(String),
    Real(String),
    Text(String),
    Blob(String),
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "type")]
    type_name: String,
    stored: Stored,
    exact: Option<String>,
    value: Option<String>,
    own: bool,
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().as_chunks::<2>().0;
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn owned(stored: &Stored) -> OwnedStored {
    match stored {
        Stored::Integer(text) => OwnedStored::Integer(text.parse().unwrap()),
        Stored::Real(hex) => OwnedStored::Real(f64::from_be_bytes(unhex(hex).try_into().unwrap())),
        Stored::Text(hex) => OwnedStored::Text(unhex(hex)),
        Stored::Blob(hex) => OwnedStored::Blob(unhex(hex)),
    }
}

fn borrowed(stored: &OwnedStored) -> ValueRef<'_> {
    match stored {
        OwnedStored::Integer(number) => ValueRef::Integer(*number),
        OwnedStored::Real(number) => ValueRef::Real(*number),
        OwnedStored::Text(text) => ValueRef::Text(text),
        OwnedStored::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

#[test]
fn stored_values_have_the_fields_of_the_vectors() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/vectors/sqlite.json");
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for Case { type_name, stored, exact, value, own } in &cases {
        let what = format!("{type_name} {}", serde_json::to_string(&value).unwrap());
        let (mapped, form) = chosen(type_name).unwrap();
        let stored = owned(stored);
        let column = |form| Column {
            name: "c".to_owned(),
            type_name: mapped.type_name.clone(),
            ty: mapped.ty.clone(),
            not_null: false,
            form,
            renamed: None,
        };
        let field = |column: &Column| {
            let (mut line, mut wire) = (Vec::new(), Vec::new());
            let rule = ColumnRule::new(column);
            let value = borrowed(&stored);
            push_value(&rule, value, TextLimit::None, Wire::None, &mut line, &mut wire)
                .map(|spelling| (String::from_utf8(line).unwrap(), spelling))
        };
        if let Some(exact) = exact {
            let column = column(Form::Exact);
            assert_eq!(field(&column).unwrap().0, *exact, "{what}");
            // What is put back from the field is what was stored.
            assert_eq!(
                stored_field(&column, exact.as_bytes()).unwrap(),
                Some(stored.clone()),
                "{what}"
            );
        }
        match (field(&column(form)), value) {
            (Ok((found, spelling)), Some(value)) => {
                assert_eq!((&found, spelling == Spelling::Own), (value, *own), "{what}");
            }
            (Err(_), None) => {}
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
}
