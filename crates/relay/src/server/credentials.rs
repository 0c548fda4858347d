//! The credentials of a user, and the choice of those that a server gets.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use mcp_http::{AccessToken, TokenSource};

use super::{
    relay_state::RelayState, server_token::ServerToken, servers::ServerHandle,
    token_sources::UserTokenSource,
};
use crate::{error::Error, principal::Principal};

/// The credentials of a user. Clones share everything.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// No user: each server is used with its own credentials.
    Own,
    /// A token without the name of its server.
    Token(ServerToken),
    /// A token without the name of its server, for a user with an id. `number` orders it among the
    /// other tokens and sources of the user.
    UserToken { token: ServerToken, number: u64, user: Arc<UserTokenSource> },
    /// Tokens by the name of their server. Other servers are used with their own credentials.
    Tokens(Arc<BTreeMap<String, ServerToken>>),
    /// A token source of a user with an id. It is asked for each server.
    Source(Arc<UserTokenSource>),
}

impl Credentials {
    /// Returns the credentials of a user with an id.
    pub(crate) fn of_user(
        state: &RelayState,
        principal: Principal,
        source: impl TokenSource,
    ) -> Self {
        let user = state.token_sources.of_user(principal);
        let number = state.token_sources.next_number();
        // A token is a source that returns itself for every server.
        if let Some(token) = (&source as &dyn Any).downcast_ref::<AccessToken>() {
            let token = state.token_servers.token(token.clone());
            return Self::UserToken { token, number, user };
        }
        user.set_source(number, Arc::new(source));
        Self::Source(user)
    }

    /// Returns the credentials with these tokens, each for the server that has the name now.
    pub(crate) fn by_server(state: &RelayState, tokens: BTreeMap<String, AccessToken>) -> Self {
        let for_server = |(name, token): (String, AccessToken)| {
            let server = state.servers.find(&name).and_then(|handle| {
                Some((Arc::clone(&handle.id.name), handle.token_endpoint()?.clone()))
            });
            (name, ServerToken::for_server(token, server))
        };
        Self::Tokens(Arc::new(tokens.into_iter().map(for_server).collect()))
    }

    /// Returns whether there is no user.
    pub(crate) fn are_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// Returns whether there is one token, without the name of its server.
    pub(crate) fn are_for_one_server(&self) -> bool {
        matches!(self, Self::Token(_) | Self::UserToken { .. })
    }

    /// Returns the names of the servers that have a token of their own.
    pub(crate) fn server_names(&self) -> impl Iterator<Item = &String> {
        let tokens = match self {
            Self::Tokens(tokens) => Some(tokens.keys()),
            _ => None,
        };
        tokens.into_iter().flatten()
    }

    /// Returns the token source of a server. `None` if it is used with its own credentials.
    ///
    /// The caller names the server, so a token without a server is for this server from now on.
    ///
    /// # Errors
    ///
    /// Returns an error if the server would get a token that is not for it.
    pub(crate) fn source_for(
        &self,
        handle: &ServerHandle,
    ) -> Result<Option<Arc<dyn TokenSource>>, Error> {
        let error = |reason| Err(Error::configuration(Some(&handle.id), reason));
        let named_token = match self {
            Self::Own => return Ok(None),
            Self::Tokens(tokens) => tokens.get(&*handle.id.name),
            _ => None,
        };
        if handle.server.shared {
            return match named_token {
                None => Ok(None),
                Some(_) => error(
                    "the server is shared, so it is used with its own credentials; remove its \
                     token from \"Relay::with_tokens\"",
                ),
            };
        }
        let Some(endpoint) = handle.token_endpoint() else {
            return error(
                "a stdio server does not accept access tokens; pass credentials in \"env\"",
            );
        };
        Ok(match self {
            Self::Own => None,
            Self::Token(token) => {
                token.set_server(&handle.id.name, endpoint)?;
                Some(Arc::new(token.clone()))
            }
            Self::UserToken { token, number, user } => {
                token.set_server(&handle.id.name, endpoint)?;
                user.set_token(*number, endpoint, token);
                Some(Arc::clone(user) as _)
            }
            Self::Tokens(_) => match named_token {
                None => None,
                Some(token) if token.is_for(endpoint) => Some(Arc::new(token.clone())),
                Some(_) => {
                    return error(
                        "the server was added or replaced after \"Relay::with_tokens\", so its \
                         token is not sent; call \"Relay::with_tokens\" again",
                    );
                }
            },
            Self::Source(user) => Some(Arc::clone(user) as _),
        })
    }
}
