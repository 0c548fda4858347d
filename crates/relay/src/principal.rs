//! The principal: the user or application for whom a server is used.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
};

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA256_OUTPUT_LEN, digest};
use mcp_http::AccessToken;

/// The user for whom a server is used, or the application itself.
///
/// Each session and each private tool list belongs to one principal. Other principals never see it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Principal(Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Anonymous,
    AllUsers,
    /// The SHA-256 of the token, so that no key contains the token itself.
    Token([u8; SHA256_OUTPUT_LEN]),
    /// The SHA-256 of the tokens and the names of their servers.
    Tokens([u8; SHA256_OUTPUT_LEN]),
    /// The SHA-256 of the user's id, so that all keys have the same size.
    Id([u8; SHA256_OUTPUT_LEN]),
}

/// Hashes only eight bytes of the digest, which is fast. Every call looks up its connection.
impl Hash for Principal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let digest = match &self.0 {
            Kind::Anonymous | Kind::AllUsers => None,
            Kind::Token(digest) | Kind::Tokens(digest) | Kind::Id(digest) => digest.first_chunk(),
        };
        state.write_u64(digest.map_or(0, |part| u64::from_ne_bytes(*part)));
    }
}

impl Principal {
    /// The application itself, which uses the `api_key` of the server or no token.
    pub(crate) const ANONYMOUS: Self = Self(Kind::Anonymous);

    /// All users, as the owner of public tool lists. No user has this principal.
    pub(crate) const ALL_USERS: Self = Self(Kind::AllUsers);

    /// Returns the principal of the user with this token.
    pub(crate) fn from_token(token: &AccessToken) -> Self {
        Self(Kind::Token(hash(token.expose())))
    }

    /// Returns the principal of the user with these tokens, by the names of their servers.
    pub(crate) fn from_tokens(tokens: &BTreeMap<String, AccessToken>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in tokens.iter().flat_map(|(name, token)| [name.as_str(), token.expose()]) {
            // With the length of each part, different names and tokens never give the same bytes.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Self(Kind::Tokens(to_array(&context.finish())))
    }

    /// Returns the principal of the user with this id.
    pub(crate) fn from_id(id: &str) -> Self {
        Self(Kind::Id(hash(id)))
    }

    /// Returns a key that is the same in every process. It contains a hash instead of the token or
    /// id. Stores contain these keys, so the words "registry", "everyone", "token", "tokens" and
    /// "user" never change.
    pub(crate) fn to_key(self) -> String {
        let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self.0 {
            Kind::Anonymous => "registry".to_owned(),
            Kind::AllUsers => "everyone".to_owned(),
            Kind::Token(hash) => format!("token:{}", hex(&hash)),
            Kind::Tokens(hash) => format!("tokens:{}", hex(&hash)),
            Kind::Id(hash) => format!("user:{}", hex(&hash)),
        }
    }
}

fn hash(text: &str) -> [u8; SHA256_OUTPUT_LEN] {
    to_array(&digest(&SHA256, text.as_bytes()))
}

fn to_array(digest: &Digest) -> [u8; SHA256_OUTPUT_LEN] {
    let mut hash = [0; SHA256_OUTPUT_LEN];
    hash.copy_from_slice(digest.as_ref());
    hash
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Anonymous => "anonymous",
            Kind::AllUsers => "all users",
            Kind::Token(_) => "user with a token",
            Kind::Tokens(_) => "user with tokens",
            Kind::Id(_) => "user with an id",
        })
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_differ_by_token_and_do_not_show_it() {
        let of = |token: &str| Principal::from_token(&AccessToken::new(token));
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
        assert_ne!(of("a"), Principal::ANONYMOUS);
        assert_ne!(of("a"), Principal::from_id("a"));
        assert_ne!(Principal::from_id("a"), Principal::from_id("b"));
        assert_eq!(format!("{:?}", of("a")), "Principal(user with a token)");
        let of_all = |tokens: &[(&str, &str)]| {
            let tokens = tokens.iter().map(|(name, token)| ((*name).to_owned(), (*token).into()));
            Principal::from_tokens(&tokens.collect())
        };
        assert_eq!(of_all(&[("s", "a"), ("t", "b")]), of_all(&[("t", "b"), ("s", "a")]));
        assert_ne!(of_all(&[("s", "a"), ("t", "b")]), of_all(&[("s", "b"), ("t", "a")]));
        assert_ne!(of_all(&[("s", "ta")]), of_all(&[("st", "a")]));
        assert_ne!(of_all(&[]), Principal::ANONYMOUS);
        assert_eq!(format!("{:?}", of_all(&[("s", "a")])), "Principal(user with tokens)");
    }
}
