//! State that all sessions and requests of a client share.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use mcp_types::{
    NotificationMethod,
    v2025_11_25::ElicitationCompleteNotification,
    v2026_07_28::{
        ClientCapabilities, Implementation, LoggingMessageNotification,
        LoggingMessageNotificationParams, ToolListChangedNotification,
    },
};
use serde_json::value::RawValue;

use crate::{
    changes::{ChangeQueues, ServerChange},
    compat::{Deviation, Deviations},
    error::Error,
    handler::{Handler, HandlerCapabilities},
    request::{Activity, LogReceiver, MethodName},
    result::{ServerCapabilities, notification_params},
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
    /// The receivers of the calls in progress that want log messages.
    log_receivers: Mutex<Vec<(u64, LogReceiver)>>,
    /// The deviations of the server.
    pub(crate) deviations: Deviations,
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
    pub(crate) fn new(
        info: Implementation,
        handler: Option<Arc<dyn Handler>>,
        deviations: Deviations,
    ) -> Self {
        let handler = handler.unwrap_or_else(|| Arc::new(NoHandler));
        let handler_capabilities = handler.capabilities();
        Self {
            info,
            handler,
            handler_capabilities,
            capabilities: handler_capabilities.to_client_capabilities(),
            activity: Arc::default(),
            tool_changes: AtomicU64::new(0),
            log_receivers: Mutex::default(),
            deviations,
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
            LoggingMessageNotification::NAME => {
                let message = notification_params::<LoggingMessageNotification>(params);
                message.into_iter().for_each(|message| self.handle_log(message));
            }
            ElicitationCompleteNotification::NAME if self.handler_capabilities.url => {
                if let Some(completed) =
                    notification_params::<ElicitationCompleteNotification>(params)
                {
                    let id = &completed.elicitation_id;
                    notify_handler(method, || self.handler.url_elicitation_completed(id));
                }
            }
            _ => {}
        }
    }

    /// Passes a log message outside of calls to the calls in progress that want log messages. If
    /// there are none, passes it to the handler. The message does not show which call it belongs to.
    fn handle_log(&self, message: LoggingMessageNotificationParams) {
        let receivers = self.log_receivers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if receivers.is_empty() {
            let handle = || self.handler.log_message(message);
            return notify_handler(LoggingMessageNotification::NAME, handle);
        }
        receivers.iter().for_each(|(_, receiver)| (receiver.on_log)(message.clone()));
    }

    /// Adds the receiver of a call in progress until the guard is dropped.
    pub(crate) fn add_log_receiver(&self, receiver: &LogReceiver) -> LogReceiverGuard<'_> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut receivers = self.log_receivers.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.push((id, receiver.clone()));
        LogReceiverGuard { client_state: self, id }
    }

    /// Checks a missing capability. A server that declares no capabilities at all may support the
    /// method. Its response says so.
    ///
    /// # Errors
    /// Returns [`Error::MissingCapability`] if the server declares other capabilities.
    pub(crate) fn check_capability(
        &self,
        declared: &ServerCapabilities,
        method: &MethodName,
        missing: &'static str,
    ) -> Result<(), Error> {
        if !declared.as_object().is_empty() {
            return Err(Error::MissingCapability { method: method.clone(), capability: missing });
        }
        self.deviations.record(Deviation::NoCapabilities);
        Ok(())
    }

    /// Returns how many times the server has reported a change of its tool list.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }
}

/// A guard for the receiver of log messages of a call in progress.
pub(crate) struct LogReceiverGuard<'a> {
    client_state: &'a ClientState,
    id: u64,
}

impl Drop for LogReceiverGuard<'_> {
    fn drop(&mut self) {
        let receivers = &self.client_state.log_receivers;
        let mut receivers = receivers.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.retain(|(id, _)| *id != self.id);
    }
}

/// Passes a notification to the handler. A panic must not end the listener or other calls.
fn notify_handler(method: &str, notify: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(notify)).is_err() {
        tracing::warn!(method, "the handler panicked");
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
        let client_state = ClientState::new(info, Some(Arc::new(Panicking)), Deviations::default());
        let completed = RawValue::from_string(r#"{"elicitationId":"e"}"#.to_owned()).unwrap();
        client_state.handle_notification(ElicitationCompleteNotification::NAME, Some(&completed));
        client_state.handle_notification(ToolListChangedNotification::NAME, None);
        assert_eq!(client_state.tool_changes(), 1);
    }
}
