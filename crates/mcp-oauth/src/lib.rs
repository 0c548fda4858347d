//! OAuth 2.1 for Model Context Protocol clients, as token sources of `mcp-http`.
//!
//! Start at [`OAuthClient::builder`]. Its [`UserTokens`] are the token source of one user, and
//! start the sign-in. [`ClientCredentials`] are a token source without a user. A [`Store`] keeps the
//! credentials. Every error is an [`Error`].

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
    client_credentials::{ClientCredentials, ClientCredentialsBuilder},
    crypto::{DecryptError, EncryptionKey, EncryptionKeys, Secret, SigningKey},
    error::{Error, SignInReason},
    registration::PreregisteredClient,
    settings::Settings,
    store::{
        ClientRegistration, Credentials, InvalidRecord, InvalidRecordReason, KeyLocks, MemoryStore,
        Record, Store, StoreKey, StoreLock, TokenEndpointAuthMethod, TokenType,
    },
    token::{AssertionRequest, AssertionSource, TokenExchange},
};
