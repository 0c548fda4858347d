//! The challenges of `WWW-Authenticate` response headers (RFC 9110, section 11.6.1).
//!
//! Published parsers reject the whole header if one challenge is malformed. This parser skips the
//! malformed challenge. A malformed `Negotiate` challenge of a proxy therefore does not hide the
//! `Bearer` challenge after it.

use std::fmt;

use mcp_client::Truncated;

/// A challenge from a `WWW-Authenticate` response header (RFC 9110, section 11.6.1).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scheme, as the server wrote it. Compare it with [`is_scheme`](Self::is_scheme).
    pub scheme: String,
    /// The single value of a scheme that has no named parameters, such as `Negotiate`.
    pub token68: Option<String>,
    /// The parameters: names as the server wrote them, and values without quotes.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// Parses all challenges of one header value. Malformed parts are skipped.
    ///
    /// ```
    /// use mcp_http::Challenge;
    ///
    /// let header = r#"Negotiate a==, Bearer scope="a b", error=invalid_token"#;
    /// let challenges = Challenge::parse(header);
    /// assert_eq!(challenges[0].token68.as_deref(), Some("a=="));
    /// assert!(challenges[1].is_scheme("bearer"));
    /// assert_eq!(challenges[1].scope(), Some("a b"));
    /// assert_eq!(challenges[1].error(), Some("invalid_token"));
    /// ```
    pub fn parse(header: &str) -> Vec<Self> {
        let mut challenges: Vec<Self> = Vec::new();
        let mut input = Input(header);
        while let Some(part) = input.part() {
            match part {
                Part::Scheme { scheme, token68 } => {
                    let scheme = scheme.to_owned();
                    let token68 = token68.map(str::to_owned);
                    challenges.push(Self { scheme, token68, params: Vec::new() });
                }
                Part::Param(name, value) => {
                    if let Some(challenge) = challenges.last_mut() {
                        challenge.params.push((name.to_owned(), value));
                    }
                }
            }
        }
        challenges
    }

    /// Returns whether the challenge has this scheme, ignoring case.
    pub fn is_scheme(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns the first parameter with this name, ignoring case.
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the URL of the server's protected resource metadata (RFC 9728, section 5.1).
    pub fn resource_metadata(&self) -> Option<&str> {
        self.param("resource_metadata")
    }

    /// Returns the scopes that the request requires, separated by spaces (RFC 6750, section 3).
    pub fn scope(&self) -> Option<&str> {
        self.param("scope")
    }

    /// Returns the error code, such as `invalid_token` (RFC 6750, section 3.1).
    pub fn error(&self) -> Option<&str> {
        self.param("error")
    }

    /// Returns the description of the error for developers. The text is untrusted.
    pub fn error_description(&self) -> Option<&str> {
        self.param("error_description")
    }
}

/// Shows the first parameters, truncated. A server may send very many.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_PARAMS: usize = 5;
        let shown = |(name, value): &(String, String)| {
            format!("{}={:?}", Truncated(name), Truncated(value))
        };
        let params: Vec<_> = self.params.iter().take(MAX_PARAMS).map(shown).collect();
        f.debug_struct("Challenge")
            .field("scheme", &Truncated(&self.scheme))
            .field("token68", &self.token68.as_deref().map(Truncated))
            .field("params", &params)
            .field("param_count", &self.params.len())
            .finish()
    }
}

/// The part of a header that is not parsed yet.
struct Input<'a>(&'a str);

enum Part<'a> {
    Scheme { scheme: &'a str, token68: Option<&'a str> },
    Param(&'a str, String),
}

