//! What the server answers, before it is written to the connection.

use super::multi_round::MultiRoundCall;
use crate::{
    http::{Reply, Stream},
    state::{RpcResponse, Subscription},
};

/// The answer to an HTTP request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A plain HTTP answer: a refusal, or the receipt of a notification.
    Reply(Reply),
    /// The answer to a JSON-RPC request.
    Response(RpcResponse),
    /// A stream that the client listens on, read from this place on.
    Stream(Stream, usize),
    /// A client that listens without a session.
    Listen(Subscription),
    /// A call that takes more than an answer.
    Call(Box<MultiRoundCall>),
}
