//! The running test server: its handle, its builder, and the service that handles requests.

mod builder;
mod counts;
mod push;
mod test_server;
mod listener;
mod service;
mod delivery;

pub use self::{builder::TestServerBuilder, test_server::TestServer};
