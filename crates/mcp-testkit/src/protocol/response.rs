//! The answer to an HTTP request, before it is written to the connection.

use super::multi_round::MultiRoundCall;
use crate::{
    http::{Reply, Stream},
    state::{RpcResponse, Subscription},
};

/// The answer to an HTTP request.
#[derive(Debug)]
pub(crate) enum ExchangeResponse {
    /// A plain HTTP response: a rejection, or the acceptance of a notification.
    Reply(Reply),
    /// The response to a JSON-RPC request.
    Response(RpcResponse),
    /// A GET stream, and the position to read from.
    Stream(Stream, usize),
    /// A subscription of a stateless client.
    Listen(Subscription),
    /// A call that needs a stream.
    Call(Box<MultiRoundCall>),
}
