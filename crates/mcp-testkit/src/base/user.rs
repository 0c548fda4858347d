//! Bearer tokens, and the users that they stand for.

use std::fmt;

/// A token; its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token(String);

/// Whoever a token stands for, known by the first one.
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
