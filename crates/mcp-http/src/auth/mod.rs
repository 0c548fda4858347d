//! Access tokens, token sources, the errors for rejected tokens, and settings for sign-ins.

mod token_source;
mod token_unavailable;
mod unauthorized;
mod challenge;
mod access_token;
mod oauth_settings;
mod auth_method;
mod invalid_setting;
mod secret;

pub use self::{
    access_token::{AccessToken, RequestSigner},
    auth_method::TokenEndpointAuthMethod,
    challenge::Challenge,
    invalid_setting::InvalidOAuthSetting,
    oauth_settings::OAuthSettings,
    secret::Secret,
    token_source::{RejectedToken, TokenRequest, TokenSource},
    token_unavailable::TokenUnavailable,
    unauthorized::{Unauthorized, UnauthorizedReason},
};
