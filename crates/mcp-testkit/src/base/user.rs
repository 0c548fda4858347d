//! Bearer tokens and their users.

use std::fmt;

/// A bearer token. The `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token(String);

/// A user, identified by the first token that was accepted for this user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct User(Token);

impl Token {
    pub(crate) fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl User {
    pub(crate) fn of(token: &str) -> Self {
        Self(Token::new(token))
    }

    pub(crate) fn from_first_token(token: Token) -> Self {
        Self(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}
