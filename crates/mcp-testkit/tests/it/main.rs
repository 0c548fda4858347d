//! Tests of the public API, over HTTP, as a client uses it. The folders mirror those of `src`.

mod server;
mod protocol;
mod state;
mod auth;
mod http;
mod catalog;
mod base;
mod support;
