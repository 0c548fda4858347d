//! Errors of the TOML parser, without values: these may be secrets.

use super::position::Position;
use crate::{error::Error, suggestion::nearest};

/// Converts an error of the parser, and adds the position, the server and a suggestion.
pub(crate) fn configuration_error(text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map(|span| span.start);
    Error::Configuration {
        server: start.and_then(|start| server_of_section(text.get(..start)?)),
        position: start.and_then(|start| Position::at(text, start)).map(Position::into),
        reason: with_suggestion(without_value(error.message())).replace('`', "\""),
    }
}

/// Removes the value from a message, because it may be a secret.
fn without_value(message: &str) -> String {
    let with_value = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    match message.rsplit_once(", expected ") {
        Some((problem, expected)) if with_value.iter().any(|start| problem.starts_with(start)) => {
            format!("expected {}", expected.replace("u64", "a whole number"))
        }
        _ => message.to_owned(),
    }
}

/// Adds a suggestion to the message if it is about an unknown key.
fn with_suggestion(message: String) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"));
    match unknown.and_then(|unknown| nearest(unknown, quoted)) {
        Some(nearest) => format!("{message}; did you mean `{nearest}`?"),
        None => message,
    }
}

/// Returns the name of the server in whose section the text ends.
fn server_of_section(before: &str) -> Option<String> {
    let header = before.lines().map(str::trim).rfind(|line| line.starts_with('['))?;
    let name = header.strip_prefix("[servers.")?.trim_start();
    let name = match name.chars().next()? {
        quote @ ('"' | '\'') => name[1..].split(quote).next()?,
        _ => name.split(['.', ']']).next()?.trim_end(),
    };
    Some(name.to_owned())
}
