//! Detection of likely secrets among the arguments of a program.

use std::iter;

/// Parts of names that mark a value as a secret.
const SECRET_NAMES: [&str; 8] =
    ["auth", "credential", "header", "key", "passphrase", "password", "secret", "token"];

/// Returns likely secrets: the values of options and variables with a name such as `--api-key`, and
/// the passwords and query values of URLs.
pub(super) fn find(args: &[String]) -> impl Iterator<Item = &str> {
    let before = iter::once("").chain(args.iter().map(String::as_str));
    args.iter().zip(before).flat_map(|(arg, before)| {
        let assigned = arg.split_once('=').filter(|(name, _)| is_secret_name(name));
        let value = match before.starts_with('-') && is_secret_name(before) {
            true => Some(arg.as_str()),
            false => assigned.map(|(_, value)| value),
        };
        // In a header such as `Authorization: Bearer …`, the last word alone is a secret too.
        let last = value.and_then(|value| value.split_whitespace().next_back());
        value.into_iter().chain(last).chain(url_secrets(arg))
    })
}

/// Returns whether `name` is the name of an option or variable whose value is a secret.
fn is_secret_name(name: &str) -> bool {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let name = name.to_ascii_lowercase();
    is_name && SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Returns the password of a URL and the values of its query.
fn url_secrets(arg: &str) -> impl Iterator<Item = &str> {
    let rest = arg.split_once("://").map_or("", |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = rest.split('/').next().and_then(|authority| authority.rsplit_once('@'));
    let password = user.and_then(|(user, _)| user.split_once(':'));
    let values = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    password.into_iter().chain(values).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_secrets_in_arguments() {
        for (args, expected) in [
            (&["--api-key", "abc", "/srv/files"][..], &["abc", "abc"][..]),
            (&["--API_TOKEN=a b", "-y"], &["a b", "b"]),
            (&["--header", "X: Bearer abc"], &["X: Bearer abc", "abc"]),
            (&["--password=abc", "files", "-e", "MY_KEY=xyz"], &["abc", "abc", "xyz", "xyz"]),
            (&["postgresql://me:p@ss@db:5432/main"], &["p@ss"]),
            (&["https://a.example/sse?key=abc&page=2#top"], &["abc", "2"]),
            (&["key", "https://a.example/b@c:d", "a=b:c"], &[]),
            (&["-y", "@scope/server", "--verbose"], &[]),
        ] {
            let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(find(&args).collect::<Vec<_>>(), expected, "{args:?}");
        }
    }
}
