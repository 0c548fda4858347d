//! One request and everything that belongs to it until its response arrives.

mod exchange;
mod listener;
mod responder;
mod server_request;
mod cancellation;
mod channel;
mod client_state;
mod in_progress;

pub(crate) use self::{
    cancellation::InFlight,
    channel::Link,
    client_state::Host,
    exchange::Exchange,
    in_progress::Asks,
    listener::{Ears, Hearing},
    server_request::obtain,
};
