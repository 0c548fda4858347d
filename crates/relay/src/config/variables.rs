//! Replacement of `${VAR}` and `${VAR:-default}` in the values of a configuration.

use std::cell::RefCell;

use crate::settings::StdioCommand;

/// A lookup of variables that records the values it returned.
pub(crate) struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    values: RefCell<Vec<String>>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, values: RefCell::default() }
    }

    /// Returns the value of a variable, and records it.
    pub(crate) fn lookup(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        self.values.borrow_mut().push(value.clone());
        Some(value)
    }

    /// Marks all values that were looked up as secrets of the program, so that they are redacted.
    pub(crate) fn redact_values(&self, program: StdioCommand) -> StdioCommand {
        self.values.take().into_iter().fold(program, StdioCommand::redact)
    }
}

/// Replaces each `${NAME}` by its value, and `${NAME:-default}` by `default` if the value is
/// missing or empty. `$${` becomes `${`. Any other `$` stays.
///
/// # Errors
/// Returns a message if a variable is not set and has no default, or if a reference is malformed.
/// The message shows no value.
pub(crate) fn resolve(
    value: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    replace(value, false, |reference| variable(reference, lookup))
}

/// Replaces each `${…}` by what `variable` returns for the text between the braces. If `braces` is
/// true, also replaces `{env:…}` and `{file:…}`.
pub(crate) fn replace(
    value: &str,
    braces: bool,
    variable: impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut resolved = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find('{') {
        let (before, reference) = (&rest[..start], &rest[start + 1..]);
        let is_prefixed = before.ends_with('$');
        let is_reference = is_prefixed
            || braces && (reference.starts_with("env:") || reference.starts_with("file:"));
        if !is_reference || before.ends_with("$$") {
            // `$${` is an escaped `${`.
            resolved.push_str(before.strip_suffix("$$").unwrap_or(before));
            resolved.push_str(if before.ends_with("$$") { "${" } else { "{" });
            rest = reference;
            continue;
        }
        resolved.push_str(before.strip_suffix('$').unwrap_or(before));
        let end = reference.find('}').ok_or("missing \"}\" after \"${\"")?;
        resolved.push_str(&variable(&reference[..end])?);
        rest = &reference[end + 1..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Returns the value of `NAME` or `NAME:-default`.
pub(crate) fn variable(
    reference: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let is_name_character = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name_character) {
        return Err("expected the name of a variable after \"${\"".to_owned());
    }
    match (lookup(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!("variable \"{name}\" is not set and has no default")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(value: &str) -> Result<String, String> {
        resolve(value, &|name| match name {
            "KEY" => Some("s3cret".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_replaced() {
        for (value, expected) in [
            ("plain", "plain"),
            ("${KEY}", "s3cret"),
            ("a ${KEY}-${KEY} b", "a s3cret-s3cret b"),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-}", ""),
            ("${NONE:-https://a:1/}", "https://a:1/"),
            ("$${KEY}", "${KEY}"),
            ("pa$$word $KEY ~ $", "pa$$word $KEY ~ $"),
        ] {
            assert_eq!(resolved(value).as_deref(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn invalid_references_are_reported() {
        for (value, reason) in [
            ("${NONE}", "variable \"NONE\" is not set and has no default"),
            ("${KEY", "missing \"}\" after \"${\""),
            ("${}", "expected the name of a variable after \"${\""),
            ("${A B}", "expected the name of a variable after \"${\""),
        ] {
            assert_eq!(resolved(value).unwrap_err(), reason, "{value}");
        }
    }
}
