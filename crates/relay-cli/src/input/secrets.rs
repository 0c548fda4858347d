//! Secrets in environment variables.

use std::env;

use anyhow::Result;
use relay::AccessToken;

use super::usage_error::UsageError;

/// Reads the user's access token from the environment variable `name`.
///
/// # Errors
/// Returns an error if the variable does not contain a valid token.
pub(crate) fn token_from_env(name: &str) -> Result<AccessToken> {
    let option = "--token-env";
    let value = secret_from_env(option, name, "token", "the user's access token")?;
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let variable = displayed_variable(option, name);
        let reason = "contains a space, a line break or another character not allowed in a token";
        return Err(UsageError::new(format!("{variable} {reason}")).into());
    }
    Ok(AccessToken::new(value))
}

/// Reads a secret from the environment variable `name`, which is the value of `option`. `kind`
/// and `description` name the secret in errors.
///
/// # Errors
/// Returns an error if `name` is not the name of a variable, or if the variable is not set, is
/// empty or is not UTF-8.
pub(crate) fn secret_from_env(
    option: &str,
    name: &str,
    kind: &str,
    description: &str,
) -> Result<String> {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || !name.chars().all(is_name_char)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        let usage =
            UsageError::new(format!("{option}: expected the name of an environment variable"));
        let suggestion = format!("store the {kind} in an environment variable, and pass its name");
        return Err(usage.with_suggestion(suggestion).into());
    }
    let variable = displayed_variable(option, name);
    let Ok(value) = env::var_os(name).unwrap_or_default().into_string() else {
        return Err(UsageError::new(format!("{variable} is not valid UTF-8")).into());
    };
    if value.is_empty() {
        let usage = UsageError::new(format!("{variable} is not set"));
        return Err(usage.with_suggestion(format!("set it to {description}")).into());
    }
    Ok(value)
}

/// Returns the variable for an error message. A name with lowercase letters is not shown, because
/// it may be the secret itself.
fn displayed_variable(option: &str, name: &str) -> String {
    match name.chars().any(|c| c.is_ascii_lowercase()) {
        true => format!("the environment variable of {option}"),
        false => format!("environment variable \"{name}\" ({option})"),
    }
}
