//! The handle of a running test server.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::listener;
use crate::{
    auth::{Bearer, TokenRejection},
    base::RecordedRequest,
    catalog::{Entries, EntryKind, TestPrompt, TestResource, TestTool},
    state::{Config, Fault, On, ServerState},
};

/// A scripted MCP server on the loopback interface. It runs until it is stopped or dropped.
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

    /// Returns the URL of the MCP endpoint.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Applies a fault to the requests that `on` selects, until [`TestServer::clear_script`].
    ///
    /// A [`Reply`](crate::Reply) is also a fault.
    pub fn script(&self, on: On, fault: impl Into<Fault>) {
        self.shared.script.add(on, fault.into());
    }

    /// Removes all scripted faults.
    pub fn clear_script(&self) {
        self.shared.script.clear();
    }

    /// Accepts a token. If the token was rejected before, it is valid for its user again. A new
    /// token belongs to a new user.
    pub fn accept_token(&self, token: &str) {
        self.shared.token_verifier.accept(token);
    }

    /// Rejects a token from now on, with the reason that it was revoked.
    pub fn revoke_token(&self, token: &str) {
        self.shared.token_verifier.reject(token, TokenRejection::Revoked);
    }

    /// Rejects a token from now on, with the reason that it expired.
    pub fn expire_token(&self, token: &str) {
        self.shared.token_verifier.reject(token, TokenRejection::Expired);
    }

    /// Expires a token and accepts another one for the same user. The user keeps the sessions and
    /// tools.
    pub fn renew_token(&self, old: &str, new: &str) {
        self.shared.token_verifier.replace(old, new);
    }

    /// Adds a tool for all users, or replaces the one with the same name.
    ///
    /// Clients see it in the next list. To notify them, push
    /// [`ServerNotification::ToolsChanged`](crate::ServerNotification::ToolsChanged).
    pub fn add_tool(&self, tool: TestTool) {
        self.shared.catalog.add(tool.0);
    }

    /// Removes a tool for all users. Returns `false` if there was none.
    pub fn remove_tool(&self, name: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Tool, name)
    }

    /// Adds a prompt, or replaces the one with the same name.
    pub fn add_prompt(&self, prompt: TestPrompt) {
        self.shared.catalog.add(prompt.0);
    }

    /// Removes a prompt. Returns `false` if there was none.
    pub fn remove_prompt(&self, name: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Prompt, name)
    }

    /// Adds a resource, or replaces the one with the same URI.
    pub fn add_resource(&self, resource: TestResource) {
        self.shared.catalog.add(resource.0);
    }

    /// Removes a resource. Returns `false` if there was none.
    pub fn remove_resource(&self, uri: &str) -> bool {
        self.shared.catalog.remove(EntryKind::Resource, uri)
    }

    /// Sends a notification to all listening clients, and returns their number.
    /// For common notifications, use [`push`](Self::push).
    pub fn notify(&self, method: &str, params: &Value) -> usize {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// Sends any message unchanged to all clients that listen with GET or `subscriptions/listen`,
    /// and returns their number.
    pub fn send(&self, message: &Value) -> usize {
        let json = message.to_string();
        self.shared.streams.send(&json, |_| true) + self.shared.subscriptions.send(&json)
    }

    /// Closes the connections of listening clients, like a proxy after a timeout. Clients can
    /// resume GET streams that are resumable. `subscriptions/listen` requests get no response.
    pub fn close_streams(&self) {
        self.shared.streams.disconnect();
        self.shared.subscriptions.drop_all();
    }

    /// Resets all open connections.
    pub fn reset_connections(&self) {
        self.shared.connections.reset();
    }

    /// Resets the next `count` connections before reading from them.
    pub fn reset_next_connections(&self, count: usize) {
        self.shared.connections.reset_next(count);
    }

    /// Ends all sessions, like a restart. The server responds to their requests with 404, and their
    /// streams end.
    pub fn end_sessions(&self) {
        self.shared.sessions.end_all();
        self.shared.streams.close_sessions();
    }

    /// Returns the number of open sessions.
    pub fn open_sessions(&self) -> usize {
        self.open_session_ids().len()
    }

    /// Returns the ids of the open sessions, in any order.
    pub fn open_session_ids(&self) -> Vec<String> {
        self.shared.sessions.open_ids()
    }

    /// Returns all requests, in the order in which they were handled.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.log.requests()
    }

    /// Returns all requests, and forgets them. [`count`](Self::count) starts again at 0.
    ///
    /// A server that runs for long needs this, because it keeps each request with its body.
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        self.shared.log.take_requests()
    }

    /// Returns the number of requests of this [method](RecordedRequest::method).
    pub fn count(&self, method: &str) -> usize {
        self.shared.log.count(method)
    }

    /// Waits until `count` requests of this [method](RecordedRequest::method) were handled. Their
    /// responses may still be held.
    pub async fn wait_for_requests(&self, method: &str, count: usize) {
        self.shared.log.received(method, count).await;
    }

    /// Returns the requests that clients cancelled before the response. In stateful protocol
    /// versions, clients cancel with `notifications/cancelled`. In stateless ones, they close the
    /// stream.
    pub fn cancelled_requests(&self) -> Vec<RecordedRequest> {
        self.shared.in_flight.cancelled()
    }

    /// Waits until `count` requests were cancelled.
    pub async fn wait_for_cancelled(&self, count: usize) {
        self.shared.in_flight.wait_for_cancelled(count).await;
    }

    /// Returns the protocol violations by clients, such as
    /// `tools/call: header "mcp-name" missing or duplicate`.
    pub fn violations(&self) -> Vec<String> {
        self.shared.log.violations()
    }

    pub(crate) fn shared(&self) -> &ServerState {
        &self.shared
    }

    /// Closes all connections and frees the port before it returns.
    ///
    /// Dropping a server stops it too, but without waiting.
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
