//! Scripted servers, and how tests show what was sent and what went wrong.

mod answer;
mod clock;
mod eras;
mod failure;
mod front;
mod peer;
mod secret;
mod sent;
mod source;
mod strict;
mod traced;

pub(crate) use self::{
    answer::{Answer, error, json, result, sse, status},
    clock::{pass, passing, soon},
    eras::{ERAS, client_at, serve},
    failure::{Failure, failure, outcome},
    front::{Authority, Front},
    peer::{PROBE, Peer, Script, client, discovered, initialized},
    secret::{ALICE, BOB, masked},
    sent::{Sent, exact, outline},
    source::Source,
    strict::{client_of, strict},
    traced::Traced,
};
