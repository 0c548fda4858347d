//! The client: sends requests to one server for one user.

use std::{
    borrow::Cow,
    fmt,
    pin::{Pin, pin},
    sync::{Arc, RwLock, atomic::Ordering},
    time::Duration,
};

use mcp_types::{JsonObject, Method, NotificationMethod, v2026_07_28::CallToolRequest};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    changes::ChangeQueue,
    compat::Deviation,
    error::Error,
    exchange::ClientState,
    protocol::Protocol,
    redaction::Redactor,
    request::{
        CallOptions, Deadline, Limits, MethodName, Request, ServerRequests, split_meta, to_object,
        tool_params_error,
    },
    result::{Decode, ServerInfo, SharedToolLists, ToolParamHeaders, decode_result},
};

/// A client of one MCP server.
///
/// The first call, or [`connect`](Self::connect), detects which protocol version the server
/// supports. If the server loses the session, the client opens a new one automatically.
///
/// Clones share the session and may be used at the same time. Dropping the future of a call cancels
/// the call on the server. All calls require a Tokio runtime with timers.
///
/// # Examples
/// ```no_run
/// # async fn run(transport: impl mcp_client::Transport) -> Result<(), mcp_client::Error> {
/// use mcp_client::Client;
/// use serde_json::json;
///
/// let client = Client::new(transport);
/// for tool in client.list_tools().await?.tools {
///     println!("{}", tool.name);
/// }
/// let result = client.call_tool("add", json!({ "a": 1, "b": 2 })).await?;
/// println!("{:?}", result.content);
/// client.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    pub(super) limits: Limits,
    pub(super) options: Option<Arc<CallOptions>>,
}

/// State that all clones of a client share.
pub(super) struct Shared {
    pub(super) client_state: Arc<ClientState>,
    pub(super) shared_tool_lists: SharedToolLists,
    pub(super) protocol: Protocol,
    /// The parameter headers that the latest list of tools requires.
    pub(super) param_headers: RwLock<ToolParamHeaders>,
}

