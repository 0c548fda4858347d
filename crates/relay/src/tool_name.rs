//! Tool names that every provider accepts, and that are unique across servers.

use aws_lc_rs::digest::{SHA256, digest};

/// The longest name that all providers accept, in characters.
const MAX_LENGTH: usize = 64;
/// The length of the hash that makes a shortened name unique, in hexadecimal digits.
const HASH_DIGITS: usize = 10;

/// Returns the name under which a model sees a tool: `relay__{server}__{tool}`.
///
/// This form is the plain name. The result depends only on `server` and `tool`. It is the plain name,
/// unless the plain name:
///
/// - is too long,
/// - has characters that a provider rejects, or
/// - could be the name of another server and tool: the first `__` after the prefix must end the name
///   of the server.
///
/// Otherwise the result is the plain name, cut to fit, with a hash of `server` and `tool` at its end.
pub(crate) fn for_model(server: &str, tool: &str) -> String {
    let plain = format!("relay__{server}__{tool}");
    let fits = plain.len() <= MAX_LENGTH && is_plain(server) && is_plain(tool);
    if fits && !server.contains("__") && !server.ends_with('_') && !ends_in_hash(&plain) {
        return plain;
    }
    let hash = digest(&SHA256, format!("{}:{server}{tool}", server.len()).as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let prefix: String = plain.chars().take(MAX_LENGTH - HASH_DIGITS - 1).map(sanitize).collect();
    format!("{prefix}_{}", &hex[..HASH_DIGITS])
}

/// Returns whether a name ends like a name with a hash. [`for_model`] adds a hash to such a name
/// too, so that no plain name equals a name with a hash.
fn ends_in_hash(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, end)| {
        end.len() == HASH_DIGITS && end.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| sanitize(c) == c)
}

fn sanitize(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn is_valid_everywhere(name: &str) -> bool {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        first && name.len() <= MAX_LENGTH && name.chars().all(|c| sanitize(c) == c)
    }

    #[test]
    fn plain_names_are_prefixed_only() {
        assert_eq!(for_model("github", "search-code_v2"), "relay__github__search-code_v2");
        assert_eq!(for_model("a", "_b"), "relay__a___b");
    }

    #[test]
    fn other_names_are_shortened_and_end_in_a_hash() {
        // TOOL-03
        for (server, tool) in [
            ("git.hub", "search"),
            ("github", "search code/\u{2713}"),
            ("github", &"x".repeat(60)),
            ("a_", "b"),
            ("a__b", "c"),
            ("github", "f_0123456789"),
            ("github", "0123456789"),
            ("github", ""),
        ] {
            let name = for_model(server, tool);
            assert!(is_valid_everywhere(&name), "{name}");
            assert_ne!(name, format!("relay__{server}__{tool}"));
        }
    }

    #[test]
    fn a_plain_name_cannot_equal_a_shortened_name() {
        let long = "s".repeat(MAX_LENGTH - "relay__".len() - "__".len() - HASH_DIGITS);
        let victim = for_model(&format!("{long}_2"), "transfer-money");
        let (_, hash) = victim.rsplit_once('_').unwrap();
        assert_eq!(format!("relay__{long}__{hash}"), victim);
        assert_ne!(for_model(&long, hash), victim);
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn different_tools_have_different_names(
            pairs in prop::collection::hash_set(("[a_.]{1,4}", "[a_.]{1,4}|[a_]{60,62}"), 2..60),
        ) {
            let mut names = HashMap::new();
            for (server, tool) in pairs {
                let name = for_model(&server, &tool);
                prop_assert!(is_valid_everywhere(&name), "{}", name);
                let other = names.insert(name, (server, tool));
                prop_assert_eq!(other, None);
            }
        }
    }
}
