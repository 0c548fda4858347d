//! The running server.

mod push;
mod test_server;
