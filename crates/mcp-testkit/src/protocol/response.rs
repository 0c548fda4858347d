//! The response to an HTTP request, before it is sent.

use super::multi_round::MultiRoundCall;
use crate::{
    http::{Reply, Stream},
    state::{RpcResponse, Subscription},
};

/// The response to an HTTP request.
#[derive(Debug)]
pub(crate) enum ExchangeResponse {
    /// An HTTP response without a JSON-RPC response, such as an error or a 202.
    Reply(Reply),
    /// The response to a JSON-RPC request.
    Response(RpcResponse),
    /// A GET stream, with the position to read from.
    Stream(Stream, usize),
    /// A subscription of a stateless client.
    Listen(Subscription),
    /// A call that sends messages before its response.
    Call(Box<MultiRoundCall>),
}
