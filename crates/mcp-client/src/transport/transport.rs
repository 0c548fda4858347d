//! The interface of a transport, which carries messages between client and server.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    error::TransportError,
    keep_alive::KeepAlive,
    message::{MessageContext, MessageStream, OutgoingMessage, TransportResponse},
};
use crate::redaction::Redactor;

/// Carries JSON-RPC messages between one user and one server.
///
/// A transport does not encode or decode JSON-RPC. It carries whole messages as bytes. If all
/// requests share one connection, a [`Multiplexer`](crate::Multiplexer) matches messages to
/// requests. The client uses a transport as `Arc<dyn Transport>`, for any number of requests at the
/// same time.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one message.
    ///
    /// Resolves once the server has accepted the message, and returns the server's response.
    ///
    /// # Errors
    /// Returns a [`TransportError`] if the message cannot be sent or the server rejects it.
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>>;

    /// Listens for messages that the server sends outside of response streams, in the session of
    /// `context`.
    ///
    /// Resolves once the server has opened the stream. Returns `None` if the server or the
    /// transport has no such stream, which is the default. If the transport reconnects and may have
    /// lost messages, the stream yields an empty message.
    ///
    /// # Errors
    /// Returns a [`TransportError`] if the server rejects the stream.
    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let _ = context;
        Box::pin(async { Ok(None) })
    }

    /// Returns a guard that keeps the connection from being closed as idle. The client holds it
    /// while it is subscribed in the session of `context`. Returns `None` if the transport never
    /// closes idle connections, which is the default.
    fn keep_alive(&self, context: &MessageContext) -> Option<KeepAlive> {
        let _ = context;
        None
    }

    /// Returns `true` if dropping the future of [`send`](Self::send), or the stream that it
    /// returned, cancels the request on the server. Defaults to `true`.
    ///
    /// This is the case if each request has its own connection. If all requests share one
    /// connection, return `false`. The client then receives all messages that belong to no request
    /// from [`listen`](Self::listen).
    fn cancels_on_drop(&self) -> bool {
        true
    }

    /// Returns how long to wait for the response to `server/discover`. Defaults to `None`, no
    /// limit.
    ///
    /// Set this if stateful servers may not respond to an unknown method. The client then sends
    /// `initialize`. If all requests share one connection, the server may also exit. The client then
    /// sends `initialize` after [`close`](Self::close) if necessary. It waits for at most half
    /// of its request timeout.
    fn probe_timeout(&self) -> Option<Duration> {
        None
    }

    /// Returns the older transport to the same server, which the client tries if the server rejects
    /// this one. Defaults to `None`.
    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        None
    }

    /// Returns `true` if the transport supports only stateful protocol versions. The client then
    /// does not send `server/discover`. Defaults to `false`.
    fn is_stateful_only(&self) -> bool {
        false
    }

    /// Returns the secrets of the server and of the recent requests. Defaults to none.
    ///
    /// A transport redacts errors of the server itself, but it returns results unchanged. The client
    /// calls this method only if a result is invalid, to redact the parts of it that an error shows.
    fn redactor(&self) -> Redactor {
        Redactor::default()
    }

    /// Returns the deviations of the server from the specification of the transport that were
    /// accepted: a description, and the number of times. Defaults to none.
    fn deviations(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Ends the session of `context` on the server, if there is one.
    ///
    /// # Errors
    /// Returns a [`TransportError`] if the server cannot be reached or rejects the request.
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

    fn redactor(&self) -> Redactor {
        (**self).redactor()
    }

    fn deviations(&self) -> Vec<(&'static str, u64)> {
        (**self).deviations()
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        (**self).close(context)
    }
}
