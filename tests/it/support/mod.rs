//! Scripted servers, and how tests show what was sent and what went wrong.

mod absent;
mod answer;
mod clock;
mod desk;
mod eras;
mod failure;
mod front;
mod legacy;
mod line;
mod peer;
mod secret;
mod sent;
mod source;
mod strict;
mod traced;

pub(crate) use self::{
    absent::Absent,
    answer::{Answer, error, json, result, sse, status},
    clock::{pass, passing, soon},
    desk::{ALL, Desk, Mood},
    eras::{ERAS, client_at, serve},
    failure::{Failure, failure, outcome},
    front::{Authority, Front},
    legacy::{Legacy, LegacyServer},
    line::{Ears, Line},
    peer::{PROBE, Peer, Script, client, discovered, given, initialized},
    secret::{ALICE, BOB, assert_free_of_secrets, masked},
    sent::{Sent, exact, outline},
    source::Source,
    strict::{client_of, strict},
    traced::Traced,
};
