//! The interface of a handler. The application implements it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use mcp_types::v2026_07_28::{
    CreateMessageRequestParams, CreateMessageResult, ElicitAction, ElicitRequestFormParams,
    ElicitResult, LoggingMessageNotificationParams, Root,
};

use super::{capabilities::HandlerCapabilities, elicitation::UrlElicitation};
use crate::transport::BoxError;

/// Handles the requests that a server sends to the client: elicitation, sampling and roots.
///
/// Set it with [`ClientBuilder::handler`]. It works the same way for all protocol versions. The
/// client declares exactly the handler's [capabilities](Self::capabilities) and rejects all other
/// server requests.
///
/// A handler belongs to one client, so it knows which server sends a request. It must show this to
/// the user (MCP client/elicitation, "User Interaction Model").
///
/// While the handler works on a request for a call, the request timeout of that call is paused,
/// because users may need minutes. The total timeout continues. The future of the handler is
/// dropped if the server cancels its request, or if the call or the session ends.
///
/// A server may send at most [`Limits::max_server_requests`] requests during one call. If it sends a
/// request again that the user has declined or cancelled, the call fails, and the handler is not
/// asked again.
///
/// # Errors
/// If the handler fails, the server learns only that it failed. The error is logged, and it is the
/// source of [`Error::InputUnavailable`] if the call fails because of it. A panic is caught and
/// counts as an error.
///
/// Return [`Declined`] if the user declines. This is not a failure.
///
/// # Examples
/// ```no_run
/// use futures_util::future::BoxFuture;
/// use mcp_client::{
///     BoxError, Client, Handler, HandlerCapabilities, Transport,
///     mcp_types::v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult},
/// };
///
/// struct Desktop;
///
/// impl Handler for Desktop {
///     fn capabilities(&self) -> HandlerCapabilities {
///         HandlerCapabilities::none().form()
///     }
///
///     fn elicit_form(
///         &self,
///         form: ElicitRequestFormParams,
///     ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
///         Box::pin(async move {
///             println!("The server at example.com asks: {}", form.message);
///             // A real handler shows the form here. Fields without a value get their default.
///             Ok(ElicitResult::new(ElicitAction::Accept))
///         })
///     }
/// }
///
/// fn client(transport: impl Transport) -> Client {
///     Client::builder(transport).handler(Desktop).build()
/// }
/// ```
///
/// [`ClientBuilder::handler`]: crate::ClientBuilder::handler
/// [`Limits::max_server_requests`]: crate::Limits::max_server_requests
/// [`Error::InputUnavailable`]: crate::Error::InputUnavailable
pub trait Handler: Send + Sync + 'static {
    /// Returns the capabilities that the client declares. Called once, when the client is built.
    fn capabilities(&self) -> HandlerCapabilities;

    /// Lets the user fill in a form (MCP client/elicitation, "Form Mode Elicitation Requests"). The
    /// user must be able to decline.
    ///
    /// In an accepted form, a field without a value gets its default. A field that is `null` stays
    /// empty. Content that is invalid for the form is not sent and counts as an error.
    fn elicit_form(
        &self,
        form: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let _ = form;
        not_implemented()
    }

    /// Asks the user whether to visit a URL, and opens it if the user agrees (MCP
    /// client/elicitation, "URL Mode Elicitation Requests").
    ///
    /// Show the whole URL to the user first, and do not fetch it before. Accepting is only consent.
    /// It does not mean that the user has finished at the URL.
    fn elicit_url(
        &self,
        elicitation: UrlElicitation,
    ) -> BoxFuture<'_, Result<ElicitAction, BoxError>> {
        let _ = elicitation;
        not_implemented()
    }

    /// Called when the server reports that the user has finished a URL
    /// [elicitation](UrlElicitation). Ignore unknown ids. This method must not block.
    fn url_elicitation_completed(&self, elicitation_id: &str) {
        let _ = elicitation_id;
    }

    /// Called for a log message of the server that does not belong to a call with
    /// [`CallOptions::on_log`](crate::CallOptions::on_log). This method must not block.
    ///
    /// Up to 2025-11-25, a server may send log messages outside of calls. The client receives them
    /// if the handler declares a capability, because only then it listens.
    fn log_message(&self, message: LoggingMessageNotificationParams) {
        let _ = message;
    }

    /// Lets a model generate the next message (MCP client/sampling, "Creating Messages"). The user
    /// should be able to review, change and reject both the prompt and the generated message.
    fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, BoxError>> {
        let _ = params;
        not_implemented()
    }

    /// Returns the directories and files that the server may use, as `file://` URIs (MCP
    /// client/roots).
    fn list_roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
        not_implemented()
    }
}

fn not_implemented<T: Send + 'static>() -> BoxFuture<'static, Result<T, BoxError>> {
    Box::pin(ready(Err("the handler declares this capability but does not implement it".into())))
}

impl<T: Handler + ?Sized> Handler for Arc<T> {
    fn capabilities(&self) -> HandlerCapabilities {
        (**self).capabilities()
    }

    fn elicit_form(
        &self,
        form: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        (**self).elicit_form(form)
    }

    fn elicit_url(
        &self,
        elicitation: UrlElicitation,
    ) -> BoxFuture<'_, Result<ElicitAction, BoxError>> {
        (**self).elicit_url(elicitation)
    }

    fn url_elicitation_completed(&self, elicitation_id: &str) {
        (**self).url_elicitation_completed(elicitation_id);
    }

    fn log_message(&self, message: LoggingMessageNotificationParams) {
        (**self).log_message(message);
    }

    fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, BoxError>> {
        (**self).create_message(params)
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
        (**self).list_roots()
    }
}

/// An error that a [`Handler`] returns if the user declines a server request.
///
/// The client then declines an elicitation. It rejects a sampling or roots request with a JSON-RPC
/// error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user declined")]
pub struct Declined;
