//! State that all sessions and requests of a client share.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mcp_types::{
    NotificationMethod,
    v2025_11_25::ElicitationCompleteNotification,
    v2026_07_28::{ClientCapabilities, Implementation, ToolListChangedNotification},
};
use serde_json::value::RawValue;

use crate::{
    changes::{ChangeQueues, ServerChange},
    handler::{Handler, HandlerCapabilities},
    request::Activity,
    result::notification_params,
};

/// State that all sessions and requests of a client share.
pub(crate) struct ClientState {
    /// The name and version of the client.
    pub(crate) info: Implementation,
    /// The handler for server requests.
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) handler_capabilities: HandlerCapabilities,
    /// The declared capabilities, the same for all protocol versions.
    pub(crate) capabilities: ClientCapabilities,
    /// The handler's activity for server requests that do not belong to a known call.
    pub(crate) activity: Arc<Activity>,
    tool_changes: AtomicU64,
    /// The queues of the subscriptions.
    pub(crate) change_queues: ChangeQueues,
}

/// The handler of a client without one. It declares nothing.
struct NoHandler;

impl Handler for NoHandler {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none()
    }
}

impl ClientState {
    pub(crate) fn new(info: Implementation, handler: Option<Arc<dyn Handler>>) -> Self {
        let handler = handler.unwrap_or_else(|| Arc::new(NoHandler));
        let handler_capabilities = handler.capabilities();
        Self {
            info,
            handler,
            handler_capabilities,
            capabilities: handler_capabilities.to_client_capabilities(),
            activity: Arc::default(),
            tool_changes: AtomicU64::new(0),
            change_queues: ChangeQueues::default(),
        }
    }

    /// Returns `true` if the handler needs messages that a server sends outside of response
    /// streams.
    pub(crate) fn wants_listener(&self) -> bool {
        self.handler_capabilities != HandlerCapabilities::none()
    }

    /// Handles a notification of the server.
    pub(crate) fn handle_notification(&self, method: &str, params: Option<&RawValue>) {
        if let Some(change) = ServerChange::from_notification(method, params) {
            self.change_queues.push(&change);
        }
        match method {
            ToolListChangedNotification::NAME => {
                self.tool_changes.fetch_add(1, Ordering::Relaxed);
            }
            ElicitationCompleteNotification::NAME if self.handler_capabilities.url => {
                if let Some(completed) =
                    notification_params::<ElicitationCompleteNotification>(params)
                {
                    let notify_handler =
                        || self.handler.url_elicitation_completed(&completed.elicitation_id);
                    // A panic must not end the listener or other calls.
                    if catch_unwind(AssertUnwindSafe(notify_handler)).is_err() {
                        tracing::warn!(method, "the handler panicked");
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns how many times the server has reported a change of its tool list.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = (&self.info.name, &self.info.version);
        f.debug_struct("ClientState")
            .field("info", &info)
            .field("handler_capabilities", &self.handler_capabilities)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler that panics on notifications.
    struct Panicking;

    impl Handler for Panicking {
        fn capabilities(&self) -> HandlerCapabilities {
            HandlerCapabilities::none().url()
        }

        fn url_elicitation_completed(&self, _: &str) {
            panic!("the handler fails");
        }
    }

    #[test]
    fn a_panic_of_the_handler_is_contained() {
        let info = Implementation::new("tests", "1");
        let client_state = ClientState::new(info, Some(Arc::new(Panicking)));
        let completed = RawValue::from_string(r#"{"elicitationId":"e"}"#.to_owned()).unwrap();
        client_state.handle_notification(ElicitationCompleteNotification::NAME, Some(&completed));
        client_state.handle_notification(ToolListChangedNotification::NAME, None);
        assert_eq!(client_state.tool_changes(), 1);
    }
}
