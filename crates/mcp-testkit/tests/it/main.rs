//! Talks to the server as a client would, over HTTP.

mod bearer;
mod fault;
mod lifecycle;
mod peer;
mod protocol;
mod stream;
