//! OAuth 2.1 for Model Context Protocol clients, as a token source of `mcp-http`.
//!
//! Start at [`OAuthClient::builder`]: its [`UserTokens`] are the token source of one person, and sign
//! them in; [`ServiceTokens`] are one without a person. What a sign-in leaves behind is kept in a
//! [`Store`]. Everything that can go wrong is in [`Error`].

mod client;
mod authorization;
mod client_credentials;
mod token;
mod registration;
mod discovery;
mod store;
mod settings;
mod crypto;
mod http;
mod error;
mod clock;

pub use crate::{
    authorization::PendingSignIn,
    client::{OAuthClient, OAuthClientBuilder, SignIn, UserTokens},
    client_credentials::{ServiceTokens, ServiceTokensBuilder},
    crypto::{SealingKey, SealingKeys, Secret, SigningKey, Unsealable},
    error::{Error, SignInReason},
    registration::RegisteredClient,
    settings::Settings,
    store::{
        Credentials, Key, KeyLocks, Lock, MemoryStore, Record, Registration, Store,
        TokenEndpointAuthMethod, TokenType, Unreadable, UnreadableReason,
    },
    token::{AssertionRequest, AssertionSource, TokenExchange},
};
