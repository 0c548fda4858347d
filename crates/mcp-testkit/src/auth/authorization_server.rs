//! The handle of a running authorization server.

use std::{convert::Infallible, fmt, io, net::SocketAddr, sync::Arc};

use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};

use super::authorization::{
    AuthorizationConfig, AuthorizationState, Decision, IssuedTokens, KnownClient, OAuthEndpoint,
};
use crate::{
    base::Recorded,
    http::{Reply, ResponseBody},
};

/// A scripted OAuth 2.1 authorization server that listens on loopback until it is stopped or dropped.
///
/// People approve at once, unless a test [decides](Self::decide) otherwise. It takes from clients
/// only what the specification of MCP lets them send, and keeps a list of what they did wrong; what
/// it does wrong itself is [scripted](Self::script).
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
/// // Here the application under test works with `server.url()`: it is refused, finds `accounts` by
/// // the metadata, signs a person in and calls a tool. Then its access token expires:
/// accounts.expire_access_tokens();
/// // … which it does not notice, for it refreshes. Then somebody takes the sign-in back:
/// accounts.revoke_refresh_tokens();
/// accounts.expire_access_tokens();
/// // … whereupon the person has to sign in again.
///
/// assert_eq!(accounts.count(OAuthEndpoint::Token), 0, "nobody came");
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

    /// The issuer, which is also where the server is.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Sets what people do from now on.
    pub fn decide(&self, decision: Decision) {
        self.state.set_decision(decision);
    }

    /// Does what a browser does with an authorization URL, and returns the URL that it is sent back
    /// to; `None` where people see an error and are sent nowhere.
    pub fn visit(&self, authorization_url: &str) -> Option<String> {
        let query = authorization_url.split_once('?').map_or("", |(_, query)| query);
        self.state.callback_url(query).ok()
    }

    /// Has answers name this issuer from now on, or none, whoever it is.
    pub fn answer_as(&self, issuer: Option<&str>) {
        self.state.set_answered_issuer(issuer.map(str::to_owned));
    }

    /// Answers the next request to an endpoint with this; the one after with what is scripted next,
    /// or else properly again.
    pub fn script(&self, endpoint: OAuthEndpoint, reply: Reply) {
        self.state.script(endpoint, reply);
    }

    /// Lets all access tokens expire that there are, before the time that clients were told.
    pub fn expire_access_tokens(&self) {
        self.state.issued_tokens.expire_access_tokens();
    }

    /// Takes back all sign-ins: no refresh token is good any more. Access tokens live on.
    pub fn revoke_refresh_tokens(&self) {
        self.state.issued_tokens.remove_refresh_tokens();
    }

    /// Forgets all clients, those that were known beforehand as well.
    pub fn forget_clients(&self) {
        self.state.forget_clients();
    }

    /// The requests to an endpoint, in the order of their arrival.
    pub fn requests(&self, endpoint: OAuthEndpoint) -> Vec<Recorded> {
        self.state.requests(endpoint)
    }

    /// The number of requests to an endpoint.
    pub fn count(&self, endpoint: OAuthEndpoint) -> usize {
        self.requests(endpoint).len()
    }

    /// What the clients did wrong, a sentence each.
    pub fn violations(&self) -> Vec<String> {
        self.state.violations()
    }

    pub(crate) fn issued_tokens(&self) -> Arc<IssuedTokens> {
        Arc::clone(&self.state.issued_tokens)
    }

    /// Closes all connections and frees the port; done when it returns.
    pub async fn stop(self) {
        self.state.tasks.stop().await;
    }
}

async fn accept(socket: TcpListener, state: Arc<AuthorizationState>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(stream, &state),
            // The client is gone already, or there are too many open files at the moment.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn serve(stream: TcpStream, state: &Arc<AuthorizationState>) {
    let server = Arc::clone(state);
    state.tasks.spawn(async move {
        let builder = auto::Builder::new(server.tasks.clone());
        let service = service_fn(|request| answer(Arc::clone(&server), request));
        // What ends a connection is the client's doing.
        drop(builder.serve_connection(TokioIo::new(stream), service).await);
    });
}

async fn answer(
    state: Arc<AuthorizationState>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let reply = match Recorded::read(request).await {
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
