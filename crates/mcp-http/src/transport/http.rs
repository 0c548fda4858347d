//! The transport: one server, one user.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, header};
use mcp_client::{Context, MessageStream, Outgoing, Reply, Transport, TransportError};

use crate::{
    auth::access_token::{AccessToken, Refused, TokenSource, Tokens},
    client::body,
    client::http_client::{HttpClient, Response},
    endpoint::Endpoint,
    error::Error,
    message::event_stream::Events,
    message::headers::{self, Headers},
    message::redaction::Secrets,
    message::request::Request,
    message::response::Success,
    message::status,
    message::trace as wire,
    transport::resumption::Resuming,
    transport::sse::SseTransport,
};

/// Streamable HTTP to one server with the token of one user (MCP basic/transports).
///
/// Clones share everything. [`with_token_source`](Self::with_token_source) makes the transport of
/// another user, which shares the connections.
#[derive(Clone)]
pub struct HttpTransport {
    server: Arc<Server>,
    tokens: Arc<Tokens>,
}

/// What is the same for all users of a server.
struct Server {
    endpoint: Endpoint,
    client: HttpClient,
    headers: HeaderMap,
    insecure: bool,
    message_limit: usize,
}

/// Sets up an [`HttpTransport`]; made by [`HttpTransport::builder`].
#[must_use]
pub struct Builder {
    url: String,
    client: Option<HttpClient>,
    headers: Headers,
    tokens: Option<Arc<dyn TokenSource>>,
    insecure: bool,
    message_limit: usize,
}

impl Builder {
    /// A token to send with every request.
    pub fn bearer_token(self, token: impl Into<AccessToken>) -> Self {
        self.token_source(token.into())
    }

    /// Where to get the token for each request.
    pub fn token_source(self, source: impl TokenSource) -> Self {
        Self { tokens: Some(Arc::new(source)), ..self }
    }

    /// A header to send with every request. The transport's own cannot be set. What it holds is
    /// taken for a secret, as a token is.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { headers: self.headers.with(name, value), ..self }
    }

    /// Connections to share with other transports; one's own unless set.
    pub fn http_client(self, client: HttpClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Sends tokens and headers over plain HTTP to other machines too, where anyone on the way can read them.
    pub fn dangerously_allow_insecure_http(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// The largest message to take from the server, in bytes after decompression; 32 MiB.
    pub fn message_limit(self, message_limit: usize) -> Self {
        Self { message_limit, ..self }
    }

    /// Whether the settings can be used, which [`build`](Self::build) finds out too.
    ///
    /// # Errors
    /// Those of [`build`](Self::build), but for [`Error::Setup`].
    pub fn check(&self) -> Result<(), Error> {
        self.checked().map(drop)
    }

    fn checked(&self) -> Result<(Endpoint, HeaderMap), Error> {
        let endpoint = Endpoint::parse(&self.url)?;
        if !self.headers.is_empty() && !self.insecure && !endpoint.is_confidential() {
            return Err(Error::Insecure { endpoint });
        }
        Ok((endpoint, headers::constant(&self.headers)?))
    }

    /// The transport. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`], [`Error::InvalidHeader`], [`Error::Insecure`] for headers over
    /// plain HTTP, and [`Error::Setup`].
    pub fn build(self) -> Result<HttpTransport, Error> {
        let (endpoint, headers) = self.checked()?;
        let server = Server {
            endpoint,
            client: self.client.map_or_else(HttpClient::new, Ok)?,
            headers,
            insecure: self.insecure,
            message_limit: self.message_limit,
        };
        Ok(HttpTransport { server: Arc::new(server), tokens: Arc::new(Tokens::new(self.tokens)) })
    }
}

impl HttpTransport {
    /// The largest message that is taken from a server unless set otherwise, in bytes: 32 MiB.
    pub const MESSAGE_LIMIT: usize = 32 * 1024 * 1024;

    /// Sets up a transport to the server at `url`.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder {
            url: url.into(),
            client: None,
            headers: Headers::new(),
            tokens: None,
            insecure: false,
            message_limit: Self::MESSAGE_LIMIT,
        }
    }

    /// The transport of another user to the same server.
    #[must_use]
    pub fn with_token_source(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { server: Arc::clone(&self.server), tokens: Arc::new(Tokens::new(source)) }
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.server.endpoint
    }

    async fn delete(&self, context: Context) -> Result<(), Error> {
        if context.session.is_none() {
            return Ok(());
        }
        match self.exchange(&Request::delete(context)).await {
            // The server lets nobody end sessions, or has ended this one.
            Err(
                Error::Status { status: StatusCode::METHOD_NOT_ALLOWED, .. }
                | Error::SessionEnded { .. },
            ) => Ok(()),
            outcome => outcome.map(Success::leave),
        }
    }

    async fn post(&self, message: Outgoing) -> Result<Reply, Error> {
        let (kind, resumable) = (message.kind, message.resumable);
        let request = Request::post(message);
        let success = self.exchange(&request).await?;
        let stream = |success| match resumable {
            true => Resuming::answer(self.clone(), request, success).into_stream(),
            false => Events::new(success).into_stream(),
        };
        success.reply(kind, stream).await
    }

    /// Tries with the user's token and, if the server refuses that one before it runs anything,
    /// once more with another, if there is one. A token that came with the call is the only one.
    pub(crate) async fn exchange(&self, request: &Request) -> Result<Success, Error> {
        if let Some(token) = request.extras.get::<AccessToken>() {
            return self.server.exchange(request, Some(token.clone())).await;
        }
        let endpoint = &self.server.endpoint;
        let token = self.tokens.current(endpoint).await?;
        let unauthorized = match self.server.exchange(request, token.clone()).await {
            Err(Error::Unauthorized(unauthorized)) => unauthorized,
            outcome => return outcome,
        };
        let refused = Refused::new(token.as_ref(), &unauthorized);
        let why = match self.tokens.renewed(endpoint, refused).await {
            Ok(Some(token)) if token.authorization().is_some() => {
                return self.server.exchange(request, Some(token)).await;
            }
            Ok(Some(_)) => Error::InvalidToken { endpoint: endpoint.clone() }.into(),
            Ok(None) => return Err(Error::Unauthorized(unauthorized)),
            Err(error) => error,
        };
        Err(Error::Unauthorized(Box::new(unauthorized.after(why))))
    }
}

