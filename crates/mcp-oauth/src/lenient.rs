//! Optional members of a server's JSON: values of the wrong type count as absent.
//!
//! Use the functions with `#[serde(default, deserialize_with = "…")]`. Required members, such as an
//! access token or an issuer, are not read with them.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// A value of the expected type, or of another type.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Valid(T),
    Null,
    Invalid(IgnoredAny),
}

/// A number of seconds. Some servers send it as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

/// A list of strings, or a single string.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<Lenient<String>>),
}

/// Reads a value of any type. Returns `None` for a value of another type.
pub(crate) fn value<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Lenient::deserialize(deserializer).map(Lenient::valid)
}

/// Reads a string. Returns `None` for an empty one.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(value(deserializer)?.filter(|text: &String| !text.is_empty()))
}

/// Reads a list of strings. Leaves out entries of other types.
pub(crate) fn list<'de, D>(deserializer: D) -> Result<Option<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    let entries: Option<Vec<Lenient<String>>> = value(deserializer)?;
    Ok(entries.map(valid_entries))
}

/// Reads a list of strings, or a single string. Returns an empty list for any other value.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    Ok(match value(deserializer)? {
        Some(OneOrMany::One(text)) => vec![text],
        Some(OneOrMany::Many(entries)) => valid_entries(entries),
        None => Vec::new(),
    })
}

/// Reads a Boolean, or its name in a string. Returns `false` for any other value.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value: Option<serde_json::Value> = value(deserializer)?;
    Ok(value.is_some_and(|value| value == true || value == "true"))
}

/// Reads a number of seconds. A negative number counts as 0.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let seconds = match value(deserializer)? {
        Some(Seconds::Number(seconds)) => Some(seconds),
        Some(Seconds::Text(text)) => text.trim().parse::<f64>().ok(),
        None => None,
    };
    Ok(seconds.map(|seconds| seconds.max(0.0) as u64))
}

fn valid_entries(entries: Vec<Lenient<String>>) -> Vec<String> {
    entries.into_iter().filter_map(Lenient::valid).collect()
}

impl<T> Lenient<T> {
    fn valid(self) -> Option<T> {
        match self {
            Self::Valid(value) => Some(value),
            Self::Null => None,
            Self::Invalid(_) => {
                let expected = std::any::type_name::<T>();
                tracing::debug!(expected, "ignoring an optional member of the wrong type");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn values_of_the_wrong_type_count_as_absent() {
        for wrong in [json!(1), json!(true), json!([]), json!({}), Value::Null, json!("")] {
            assert_eq!(text(&wrong).unwrap(), None, "{wrong}");
        }
        assert_eq!(text(json!("a")).unwrap().as_deref(), Some("a"));
        for wrong in [json!(1), json!("a b"), json!({}), Value::Null] {
            assert_eq!(list(&wrong).unwrap(), None, "{wrong}");
        }
        assert_eq!(list(json!(["a", 1, null, "b"])).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(one_or_many(json!("a")).unwrap(), ["a"]);
        assert_eq!(one_or_many(json!(["a", 1])).unwrap(), ["a"]);
        assert!(one_or_many(json!({})).unwrap().is_empty());
        for (given, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("false"), false),
            (json!(1), false),
            (Value::Null, false),
        ] {
            assert_eq!(flag(&given).unwrap(), expected, "{given}");
        }
        for (given, expected) in [
            (json!(60), Some(60)),
            (json!(60.5), Some(60)),
            (json!("60"), Some(60)),
            (json!(-1), Some(0)),
            (json!("soon"), None),
            (json!([]), None),
            (Value::Null, None),
        ] {
            assert_eq!(seconds(&given).unwrap(), expected, "{given}");
        }
    }
}
