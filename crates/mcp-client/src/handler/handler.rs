//! The interface of a handler, which the application implements.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use mcp_types::v2026_07_28::{
    CreateMessageRequestParams, CreateMessageResult, ElicitAction, ElicitRequestFormParams,
    ElicitResult, Root,
};

use super::{capabilities::HandlerCapabilities, elicitation::UrlElicitation};
use crate::transport::BoxError;

type Answer<'a, T> = BoxFuture<'a, Result<T, BoxError>>;

/// Answers what a server asks while it works on a call; given to [`ClientBuilder::handler`].
///
/// It is the same for servers of all revisions. The server is told exactly what the handler
/// [serves](Self::capabilities), and whatever else it asks is refused without troubling the handler. A
/// handler belongs to one client, and so knows which server asks: it has to tell its user (MCP
/// client/elicitation, "User Interaction Model").
///
/// While a handler is at work for a call, the time that the call has for each request stands still:
/// people need minutes. The time for the call in all goes on. The future of the handler is dropped
/// where the server takes its question back, where the session ends, and where the call is over for
/// ten seconds.
///
/// # Errors
/// The server learns that the handler failed, not why: that is logged, and is the source of
/// [`Error::InputUnavailable`] where the call fails with it. [`Declined`] is no failure: it says that the user
/// does not want to. A panic is caught, and counts as a failure.
///
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
///             // Here the user would fill in the form; what is left out gets its default.
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
/// [`Error::InputUnavailable`]: crate::Error::InputUnavailable
pub trait Handler: Send + Sync + 'static {
    /// What it serves. It is asked once, when the client is built.
    fn capabilities(&self) -> HandlerCapabilities;

    /// Has the user fill in a form (MCP client/elicitation, "Form Mode Elicitation Requests"), and
    /// lets them decline.
    ///
    /// In an accepted form, fields without a value get the default that the form has for them; a
    /// field that is `null` stays empty. Content that does not fit the form is not sent, and counts
    /// as a failure.
    fn elicit_form(&self, form: ElicitRequestFormParams) -> Answer<'_, ElicitResult> {
        let _ = form;
        not_implemented()
    }

    /// Asks the user whether to visit a URL, and opens it if they agree (MCP client/elicitation,
    /// "URL Mode Elicitation Requests").
    ///
    /// The user sees the whole URL first, and nothing fetches it before. Accepting is a consent: it
    /// does not say that the user is done there.
    fn elicit_url(&self, elicitation: UrlElicitation) -> Answer<'_, ElicitAction> {
        let _ = elicitation;
        not_implemented()
    }

    /// Takes note that the user is done with what an [elicitation](UrlElicitation) had sent them
    /// for, as its server says. Ids that are not known are to be passed over. It must not block.
    fn url_elicitation_completed(&self, elicitation_id: &str) {
        let _ = elicitation_id;
    }

    /// Has a model continue a conversation (MCP client/sampling, "Creating Messages"); the user
    /// should be able to see, change and refuse both the prompt and the reply.
    fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> Answer<'_, CreateMessageResult> {
        let _ = params;
        not_implemented()
    }

    /// The directories and files in which the server may work, as `file://` URIs (MCP client/roots).
    fn list_roots(&self) -> Answer<'_, Vec<Root>> {
        not_implemented()
    }
}

fn not_implemented<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(ready(Err("the handler says that it serves this, and does not".into())))
}

impl<T: Handler + ?Sized> Handler for Arc<T> {
    fn capabilities(&self) -> HandlerCapabilities {
        (**self).capabilities()
    }

    fn elicit_form(&self, form: ElicitRequestFormParams) -> Answer<'_, ElicitResult> {
        (**self).elicit_form(form)
    }

    fn elicit_url(&self, elicitation: UrlElicitation) -> Answer<'_, ElicitAction> {
        (**self).elicit_url(elicitation)
    }

    fn url_elicitation_completed(&self, elicitation_id: &str) {
        (**self).url_elicitation_completed(elicitation_id);
    }

    fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> Answer<'_, CreateMessageResult> {
        (**self).create_message(params)
    }

    fn list_roots(&self) -> Answer<'_, Vec<Root>> {
        (**self).list_roots()
    }
}

/// What a [`Handler`] does when the user does not want what the server asks: an error without a
/// cause.
///
/// An elicitation is declined by it; sampling and roots are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user refused")]
pub struct Declined;
