//! The rules of the protocol: requests are checked, routed and handled.

mod router;
mod era;
mod stateful;
mod stateless;
mod envelope;
mod subscriptions;
mod methods;
mod lookup;
mod exchange;
mod response;
mod multi_round;

pub(crate) use self::{
    exchange::Exchange, multi_round::MultiRoundCall, response::ExchangeResponse,
};
