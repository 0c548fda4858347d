//! The protocol rules: how a request is checked, routed and answered.

mod exchange;
mod era;
mod stateful;
mod stateless;
mod envelope;
mod subscriptions;
mod methods;
mod lookup;
mod answer;
mod multi_round;

pub(crate) use self::{
    answer::{Answer, Closed, Message},
    exchange::Exchange,
    multi_round::Talk,
    stateful::SESSION,
    stateless::complete,
    subscriptions::Subscriptions,
};
