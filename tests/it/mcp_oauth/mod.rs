//! `mcp-oauth` against mocked servers: sign-in, refresh, step-up, client credentials, attacks.

mod authorization;
mod callback;
mod client_credentials;
mod default_endpoints;
mod discovery;
mod discovery_order;
mod dpop;
mod faulty_store;
mod issuer_binding;
mod private_addresses;
mod redaction;
mod server_settings;
mod step_up;
mod support;
mod token_refresh;
