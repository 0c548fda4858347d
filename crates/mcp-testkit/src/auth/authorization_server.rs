//! The handle of a running authorization server, and its listener.

use std::{convert::Infallible, fmt, io, net::SocketAddr, sync::Arc};

use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};

use super::authorization::{
    AuthorizationConfig, AuthorizationState, Decision, IssuedTokens, KnownClient, OAuthEndpoint,
};
use crate::{
    base::RecordedRequest,
    http::{Reply, ResponseBody},
};

/// A scripted OAuth 2.1 authorization server on the loopback interface. It runs until it is stopped
/// or dropped.
///
/// Users approve immediately, unless a test sets another [decision](Self::set_decision). The server
/// accepts only requests that the MCP specification allows, and records violations. A test can
/// [script](Self::script) errors.
///
/// ```
/// use mcp_testkit::{AuthorizationServer, Bearer, OAuthEndpoint, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let accounts = AuthorizationServer::builder().scopes(["tools:call"]).start().await?;
/// let bearer = Bearer::issued_by(&accounts).scope("tools:call");
/// let server = TestServer::builder().bearer(bearer).start().await?;
///
/// // The application under test uses `server.url()`. It gets 401, finds `accounts` in the metadata,
/// // signs a user in and calls a tool. Then its access token expires.
/// accounts.expire_access_tokens();
/// // The application refreshes the token. Then the refresh token is revoked.
/// accounts.revoke_refresh_tokens();
/// accounts.expire_access_tokens();
/// // Now the user must sign in again.
///
/// assert_eq!(accounts.count(OAuthEndpoint::Token), 0, "no client connected");
/// assert_eq!(accounts.violations(), Vec::<String>::new());
/// # Ok(())
/// # }
/// ```
pub struct AuthorizationServer {
    state: Arc<AuthorizationState>,
}

impl AuthorizationServer {
    pub(crate) async fn start(
        address: SocketAddr,
        config: AuthorizationConfig,
        clients: Vec<KnownClient>,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let issuer = format!("http://{}{}", socket.local_addr()?, config.issuer_path);
        let state = Arc::new(AuthorizationState::new(issuer, config, clients));
        state.tasks.spawn(accept(socket, Arc::clone(&state)));
        Ok(Self { state })
    }

    /// Returns the issuer, which is also the base URL of the server.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Returns `true` if clients can register (RFC 7591).
    pub fn registers_clients(&self) -> bool {
        self.state.config.registration
    }

    /// Sets the decision of users for all later requests.
    pub fn set_decision(&self, decision: Decision) {
        self.state.set_decision(decision);
    }

    /// Visits an authorization URL like a browser, and returns the URL of the redirect. Returns
    /// `None` if the server shows an error page instead.
    pub fn visit(&self, authorization_url: &str) -> Option<String> {
        let query = authorization_url.split_once('?').map_or("", |(_, query)| query);
        self.state.callback_url(query).ok()
    }

    /// Sets the `iss` parameter of all later authorization responses. `None` omits it.
    pub fn callback_issuer(&self, issuer: Option<&str>) {
        self.state.set_callback_issuer(issuer.map(str::to_owned));
    }

    /// Sends this reply to the next request to an endpoint. Several replies are used in their
    /// order.
    pub fn script(&self, endpoint: OAuthEndpoint, reply: Reply) {
        self.state.script(endpoint, reply);
    }

    /// Expires all access tokens, before the time that clients know.
    pub fn expire_access_tokens(&self) {
        self.state.issued_tokens.expire_access_tokens();
    }

    /// Revokes all refresh tokens. Access tokens stay valid.
    pub fn revoke_refresh_tokens(&self) {
        self.state.issued_tokens.remove_refresh_tokens();
    }

    /// Removes all clients, including those registered in advance.
    pub fn remove_clients(&self) {
        self.state.forget_clients();
    }

    /// Returns the requests to an endpoint, in the order of arrival.
    pub fn requests(&self, endpoint: OAuthEndpoint) -> Vec<RecordedRequest> {
        self.state.requests(endpoint)
    }

    /// Returns the number of requests to an endpoint.
    pub fn count(&self, endpoint: OAuthEndpoint) -> usize {
        self.requests(endpoint).len()
    }

    /// Returns the violations by clients, such as `token: missing resource`.
    pub fn violations(&self) -> Vec<String> {
        self.state.violations()
    }

    pub(crate) fn issued_tokens(&self) -> Arc<IssuedTokens> {
        Arc::clone(&self.state.issued_tokens)
    }

    /// Closes all connections and frees the port before it returns.
    pub async fn stop(self) {
        self.state.tasks.stop().await;
    }
}

async fn accept(socket: TcpListener, state: Arc<AuthorizationState>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(stream, &state),
            // The client has disconnected, or too many files are open at the moment.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn serve(stream: TcpStream, state: &Arc<AuthorizationState>) {
    let server = Arc::clone(state);
    state.tasks.spawn(async move {
        let builder = auto::Builder::new(server.tasks.clone());
        let service = service_fn(|request| respond(Arc::clone(&server), request));
        // Only the client ends a connection with an error.
        drop(builder.serve_connection(TokioIo::new(stream), service).await);
    });
}

async fn respond(
    state: Arc<AuthorizationState>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let reply = match RecordedRequest::read(request).await {
        Ok(request) => state.reply(&request),
        Err(_) => Reply::status(400),
    };
    Ok(reply.into_response())
}

impl Drop for AuthorizationServer {
    fn drop(&mut self) {
        self.state.tasks.abort();
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}
