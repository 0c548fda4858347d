//! The sign-in of a user with a code on another device (RFC 8628).

use std::{fmt, sync::Arc, time::Duration};

use mcp_http::{Endpoint, Unauthorized};
use tokio::time::{self, Instant};
use url::Url;

use super::{
    client::OAuthClient, detached::run_to_completion, sign_in::PreparedSignIn,
    user_tokens::UserTokens,
};
use crate::{
    authorization::{AuthorizationRequest, DeviceAuthorization, PollInterval},
    crypto::Secret,
    discovery::format_scopes,
    error::Error,
    store::Credentials,
    token::DpopKey,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A sign-in that the user completes on any device, such as a phone. Returned by
/// [`UserTokens::begin_device_sign_in`].
///
/// Show the user either the [`verification_uri`](Self::verification_uri) and the
/// [`user_code`](Self::user_code), or the
/// [`verification_uri_complete`](Self::verification_uri_complete), for example as a QR code. Show
/// the user code in both cases: the user compares it with the one on the page.
#[non_exhaustive]
pub struct DeviceSignIn {
    /// The code that the user enters. It has at most 64 characters, and no control characters.
    pub user_code: String,
    /// The URL of the page where the user enters the code. It uses HTTPS or is on this machine.
    pub verification_uri: Url,
    /// The URL of the same page that contains the code, if the authorization server offers it.
    pub verification_uri_complete: Option<Url>,
    /// The lifetime of the code, at most one hour.
    pub expires_in: Duration,
    server: Endpoint,
    expires_at: Instant,
    interval: PollInterval,
    pending: Arc<PendingDevice>,
}

/// The requests of a device.
struct PendingDevice {
    request: AuthorizationRequest,
    device_code: Secret,
}

impl UserTokens {
    /// Begins a sign-in at an MCP server that the user completes on another device (RFC 8628). The
    /// application needs no browser, and the authorization server redirects to no URL.
    ///
    /// `unauthorized` is the rejection of an earlier request, as for
    /// [`begin_sign_in`](Self::begin_sign_in).
    ///
    /// # Errors
    ///
    /// Returns [`Error::DeviceSignInUnavailable`] if the authorization server does not offer this
    /// sign-in, and [`Error::Untrusted`] if its response cannot be shown. Otherwise returns the
    /// errors of [`begin_sign_in`](Self::begin_sign_in).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mcp_http::Endpoint;
    /// use mcp_oauth::OAuthClient;
    ///
    /// #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let application =
    ///         OAuthClient::builder("Our application", "http://127.0.0.1/callback").build()?;
    ///     let server = Endpoint::parse("https://mcp.example.com/mcp")?;
    ///     let sign_in = application.user("ann").begin_device_sign_in(&server, None).await?;
    ///     println!("Open {}, and enter {}", sign_in.verification_uri, sign_in.user_code);
    ///     application.complete_device_sign_in(sign_in).await?;
    ///     println!("signed in");
    ///     Ok(())
    /// }
    /// ```
    pub async fn begin_device_sign_in(
        &self,
        server: &Endpoint,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<DeviceSignIn, Error> {
        let client = self.client();
        let discovered = self.discover(server, unauthorized).await?;
        let metadata = &discovered.authorization_server;
        let Some(url) = &metadata.device_authorization_endpoint else {
            let issuer = metadata.issuer.clone();
            return Err(Error::DeviceSignInUnavailable { server: server.clone(), issuer });
        };
        let url = client.http(server).check(url)?;
        let prepared = self.prepare_sign_in(server, &discovered, unauthorized, true).await?;
        let PreparedSignIn { mut request, scope, registered_uri, .. } = prepared;
        let authorization = match self.request_codes(server, &request, &url).await {
            // The stored registration may be older, or not be for this grant.
            Err(error) if error.is_client_rejected() && registered_uri.is_some() => {
                client
                    .forget_rejected(&request.server, &request.issuer, &request.registration)
                    .await;
                request.registration =
                    client.register(server, metadata, scope.as_deref(), false, true).await?;
                self.request_codes(server, &request, &url).await?
            }
            outcome => outcome?,
        };
        Ok(DeviceSignIn {
            user_code: authorization.user_code,
            verification_uri: authorization.verification_uri,
            verification_uri_complete: authorization.verification_uri_complete,
            expires_in: authorization.lifetime,
            server: server.clone(),
            expires_at: Instant::now() + authorization.lifetime,
            interval: authorization.interval,
            pending: Arc::new(PendingDevice { request, device_code: authorization.device_code }),
        })
    }

    /// Requests a device code and a user code (RFC 8628, section 3.1).
    async fn request_codes(
        &self,
        server: &Endpoint,
        request: &AuthorizationRequest,
        url: &Url,
    ) -> Result<DeviceAuthorization, Error> {
        let client = self.client();
        let AuthorizationRequest { server: name, issuer, registration, resource, .. } = request;
        let http = client.http(server);
        let endpoint = client.token_endpoint(&http, name, url, issuer, registration, None);
        let settings = client.server_settings(name);
        let scope = format_scopes(&request.scopes);
        let mut form = Vec::new();
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        form.extend((!resource.is_empty()).then_some(("resource", resource.as_str())));
        let others = settings.authorization_parameters.iter();
        form.extend(others.map(|(name, value)| (name.as_str(), value.as_str())));
        let body = endpoint.send_for_body(&form).await?;
        DeviceAuthorization::parse(url, &body, &http)
    }
}

impl OAuthClient {
    /// Completes a sign-in on another device: waits until the user has decided, and stores the
    /// tokens.
    ///
    /// Asks the authorization server in its interval, which is between 1 second and 1 minute. A
    /// temporary failure doubles the time to the next request. Drop the future to give up. A request
    /// that is in progress then still completes.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::SignInExpired`] if the user did not decide in time.
    /// - Returns [`Error::ErrorResponse`] with the code `access_denied` if the user denied access,
    ///   or with the code of another error.
    /// - Returns [`Error::Unreachable`] if the authorization server was not available until the code
    ///   expired.
    /// - Returns [`Error::Untrusted`] if the token endpoint or its response violates a security
    ///   rule.
    /// - Returns [`Error::Store`] if the store cannot be written.
    pub async fn complete_device_sign_in(
        &self,
        sign_in: DeviceSignIn,
    ) -> Result<Credentials, Error> {
        let DeviceSignIn { server, expires_at, mut interval, pending, .. } = sign_in;
        let mut next = interval;
        let mut last_failure = None;
        loop {
            let expired = || Error::SignInExpired { server: server.clone() };
            if Instant::now() + next.duration() >= expires_at {
                time::sleep_until(expires_at).await;
                return Err(last_failure.unwrap_or_else(expired));
            }
            time::sleep(next.duration()).await;
            let poll = self.clone().poll_device(Arc::clone(&pending));
            let error = match run_to_completion(poll).await? {
                Ok(credentials) => return Ok(credentials),
                Err(error) => error,
            };
            (next, last_failure) = if error.has_code("authorization_pending") {
                (interval, None)
            } else if error.has_code("slow_down") {
                interval = interval.slowed_down();
                (interval, None)
            } else if error.has_code("expired_token") {
                return Err(expired());
            } else if error.is_temporary() {
                tracing::debug!(%error, "cannot ask for the decision of the user");
                (next.after_failure(error.retry_after()), Some(error))
            } else {
                return Err(self.state.after_failed_sign_in(&pending.request, error).await);
            };
        }
    }

    /// Requests the tokens (RFC 8628, section 3.4). The inner error is that of the token endpoint.
    /// After any other error, the device code is used up.
    async fn poll_device(
        self,
        pending: Arc<PendingDevice>,
    ) -> Result<Result<Credentials, Error>, Error> {
        match self.request_device_tokens(&pending).await {
            Ok(credentials) => self.store_sign_in(&pending.request, credentials).await.map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn request_device_tokens(&self, pending: &PendingDevice) -> Result<Credentials, Error> {
        let PendingDevice { request, device_code } = pending;
        let AuthorizationRequest { server, issuer, registration, resource, .. } = request;
        let endpoint = Endpoint::parse(server);
        let endpoint = endpoint.map_err(|error| Error::configuration(error.to_string()))?;
        let http = self.state.http(&endpoint);
        let url = http.check(&request.token_endpoint)?;
        let dpop = request.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
        let endpoint =
            self.state.token_endpoint(&http, server, &url, issuer, registration, dpop.as_ref());
        let mut grant = vec![("grant_type", GRANT_TYPE), ("device_code", device_code.expose())];
        grant.extend((!resource.is_empty()).then_some(("resource", resource.as_str())));
        request.credentials(&url, endpoint.request_token(&grant).await?)
    }
}

impl fmt::Debug for DeviceSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceSignIn")
            .field("server", &self.server)
            .field("verification_uri", &self.verification_uri.as_str())
            .finish_non_exhaustive()
    }
}
