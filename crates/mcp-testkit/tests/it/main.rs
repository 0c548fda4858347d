//! Talks to the server as a client would, over HTTP.

mod asking;
mod bearer;
mod breakage;
mod cancel;
mod complete;
mod counts;
mod events;
mod fault;
mod lifecycle;
mod listening;
mod offers;
mod peer;
mod per_request;
mod protocol;
mod resuming;
mod stream;
mod typed;
