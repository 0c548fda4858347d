//! A reader of JSON text that copies nothing, and decodes only the parts that are used.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use super::number::Decimal;

/// The maximum nesting of values that are compared.
const MAX_DEPTH: usize = 128;

/// A JSON value as text, which must be valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonText<'a> {
    /// The text, without whitespace around it.
    text: &'a str,
    /// True if the value is a string without escapes.
    has_no_escapes: bool,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonType {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

impl<'a> JsonText<'a> {
    /// Creates a value from text that is known to be valid JSON.
    pub(super) fn of_valid(json: &'a str) -> Self {
        Self { text: json.trim_ascii(), has_no_escapes: false }
    }

    pub(super) fn len(self) -> usize {
        self.text.len()
    }

    pub(super) fn json_type(self) -> JsonType {
        match self.text.as_bytes().first() {
            Some(b'{') => JsonType::Object,
            Some(b'[') => JsonType::Array,
            Some(b'"') => JsonType::String,
            Some(b't' | b'f') => JsonType::Boolean,
            Some(b'n') => JsonType::Null,
            _ => JsonType::Number,
        }
    }

    /// Returns the text of the value.
    pub(super) fn text(self) -> &'a str {
        self.text
    }

    /// Returns the exact value of a number. `None` if it has too many digits.
    pub(super) fn number(self) -> Option<Decimal> {
        Decimal::read(self.text)
    }

    /// Returns the content of a string. `None` if its escapes do not form valid Unicode.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        match self.has_no_escapes {
            true => self.text.get(1..self.text.len() - 1).map(Cow::Borrowed),
            false => serde_json::from_str(self.text).ok().map(Cow::Owned),
        }
    }

    /// Returns the items of an array.
    pub(super) fn items(self) -> Items<'a> {
        Items(Remaining::of(self.text))
    }

    /// Returns the members of an object. Their names are JSON strings too.
    pub(super) fn members(self) -> Members<'a> {
        Members(Remaining::of(self.text))
    }

    /// Returns whether an object has a member of this name.
    pub(super) fn has_member(self, name: &str) -> bool {
        self.members().any(|(text, _)| text.string().is_some_and(|text| text == name))
    }

    /// Returns a text that is the same for all equal values, as JSON Schema defines equality. For
    /// example, 1 equals 1.0. `None` if equality cannot be decided.
    pub(super) fn canonical(self) -> Option<Cow<'a, str>> {
        match self.json_type() {
            JsonType::Null | JsonType::Boolean => Some(Cow::Borrowed(self.text)),
            JsonType::Number if Decimal::is_canonical(self.text) => Some(Cow::Borrowed(self.text)),
            JsonType::String if self.has_no_escapes => Some(Cow::Borrowed(self.text)),
            _ => {
                let mut text = String::new();
                self.write_canonical(&mut text, MAX_DEPTH)?;
                Some(Cow::Owned(text))
            }
        }
    }

    fn write_canonical(self, text: &mut String, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.json_type() {
            JsonType::Null | JsonType::Boolean => text.push_str(self.text),
            JsonType::Number => write!(text, "{}", self.number()?).ok()?,
            JsonType::String => text.push_str(&serde_json::to_string(&self.string()?).ok()?),
            JsonType::Array => {
                text.push('[');
                for item in self.items() {
                    item.write_canonical(text, depth)?;
                    text.push(',');
                }
                text.push(']');
            }
            JsonType::Object => {
                let named = |(name, value): (Self, Self)| Some((name.canonical()?, value));
                let mut members = self.members().map(named).collect::<Option<Vec<_>>>()?;
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    // Parsers disagree about which of two members with the same name counts.
                    members[..index]
                        .last()
                        .is_none_or(|(before, _)| before != name)
                        .then_some(())?;
                    text.push_str(name);
                    text.push(':');
                    value.write_canonical(text, depth)?;
                    text.push(',');
                }
                text.push('}');
            }
        }
        Some(())
    }
}

