//! This side of the conversations of a client: who it is, what it serves, what it has heard.

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
    changes::{Change, ChangeQueues},
    handler::{Handler, Serves},
    request::Activity,
    result::notification_params,
};

/// What is the same in all conversations of a client.
pub(crate) struct ClientState {
    /// Its name and version.
    pub(crate) info: Implementation,
    /// Answers what is asked, so far as it is served.
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) serves: Serves,
    /// What it declares: the same in both eras.
    pub(crate) capabilities: ClientCapabilities,
    /// Beats while the handler is at work on what belongs to no call that is known.
    pub(crate) activity: Arc<Activity>,
    tool_changes: AtomicU64,
    /// Who watches for changes.
    pub(crate) change_queues: ChangeQueues,
}

/// The handler of those who have none.
struct NoHandler;

impl Handler for NoHandler {
    fn serves(&self) -> Serves {
        Serves::nothing()
    }
}

impl ClientState {
    pub(crate) fn new(info: Implementation, handler: Option<Arc<dyn Handler>>) -> Self {
        let handler = handler.unwrap_or_else(|| Arc::new(NoHandler));
        let serves = handler.serves();
        Self {
            info,
            handler,
            serves,
            capabilities: serves.to_client_capabilities(),
            activity: Arc::default(),
            tool_changes: AtomicU64::new(0),
            change_queues: ChangeQueues::default(),
        }
    }

    /// Whether it wants to hear what a server says of its own accord.
    pub(crate) fn wants_listener(&self) -> bool {
        self.serves != Serves::nothing()
    }

    /// Takes note of what the server tells of itself.
    pub(crate) fn handle_notification(&self, method: &str, params: Option<&RawValue>) {
        if let Some(change) = Change::from_notification(method, params) {
            self.change_queues.push(&change);
        }
        match method {
            ToolListChangedNotification::NAME => {
                self.tool_changes.fetch_add(1, Ordering::Relaxed);
            }
            ElicitationCompleteNotification::NAME if self.serves.url => {
                if let Some(completed) =
                    notification_params::<ElicitationCompleteNotification>(params)
                {
                    let notify_handler = || self.handler.url_done(&completed.elicitation_id);
                    // A panic must not take down whoever else listens to this server.
                    if catch_unwind(AssertUnwindSafe(notify_handler)).is_err() {
                        tracing::warn!(method, "the handler panicked");
                    }
                }
            }
            _ => {}
        }
    }

    /// How often the server has said that its list of tools has changed.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = (&self.info.name, &self.info.version);
        f.debug_struct("ClientState")
            .field("info", &info)
            .field("serves", &self.serves)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler that panics at what it is told.
    struct Panicking;

    impl Handler for Panicking {
        fn serves(&self) -> Serves {
            Serves::nothing().url()
        }

        fn url_done(&self, _: &str) {
            panic!("it falls over");
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
