//! A handler that records the requests of servers and responds as configured.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{FutureExt, future::BoxFuture};
use mcp_client::{
    BoxError, Declined, Handler, HandlerCapabilities, UrlElicitation,
    mcp_types::v2026_07_28::{
        CreateMessageRequestParams, CreateMessageResult, ElicitAction, ElicitRequestFormParams,
        ElicitResult, LoggingMessageNotificationParams, Root,
    },
};
use serde_json::{from_value, json};
use tokio::sync::watch;

use super::with_timeout;

/// All capabilities that a handler can declare.
pub(crate) const ALL_CAPABILITIES: HandlerCapabilities =
    HandlerCapabilities::none().form().url().sampling_with_tools().roots();

/// A handler that records its requests. Clones share their state.
#[derive(Clone)]
pub(crate) struct RecordingHandler(Arc<Shared>);

struct Shared {
    serves: HandlerCapabilities,
    behavior: HandlerBehavior,
    requests: Mutex<Vec<String>>,
    /// The number of requests that are being handled.
    pending: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

/// The behavior of a [`RecordingHandler`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerBehavior {
    /// Accepts at once.
    Accept,
    /// Accepts once [`RecordingHandler::release`] was called.
    AcceptWhenReleased,
    Decline,
    Fail,
    Panic,
    /// Returns a result that must not be sent to the server.
    InvalidResult,
}

struct PendingGuard<'a>(&'a watch::Sender<usize>);

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl RecordingHandler {
    pub(crate) fn new(serves: HandlerCapabilities, behavior: HandlerBehavior) -> Self {
        Self(Arc::new(Shared {
            serves,
            behavior,
            requests: Mutex::default(),
            pending: watch::Sender::default(),
            released: watch::Sender::default(),
        }))
    }

    /// The requests so far, one line each, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets [`HandlerBehavior::AcceptWhenReleased`] respond.
    pub(crate) fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// The number of requests that are being handled.
    pub(crate) fn pending(&self) -> usize {
        *self.0.pending.borrow()
    }

    /// Waits until exactly `count` requests are being handled.
    pub(crate) async fn wait_for_pending(&self, count: usize) {
        let mut pending = self.0.pending.subscribe();
        with_timeout(pending.wait_for(|it| *it == count)).await.expect("a sender");
    }

    /// Waits until there are `count` requests.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        with_timeout(async {
            while self.requests().len() < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn record(&self, request: String) {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    fn respond<T: Send + 'static>(
        &self,
        request: String,
        result: T,
        invalid: T,
    ) -> BoxFuture<'_, Result<T, BoxError>> {
        self.record(request);
        async {
            self.0.pending.send_modify(|count| *count += 1);
            let _pending = PendingGuard(&self.0.pending);
            match self.0.behavior {
                HandlerBehavior::Accept => Ok(result),
                HandlerBehavior::AcceptWhenReleased => {
                    self.0.released.subscribe().wait_for(|released| *released).await?;
                    Ok(result)
                }
                HandlerBehavior::Decline => Err(Declined.into()),
                HandlerBehavior::Fail => Err("the desk burns, and the password is hunter2".into()),
                HandlerBehavior::Panic => panic!("a panic of the handler, on purpose"),
                HandlerBehavior::InvalidResult => Ok(invalid),
            }
        }
        .boxed()
    }
}

impl Handler for RecordingHandler {
    fn capabilities(&self) -> HandlerCapabilities {
        self.0.serves
    }

    fn elicit_form(
        &self,
        form: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let accepted = |content| {
            let content = from_value(content).expect("an object");
            ElicitResult::new(ElicitAction::Accept).with_content(content)
        };
        let request = format!("form: {}", form.message);
        self.respond(request, accepted(json!({})), accepted(json!({ "name": ["no", 1] })))
    }

    fn elicit_url(
        &self,
        elicitation: UrlElicitation,
    ) -> BoxFuture<'_, Result<ElicitAction, BoxError>> {
        let UrlElicitation { message, url, id, .. } = elicitation;
        let id = if id.is_some() { " (with an id)" } else { "" };
        self.respond(
            format!("url: {message} {url}{id}"),
            ElicitAction::Accept,
            ElicitAction::Cancel,
        )
    }

    fn url_elicitation_completed(&self, elicitation_id: &str) {
        self.record(format!("done: {elicitation_id}"));
    }

    fn log_message(&self, message: LoggingMessageNotificationParams) {
        self.record(format!("log: {}", message.data));
    }

    fn create_message(
        &self,
        params: CreateMessageRequestParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, BoxError>> {
        let reply: CreateMessageResult = from_value(json!({
            "role": "assistant", "model": "m", "content": [{ "type": "text", "text": "hello" }],
        }))
        .expect("a reply");
        self.respond(format!("sampling: {} tokens", params.max_tokens), reply.clone(), reply)
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
        let root = |uri: &str| vec![Root::new(uri)];
        self.respond("roots".to_owned(), root("file:///home"), root("https://example.com"))
    }
}
