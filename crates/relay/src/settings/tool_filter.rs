//! The filter of the tools of a server, by patterns.

/// A filter of tools by their names on the server.
///
/// In a pattern, `*` matches any number of characters. Every other character matches itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// `None` allows every tool.
    allow: Option<Vec<String>>,
    deny: Vec<String>,
}

impl Filter {
    /// Allows tools that match one of these patterns, and no others. Without patterns, no tool is
    /// allowed.
    pub(crate) fn allow(&mut self, patterns: impl IntoIterator<Item = impl Into<String>>) {
        self.allow.get_or_insert_default().extend(patterns.into_iter().map(Into::into));
    }

    /// Denies tools that match one of these patterns.
    pub(crate) fn deny(&mut self, patterns: impl IntoIterator<Item = impl Into<String>>) {
        self.deny.extend(patterns.into_iter().map(Into::into));
    }

    /// Returns whether a tool is allowed and not denied.
    pub(crate) fn offers(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        self.allow.as_deref().is_none_or(any) && !any(&self.deny)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = name.strip_prefix(start).and_then(|name| name.strip_suffix(end));
    let Some(mut left) = inner else { return false };
    middle.split('*').all(|part| {
        let found = left.find(part);
        left = found.map_or("", |at| &left[at + part.len()..]);
        found.is_some()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of a match, for short patterns.
    fn matches_by_trial(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => {
                (0..=name.len()).any(|length| matches_by_trial(rest, &name[length..]))
            }
            Some((first, rest)) => name
                .split_first()
                .is_some_and(|(own, name)| own == first && matches_by_trial(rest, name)),
        }
    }

    #[test]
    fn deny_wins_over_allow() {
        let mut filter = Filter::default();
        assert!(filter.offers("anything"));
        filter.deny(["delete_*"]);
        assert!(filter.offers("search") && !filter.offers("delete_all"));
        filter.allow(["search", "*_all"]);
        for (name, offered) in [
            ("search", true),
            ("Search", false),
            ("search_code", false),
            ("list_all", true),
            ("delete_all", false),
        ] {
            assert_eq!(filter.offers(name), offered, "{name}");
        }
    }

    #[test]
    fn an_empty_allow_list_offers_nothing() {
        let mut filter = Filter::default();
        filter.allow(Vec::<String>::new());
        assert!(!filter.offers("search"));
        filter.allow(["search"]);
        assert!(filter.offers("search"));
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn a_star_matches_any_characters(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            let expected = matches_by_trial(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(matches(&pattern, &name), expected);
        }
    }
}
