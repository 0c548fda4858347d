//! The interface of a transport, which carries messages to a server and back.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    error::TransportError,
    keep_alive::KeepAlive,
    message::{MessageContext, MessageStream, OutgoingMessage, TransportResponse},
};

/// Carries JSON-RPC messages to one server, on behalf of one user.
///
/// A transport neither reads nor writes JSON-RPC: it moves whole messages as bytes. Where all share
/// one connection, a [`Multiplexer`](crate::Multiplexer) finds out whom each is for. It is used through `Arc<dyn Transport>` by any
/// number of calls at once.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one message.
    ///
    /// Resolves once the server has taken it, with whatever comes back for it.
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>>;

    /// Listens to what the server sends of its own accord in the session of `context`.
    ///
    /// Resolves once the server has agreed; `None` where it has no such stream, as on a transport
    /// that does not offer one. A stream that was opened anew and may have missed messages meanwhile
    /// says so by an empty one.
    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let _ = context;
        Box::pin(async { Ok(None) })
    }

    /// Keeps the server from being taken for unused while somebody waits for its news in the
    /// conversation of `context`; `None` where a transport does not ask for that.
    fn keep_alive(&self, context: &MessageContext) -> Option<KeepAlive> {
        let _ = context;
        None
    }

    /// Returns whether a server knows that nobody waits for an answer when the future of
    /// [`send`](Self::send), or the stream that it gave, is dropped. So it is where each request
    /// has a connection of its own. Where all share one, what the server says to no request comes
    /// by [`listen`](Self::listen) alone.
    fn cancels_on_drop(&self) -> bool {
        true
    }

    /// How long the answer to the very first request is waited for, where servers are known to be
    /// silent or to exit when they do not understand it; they are then greeted as those of the
    /// handshake era, if need be after a [`close`](Self::close).
    fn probe_timeout(&self) -> Option<Duration> {
        None
    }

    /// The transport that came before this one, to the same server: some have no other, and refuse
    /// what comes by this one.
    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        None
    }

    /// Returns whether it knows nothing but the handshake era, so that a server need not be asked.
    fn is_stateful_only(&self) -> bool {
        false
    }

    /// Ends the session of `context` on the server, if there is one.
    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        (**self).send(message)
    }

    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        (**self).listen(context)
    }

    fn keep_alive(&self, context: &MessageContext) -> Option<KeepAlive> {
        (**self).keep_alive(context)
    }

    fn cancels_on_drop(&self) -> bool {
        (**self).cancels_on_drop()
    }

    fn probe_timeout(&self) -> Option<Duration> {
        (**self).probe_timeout()
    }

    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        (**self).fallback()
    }

    fn is_stateful_only(&self) -> bool {
        (**self).is_stateful_only()
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        (**self).close(context)
    }
}