impl Client {
    /// Returns a client with other limits. It shares the session with this one.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// Returns a client whose calls use these options instead of earlier ones. It shares the
    /// session with this one.
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self { options: Some(Arc::new(options)), ..self.clone() }
    }

    /// Detects the server's protocol version, unless it is known, and returns the server's identity
    /// and capabilities. For stateful protocol versions, it also opens a session unless one is
    /// open.
    ///
    /// # Errors
    /// Returns [`Error::UnsupportedProtocolVersion`] if client and server have no version in
    /// common, and [`Error::NotMcp`] if the server supports none. Returns any other [`Error`] if a
    /// request fails.
    pub async fn connect(&self) -> Result<Arc<ServerInfo>, Error> {
        let method = self.shared.protocol.first_method();
        let server_info = pin!(self.shared.protocol.server_info());
        self.with_deadline(&self.new_deadline(), &method, server_info).await
    }

    /// Sends a request and decodes its result.
    ///
    /// The types of the newest protocol version, `mcp_types::v2026_07_28`, work with servers of all
    /// versions.
    ///
    /// # Errors
    /// Returns [`Error::UnsupportedMethod`] or [`Error::MissingCapability`] before anything is
    /// sent. Returns any other [`Error`] if the request fails.
    pub async fn send_request<M: Method>(&self, params: &M::Params) -> Result<M::Result, Error> {
        self.call_untyped(MethodName::Borrowed(M::NAME), params).await
    }

    /// Sends a request for a method without a type, such as a method of an extension. Returns the
    /// result as the server sent it.
    ///
    /// `params` is a value that serializes as a JSON object, or `()` for no parameters.
    ///
    /// # Errors
    /// Returns the same errors as [`send_request`](Self::send_request).
    pub async fn send_request_raw(
        &self,
        method: impl Into<Cow<'static, str>>,
        params: impl Serialize,
    ) -> Result<Box<RawValue>, Error> {
        self.call_untyped(method.into(), &params).await
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// Returns any [`Error`] if the notification cannot be sent or the server rejects it.
    pub async fn send_notification<N: NotificationMethod>(
        &self,
        params: &N::Params,
    ) -> Result<(), Error> {
        let method = MethodName::Borrowed(N::NAME);
        let extensions = self.options.as_ref().map(|options| &options.extensions);
        let notification = pin!(self.shared.protocol.notify(&method, Some(params), extensions));
        self.with_deadline(&self.new_deadline(), &method, notification).await
    }

    /// Ends the session on the server. A later call opens a new session.
    ///
    /// # Errors
    /// Returns any [`Error`] if the request fails. It is not an error if the server does not let
    /// clients end sessions.
    pub async fn close(&self) -> Result<(), Error> {
        let method = MethodName::Borrowed("close");
        let close = pin!(self.shared.protocol.close());
        self.with_deadline(&self.new_deadline(), &method, close).await
    }

    /// Returns how many times the server has lost the session. The client opens a new session each
    /// time. Information from an earlier session may be outdated.
    pub fn lost_session_count(&self) -> u64 {
        self.shared.protocol.lost_sessions()
    }

    /// Returns the deviations of the server from the specification that its clients have accepted,
    /// with the number of times. All clients with the same [`Negotiation`](crate::Negotiation) are
    /// counted.
    pub fn deviations(&self) -> Vec<(Deviation, u64)> {
        self.shared.client_state.deviations.counts()
    }

    /// Returns the deviations that the transport has accepted: a description, and the number of
    /// times. For HTTP, all users of the server are counted.
    pub fn transport_deviations(&self) -> Vec<(&'static str, u64)> {
        self.shared.protocol.transport_deviations()
    }

    /// Returns how many times the server has reported a change of its tool list
    /// (`notifications/tools/list_changed`). The notification arrives on the response stream of a
    /// call, or on a [subscription](Self::subscribe).
    pub fn tool_list_change_count(&self) -> u64 {
        self.shared.client_state.tool_changes()
    }

    /// Returns the secrets of the server and of the recent requests, as far as the transport knows
    /// them. Redact them in errors and logs about the results of this client. Errors of the client
    /// do not contain them.
    pub fn redactor(&self) -> Redactor {
        self.shared.protocol.redactor()
    }

    async fn call_untyped<R: DeserializeOwned>(
        &self,
        method: MethodName,
        params: &impl Serialize,
    ) -> Result<R, Error> {
        let (params, meta) =
            split_meta(params).map_err(|error| Error::invalid_params(method.clone(), error))?;
        let options = self.with_meta(meta);
        let target = match method.as_ref() {
            "tools/call" | "prompts/get" => params.get("name"),
            "resources/read" => params.get("uri"),
            _ => None,
        };
        let is_tool = method == CallToolRequest::NAME;
        let deadline = self.new_deadline();
        let request = Request {
            target: target.and_then(Value::as_str),
            options: options.as_deref(),
            ..self.new_request(method, &params, &deadline)
        };
        if is_tool {
            let arguments = to_object(&params.get("arguments")).map_err(tool_params_error)?;
            return self.request_tool(request, &arguments, &decode_result).await;
        }
        self.request(&request, &decode_result).await
    }

    pub(super) async fn request<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut session = None;
        let response = pin!(self.shared.protocol.call(request, &mut session, decode));
        self.request_with_deadline(request, response).await
    }

    /// Waits for the response to a request until its deadline.
    pub(super) async fn request_with_deadline<T>(
        &self,
        request: &Request<'_, impl Serialize>,
        response: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let outcome = self.with_deadline(request.deadline, &request.method, response).await;
        outcome.map_err(|error| match error {
            Error::Timeout { method, limit, .. } => {
                Error::Timeout { method, limit, sent: request.sent.get() }
            }
            error => error,
        })
    }

    /// Calls a method, and returns `true` in addition to the result if the server required input.
    /// `target` is the name of the tool or prompt, or the URI of the resource.
    pub(super) async fn call_method<R>(
        &self,
        method: &'static str,
        target: Option<&str>,
        params: &impl Serialize,
        decode: Decode<'_, R>,
    ) -> Result<(R, bool), Error> {
        let deadline = self.new_deadline();
        let method = MethodName::Borrowed(method);
        let request = Request { target, ..self.new_request(method, params, &deadline) };
        let result = self.request(&request, decode).await?;
        Ok((result, request.input_was_required.load(Ordering::Relaxed)))
    }

    /// Returns the options of this client, with additional members of `_meta`.
    fn with_meta(&self, meta: JsonObject) -> Option<Arc<CallOptions>> {
        if meta.is_empty() {
            return self.options.clone();
        }
        let mut options = self.options.as_deref().cloned().unwrap_or_default();
        for (name, value) in meta {
            options.meta.entry(name).or_insert(value);
        }
        Some(Arc::new(options))
    }

    /// Subscribes to the changes of a queue until the subscription ends.
    pub(super) async fn subscribe_once(&self, queue: &Arc<ChangeQueue>) -> Result<(), Error> {
        let (options, deadline) = (self.options.as_deref(), self.new_deadline());
        self.shared.protocol.subscribe(queue, options, &deadline).await
    }

    /// Returns the timeout of one request.
    pub(super) fn request_timeout(&self) -> Duration {
        self.effective_limits().timeout
    }

    /// Creates a request with the options and limits of this client.
    pub(super) fn new_request<'a, P>(
        &'a self,
        method: MethodName,
        params: &'a P,
        deadline: &'a Deadline,
    ) -> Request<'a, P> {
        Request {
            options: self.options.as_deref(),
            server_requests: ServerRequests::new(self.limits.max_server_requests),
            ..Request::new(method, params, deadline)
        }
    }

    pub(super) fn new_deadline(&self) -> Deadline {
        let Limits { timeout: request, max_total_timeout: total, .. } = self.effective_limits();
        Deadline::new(request, total).with_shared_activity(&self.shared.client_state.activity)
    }

    pub(super) fn total_timeout(&self) -> Duration {
        self.effective_limits().max_total_timeout
    }

    /// Returns the limits of this client, with its options applied.
    fn effective_limits(&self) -> Limits {
        self.options.as_ref().map_or(self.limits, |options| options.limits(self.limits))
    }

    pub(super) async fn with_deadline<T>(
        &self,
        deadline: &Deadline,
        method: &MethodName,
        work: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let outcome = deadline.run(work).await;
        outcome.unwrap_or_else(|limit| match deadline.failure() {
            Some(failure) => Err(failure.mark_may_have_run().into()),
            None => Err(Error::Timeout { method: method.clone(), limit, sent: true }),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}
