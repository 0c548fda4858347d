//! The handle of a running server.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::listener;
use crate::{
    auth::{Bearer, TokenRejection},
    base::Recorded,
    catalog::{Entries, EntryKind, Prompt, Resource, Tool},
    state::{Config, Fault, On, ServerState},
};

/// A scripted MCP server that listens on loopback until it is stopped or dropped.
///
/// See the [crate] for an example.
pub struct TestServer {
    shared: Arc<ServerState>,
}

impl TestServer {
    pub(crate) async fn start(
        address: SocketAddr,
        config: Config,
        bearer: Option<Bearer>,
        entries: Entries,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let origin = format!("http://{}", socket.local_addr()?);
        let shared = Arc::new(ServerState::new(&origin, config, bearer, entries));
        shared.tasks.spawn(listener::accept(socket, Arc::clone(&shared)));
        Ok(Self { shared })
    }

    /// The URL of the MCP endpoint.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Makes the requests that `on` selects meet a fault, until [`TestServer::clear_script`].
    ///
    /// A [`Reply`](crate::Reply) is a fault as well.
    pub fn script(&self, on: On, fault: impl Into<Fault>) {
        self.shared.script.add(on, fault.into());
    }

    /// Lets all requests be answered properly again.
    pub fn clear_script(&self) {
        self.shared.script.clear();
    }

    /// Accepts a token: one that was refused for the user that it had, any other for a new user.
    pub fn accept_token(&self, token: &str) {
        self.shared.token_verifier.accept(token);
    }

    /// Refuses a token from now on, as revoked.
    pub fn revoke_token(&self, token: &str) {
        self.shared.token_verifier.reject(token, TokenRejection::Revoked);
    }

    /// Refuses a token from now on, as expired.
    pub fn expire_token(&self, token: &str) {
        self.shared.token_verifier.reject(token, TokenRejection::Expired);
    }

    /// Expires a token and accepts another for the same user, who keeps sessions and tools.
    pub fn renew_token(&self, old: &str, new: &str) {
        self.shared.token_verifier.replace(old, new);
    }

    /// Adds a tool for everyone, or puts it in the place of the one of the same name.
    ///
    /// Clients learn of it by listing, or by a [`Push::ToolsChanged`](crate::Push::ToolsChanged).
    pub fn add_tool(&self, tool: Tool) {
        self.shared.catalog.add(tool.0);
    }

    /// Removes a tool from all lists; returns false if there was none.
    pub fn remove_tool(&self, name: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Tool, name)
    }

    /// Adds a prompt, or puts it in the place of the one of the same name.
    pub fn add_prompt(&self, prompt: Prompt) {
        self.shared.catalog.add(prompt.0);
    }

    /// Removes a prompt; returns false if there was none.
    pub fn remove_prompt(&self, name: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Prompt, name)
    }

    /// Adds a resource, or puts it in the place of the one of the same URI: its new contents.
    pub fn add_resource(&self, resource: Resource) {
        self.shared.catalog.add(resource.0);
    }

    /// Removes a resource; returns false if there was none.
    pub fn remove_resource(&self, uri: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Resource, uri)
    }

    /// Sends any notification to all clients that listen; returns their number. What servers usually
    /// have to tell is a [`Push`](crate::Push).
    pub fn notify(&self, method: &str, params: &Value) -> usize {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// Sends any message, verbatim, to all clients that listen, be it with GET or with
    /// `subscriptions/listen`; returns their number.
    pub fn send(&self, message: &Value) -> usize {
        let json = message.to_string();
        self.shared.streams.send(&json, |_| true) + self.shared.subscriptions.send(&json)
    }

    /// Closes the connections that clients listen on, as a proxy does after a while: those with GET,
    /// whose streams may go on, and those with `subscriptions/listen`, which get no answer.
    pub fn close_streams(&self) {
        self.shared.streams.disconnect();
        self.shared.subscriptions.drop_all();
    }

    /// Resets all open connections.
    pub fn reset_connections(&self) {
        self.shared.connections.reset();
    }

    /// Resets the next connections, so many of them, before anything is read from them.
    pub fn reset_next_connections(&self, count: usize) {
        self.shared.connections.reset_next(count);
    }

    /// Ends all sessions, as a restart does: their next requests get 404, their streams end.
    pub fn end_sessions(&self) {
        self.shared.sessions.end_all();
        self.shared.streams.close_sessions();
    }

    /// The number of sessions that have not ended.
    pub fn open_sessions(&self) -> usize {
        self.shared.sessions.open_count()
    }

    /// All requests, in the order in which they were dealt with.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.log.requests()
    }

    /// The number of requests of this [method](Recorded::method).
    pub fn count(&self, method: &str) -> usize {
        self.shared.log.count(method)
    }

    /// Waits until `count` requests of this [method](Recorded::method) were dealt with; their
    /// answers may still be held.
    pub async fn received(&self, method: &str, count: usize) {
        self.shared.log.received(method, count).await;
    }

    /// The requests that their clients gave up before they were answered: by
    /// `notifications/cancelled` in the handshake era, by closing the stream in the other.
    pub fn cancelled_requests(&self) -> Vec<Recorded> {
        self.shared.in_flight.cancelled()
    }

    /// Waits until so many requests were given up.
    pub async fn cancelled(&self, count: usize) {
        self.shared.in_flight.wait_for_cancelled(count).await;
    }

    /// What the clients did against the protocol, a sentence each.
    pub fn violations(&self) -> Vec<String> {
        self.shared.log.violations()
    }

    pub(crate) fn shared(&self) -> &ServerState {
        &self.shared
    }

    /// Closes all connections and frees the port; done when it returns.
    ///
    /// A server that is dropped is stopped as well, but nothing tells when that is done.
    pub async fn stop(self) {
        self.shared.tasks.stop().await;
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shared.tasks.abort();
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer").field("url", &self.shared.url).finish_non_exhaustive()
    }
}
