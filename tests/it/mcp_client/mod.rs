//! The client over HTTP: what it sends in which order, and what it makes of the answers.

mod answers;
mod asked;
mod batches;
mod cancel;
mod close;
mod handshake;
mod pages;
mod sessions;
mod tools;
mod versions;
