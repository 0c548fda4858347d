//! The protocol rules: how a request is checked, routed and answered.

mod router;
mod era;
mod stateful;
mod stateless;
mod envelope;
mod subscriptions;
mod methods;
mod lookup;
mod exchange;
mod answer;
mod multi_round;

pub(crate) use self::{answer::Answer, exchange::Exchange, multi_round::MultiRoundCall};
