//! OAuth 2.1 for Model Context Protocol clients, as a token source of `mcp-http`.
//!
//! Start at [`OAuthClient::builder`]: its [`UserTokens`] are the token source of one person, and sign
//! them in; [`ServiceTokens`] are one without a person. What a sign-in leaves behind is kept in a
//! [`Store`]. Everything that can go wrong is in [`Error`].

mod address;
mod assertion;
mod callback;
mod client;
mod client_builder;
mod credentials;
mod crypto;
mod discovery;
mod dpop;
mod error;
mod jws;
mod key_locks;
mod memory_store;
mod metadata;
mod pending;
mod record;
mod registered_client;
mod registration;
mod renewal;
mod revocation;
mod scopes;
mod seal;
mod sealing_keys;
mod secret;
mod service_tokens;
mod settings;
mod sign_in;
mod store;
mod token_endpoint;
mod token_response;
mod user_tokens;
mod web;

pub use crate::{
    assertion::{AssertionRequest, AssertionSource, TokenExchange},
    client::OAuthClient,
    client_builder::OAuthClientBuilder,
    credentials::{Credentials, Registration, TokenEndpointAuthMethod, TokenType},
    error::{Error, SignInReason},
    jws::SigningKey,
    key_locks::KeyLocks,
    memory_store::MemoryStore,
    pending::PendingSignIn,
    record::{Record, Unreadable, UnreadableReason},
    registered_client::RegisteredClient,
    seal::{SealingKey, Unsealable},
    sealing_keys::SealingKeys,
    secret::Secret,
    service_tokens::{ServiceTokens, ServiceTokensBuilder},
    settings::Settings,
    sign_in::SignIn,
    store::{Key, Lock, Store},
    user_tokens::UserTokens,
};