/// An iterator over the items of an array.
pub(super) struct Items<'a>(Remaining<'a>);

/// An iterator over the members of an object, as pairs of name and value.
pub(super) struct Members<'a>(Remaining<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = JsonText<'a>;

    fn next(&mut self) -> Option<JsonText<'a>> {
        self.0.value()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (JsonText<'a>, JsonText<'a>);

    fn next(&mut self) -> Option<(JsonText<'a>, JsonText<'a>)> {
        Some((self.0.value()?, self.0.value()?))
    }
}

/// The part of an array or object that is not yet read.
struct Remaining<'a>(&'a str);

impl<'a> Remaining<'a> {
    fn of(whole: &'a str) -> Self {
        Self(whole.get(1..).unwrap_or_default())
    }

    /// Returns the next value.
    fn value(&mut self) -> Option<JsonText<'a>> {
        let bytes = self.0.as_bytes();
        let mut start = 0;
        while let Some(b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') = bytes.get(start) {
            start += 1;
        }
        let (length, has_no_escapes) = value_extent(bytes.get(start..)?);
        let (text, rest) = self.0.get(start..)?.split_at_checked(length)?;
        self.0 = rest;
        (length > 0).then_some(JsonText { text, has_no_escapes })
    }
}

/// Returns the length of the value at the start, and whether it is a string without escapes. The
/// length is zero at the end of an array or object.
fn value_extent(bytes: &[u8]) -> (usize, bool) {
    match bytes.first() {
        Some(b'"') => string_extent(bytes),
        Some(b'{' | b'[') => (nested_length(bytes), false),
        _ => {
            let ends =
                |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
            (bytes.iter().position(ends).unwrap_or(bytes.len()), false)
        }
    }
}

fn string_extent(bytes: &[u8]) -> (usize, bool) {
    let (mut index, mut has_no_escapes) = (1, true);
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'"' => return (index + 1, has_no_escapes),
            b'\\' => (index, has_no_escapes) = (index + 2, false),
            _ => index += 1,
        }
    }
    (bytes.len(), false)
}

fn nested_length(bytes: &[u8]) -> usize {
    let (mut index, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'"' => index += string_extent(&bytes[index..]).0 - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return index + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        index += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::oracle::any_value;
    use super::*;

    /// Converts to a `Value`, with all methods of this file.
    fn read(text: JsonText<'_>) -> Value {
        match text.json_type() {
            JsonType::Array => text.items().map(read).collect(),
            JsonType::Object => text
                .members()
                .map(|(name, value)| (name.string().unwrap().into_owned(), read(value)))
                .collect(),
            JsonType::String => text.string().unwrap().into(),
            _ => serde_json::from_str(text.text).unwrap(),
        }
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn reads_json_as_serde_json_does(value in any_value(), pretty: bool) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            prop_assert_eq!(read(JsonText::of_valid(&text)), value);
        }
    }

    #[test]
    fn equal_values_have_one_canonical_form() {
        let canonical = |text| JsonText::of_valid(text).canonical().map(Cow::into_owned);
        for (one, other) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0.5", "5E-1"),
            ("-0", "0.0"),
            (r#""a/""#, r#""\u0061\/""#),
            (r#"{"a":1,"b":[]}"#, r#" { "b" : [ ] , "a" : 1.00 } "#),
        ] {
            assert_eq!(canonical(one), canonical(other));
            assert!(canonical(one).is_some());
        }
        for (one, other) in [
            ("9007199254740993", "9007199254740992.0"),
            ("0.1", "0.10000000000000000001"),
            ("1", r#""1""#),
            ("[[],1]", "[[1]]"),
            (r#"["a","b"]"#, r#"["a,b"]"#),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
        for unknown in ["1e99999999999", r#""\ud800""#, r#"{"a":1,"a":2}"#, &"[".repeat(200)] {
            assert_eq!(canonical(unknown), None, "{unknown}");
        }
    }
}
