//! Connections that go straight to servers, and are kept for later requests.
//!
//! This is what a reqwest client does too, at two thirds of its instructions for a small call: a URL
//! is read once, and nothing stands between hyper's pool of connections and us but decompression.

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
use tokio::{net::TcpStream, time};
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service;

use super::resolver::{AddressFilter, AddressRefused, Resolver};

/// The data of a stream and of a connection that a server may send ahead over HTTP/2, in bytes.
pub(super) const STREAM_WINDOW: u32 = 1024 * 1024;
pub(super) const CONNECTION_WINDOW: u32 = 16 * STREAM_WINDOW;
/// How often a connection over HTTP/2 is asked whether it lives.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The same for one over TCP that is silent.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How often a server may refuse to look at a request.
const UNPROCESSED_RETRIES: usize = 2;

/// Connections to servers; clones share them.
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
        let https = HttpsConnector::from((tcp, tls));
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

    /// Sends a request. It is sent again only where none of it has left, because a kept connection
    /// turned out to be closed, or where the server says that it has not looked at it.
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

/// Whether a server that speaks HTTP/2 says that it has not looked at the request: it is about to
/// end the connection, or takes no more at a time (RFC 9113, section 8.7).
pub(super) fn is_unprocessed(error: &Error) -> bool {
    let hyper_error = error.source().and_then(|error| error.source());
    let h2_error = hyper_error.and_then(|error| error.downcast_ref::<h2::Error>());
    h2_error.is_some_and(|error| {
        let shuts_down = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        let refuses_stream = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        error.is_remote() && (shuts_down || refuses_stream)
    })
}

/// A body as it is after decompression; boxed, for decoders are large.
pub(super) type DecodedBody = Box<DecompressionBody<Incoming>>;

/// The next piece of a body; `None` at its end. An error of the connection is one of hyper, any other
/// is one of decompression.
pub(super) async fn next_chunk(body: &mut DecodedBody) -> Result<Option<Bytes>, BoxError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Makes connections, within a time for name resolution, TCP and TLS together.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    resolver: Resolver,
    connect_timeout: Duration,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        if !self.resolver.allows_host(server.host().unwrap_or_default()) {
            return Box::pin(future::ready(Err(AddressRefused.into())));
        }
        let connecting = time::timeout(self.connect_timeout, self.https.call(server));
        Box::pin(async { connecting.await.map_err(|_| "no connection in time")? })
    }
}
