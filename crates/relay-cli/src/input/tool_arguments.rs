//! Reads the arguments of a tool from the command line, a file or stdin.

use std::{collections::BTreeMap, fs, io, str::FromStr};

use anyhow::{Context, Result};
use serde_json::value::{RawValue, to_raw_value};

use super::usage_error::UsageError;

/// An argument of a tool: `key=value`.
#[derive(Debug, Clone)]
pub(crate) struct KeyValue {
    key: String,
    value: Box<RawValue>,
}

impl FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((key, value)) = text.split_once('=') else {
            return Err("expected KEY=VALUE".to_owned());
        };
        let parsed = serde_json::from_str(value).or_else(|_| to_raw_value(value));
        let value = parsed.map_err(|error| error.to_string())?;
        Ok(Self { key: key.to_owned(), value })
    }
}

/// Returns the arguments as one JSON object.
///
/// `text` is the object, `@` followed by a file name, or `-` for stdin. The numbers and the order
/// of the keys do not change.
///
/// # Errors
/// Returns an error if the arguments cannot be read or are not one JSON object. Returns an error if
/// both `text` and `pairs` are given, or if two pairs have the same key.
pub(crate) fn read_tool_arguments(text: Option<&str>, pairs: &[KeyValue]) -> Result<Box<RawValue>> {
    match text {
        None => from_pairs(pairs),
        Some(_) if !pairs.is_empty() => {
            Err(UsageError::new("ARGUMENTS and --arg cannot be used together").into())
        }
        Some("-") => {
            let read = io::read_to_string(io::stdin());
            parse_object(&read.context(UsageError::new("cannot read the arguments from stdin"))?)
        }
        Some("@") => Err(UsageError::new("missing file name after \"@\"")
            .with_suggestion("use \"@FILE\" to read a file, or \"-\" to read stdin")
            .into()),
        Some(text) => match text.strip_prefix('@') {
            Some(file) => {
                let failed =
                    || UsageError::new(format!("cannot read the arguments from \"{file}\""));
                parse_object(&fs::read_to_string(file).with_context(failed)?)
            }
            None => parse_object(text),
        },
    }
}

fn parse_object(text: &str) -> Result<Box<RawValue>> {
    const SUGGESTION: &str =
        "pass a JSON object such as '{\"city\": \"Oslo\"}', or use --arg city=Oslo";
    let parsed: Box<RawValue> = serde_json::from_str(text).with_context(|| {
        UsageError::new("the arguments are not valid JSON").with_suggestion(SUGGESTION)
    })?;
    if parsed.get().starts_with('{') {
        return Ok(parsed);
    }
    Err(UsageError::new("the arguments must be a JSON object").with_suggestion(SUGGESTION).into())
}

fn from_pairs(pairs: &[KeyValue]) -> Result<Box<RawValue>> {
    let mut object = BTreeMap::new();
    for KeyValue { key, value } in pairs {
        if object.insert(key, value).is_some() {
            return Err(UsageError::new(format!("argument \"{key}\" is given twice")).into());
        }
    }
    Ok(to_raw_value(&object)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(texts: &[&str]) -> Vec<KeyValue> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_text_of_the_arguments_is_unchanged() {
        let text = r#"{"b": 1.0, "a": 12345678901234567890123}"#;
        assert_eq!(read_tool_arguments(Some(&format!(" {text}\n")), &[]).unwrap().get(), text);
        assert_eq!(read_tool_arguments(None, &[]).unwrap().get(), "{}");
    }

    #[test]
    fn values_of_pairs_are_json_or_strings() {
        let given = ["n=1", "s=Oslo", "q=\"1\"", "l=[1, 2]", "e=", "z=01", "x=a=b"];
        let expected = r#"{"e":"","l":[1, 2],"n":1,"q":"1","s":"Oslo","x":"a=b","z":"01"}"#;
        assert_eq!(read_tool_arguments(None, &pairs(&given)).unwrap().get(), expected);
        assert!("city".parse::<KeyValue>().is_err());
    }

    #[test]
    fn at_sign_requires_a_file_name() {
        let error = read_tool_arguments(Some("@"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "missing file name after \"@\"");
    }

    #[test]
    fn arguments_other_than_one_object_are_rejected() {
        for text in ["", "{", "[1]", "null", "{} {}", "@/nowhere"] {
            let error = read_tool_arguments(Some(text), &[]).unwrap_err();
            assert!(error.downcast_ref::<UsageError>().is_some(), "{text}: {error}");
        }
        assert!(read_tool_arguments(Some("{}"), &pairs(&["a=1"])).is_err());
        assert!(read_tool_arguments(None, &pairs(&["a=1", "a=2"])).is_err());
    }
}
