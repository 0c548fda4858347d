//! Parsing of keyword values that are not schemas.

use serde_json::{Map, Value};

use super::{
    json_text::{JsonText, JsonType},
    number::Decimal,
    rule::{AllowedValues, Types},
};

/// The maximum number of digits that an `f64` keeps exactly.
const MAX_EXACT_DIGITS: usize = 15;

/// Returns a number. `None` if it may differ from the digits in the text of the schema.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let number = value.as_number()?;
    let text = number.to_string();
    let digits = text.split('e').next()?.bytes().filter(u8::is_ascii_digit).count();
    Decimal::read(&text).filter(|_| !number.is_f64() || digits <= MAX_EXACT_DIGITS)
}

/// Returns a count, such as the value of `minLength`.
pub(super) fn count(value: &Value) -> Option<usize> {
    decimal(value)?.count()
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(_) => decimal(value).is_some(),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

/// Returns a list of names, such as the value of `required`.
pub(super) fn names(value: &Value) -> Option<Vec<Box<str>>> {
    value.as_array()?.iter().map(|name| name.as_str().map(Into::into)).collect()
}

/// Returns the values of `enum`.
pub(super) fn allowed_values(values: &[Value]) -> Option<AllowedValues> {
    let mut allowed_values = AllowedValues::default();
    for value in values {
        if let Value::String(text) = value {
            allowed_values.strings.push(text.as_str().into());
        } else {
            let text = is_exact(value).then(|| value.to_string())?;
            allowed_values.others.push(JsonText::of_valid(&text).canonical()?.into());
        }
    }
    allowed_values.strings.sort_unstable();
    allowed_values.others.sort_unstable();
    Some(allowed_values)
}

/// Returns the types that `type` lists.
pub(super) fn types(value: &Value) -> Option<Types> {
    let names = match value {
        Value::Array(names) => names,
        name => std::slice::from_ref(name),
    };
    let mut types = Types { allowed: Vec::new(), integer: false };
    for name in names {
        types.allowed.push(match name.as_str()? {
            "null" => JsonType::Null,
            "boolean" => JsonType::Boolean,
            "number" => JsonType::Number,
            "string" => JsonType::String,
            "array" => JsonType::Array,
            "object" => JsonType::Object,
            "integer" => {
                types.integer = true;
                continue;
            }
            _ => return None,
        });
    }
    Some(types)
}

/// Returns whether a `type` allows none of the values of `enum` or `const`.
pub(crate) fn contradicts(kind: &Value, schema: &Map<String, Value>) -> bool {
    let listed = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
    let constant = schema.get("const").map(std::slice::from_ref);
    let values = [listed, constant].into_iter().flatten().flatten();
    let allows = |value: &Value| match kind {
        Value::Array(names) => names.iter().any(|name| is_of_type(value, name)),
        name => is_of_type(value, name),
    };
    let (mut any, mut allowed) = (false, false);
    for value in values {
        any = true;
        allowed |= allows(value);
    }
    any && !allowed
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    }
}
