//! Sends requests with an access token, and once more with another one if the server rejects it.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};

use super::token_refresh::TokenRefresher;
use crate::{
    auth::{AccessToken, RejectedToken, TokenSource},
    client::{HttpClient, Response},
    endpoint::Endpoint,
    error::Error,
    message::{
        AcceptedResponse, Request, RequestSecrets, check_status, trace_request, trace_response,
    },
};

/// Sends requests to one server with the tokens of one user. Clones share both.
#[derive(Clone)]
pub(super) struct Sender {
    server: Arc<Server>,
    tokens: Arc<TokenRefresher>,
}

/// The settings that all users of a server share.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) client: HttpClient,
    pub(super) headers: HeaderMap,
    pub(super) insecure: bool,
    pub(super) max_message_size: usize,
}

impl Sender {
    pub(super) fn new(server: Server, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { server: Arc::new(server), tokens: Arc::new(TokenRefresher::new(source)) }
    }

    /// Returns a sender to the same server with the tokens of another user.
    pub(super) fn with_token_source(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { server: Arc::clone(&self.server), tokens: Arc::new(TokenRefresher::new(source)) }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.server.endpoint
    }

    /// Sends the request with the user's token. If the server rejects the token before it runs the
    /// request, sends the request once more with another token, if there is one. A token in the
    /// options of the call is never replaced.
    pub(super) async fn send(&self, request: &Request) -> Result<AcceptedResponse, Error> {
        if let Some(token) = request.extensions.get::<AccessToken>() {
            return self.server.send_with_token(request, Some(token.clone())).await;
        }
        let endpoint = &self.server.endpoint;
        let token = self.tokens.current(endpoint).await?;
        let unauthorized = match self.server.send_with_token(request, token.clone()).await {
            Err(Error::Unauthorized(unauthorized)) => unauthorized,
            outcome => return outcome,
        };
        let rejected = RejectedToken::new(token.as_ref(), &unauthorized);
        let refresh_error = match self.tokens.refresh(endpoint, rejected).await {
            Ok(Some(token)) if token.authorization().is_some() => {
                return self.server.send_with_token(request, Some(token)).await;
            }
            Ok(Some(_)) => Error::InvalidToken { endpoint: endpoint.clone() }.into(),
            Ok(None) => return Err(Error::Unauthorized(unauthorized)),
            Err(error) => error,
        };
        Err(Error::Unauthorized(Box::new(unauthorized.with_refresh_error(refresh_error))))
    }
}

impl Server {
    async fn send_with_token(
        &self,
        request: &Request,
        token: Option<AccessToken>,
    ) -> Result<AcceptedResponse, Error> {
        let secrets = RequestSecrets { token, session: request.context.session.clone() };
        let mut response = self.send_once(request, &secrets).await?;
        if self.must_sign_again(&response, &secrets) {
            response.drain();
            request.sent.set(false);
            response = self.send_once(request, &secrets).await?;
            self.must_sign_again(&response, &secrets);
        }
        let outcome = check_status(response, &secrets).await;
        if let Err(Error::Unauthorized(_)) = &outcome {
            request.sent.set(false);
        }
        Ok(AcceptedResponse {
            response: outcome?,
            secrets,
            max_message_size: self.max_message_size,
        })
    }

    async fn send_once(
        &self,
        request: &Request,
        secrets: &RequestSecrets,
    ) -> Result<Response, Error> {
        let headers = self.headers(request, secrets.token.as_ref())?;
        let (method, body) = (request.method.clone(), request.body.clone());
        let target = self.target(request);
        trace_request(&method, target, &headers, &body);
        request.sent.set(true);
        let mut response = self.client.send(target, method, headers, body).await?;
        // Errors contain the URL of the server, not the target of this request.
        response.endpoint = self.endpoint.clone();
        trace_response(&response, secrets);
        Ok(response)
    }

    fn target<'a>(&'a self, request: &'a Request) -> &'a Endpoint {
        request.target.as_ref().unwrap_or(&self.endpoint)
    }

    /// Passes the response to the signer of the request. Returns whether to sign the request and
    /// send it again. This is only the case after a 401, which means that the request did not run.
    fn must_sign_again(&self, response: &Response, secrets: &RequestSecrets) -> bool {
        let Some(signer) = secrets.token.as_ref().and_then(AccessToken::signer) else {
            return false;
        };
        let (status, headers) = (response.status(), response.headers());
        let again = signer.on_response(self.endpoint.url(), status, headers);
        again && status == StatusCode::UNAUTHORIZED
    }

    fn headers(&self, request: &Request, token: Option<&AccessToken>) -> Result<HeaderMap, Error> {
        let endpoint = || self.endpoint.clone();
        let has_credentials = token.is_some() || request.call_headers().is_some();
        if has_credentials && !self.insecure && !self.endpoint.is_confidential() {
            return Err(Error::InsecureHttp { endpoint: endpoint() });
        }
        let mut headers = request.headers(&self.headers)?;
        if let Some(signer) = token.and_then(AccessToken::signer) {
            let signed = signer.sign(&request.method, self.target(request).url());
            let signing_error = |source| Error::TokenSource { endpoint: endpoint(), source };
            headers.extend(signed.map_err(signing_error)?);
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
