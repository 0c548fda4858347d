//! The interface of a transport, which carries messages to a server and back.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    error::TransportError,
    keep_alive::Held,
    message::{Context, MessageStream, Outgoing, Reply},
};

/// Carries JSON-RPC messages to one server, on behalf of one user.
///
/// A transport neither reads nor writes JSON-RPC: it moves whole messages as bytes. Where all share
/// one connection, a [`Switchboard`](crate::Switchboard) finds out whom each is for. It is used through `Arc<dyn Transport>` by any
/// number of calls at once.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one message.
    ///
    /// Resolves once the server has taken it, with whatever comes back for it.
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>>;

    /// Listens to what the server sends of its own accord in the session of `context`.
    ///
    /// Resolves once the server has agreed; `None` where it has no such stream, as on a transport
    /// that does not offer one. A stream that was opened anew and may have missed messages meanwhile
    /// says so by an empty one.
    fn listen(
        &self,
        context: Context,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let _ = context;
        Box::pin(async { Ok(None) })
    }

    /// Keeps the server from being taken for unused while somebody waits for its news in the
    /// conversation of `context`; `None` where a transport does not ask for that.
    fn hold(&self, context: &Context) -> Option<Held> {
        let _ = context;
        None
    }

    /// Returns whether a server knows that nobody waits for an answer when the future of
    /// [`send`](Self::send), or the stream that it gave, is dropped. So it is where each request
    /// has a connection of its own. Where all share one, what the server says to no request comes
    /// by [`listen`](Self::listen) alone.
    fn drop_is_noticed(&self) -> bool {
        true
    }

    /// How long the answer to the very first request is waited for, where servers are known to be
    /// silent or to exit when they do not understand it; they are then greeted as those of the
    /// handshake era, if need be after a [`close`](Self::close).
    fn probe_time(&self) -> Option<Duration> {
        None
    }

    /// The transport that came before this one, to the same server: some have no other, and refuse
    /// what comes by this one.
    fn older(&self) -> Option<Arc<dyn Transport>> {
        None
    }

    /// Returns whether it knows nothing but the handshake era, so that a server need not be asked.
    fn is_of_handshake(&self) -> bool {
        false
    }

    /// Ends the session of `context` on the server, if there is one.
    fn close(&self, context: Context) -> BoxFuture<'_, Result<(), TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        (**self).send(message)
    }

    fn listen(
        &self,
        context: Context,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        (**self).listen(context)
    }

    fn hold(&self, context: &Context) -> Option<Held> {
        (**self).hold(context)
    }

    fn drop_is_noticed(&self) -> bool {
        (**self).drop_is_noticed()
    }

    fn probe_time(&self) -> Option<Duration> {
        (**self).probe_time()
    }

    fn older(&self) -> Option<Arc<dyn Transport>> {
        (**self).older()
    }

    fn is_of_handshake(&self) -> bool {
        (**self).is_of_handshake()
    }

    fn close(&self, context: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        (**self).close(context)
    }
}
