//! Access tokens: token sources, refresh, request signatures, 401 and 403 responses.

mod failed_refresh;
mod request_signer;
mod token_source;
mod unauthorized;
