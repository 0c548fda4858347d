//! Descriptions that tell the model what the schema cannot.

use serde_json::{Value, json};

use crate::conversion::normal_form::{Alternative, Keywords, Kind};

/// A string that holds JSON.
pub(crate) fn text() -> Alternative {
    let mut text = Alternative::from(Kind::String);
    text.annotations.insert("description".to_owned(), json!("(a text that holds JSON)"));
    text
}

/// Describes the keywords that the provider does not take.
pub(crate) fn described(lost: &Keywords) -> Keywords {
    let short = lost.iter().filter(|(_, value)| !value.is_array() && !value.is_object());
    let hints: Vec<_> = short.map(|(keyword, value)| format!("{keyword}: {value}")).collect();
    let text = (!hints.is_empty()).then(|| json!(format!("({})", hints.join(", "))));
    text.map(|text| ("description".to_owned(), text)).into_iter().collect()
}

/// Merges annotations. The outer ones win, and descriptions are joined.
pub(crate) fn merged(mut outer: Keywords, inner: Keywords) -> Keywords {
    for (keyword, value) in inner {
        match (outer.get_mut(&keyword), value) {
            (Some(Value::String(own)), Value::String(more)) if keyword == "description" => {
                if !own.ends_with(&*more) {
                    *own = format!("{own} {more}");
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                outer.insert(keyword, value);
            }
        }
    }
    outer
}

/// Returns whether a value has a reference, which would not lead to the same target from another
/// place.
pub(crate) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}
