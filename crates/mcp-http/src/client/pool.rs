//! A pool of direct connections to servers.
//!
//! The pool takes two thirds of the instructions that a reqwest client takes for a small call. It
//! parses a URL only once, and only decompression lies between hyper's connection pool and this
//! crate.

use std::{
    error::Error as _,
    task::{self, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{self, BoxFuture};
use h2::Reason;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use mcp_client::BoxError;
use rustls::ClientConfig;
use tokio::time;
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service;

use super::{
    fair_stream::FairStream,
    resolver::{AddressBlocked, AddressFilter, Resolver},
};

/// The HTTP/2 flow-control windows of a stream and of a connection, in bytes.
pub(super) const STREAM_WINDOW: u32 = 1024 * 1024;
pub(super) const CONNECTION_WINDOW: u32 = 16 * STREAM_WINDOW;
/// The interval of HTTP/2 keep-alive pings.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The idle time before TCP keep-alive probes, and their interval.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The number of retries of a request that the server did not process.
const UNPROCESSED_RETRIES: usize = 2;

/// A pool of connections to servers. Clones share it.
#[derive(Clone)]
pub(super) struct Pool(Client<Connector, Full<Bytes>>);

impl Pool {
    pub(super) fn new(
        tls: ClientConfig,
        connect_timeout: Duration,
        http2_only: bool,
        filter: Option<AddressFilter>,
    ) -> Self {
        let resolver = Resolver::new(filter);
        let mut tcp = HttpConnector::new_with_resolver(resolver.clone());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(TCP_KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(TCP_KEEP_ALIVE));
        tcp.set_keepalive_retries(Some(3));
        let https = HttpsConnector::from((TcpConnector(tcp), tls));
        let connector = Connector { https, resolver, connect_timeout };
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .http2_only(http2_only)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .build(connector);
        Self(client)
    }

    /// Sends a request. It is retried in two cases only. Either a pooled connection turned out to
    /// be closed before any of the request was sent. Or the server reports that it did not process
    /// the request.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<DecodedBody>, Error> {
        for _ in 0..UNPROCESSED_RETRIES {
            match self.try_send(request.clone()).await {
                Err(error) if is_unprocessed(&error) => {}
                outcome => return outcome,
            }
        }
        self.try_send(request).await
    }

    async fn try_send(&self, request: Request<Bytes>) -> Result<Response<DecodedBody>, Error> {
        let response = Decompression::new(&self.0).call(request.map(Full::new)).await?;
        Ok(response.map(Box::new))
    }
}

/// Returns whether an HTTP/2 server reports that it did not process the request (RFC 9113, section
/// 8.7). The server closes the connection, or accepts no more streams at present.
pub(super) fn is_unprocessed(error: &Error) -> bool {
    let hyper_error = error.source().and_then(|error| error.source());
    let h2_error = hyper_error.and_then(|error| error.downcast_ref::<h2::Error>());
    h2_error.is_some_and(|error| {
        let shuts_down = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        let refuses_stream = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        error.is_remote() && (shuts_down || refuses_stream)
    })
}

/// A body after decompression. It is boxed because decoders are large.
pub(super) type DecodedBody = Box<DecompressionBody<Incoming>>;

/// Reads the next chunk of a body. Returns `None` at its end. An error of the connection is a hyper
/// error. Any other error comes from decompression.
pub(super) async fn next_chunk(body: &mut DecodedBody) -> Result<Option<Bytes>, BoxError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Connects within one timeout for name resolution, TCP and TLS together.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<TcpConnector>,
    resolver: Resolver,
    connect_timeout: Duration,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<FairStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        if !self.resolver.allows_host(server.host().unwrap_or_default()) {
            return Box::pin(future::ready(Err(AddressBlocked.into())));
        }
        let limit = self.connect_timeout;
        let connecting = time::timeout(limit, self.https.call(server));
        Box::pin(async move { connecting.await.map_err(|_| format!("timed out after {limit:?}"))? })
    }
}

/// Connects with TCP. The connection is a [`FairStream`].
#[derive(Clone)]
struct TcpConnector(HttpConnector<Resolver>);

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<FairStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connecting = self.0.call(server);
        Box::pin(async move { Ok(TokioIo::new(FairStream(connecting.await?.into_inner()))) })
    }
}
