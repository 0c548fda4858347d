//! Talks to the server as a client would, over HTTP.

mod bearer;
mod complete;
mod fault;
mod lifecycle;
mod peer;
mod per_request;
mod protocol;
mod stream;
