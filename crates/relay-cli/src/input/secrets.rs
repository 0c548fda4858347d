//! Secrets in variables of the environment.

use std::env;

use anyhow::Result;
use relay::AccessToken;

use super::usage_error::Usage;

/// The token in the variable `name`.
pub(crate) fn token(name: &str) -> Result<AccessToken> {
    let option = "--token-env";
    let value = secret(option, name, "token", "the user's access token")?;
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = "holds a space, a line break or another character that no token has";
        return Err(Usage::new(format!("the variable {} {what}", shown(option, name))).into());
    }
    Ok(AccessToken::new(value))
}

/// The secret in the variable that `option` names: what it is, and whose.
pub(crate) fn secret(option: &str, name: &str, what: &str, whose: &str) -> Result<String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || !name.chars().all(letter)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        let usage = Usage::new(format!("what {option} gives is not the name of a variable"));
        let hint = format!("put the {what} into a variable and give the name of that");
        return Err(usage.hint(hint).into());
    }
    let shown = shown(option, name);
    let Ok(value) = env::var_os(name).unwrap_or_default().into_string() else {
        return Err(Usage::new(format!("the variable {shown} is not UTF-8")).into());
    };
    if value.is_empty() {
        let usage = Usage::new(format!("the variable {shown} is not set"));
        return Err(usage.hint(format!("it has to hold {whose}")).into());
    }
    Ok(value)
}

/// The variable. By mistake it may be the secret itself, which is not to be shown.
fn shown(option: &str, name: &str) -> String {
    match name.chars().any(|c| c.is_ascii_lowercase()) {
        true => format!("that {option} names"),
        false => format!("`{name}` ({option})"),
    }
}
