//! Secrets in environment variables.

use std::env;

use anyhow::Result;
use relay::AccessToken;

use super::usage_error::UsageError;

/// Reads the user's access token from the environment variable `name`.
pub(crate) fn token_from_env(name: &str) -> Result<AccessToken> {
    let option = "--token-env";
    let value = secret_from_env(option, name, "token", "the user's access token")?;
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = "holds a space, a line break or another character that no token has";
        return Err(UsageError::new(format!(
            "the variable {} {what}",
            displayed_name(option, name)
        ))
        .into());
    }
    Ok(AccessToken::new(value))
}

/// Reads the secret from the environment variable `name`, which `option` gives. `what` and `whose`
/// describe the secret in errors.
pub(crate) fn secret_from_env(option: &str, name: &str, what: &str, whose: &str) -> Result<String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || !name.chars().all(letter)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        let usage = UsageError::new(format!("what {option} gives is not the name of a variable"));
        let suggestion = format!("put the {what} into a variable and give the name of that");
        return Err(usage.with_suggestion(suggestion).into());
    }
    let shown = displayed_name(option, name);
    let Ok(value) = env::var_os(name).unwrap_or_default().into_string() else {
        return Err(UsageError::new(format!("the variable {shown} is not UTF-8")).into());
    };
    if value.is_empty() {
        let usage = UsageError::new(format!("the variable {shown} is not set"));
        return Err(usage.with_suggestion(format!("it has to hold {whose}")).into());
    }
    Ok(value)
}

/// Returns the name of the variable for an error message. A name with lowercase letters is not
/// shown, as it may be the secret itself.
fn displayed_name(option: &str, name: &str) -> String {
    match name.chars().any(|c| c.is_ascii_lowercase()) {
        true => format!("that {option} names"),
        false => format!("`{name}` ({option})"),
    }
}