impl Server {
    async fn exchange(
        &self,
        request: &Request,
        token: Option<AccessToken>,
    ) -> Result<Success, Error> {
        let secrets = Secrets { token, session: request.context.session.clone() };
        let mut response = self.send(request, &secrets).await?;
        if self.wants_another_signature(&response, &secrets) {
            body::leave(response);
            request.sent.set(false);
            response = self.send(request, &secrets).await?;
            self.wants_another_signature(&response, &secrets);
        }
        let outcome = status::check(response, &secrets).await;
        if let Err(Error::Unauthorized(_)) = &outcome {
            request.sent.set(false);
        }
        Ok(Success { response: outcome?, secrets, limit: self.message_limit })
    }

    async fn send(&self, request: &Request, secrets: &Secrets) -> Result<Response, Error> {
        let headers = self.headers(request, secrets.token.as_ref())?;
        let (method, body) = (request.method.clone(), request.body.clone());
        let target = self.target(request);
        wire::sent(&method, target, &headers, &body);
        request.sent.set(true);
        let mut response = self.client.send(target, method, headers, body).await?;
        // Whatever comes of it is the server's, by its own URL.
        response.endpoint = self.endpoint.clone();
        wire::received(&response, secrets);
        Ok(response)
    }

    fn target<'a>(&'a self, request: &'a Request) -> &'a Endpoint {
        request.to.as_ref().unwrap_or(&self.endpoint)
    }

    /// Shows the answer to whoever has signed the request. One that was answered with 401 did not run.
    fn wants_another_signature(&self, response: &Response, secrets: &Secrets) -> bool {
        let Some(signer) = secrets.token.as_ref().and_then(AccessToken::signer) else {
            return false;
        };
        let (status, headers) = (response.status(), response.headers());
        let again = signer.answered(self.endpoint.url(), status, headers);
        again && status == StatusCode::UNAUTHORIZED
    }

    fn headers(&self, request: &Request, token: Option<&AccessToken>) -> Result<HeaderMap, Error> {
        let endpoint = || self.endpoint.clone();
        let has_secrets = token.is_some() || request.own_headers().is_some();
        if has_secrets && !self.insecure && !self.endpoint.is_confidential() {
            return Err(Error::Insecure { endpoint: endpoint() });
        }
        let mut headers = request.headers(&self.headers)?;
        if let Some(signer) = token.and_then(AccessToken::signer) {
            let signed = signer.sign(&request.method, self.target(request).url());
            let no_token = |source| Error::TokenSource { endpoint: endpoint(), source };
            headers.extend(signed.map_err(no_token)?);
        }
        if let Some(token) = token {
            let authorization = token.authorization().cloned();
            let authorization =
                authorization.ok_or_else(|| Error::InvalidToken { endpoint: endpoint() })?;
            headers.insert(header::AUTHORIZATION, authorization);
        }
        Ok(headers)
    }
}

impl Transport for HttpTransport {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        Box::pin(async move { Ok(self.post(message).await?) })
    }

    fn listen(
        &self,
        context: Context,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        Box::pin(async {
            let listening = Resuming::listen(self.clone(), context).await?;
            Ok(listening.map(Resuming::into_stream))
        })
    }

    fn close(&self, context: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async { Ok(self.delete(context).await?) })
    }

    fn older(&self) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(SseTransport::new(self.clone())))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = &self.server.endpoint;
        f.debug_struct("HttpTransport").field("endpoint", endpoint).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}
