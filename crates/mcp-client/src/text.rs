//! Errors of decoding, without the text of the server.

use serde::de::Error as _;

use crate::redaction::Redactor;

/// Removes the value from an error about a value of the wrong type. The value may be a secret that
/// the server echoes. Names of members are shown, without secrets.
pub(crate) fn without_text(error: &serde_json::Error, redactor: &Redactor) -> serde_json::Error {
    const BEGIN: &str = "string \"";
    const END: &str = "\", expected ";
    let mut message = error.to_string();
    if let (Some(begin), Some(end)) = (message.find(BEGIN), message.rfind(END))
        && begin + BEGIN.len() <= end
    {
        message.replace_range(begin + BEGIN.len() - 2..=end, "");
    }
    serde_json::Error::custom(redactor.redact_shortened(&message))
}
