//! The client over HTTP: what it sends in which order, and what it makes of the answers.

mod answers;
mod asked;
mod batches;
mod cancel;
mod capabilities;
mod close;
mod ears;
mod floods;
mod handlers;
mod handshake;
mod negotiation;
mod opening;
mod options;
mod pages;
mod per_request;
mod prompts;
mod resources;
mod rounds;
mod sessions;
mod tools;
mod unsent;
mod verdicts;
mod versions;
mod watch;
