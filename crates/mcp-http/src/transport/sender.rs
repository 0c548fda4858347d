//! Sends each request with an access token. If the server rejects the token, sends the request once
//! more with another token.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use mcp_client::SessionId;
use tokio::time;

use super::{cookies::CookieJar, token_refresh::TokenRefresher};
use crate::{
    auth::{AccessToken, RejectedToken, TokenSource, TokenUnavailable},
    client::{HttpClient, Response},
    compat::{HttpDeviation, HttpDeviations, RejectedSession},
    endpoint::Endpoint,
    error::Error,
    message::{
        AcceptedResponse, ConfiguredSecrets, RecentSecrets, Request, RequestSecrets, check_status,
        trace_request, trace_response,
    },
};

/// The maximum number of redirects of one request.
const MAX_REDIRECTS: usize = 3;

/// Sends requests to one server with the tokens of one user. Clones share the server and the tokens.
#[derive(Clone)]
pub(super) struct Sender {
    server: Arc<Server>,
    user: Arc<UserState>,
}

/// The state of one user of a server.
struct UserState {
    tokens: TokenRefresher,
    rejected_session: RejectedSession,
    cookies: CookieJar,
    /// The secrets of the user's latest requests.
    recent: RecentSecrets,
}

impl UserState {
    fn new(source: Option<Arc<dyn TokenSource>>) -> Arc<Self> {
        let (tokens, cookies) = (TokenRefresher::new(source), CookieJar::default());
        let (rejected_session, recent) = (RejectedSession::default(), RecentSecrets::default());
        Arc::new(Self { tokens, rejected_session, cookies, recent })
    }
}

/// One server: the endpoint, the HTTP client and the settings that all users share.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) client: HttpClient,
    pub(super) headers: HeaderMap,
    /// The secrets among the headers and in the URL.
    pub(super) secrets: ConfiguredSecrets,
    pub(super) insecure: bool,
    pub(super) max_message_size: usize,
    /// True if cookies of the server are sent back to it.
    pub(super) cookies: bool,
    pub(super) deviations: HttpDeviations,
}

impl Sender {
    pub(super) fn new(server: Server, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { server: Arc::new(server), user: UserState::new(source) }
    }

    /// Returns a sender to the same server with the tokens of another user.
    pub(super) fn with_token_source(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { server: Arc::clone(&self.server), user: UserState::new(source) }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.server.endpoint
    }

    pub(super) fn deviations(&self) -> &HttpDeviations {
        &self.server.deviations
    }

    /// Records that the server has accepted a request in a session.
    pub(super) fn accept_session(&self, session: Option<&SessionId>) {
        self.user.rejected_session.accept(session);
    }

    /// Returns the secrets of a request that has none of its own.
    pub(super) fn secrets(&self) -> RequestSecrets {
        let (configured, recent) = (self.server.secrets.clone(), self.user.recent.clone());
        RequestSecrets { configured, recent, ..RequestSecrets::default() }
    }

    /// Sends the request with the user's token. If the server rejects the token, the request did not
    /// run. It is then sent once more if the source has another token. A token that the caller has
    /// set for this call is never replaced.
    ///
    /// After a 401, the [`RequestSigner`](crate::auth::RequestSigner) of the token may request that the
    /// same token is sent once more, for example with a new DPoP nonce.
    pub(super) async fn send(&self, request: &Request) -> Result<AcceptedResponse, Error> {
        if let Some(token) = request.extensions.get::<AccessToken>() {
            return self.send_with_token(request, Some(token.clone()), None).await;
        }
        let endpoint = &self.server.endpoint;
        let token = self.user.tokens.current(endpoint).await?;
        let unauthorized = match self.send_with_token(request, token.clone(), None).await {
            Err(Error::Unauthorized(unauthorized)) => unauthorized,
            outcome => return outcome,
        };
        let rejected = RejectedToken::new(token.as_ref(), &unauthorized);
        let rejected_token = token.clone();
        let refresh_error = match self.user.tokens.refresh(endpoint, rejected).await {
            Ok(Some(token)) if token.authorization().is_some() => {
                return self.send_with_token(request, Some(token), rejected_token).await;
            }
            Ok(Some(_)) => Error::InvalidToken { endpoint: endpoint.clone() }.into(),
            Ok(None) => return Err(Error::Unauthorized(unauthorized)),
            Err(error) if error.is::<TokenUnavailable>() => {
                return Err(Error::from_token_source(endpoint, error));
            }
            Err(error) => error,
        };
        Err(Error::Unauthorized(Box::new(unauthorized.with_refresh_error(refresh_error))))
    }