impl<'a> Input<'a> {
    /// Parses the next scheme or parameter.
    ///
    /// Commas separate both challenges and parameters. A name with an equals sign after it is a
    /// parameter, and any other name is a scheme.
    fn part(&mut self) -> Option<Part<'a>> {
        loop {
            self.skip(|c| matches!(c, ' ' | '\t' | ','));
            if self.0.is_empty() {
                return None;
            }
            let name = self.take(is_token);
            if name.is_empty() {
                self.skip_malformed();
                continue;
            }
            let spaced = self.skip(is_blank);
            if self.eat('=') {
                self.skip(is_blank);
                match self.value() {
                    Some(value) => return Some(Part::Param(name, value)),
                    None => self.skip_malformed(),
                }
            } else if spaced || self.at_end_of_part() {
                return Some(Part::Scheme { scheme: name, token68: self.token68() });
            } else {
                self.skip_malformed();
            }
        }
    }

    /// Parses the value of a parameter, which is a token or a quoted string. Returns `None` if it
    /// is neither.
    fn value(&mut self) -> Option<String> {
        if self.eat('"') {
            return self.quoted();
        }
        let value = self.take(is_token);
        (!value.is_empty() && self.at_end_of_part()).then(|| value.to_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(chars.next()?),
                c => value.push(c),
            }
        }
        self.0 = chars.as_str();
        Some(value)
    }

    /// Parses the single value after a scheme, unless a parameter follows.
    fn token68(&mut self) -> Option<&'a str> {
        let rest = self.0;
        let value = self.take(is_token68);
        let padding = self.take(|c| c == '=');
        if !value.is_empty() && self.at_end_of_part() {
            return Some(&rest[..value.len() + padding.len()]);
        }
        self.0 = rest;
        None
    }

    fn at_end_of_part(&self) -> bool {
        let rest = self.0.trim_start_matches(is_blank);
        rest.is_empty() || rest.starts_with(',')
    }

    /// Skips to the next comma outside of quotes.
    fn skip_malformed(&mut self) {
        let mut quoted = false;
        let mut escaped = false;
        let end = self.0.find(|c| {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ',' => return !quoted,
                _ => {}
            }
            false
        });
        self.0 = end.map_or("", |end| &self.0[end..]);
    }

    fn take(&mut self, predicate: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !predicate(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, predicate: impl Fn(char) -> bool) -> bool {
        !self.take(predicate).is_empty()
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.0.strip_prefix(c);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn is_token68(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Written = (String, Vec<(String, String)>);

    fn challenges() -> impl Strategy<Value = Vec<Written>> {
        let token = "[a-zA-Z][a-zA-Z0-9_.-]{0,7}";
        let value = prop_oneof!["[a-z0-9]{1,6}", r#""([ !#-\[\]-~]|\\[\\"]){0,12}""#];
        let params = prop::collection::vec((token, value), 1..4);
        prop::collection::vec((token, params), 1..4)
    }

    fn header((scheme, params): &Written) -> String {
        let params: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{scheme} {}", params.join(", "))
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn parses_well_formed_challenges_like_the_http_auth_crate(written in challenges()) {
            let header = written.iter().map(header).collect::<Vec<_>>().join(", ");
            let expected: Vec<_> = http_auth::parse_challenges(&header)
                .unwrap()
                .iter()
                .map(|challenge| Challenge {
                    scheme: challenge.scheme.to_owned(),
                    token68: None,
                    params: challenge
                        .params
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), value.to_unescaped()))
                        .collect(),
                })
                .collect();
            prop_assert_eq!(Challenge::parse(&header), expected);
        }

        #[test]
        fn parse_never_panics(header in r#"([a-c"\\,= \t/]|\PC){0,40}"#) {
            Challenge::parse(&header);
        }
    }

    /// Formats challenges as scheme, token68 and parameters, separated by semicolons.
    fn formatted(header: &str) -> String {
        let format_one = |challenge: &Challenge| {
            let mut line = challenge.scheme.clone();
            if let Some(token68) = &challenge.token68 {
                line += &format!(" <{token68}>");
            }
            for (name, value) in &challenge.params {
                line += &format!(" {name}=[{value}]");
            }
            line
        };
        Challenge::parse(header).iter().map(format_one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn parses_every_form_of_challenge() {
        // AUTH-09
        for (header, expected) in [
            ("", ""),
            ("Bearer", "Bearer"),
            ("bearer realm=\"a\"", "bearer realm=[a]"),
            ("Bearer realm=a , scope = \"x y\"", "Bearer realm=[a] scope=[x y]"),
            ("Basic, Bearer", "Basic; Bearer"),
            (
                "Basic realm=a, Bearer scope=b, error=c",
                "Basic realm=[a]; Bearer scope=[b] error=[c]",
            ),
            ("Negotiate YII=, Bearer", "Negotiate <YII=>; Bearer"),
            ("Negotiate abc", "Negotiate <abc>"),
            (",, Bearer ,a=b,, c=d,", "Bearer a=[b] c=[d]"),
            (r#"Bearer a="q\"\\,= Basic x=y""#, r#"Bearer a=[q"\,= Basic x=y]"#),
            ("Bearer a=\"\u{e9}\u{2713}\"", "Bearer a=[\u{e9}\u{2713}]"),
            ("Bearer a=\"\"", "Bearer a=[]"),
        ] {
            assert_eq!(formatted(header), expected, "{header}");
        }
    }

    #[test]
    fn parses_valid_challenges_next_to_malformed_ones() {
        for (header, expected) in [
            ("Digest a=b c=d, Bearer scope=x", "Digest; Bearer scope=[x]"),
            ("@@@, Bearer scope=x", "Bearer scope=[x]"),
            ("Bearer a=, scope=x", "Bearer <a=> scope=[x]"),
            ("Bearer a=b;c, scope=x", "Bearer scope=[x]"),
            ("Bearer a=b, c=, scope=x", "Bearer a=[b] scope=[x]"),
            ("Bearer scope=x, error=\"open", "Bearer scope=[x]"),
            ("a=b, Bearer", "Bearer"),
            ("Bearer/1 x=y, Basic", "Basic"),
        ] {
            assert_eq!(formatted(header), expected, "{header}");
        }
    }
}