    async fn send_with_token(
        &self,
        request: &Request,
        token: Option<AccessToken>,
        rejected_token: Option<AccessToken>,
    ) -> Result<AcceptedResponse, Error> {
        let mut secrets = RequestSecrets {
            token,
            rejected_token,
            session: request.context.session.clone(),
            call_headers: request.call_headers().cloned(),
            targets: request.target.clone().into_iter().collect(),
            ..self.secrets()
        };
        let server = &self.server;
        let jar = self.jar(request);
        let mut response = server.send_once(request, jar, &mut secrets).await?;
        if server.pass_to_signer(&response, &secrets) {
            response.drain();
            // A rejected request did not run, so it counts as not sent.
            request.sent.set(false);
            response = server.send_once(request, jar, &mut secrets).await?;
            // Only informs the signer: the request is not sent a third time.
            server.pass_to_signer(&response, &secrets);
        }
        let rejected_session = &self.user.rejected_session;
        let outcome = check_status(response, &secrets, rejected_session, &server.deviations).await;
        if let Err(Error::Unauthorized(_)) = &outcome {
            request.sent.set(false);
        }
        Ok(AcceptedResponse {
            response: outcome?,
            secrets,
            max_message_size: server.max_message_size,
        })
    }

    /// Returns the cookies for a request. A request with a token of its own may belong to another
    /// user, so it has none.
    fn jar(&self, request: &Request) -> Option<&CookieJar> {
        let is_own = request.extensions.get::<AccessToken>().is_none();
        (self.server.cookies && is_own).then_some(&self.user.cookies)
    }
}

impl Server {
    /// Sends the request, and follows redirects within the origin.
    async fn send_once(
        &self,
        request: &Request,
        jar: Option<&CookieJar>,
        secrets: &mut RequestSecrets,
    ) -> Result<Response, Error> {
        let endpoint = &self.endpoint;
        let first = request.target.as_ref().unwrap_or(endpoint);
        let mut response = self.send_to(first, request, jar, secrets).await?;
        for _ in 0..MAX_REDIRECTS {
            let (status, headers) = (response.status(), response.headers());
            let Some(target) = self.deviations.redirect(status, headers, &response.url) else {
                break;
            };
            response.drain();
            secrets.add_target(target.clone());
            // Boxed because this is rare, which keeps the future of each call small.
            response = Box::pin(self.send_to(&target, request, jar, secrets)).await?;
        }
        Ok(response)
    }

    async fn send_to(
        &self,
        target: &Endpoint,
        request: &Request,
        jar: Option<&CookieJar>,
        secrets: &mut RequestSecrets,
    ) -> Result<Response, Error> {
        let mut headers = self.headers(target, request, secrets)?;
        if let Some(jar) = jar {
            secrets.add_cookies(jar.add_to(&mut headers, target));
        }
        secrets.remember();
        let (method, body) = (request.method.clone(), request.body.clone());
        trace_request(&method, target, &headers, &body, secrets);
        request.sent.set(true);
        let sending = self.client.send(target, method, headers, body);
        let mut response = match request.headers_timeout {
            Some(limit) => time::timeout(limit, sending).await.map_err(|_| Error::Protocol {
                endpoint: self.endpoint.clone(),
                reason: "timed out waiting for the headers of the response",
            })??,
            None => sending.await?,
        };
        // The request may go to another URL. Errors contain the URL of the server.
        response.endpoint = self.endpoint.clone();
        if let Some(jar) = jar.filter(|_| response.headers().contains_key(header::SET_COOKIE)) {
            self.deviations.record(HttpDeviation::Cookies);
            secrets.add_cookies(jar.store(response.headers(), target));
        }
        trace_response(&response, secrets);
        Ok(response)
    }

    /// Gives the response to the signer of the request. Returns true if the request must be signed
    /// and sent again: if the signer requests it and the status is 401. A request that was answered
    /// with 401 did not run.
    fn pass_to_signer(&self, response: &Response, secrets: &RequestSecrets) -> bool {
        let Some(signer) = secrets.token.as_ref().and_then(AccessToken::signer) else {
            return false;
        };
        let (status, headers) = (response.status(), response.headers());
        let again = signer.on_response(self.endpoint.url(), status, headers);
        again && status == StatusCode::UNAUTHORIZED
    }

    fn headers(
        &self,
        target: &Endpoint,
        request: &Request,
        secrets: &mut RequestSecrets,
    ) -> Result<HeaderMap, Error> {
        let endpoint = || self.endpoint.clone();
        let token = secrets.token.clone();
        let token = token.as_ref();
        let has_credentials = token.is_some() || request.call_headers().is_some();
        if has_credentials && !self.insecure && !self.endpoint.is_confidential() {
            return Err(Error::InsecureHttp { endpoint: endpoint() });
        }
        let mut headers = request.headers(&self.headers)?;
        if let Some(signer) = token.and_then(AccessToken::signer) {
            let signed = signer.sign(&request.method, target.url());
            let signing_error = |source| Error::TokenSource { endpoint: endpoint(), source };
            let signed = signed.map_err(signing_error)?;
            secrets.add_signed(&signed);
            headers.extend(signed);
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
